"""Text length: is any test text longer than the classifier was built for?

What it measures
----------------
The number of characters of each sampled test text.

Why it matters
--------------
A classifier that cuts long texts off decides on their beginning alone.

How to read it
--------------
The longest text is compared with the limit.

Limits
------
It sees the sample of rows, not all of them.

References
----------
None: the limit is the owner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from llmops_audit.check import check
from llmops_audit.record import Finding, Op, Requirement, Severity, Verdict, message, values_at

if TYPE_CHECKING:
    from llmops_audit.check.inputs import Task
    from llmops_audit.evidence.rows import Rows


WORDS = {
    "characters": message("length of the longest text"),
    "shortest": message("length of the shortest text"),
    **values_at({"sample": message("sampled rows")}, "texts"),
}


@check(severity=Severity.LOW, words=WORDS)
def text_length(rows: Mapping[str, Rows], task: Task, *, max_characters: int = 1000) -> Iterator[Finding]:
    """Judge the longest text."""
    texts = rows["test"].table.column(task.text).to_pylist()
    longest = max(map(len, texts))
    yield Finding(
        metric="characters",
        scope={"texts": "sample"},
        value=longest,
        method="census",
        n=len(texts),
        requirement=Requirement(op=Op.AT_MOST, limit=max_characters, setting=("max_characters",)),
        verdict=Verdict.PASSED if longest <= max_characters else Verdict.FAILED,
        message=message("The longest text has {longest} characters.", longest=longest),
    )
