"""A stray cell never turns a failing audit into a passing one, wherever it stands and whatever the columns are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops_audit import run
from llmops_audit.audit import runner
from llmops_audit.check.registry import provided
from llmops_audit.errors import AuditError
from llmops_audit.record import Finding, NamedFigure, Status

ROWS = 60
WORDS = st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x9FFF), min_size=1, max_size=12)


@cache
def _checks() -> Mapping[str, Any]:
    return provided([])


class Here:
    """A worker that runs its check in this process, since a process for every example would take minutes."""

    def __init__(self, name: str, modules: Sequence[str], plugins: Sequence[Path]) -> None:
        self._function = _checks()[name].check.function

    def run(
        self, inputs: Mapping[str, Any], settings: Mapping[str, Any], seconds: float
    ) -> tuple[Finding | NamedFigure, ...]:
        """Run the check."""
        return tuple(self._function(**inputs, **settings))

    def close(self) -> None:
        """End nothing."""


def _column(draw: st.DrawFn, kind: str, moved: bool) -> list[str]:
    """Return cells of a kind; those that moved have nothing in common with those that did not."""
    distinct = draw(st.integers(2, 30))
    numbers = [(i * 7919 % distinct) + (1000 if moved else 0) for i in range(ROWS)]
    forms: dict[str, Callable[[int], str]] = {
        "whole": str,
        "decimal": lambda n: f"{n}.5",
        "word": lambda n: f"w{n}",
        "mixed": lambda n: f"w{n}" if n % 2 else str(n),
        "zeros": lambda n: f"{n:05}",
    }
    return [forms[kind](number) for number in numbers]


@st.composite
def _drifted(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    """Draw two splits, one feature of which drifted as far as it can."""
    kinds = draw(st.lists(st.sampled_from(["whole", "decimal", "word", "mixed", "zeros"]), min_size=1, max_size=3))
    labels = draw(st.sampled_from([("0", "1"), ("ham", "spam"), ("1.0", "2.0"), ("True", "False")]))
    tables = {}
    for split in ("test", "live"):
        moved = split == "live"
        columns = {f"x{i}": _column(draw, kind, moved and not i) for i, kind in enumerate(kinds)}
        label = [labels[i % 2] for i in range(ROWS)]
        tables[split] = pd.DataFrame({**columns, "label": label, "pred": label, "weight": ["1.5"] * ROWS})
    return tables


@contextmanager
def _spec(tables: dict[str, pd.DataFrame], checks: dict[str, Any]) -> Iterator[dict[str, Any]]:
    features = [name for name in tables["test"].columns if name.startswith("x")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "Worker", Here)
        yield {
            "audit": {"name": "x", "version": "1"},
            "data": {
                "test": "t", "live": "l", "label": "label", "features": features, "weight": "weight",
                "groups": [features[-1]],
            },
            "model": {"predictions": "pred"},
            "checks": checks,
        }  # fmt: skip


def _status(spec: dict[str, Any], tables: dict[str, pd.DataFrame], folder: Path) -> Status | None:
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    try:
        return run(spec, data={name: folder / f"{name}.csv" for name in tables}).decision.status
    except AuditError:
        return None


def _never_approved(spec: dict[str, Any], tables: dict[str, pd.DataFrame], data: st.DataObject, folder: Path) -> None:
    clean = _status(spec, tables, folder)
    assert clean is Status.REJECTED
    split = data.draw(st.sampled_from(sorted(tables)))
    column = data.draw(st.sampled_from(sorted(tables[split].columns)))
    row = data.draw(st.integers(0, ROWS - 1))
    stray = tables[split].copy()
    stray.loc[row, column] = data.draw(WORDS)
    assert _status(spec, {**tables, split: stray}, folder) is not Status.APPROVED


@pytest.mark.slow
@settings(max_examples=50)
@given(tables=_drifted(), data=st.data())
def test_a_stray_cell_never_approves_what_drifted(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, pd.DataFrame], data: st.DataObject
) -> None:
    """Any table that is rejected for its drift is not approved where a word takes the place of one cell."""
    # Columns that are named are compared one by one: whole rows would take minutes.
    columns = [name for name in tables["test"].columns if name.startswith("x")]
    drift = {"windows": "none", "reference": "test", "current": ["live"], "columns": columns}
    with _spec(tables, {"drift": drift}) as spec:
        _never_approved(spec, tables, data, tmp_path_factory.mktemp("tables"))


@pytest.mark.slow
@settings(max_examples=50)
@given(tables=_drifted(), right=st.integers(10, 30), data=st.data())
def test_a_stray_cell_never_approves_what_is_wrong(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, pd.DataFrame], right: int, data: st.DataObject
) -> None:
    """Any table that is rejected for its accuracy is not approved where a word takes the place of one cell."""
    label = tables["test"]["label"]
    tables["test"]["pred"] = [*label[:right], *[label[(i + 1) % 2] for i in range(right, ROWS)]]
    with _spec(tables, {"accuracy": {"min": {"accuracy": 0.8}}}) as spec:
        _never_approved(spec, tables, data, tmp_path_factory.mktemp("tables"))
