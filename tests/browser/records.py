"""Records to open in a browser: every decision, every chapter, many labels, and the committed samples."""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from llmops_audit.record import (
    Changes,
    ColumnInfo,
    Duplicates,
    LimitChange,
    Message,
    Op,
    Record,
    Status,
    Verdict,
    VerdictChange,
    message,
)
from llmops_audit.record.drift_figure import (
    Drift,
    Histogram,
    PerformanceEstimate,
    SampleSize,
    Shift,
    Timeline,
    TimeSeries,
    Token,
    Window,
)
from llmops_audit.record.figures import BiasTable, Category
from llmops_audit.record.frameworks import framework
from llmops_audit.record.governance import Card, InLanguages
from llmops_audit.render.formats import render_files

SAMPLES = Path(__file__).parent.parent.parent / "reports" / "samples"
HUGE = 10_000
SHARES = Histogram(edges=tuple(map(float, range(21))), reference=(5,) * 20, current=(4,) * 20, exact=True)
WORDS = Histogram(categories=("London", "北京", None), reference=(50, 30, 20), current=(10, 60, 30), exact=False)


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


def _ll144(record: Record, language: str | None = None) -> str:
    return render_files(record, ["ll144"], language=language)["ll144.html"].decode()


class Records:
    """Makes records by name.

    Parameters
    ----------
    sample : module
        The records that the tests of the renderer use.
    """

    def __init__(self, sample: ModuleType) -> None:
        self._sample = sample

    @functools.cache  # noqa: B019 - one for the session
    def __call__(self, name: str) -> Record:
        """Return a record: ``full``, ``labels``, ``columns``, the name of a decision, or that of a committed sample."""
        if name == "full":
            return _full(self._sample)
        if name == "labels":
            return self._sample.record(labels=[f"标签{i}" for i in range(20)])
        if name == "columns":
            return _with_columns(self._sample.record(), 250)
        if name == "approved":
            return self._sample.approved()
        if name in set(Status):
            return self._sample.record(Status(name))
        return Record.model_validate_json((SAMPLES / name / "record.json").read_bytes())

    @functools.cache  # noqa: B019 - one for the session
    def html(self, name: str, language: str | None = None) -> str:
        """Return the report of a record."""
        return _html(self(name), language)

    @functools.cache  # noqa: B019 - one for the session
    def of(self, shapes: ModuleType, name: str) -> str:
        """Return the report of a record in the shape of an audit."""
        return _html(shapes.shaped(self._sample, name))

    @functools.cache  # noqa: B019 - one for the session
    def ll144(self, language: str) -> str:
        """Return the page of the bias audit of the full record."""
        return _ll144(self("full"), language)

    def hostile(self, text: str) -> Record:
        """Return the full record with a text before every free text of it, the names that users give included."""
        return Record.model_validate(_poisoned(self("full"), text))


def _full(sample: ModuleType) -> Record:
    plain = sample.record()
    chapters = ("performance", "fairness", "drift", "personal_data")
    tables = {
        name: sample.table(name, 9).model_copy(update={"chapter": name, "caption": message(f"Table of {name}")})
        for name in chapters
    }
    figures = plain.figures | tables | {"shifts": _drift(), "bias_audit": _bias_audit(sample)}
    missing = {"message": 12, "sex": 7}
    counted = {"duplicates": Duplicates(compared=900, repeated=31)}
    changes = {
        "data": {
            name: split.model_copy(update={**counted, "columns": _with_missing(split.columns, missing)})
            for name, split in plain.data.items()
        },
        "figures": figures,
        "card": _card(),
        "frameworks": (framework("nyc-ll144"), framework("sr-11-7")),
        "changes": _changes(),
    }
    return Record.model_validate(plain.model_copy(update=changes).model_dump(by_alias=True))


def _with_missing(columns: Sequence[ColumnInfo], missing: Mapping[str, int]) -> tuple[ColumnInfo, ...]:
    return tuple(column.model_copy(update={"missing": missing.get(column.name, 0)}) for column in columns)


def _with_columns(record: Record, count: int) -> Record:
    """Return the record of wide data, whose columns have long names and long reasons."""
    reason = message("{numbers} of {distinct} different cells look like numbers.", numbers=3, distinct=5000)
    names = ("income", "a_name_of_a_column_without_any_space_in_it_at_all", "收入分组与所在地区的名称")
    columns = tuple(
        ColumnInfo(
            name=f"{names[i % 3]}_{i}",
            kind="category",
            how=reason,
            distinct=None if i % 2 else i,
            missing=i * 1234,
            constant=not i,
        )
        for i in range(count)
    )
    splits = {name: split.model_copy(update={"columns": columns}) for name, split in record.data.items()}
    return record.model_copy(update={"data": splits})


def _drift() -> Drift:
    shifts = (
        _shift("amount", verdict="failed", histogram=SHARES, importance=0.21),
        _shift("city", verdict="failed", histogram=WORDS),
        _shift("amount", feature="missing", verdict="inconclusive"),
        _shift("weekday"),
    )
    effects = (0.02, 0.05, None, 0.3)
    verdicts = ("passed", "inconclusive", None, "failed")
    series = TimeSeries(
        column="amount", method="wasserstein", floor=0.1, effects=effects, verdicts=verdicts, verdict="failed",
        lows=(0.0, 0.01, None, 0.2), highs=(0.06, 0.12, None, 0.4), broke_in=3,
    )  # fmt: skip
    windows = tuple(Window(start=f"2026-0{i}-01", end=f"2026-0{i}-28", rows=200 + i) for i in range(1, 5))
    estimate = PerformanceEstimate(
        split="live", method="confidence", metric="accuracy", value=0.9, low=0.87, high=0.93, n=900
    )
    token = Token(
        split="live", token=" 退款", reference_share=0.01, current_share=0.2, roc_auc=0.6, low=0.55, high=0.65
    )
    return Drift(
        name="shifts",
        reference="train",
        confidence=0.95,
        samples=(SampleSize(split="train", rows=4000, compared=1000), SampleSize(split="live", rows=900, compared=900)),
        shifts=shifts,
        timelines=(Timeline(split="live", unit="month", windows=windows, without_time=3, series=(series,)),),
        estimates=(estimate,),
        tokens=(token,),
    )


def _shift(column: str, **changes: object) -> Shift:
    given: dict[str, object] = {
        "split": "live", "column": column, "method": "wasserstein", "reference_rows": 1200, "current_rows": 900,
        "reference_value": 3.25, "current_value": 4.125, "distance": 0.3, "expected": 0.02, "effect": 0.28,
        "low": 0.2, "high": 0.36, "floor": 0.1, "p_value": 0.0001, "p_adjusted": 0.0123, "detectable": 0.0412,
        "verdict": "passed",
    }  # fmt: skip
    return Shift.model_validate(given | changes)


def _bias_audit(sample: ModuleType) -> object:
    named = {("Female",): (509, 200), ("Male",): (600, 300), ("Unlisted",): (9, 9)}
    categories = tuple(
        Category(
            names=names,
            individuals=individuals,
            selected=selected,
            rate=selected / individuals,
            impact_ratio=None if individuals < 10 else selected / individuals * 2,
            left_out="Nine people say nothing." if individuals < 10 else None,
        )
        for names, (individuals, selected) in named.items()
    )
    return sample.bias_audit().model_copy(update={"tables": (BiasTable(attributes=("sex",), categories=categories),)})


def _card() -> Card:
    return Card(
        intended_use="Hold back unsolicited messages before they ring",
        intended_users="Subscribers, and the desk that answers complaints",
        misuse="Watching what people write",
        limitations="Short messages in English",
        human_oversight="The desk may release any message, and switch the filter off",
        data_source="Messages that subscribers reported in 2025",
        license="Apache-2.0",
        contact="trust@example.org",
        languages=("en", "zh"),
    )


def _changes() -> Changes:
    return Changes(
        name="sms-spam-filter",
        version="1.3.0",
        digest="9a" * 32,
        status=Status.APPROVED,
        verdicts=(
            VerdictChange(id="accuracy", before=Verdict.PASSED, now=Verdict.FAILED),
            VerdictChange(id="drift.drift[column=amount]", before=None, now=Verdict.FAILED),
        ),
        limits=(
            LimitChange(
                id="accuracy.balanced_accuracy[split=test]", op=Op.AT_LEAST, before=0.9, now=0.8, loosened=True
            ),
            LimitChange(id="gate.on_inconclusive", op=None, before="reject", now="review", loosened=True),
        ),
        data={"test": True, "train": False},
        same_model=False,
        same_spec=False,
    )


def _poisoned(value: object, text: str, type_: object = str) -> object:
    """Put a text before every text of a value wherever its type admits any, and before the keys that users name."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        return {field.alias or name: _field(value, name, text, field.annotation) for name, field in fields}
    if isinstance(value, Mapping):
        return {_before(key, text): _poisoned(item, text, type_) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_poisoned(item, text, type_) for item in value)
    if type(value) is not str or not _admits_text(type_):
        return value
    # There is memory for one copy of a huge text, not for hundreds.
    return text if len(text) > HUGE else _before(value, text)


def _field(value: BaseModel, name: str, text: str, type_: object) -> object:
    given = getattr(value, name)
    if (isinstance(value, Message) and name == "values") or type_ == InLanguages:
        return {key: _poisoned(item, text, type_) for key, item in given.items()}
    return _poisoned(given, text, type_)


@functools.lru_cache(maxsize=256)
def _before(given: str, text: str) -> str:
    # What was equal stays equal, so that rows keep their columns and reasons their findings.
    return text + given


def _admits_text(type_: object) -> bool:
    if type_ in (str, object):
        return True
    return typing.get_origin(type_) is not typing.Literal and any(map(_admits_text, typing.get_args(type_)))
