"""What every frozen value is made of: scalars, labels, and sentences that any language can be rendered from."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from llmops_audit.record.described import Described
from llmops_audit.record.labels import Label

__all__ = ["Frozen", "Label", "Message", "Scalar", "message"]

Scalar = str | int | float | bool | None


class Frozen(Described):
    """A value that does not change and knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Message(Frozen):
    """A sentence that can be rendered in any language later."""

    id: str
    """The English sentence with named places, e.g. "{rows} rows are too few"; translations are looked up by it."""
    values: dict[str, Scalar | tuple[Scalar, ...] | Message] = Field(default_factory=dict)
    """What stands in the places, by name; a message in a message is translated as well."""


def message(id: str, /, **values: Scalar | tuple[Scalar, ...] | Message) -> Message:
    """Make a `Message`; the name is what the extraction of translatable sentences looks for."""
    return Message(id=id, values=values)
