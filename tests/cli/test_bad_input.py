"""The fail-open list: whatever is wrong never ends in 0, and the error says file, place and expectation."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmops_audit import cli
from llmops_audit.cli.commands import app

Project = Callable[..., Path]

SAVED = {
    'path = "rows.csv"': 'test = "rows.csv"',
    'vectorizer = "sklearn.feature_extraction.text:CountVectorizer"\n': "",
    'estimator = "sklearn.linear_model:LogisticRegression"': 'predictions = "told"',
}
TRAIN = 'path = "rows.csv"'


def _rows(*lines: str, header: str = "text,label,sex,told") -> str:
    return "\n".join([header, *lines]) + "\n"


def _many(n: int = 100, **last: str) -> str:
    lines = [f"word {i % 7},{i % 2},{'FM'[i // 2 % 2]},{i % 2}" for i in range(n)]
    return _rows(*lines, *last.values())


def _audit(spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Run the real entry point; give exit code and what it said on stderr."""
    out = spec.parent / "out"
    monkeypatch.setattr("sys.argv", ["llmops-audit", "run", str(spec), "--output", str(out)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    code = caught.value.code
    assert isinstance(code, int)
    if code == 2 and not (out / "record.json").exists():
        assert not out.exists()
    return code, capsys.readouterr().err


BAD = [
    ({"[checks.accuracy]\nmin = { accuracy = 0.8 }": ""}, None, "checks: is missing"),
    ({"[checks.accuracy]\nmin = { accuracy = 0.8 }": "[checks]"}, None, "audit.toml: checks: is not valid"),
    ({"[checks.accuracy]": "[checks.accurcy]"}, None, "checks.accurcy: unknown check"),
    ({"[audit]": 'frameworks = ["eu-ai-act", "ai-act"]\n[audit]'}, None, "audit.toml: frameworks[1]: unknown framework; expected one of ccpa-admt"),
    ({"accuracy = 0.8": "acuracy = 0.8"}, None, "checks.accuracy.min.acuracy: unknown key; expected one of accuracy, balanced_accuracy"),
    ({"accuracy = 0.8": 'accuracy = "0.8"'}, None, "checks.accuracy.min.accuracy: is not valid; expected a valid number"),
    (
        {"[checks.accuracy]": '[checks.fairness.ll144]\nsexx = "sex"\n[checks.accuracy]'}, None,
        "checks.fairness.ll144.sexx: unknown key; expected one of sex, race, rate, data_source",
    ),
    ({"min = {": "mni = {"}, None, "checks.accuracy.mni: unknown key; expected one of min, average, max_invalid, max_live_loss, max_train_test_gap, min_gain_over_majority, min_gain_over_one_rule, current"),
    ({**SAVED, '"told"': '"told"\nscores = "score"', 'label = "label"': 'label = "label"\npositive = 1'},
     _rows("a,1,F,1,0.5", "b,0,M,0,nan", header="text,label,sex,told,score"), "rows.csv: row 2: column 'score' is missing"),
    (SAVED, _rows("a,1,F,1", "b,NaN,M,0"), "rows.csv: row 2: the label is missing"),
    (SAVED, _rows(), "the test split: has no rows"),
    ({TRAIN: 'train = "rows.csv"\ntest = "empty.csv"'}, None, "the test split: has no rows"),
    ({'label = "label"': 'label = "label"\ngroups = ["race"]'}, None, "rows.csv: has no column 'race'; expected one of text, label, sex, told"),
    ({'label = "label"': 'label = "class"'}, None, "rows.csv: has no column 'class'"),
    ({TRAIN: 'path = "nothing.csv"'}, None, "nothing.csv"),
    ({}, "text,label\nonly,1\none,1\nlabel,1\n", "fewer than two labels"),
    ({}, _many(100, last="x,7,F,0"), "a label has a single row"),
    ({TRAIN: 'train = "rows.csv"\ntest = "other.csv"'}, None, "other.csv: row 2: the label is unknown; expected a label of the training split"),
    ({**SAVED, 'label = "label"': 'label = "label"\nlabels = [0, 1]'}, _rows("a,1,F,1", "b,2,M,0"), "row 2: the label is unknown; expected a label of `data.labels`"),
    (SAVED, _rows("a,1,F,1", "b,0,M,0,5"), "rows.csv: row 2"),
    ({'"sklearn.linear_model:LogisticRegression"': '"sklearn.linear_model:Logistic"'}, None, "module 'sklearn.linear_model' has no 'Logistic'"),
    ({'"sklearn.linear_model:LogisticRegression"': '"no_such.module:Thing"'}, None, "model.estimator: cannot be imported"),
    ({'"sklearn.linear_model:LogisticRegression"': '"sklearn.linear_model:LinearRegression"'}, None, "model.estimator: is not a classifier"),
    ({'"sklearn.linear_model:LogisticRegression"': '"sklearn.linear_model:LogisticRegression"\nparameters = { see = 1 }'}, None, "model.parameters: do not fit"),
    ({'"sklearn.linear_model:LogisticRegression"': '"sklearn.linear_model:LogisticRegression"\nparameters = { C = -1 }'}, None, "model: cannot be trained"),
    ({'label = "label"': 'label = "label"\npositive = 3'}, None, "data.positive: is not a label of the data; expected one of 0, 1; got 3"),
    ({'label = "label"': 'label = "label"\nweight = "told"', **SAVED}, _rows("a,1,F,1", "b,0,M,-1"), "row 2: column 'told' is negative"),
    ({'label = "label"': 'label = "label"\ngroups = ["sex"]', **SAVED}, _rows(*[f"a,{i % 2},person {i},1" for i in range(300)]), "group column 'sex': holds too many different values; expected at most 200; got 300"),
    (SAVED, _rows(*[f"a,text {i},F,1" for i in range(1200)]), "the label column: holds too many different values; expected at most 1000; got 1200"),
    ({**SAVED, 'label = "label"': 'label = "told"'}, None, "column 'told' cannot be two of label, prediction and score"),
    ({**SAVED, TRAIN: 'test = ["rows.csv", "./rows.csv"]'}, None, "a file is named twice"),
    ({TRAIN: 'train = "rows.csv"\ntest = "copy.csv"'}, None, "data: two splits hold the same bytes"),
    ({**SAVED, TRAIN: 'test = ["rows.csv", "notes.csv"]'}, None, "rows.csv: has no column 'notes'; expected the same columns in all files"),
    ({**SAVED, 'label = "label"': 'label = "label"\ntime = "sex"'}, _rows("a,1,Jane Doe,1"), "rows.csv: row 1: the time cannot be read; expected ISO 8601"),
    ({**SAVED, 'label = "label"': 'label = "label"\ngroups = ["sex"]'}, _rows("a,1,jane@example.org,1", "b,0,M,0"), "group column 'sex': holds personal data"),
    ({'path = "': 'path = "\\u0000'}, None, "audit.toml: data.path: holds a null character"),
    ({'name = "small"': 'name = "small'}, None, "is not valid TOML"),
    ({'[audit]': 'plugins = ["nowhere.py"]\n[audit]'}, None, "plugins: nowhere.py: contains no check"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "rows", "said"), BAD, ids=[said[:50] for _, _, said in BAD])
def test_bad_input_is_not_judged(
    changes: dict[str, str],
    rows: str | None,
    said: str,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each ends in exit code 2 with an error that says what is wrong, and writes nothing."""
    spec = project(changes, **({} if rows is None else {"rows": rows}))
    (spec.parent / "empty.csv").write_text("text,label,sex,told\n")
    (spec.parent / "notes.csv").write_text("text,label,sex,told,notes\na,1,F,1,x\n")
    (spec.parent / "copy.csv").write_bytes((spec.parent / "rows.csv").read_bytes())
    (spec.parent / "other.csv").write_text(_rows("a,1,F,1", "b,9,M,0"))
    code, errors = _audit(spec, capsys, monkeypatch)
    assert code == 2, errors
    assert said in errors
    assert "Traceback" not in errors


def test_no_cell_is_told_in_an_error(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error about a value names file, row and column, never the value, which may be personal."""
    changes = {**SAVED, 'label = "label"': 'label = "label"\nweight = "sex"'}
    _, errors = _audit(project(changes, _rows("a,1,jane.doe@example.org,1")), capsys, monkeypatch)
    assert "row 1: column 'sex' is not a number" in errors
    assert "jane" not in errors


@pytest.mark.parametrize("values", ["F", ""])
def test_a_constant_or_missing_group_asks_for_review(
    values: str, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the group column cannot be compared, fairness is not applicable and the gate asks for review."""
    rows = _rows(*[f"{'yes' if i % 2 else 'no'} {i % 5},{i % 2},{values},{i % 2}" for i in range(300)])
    changes = {
        'label = "label"': 'label = "label"\ngroups = ["sex"]',
        "[checks.accuracy]": "[checks.fairness]\n[checks.accuracy]",
    }
    code, errors = _audit(project(changes, rows), capsys, monkeypatch)
    assert code == 3, errors


def _own_check(spec: Path, body: str) -> None:
    headings = ("What it measures", "Why it matters", "How to read it", "Limits", "References")
    page = "".join(f"{heading}\n{'-' * len(heading)}\nText.\n\n" for heading in headings)
    (spec.parent / "own.py").write_text(
        f'"""Own.\n\n{page}"""\nfrom llmops_audit.check import check\nfrom llmops_audit.record import Finding, message\n\n\n'
        f"@check(time_limit=0.5)\ndef own(task):\n{body}\n"
    )


OWN = {"[audit]": 'plugins = ["own.py"]\n[audit]', "[checks.accuracy]": "[checks.own]\n[checks.accuracy]"}
ONLY_OWN = {
    "[audit]": 'plugins = ["own.py"]\n[audit]',
    "[checks.accuracy]\nmin = { accuracy = 0.8 }": "[checks.own]",
}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    raise KeyError('jane@example.org')\n    yield", "KeyError"),
        ("    import time\n    time.sleep(5)\n    yield", "took longer than {seconds:g} seconds"),
        ("    return [1, 2]", "something else than findings"),
        ("    return None", "TypeError"),
        (
            "    f = Finding(metric='a', verdict='passed', message=message('x'))\n    yield f\n    yield f",
            "two findings with one id",
        ),
    ],
)
def test_a_check_that_breaks_is_an_error(
    body: str,
    said: str,
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A check that raises, hangs or returns rubbish is an error in the record, and the audit is not judged."""
    spec = project(OWN)
    _own_check(spec, body)
    code, _ = _audit(spec, capsys, monkeypatch)
    assert code == 2
    record = (spec.parent / "out" / "record.json").read_text(encoding="utf-8")
    assert said in record
    assert "jane" not in record
    assert (spec.parent / "out" / "report.html").exists()


@pytest.mark.parametrize(
    "body",
    ["    return ()", "    yield Finding(metric='a', verdict='not_applicable', message=message('No.'))"],
)
def test_nothing_applicable_is_not_judged(
    body: str, project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no check finds anything to judge, the audit is not judged."""
    spec = project(ONLY_OWN)
    _own_check(spec, body)
    assert _audit(spec, capsys, monkeypatch)[0] == 2


def test_a_failure_beats_an_error(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed requirement rejects even where another check crashes."""
    spec = project({**OWN, **SAVED}, _many().replace(",1\n", ",0\n"))
    _own_check(spec, "    raise ValueError\n    yield")
    assert _audit(spec, capsys, monkeypatch)[0] == 1


def test_an_unforeseen_failure_is_two(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody foresaw ends in 2, never 1, and tells no data."""
    import llmops_audit.audit

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("value 'jane@example.org' is odd")

    monkeypatch.setattr(llmops_audit.audit, "audited", broken)
    code, errors = _audit(project(), capsys, monkeypatch)
    assert code == 2
    assert "RuntimeError" in errors
    assert "jane" not in errors


def test_wrong_usage_is_two() -> None:
    """An unknown option or command ends in 2."""
    assert CliRunner().invoke(app, ["run", "--nonsense"]).exit_code == 2
    assert CliRunner().invoke(app, ["audit"]).exit_code == 2


EVIL = "\x1b[31mG\x1b]0;evil\x07\u202e"


def test_nothing_controls_the_terminal(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escapes in a header, a value or the spec are shown as what they are, in errors and in the reasons of a decision."""
    lacking = project({**SAVED, 'label = "label"': 'label = "class"'}, _rows("a,1,F,1", header=f"text,x,{EVIL},told"))
    _, errors = _audit(lacking, capsys, monkeypatch)
    assert r"expected one of text, x, \x1b[31mG\x1b]0;evil\x07\u202e, told" in errors
    changes = {
        **SAVED,
        'label = "label"': 'label = "label"\ngroups = ["sex"]\npositive = 1',
        "[checks.accuracy]": "[checks.fairness]\n[checks.accuracy]",
    }
    rows = _rows(*[f"a,{i % 2},{'F' if i % 2 else EVIL},{i % 2}" for i in range(300)])
    monkeypatch.setattr("sys.argv", ["llmops-audit", "run", str(project(changes, rows))])
    monkeypatch.chdir(project().parent)
    project(changes, rows)
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr()
    assert r"\x1b[31mG\x1b]0;evil\x07" in said.out
    assert "\x1b]0" not in said.out + said.err
    assert "\u202e" not in said.out


def test_a_pipe_never_keeps_an_audit_waiting(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe in the place of a data file or of the allow-list ends the audit at once."""
    spec = project()
    (spec.parent / "rows.csv").unlink()
    os.mkfifo(spec.parent / "rows.csv")
    code, errors = _audit(spec, capsys, monkeypatch)
    assert (code, errors.strip()) == (2, "error: rows.csv: is a pipe; expected a file")
    os.mkfifo(spec.parent / "list.txt")
    spec = project({'label = "label"': 'label = "label"\nallow_list = "list.txt"'}, name="other.csv")
    (spec.parent / "rows.csv").unlink()
    (spec.parent / "rows.csv").write_bytes((spec.parent / "other.csv").read_bytes())
    code, errors = _audit(spec, capsys, monkeypatch)
    assert (code, errors.strip()) == (2, "error: list.txt: is a pipe; expected a file")


def test_a_delimiter_that_would_do_is_named(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semicolons instead of commas end in one error with the setting, and no cell."""
    _, errors = _audit(project({}, _many().replace(",", ";")), capsys, monkeypatch)
    assert 'semicolons: set `data.delimiter = ";"`' in errors
    assert errors.count("error:") == 1
