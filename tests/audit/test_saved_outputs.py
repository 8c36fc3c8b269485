"""Whole audits of saved outputs and scores: from the text of an output to the record and its pages."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import llmops_audit
from llmops_audit.errors import DataError, SpecError
from llmops_audit.record import Finding, OutputShape, Record, Status, Verdict

MODEL: dict[str, Any] = {"predictions": "guess"}


def _audit(frame: pd.DataFrame | pa.Table, model: dict[str, Any] = MODEL, **more: Any) -> Record:
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"test": "rows.csv", "label": "label", **more.pop("data", {})},
        "model": model,
        "checks": {"accuracy": {}},
        **more,
    }
    return llmops_audit.run(spec, data={"test": frame})


def _rows(guess: dict[str, list[str | None]], n: int = 100) -> pd.DataFrame:
    """Return n rows of each label, whose outputs are repeated in turn."""
    rows = [(label, outputs[i % len(outputs)]) for label, outputs in guess.items() for i in range(n)]
    return pd.DataFrame(rows, columns=["label", "guess"])


def _finding(record: Record, metric: str) -> Finding:
    return next(f for check in record.checks for f in check.findings if f.metric == metric)


def _accuracy(record: Record) -> Any:
    rows = record.figures["performance"].rows  # type: ignore[union-attr]
    return next(row["value"] for row in rows if row["metric"] == "accuracy")


def _page(record: Record, format: str, language: str = "en") -> str:
    return llmops_audit.render_record(record, format, language=language).decode()


def test_outputs_are_read_as_the_spec_says() -> None:
    """Completions of a language model become labels, and those that do not are counted with their shapes."""
    rows = _rows({"yes": ["The answer is **Yes**.", "yes"], "no": ["No!", "I cannot say.", None, "Yes or no?"]})
    record = _audit(rows, {"predictions": "guess", "output": {"match": "only_label", "ignore": ["case", "markdown"]}})
    outputs = record.data["test"].outputs
    assert outputs is not None
    assert outputs.outcomes == {"label": 125, "unparsable": 50, "missing": 25}
    assert outputs.shapes == (OutputShape(shape="a a.", rows=25), OutputShape(shape="a a?", rows=25))
    assert _accuracy(record) == 125 / 200
    invalid = _finding(record, "invalid_outputs")
    assert (invalid.value, invalid.verdict) == (75 / 200, Verdict.FAILED)
    assert record.subject.parameters["output"] == {"match": "only_label", "ignore": ["case", "markdown"]}
    for format in ("html", "markdown"):
        assert "Outputs (test): 125 labels, 50 unparsable, 25 missing" in _page(record, format).replace("\\", "")
    assert "a a?" in _page(record, "html")
    assert "I cannot" not in record.model_dump_json()


def test_outputs_that_are_all_labels_have_no_line() -> None:
    """Where every output is a label the first screen says nothing of outputs, and the finding passes."""
    record = _audit(_rows({"yes": ["yes", "yes", "no"], "no": ["no"]}))
    assert record.data["test"].outputs is not None
    assert record.data["test"].outputs.outcomes == {"label": 200}
    assert "Outputs (" not in _page(record, "html")
    assert _finding(record, "invalid_outputs").message.id == "Every output is a label."


def test_a_fixed_list_of_labels_gives_the_same_record() -> None:
    """Whether the labels are named by the spec or read from the data, the outputs are the same."""
    rows = _rows({"yes": ["Yes."], "no": ["no", "No", "never"]})
    for output in ({}, {"output": {"match": "exact", "ignore": ["case", "punctuation"]}}):
        one, other = (_audit(rows, MODEL | output, data=data) for data in ({}, {"labels": ["no", "yes"]}))
        assert one.data == other.data
        assert one.figures == other.figures


def test_a_limit_of_the_spec_replaces_the_alarm() -> None:
    """`max_invalid` is judged at its own line."""
    rows = _rows({"yes": ["yes"], "no": [*["no"] * 9, "none"]})
    record = _audit(rows, checks={"accuracy": {"max_invalid": 0.5}})
    finding = _finding(record, "invalid_outputs")
    assert (finding.value, finding.verdict) == (0.05, Verdict.PASSED)
    assert finding.requirement is not None
    assert (finding.requirement.limit, finding.requirement.source) == (0.5, "spec")


@pytest.mark.parametrize(
    ("guess", "data", "cure", "shown"),
    [
        ({"yes": ["Yes."], "no": ["No."]}, {}, '`ignore = ["case", "punctuation"]` would map 200 of 200', "'No.'"),
        (
            {"true": ["1"], "false": ["0"]},
            {"positive": True},
            '`spellings = { "false" = ["0"], "true" = ["1"] }` would map 200 of 200',
            "'0' (100 times), '1' (100 times)",
        ),
        (
            {"yes": ["It is yes"], "no": ["It is no"]},
            {},
            '`match = "only_label"` would map 200',
            "like 'a a' (200 times)",
        ),
        ({"yes": ["Mary Miller"], "no": ["Bob"]}, {}, "no setting of [model.output] alone", "like 'a', 'a a'"),
    ],
)
def test_outputs_without_any_label_are_not_judged(
    guess: dict[str, list[str | None]], data: dict[str, Any], cure: str, shown: str
) -> None:
    """Where no output is a label the audit ends, naming the labels, the setting that helps, and masked outputs."""
    with pytest.raises(DataError) as caught:
        _audit(_rows(guess), data=data)
    said = str(caught.value)
    assert f"column 'guess': no output is a label; expected one of {', '.join(sorted(guess))}" in said
    assert cure in said
    assert "Mary" not in said
    assert "It is" not in said
    assert all(part in said for part in shown.split(", "))


def test_missing_outputs_alone_are_not_judged() -> None:
    """A test split whose outputs are all missing ends the audit, too."""
    with pytest.raises(DataError, match="the test split: every output is missing"):
        _audit(_rows({"yes": [None], "no": [None]}))


def test_live_rows_may_lack_outputs_but_not_labels_alone() -> None:
    """Live rows without any output are described; live rows whose outputs are all something else end the audit."""
    rows = _rows({"yes": ["yes"], "no": ["no"]})
    spec = {
        "audit": {"name": "a", "version": "1"},
        "data": {"test": "t.csv", "live": "l.csv", "label": "label"},
        "model": MODEL,
        "checks": {"accuracy": {}},
    }
    record = llmops_audit.run(spec, data={"test": rows, "live": rows.assign(guess=pd.Series([None] * 200, dtype=str))})
    assert record.data["live"].outputs is not None
    assert record.data["live"].outputs.outcomes == {"missing": 200}
    with pytest.raises(DataError, match="the live split: column 'guess': no output is a label"):
        llmops_audit.run(spec, data={"test": rows, "live": rows.assign(guess="Y")})


def test_the_previous_release_is_read_by_the_same_rules() -> None:
    """Outputs of the baseline become labels as those of the subject do, and end the audit where none does."""
    rows = _rows({"yes": ["Yes."], "no": ["No."]})
    model = {"predictions": "guess", "output": {"ignore": ["case", "punctuation"]}}
    more = {"baseline": {"predictions": "before"}, "checks": {"regression": {}}}
    record = _audit(rows.assign(before=["YES", "No."] * 100), model, **more)
    assert record.decision.status is Status.APPROVED
    with pytest.raises(DataError, match="column 'before': no prediction of the previous release is a label"):
        _audit(rows.assign(before="?"), model, **more)


def _scored(**columns: list[float | None]) -> pd.DataFrame:
    n = 50
    frame = pd.DataFrame({"label": ["no", "yes"] * n})
    return frame.assign(**{name: pd.Series(values * n, dtype="float64") for name, values in columns.items()})


def test_scores_with_a_threshold_are_a_subject() -> None:
    """The positive label is predicted from the threshold on; a missing score is a missing output."""
    rows = _scored(s=[0.2, 0.7, 0.6, None])[:100]
    record = _audit(rows, {"scores": "s", "threshold": 0.6}, data={"positive": "yes"})
    assert record.subject.kind == "scores"
    assert record.subject.parameters == {"scores": "s", "threshold": 0.6}
    outputs = record.data["test"].outputs
    assert outputs is not None
    assert outputs.outcomes == {"label": 75, "missing": 25}
    assert _accuracy(record) == 0.5
    assert "scores in s" in _page(record, "html")


def test_of_several_scores_the_largest_decides() -> None:
    """Ties go to the first label in order, and their number stands on the page."""
    record = _audit(_scored(n=[0.5, 0.1], y=[0.5, 0.9]), {"scores": {"yes": "y", "no": "n"}})
    assert _accuracy(record) == 1
    assert record.data["test"].outputs is not None
    assert record.data["test"].outputs.tied == 50
    assert "50 rows whose largest score several labels share" in _page(record, "markdown")


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ({"scores": {"yes": "s", "ja": "t"}}, {}, "model.scores.ja: is not a label of the data"),
        (
            {"scores": {"yes": "s", "no": "t"}},
            {"labels": ["no", "yes", "x"]},
            "model.scores: lacks a column for a label",
        ),
        ({"scores": "s", "threshold": 0.5}, {"positive": "yes", "labels": ["no", "yes", "x"]}, "decides between two"),
        ({"scores": "s", "threshold": 0.5}, {"positive": "ja"}, "data.positive: is not a label of the data"),
    ],
)
def test_scores_that_do_not_go_with_the_labels_are_refused(
    model: dict[str, Any], data: dict[str, Any], said: str
) -> None:
    """One column decides between two labels, several columns are those of all labels."""
    with pytest.raises(SpecError) as caught:
        _audit(_scored(s=[0.1, 0.9], t=[0.9, 0.1]), model, data=data)
    assert said in str(caught.value)


def test_a_refusal_is_no_true_negative() -> None:
    """Half of a group's negatives refused: its true negative rate is a half, and equalized odds are violated."""
    frame = pd.concat(
        [
            _rows({"1": ["1"], "0": ["0", "I cannot answer that."]}, 300).assign(g="f"),
            _rows({"1": ["1"], "0": ["0"]}, 300).assign(g="m"),
        ]
    )
    limits = {"max_difference": {"error_rates": 0.1}, "min_worst_group": {"true_negative_rate": 0.9}}
    record = _audit(frame, data={"positive": 1, "groups": ["g"]}, checks={"fairness": limits})
    assert record.decision.status is Status.REJECTED
    rate = next(f for f in record.checks[0].findings if f.metric == "true_negative_rate" and f.scope["g"] == "f")
    assert (rate.value, rate.verdict) == (0.5, Verdict.FAILED)
    assert _finding(record, "error_rates_difference").value == 0.5
