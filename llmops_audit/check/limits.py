"""A setting that is a table of limits, each under the name of what it limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["LimitsByName"]

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class LimitsByName:
    """Metadata of a setting that maps names to limits: ``Annotated[Mapping[str, float], LimitsByName(…)]``.

    Attributes
    ----------
    ranges : mapping of str to (float, float)
        The names that are known, each with its smallest and its largest limit.
    by_label : frozenset of str
        Names whose limit may be a table as well, from label to limit.
    required : bool
        Whether the table must hold a limit.

    Notes
    -----
    An unknown name, a limit outside its range and one that is not a finite number are errors of the spec. The JSON
    Schema lists the names with their ranges, so that editors complete them.
    """

    ranges: Mapping[str, Range]
    by_label: frozenset[str] = frozenset()
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are known, in the order of their table."""
        return tuple(self.ranges)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Describe the table to pydantic, which validates it and writes its JSON Schema."""
        fields = {name: core_schema.typed_dict_field(self._limit(name), required=False) for name in self.ranges}
        table = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        return core_schema.no_info_after_validator_function(_not_empty, table) if self.required else table

    def _limit(self, name: str) -> CoreSchema:
        low, high = self.ranges[name]
        limit = core_schema.float_schema(ge=low, le=high, allow_inf_nan=False, strict=True)
        if name not in self.by_label:
            return limit
        return core_schema.union_schema([limit, core_schema.dict_schema(core_schema.str_schema(), limit)])


def _not_empty(limits: dict[str, Any]) -> dict[str, Any]:
    if not limits:
        raise ValueError("sets no limit")
    return limits
