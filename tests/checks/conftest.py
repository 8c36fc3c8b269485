"""What tests of several checks share: the requirements that a check adds to the family of an audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmops_audit.check import Check
from llmops_audit.check.family import decided
from llmops_audit.record import CheckResult, Finding, Page, Verdict
from llmops_audit.testing import run

Counted = Callable[..., dict[str, bool]]


@pytest.fixture
def counted() -> Counted:
    """Return a function from a check, its inputs and settings to its requirements, and whether each has a rank."""

    def of(check: Check, given: dict[str, Any], **settings: Any) -> dict[str, bool]:
        found = [item for item in run(check, given, **settings) if isinstance(item, Finding)]
        result = CheckResult(
            name=check.name, distribution="d", version="1", page=Page(title="t", sections=()), settings={},
            verdict=Verdict.UNDECIDED,
            findings=tuple(one.model_copy(update={"id": str(i)}) for i, one in enumerate(found)),
        )  # fmt: skip
        return {one.id: one.rank is not None for one in decided([result], 0.95)[1]}

    return of
