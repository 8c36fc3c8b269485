"""Whole audits of one release after another: unchanged ones, pairs by `predictions.parquet`, and its key."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from llmops_audit.audit import audited, prepare, run
from llmops_audit.audit.baseline import baseline
from llmops_audit.audit.pairing_key import VARIABLE, pairing_key
from llmops_audit.cli.commands import run_command
from llmops_audit.errors import AuditError, RecordError, SpecError
from llmops_audit.record import Finding, Record, Verdict
from llmops_audit.record.canonical import canonical
from llmops_audit.record.folder import PREDICTIONS, write
from llmops_audit.render.i18n import render, translator
from llmops_audit.render.notices import notices

KEY = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
MARGINS = "[checks.regression]\nmax_loss = { accuracy = 0.02, roc_auc = 0.03 }\n"
PRIVATE = "Ms Example of 7 Sample Street"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def _rows(n: int = 500, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    score = np.clip(label * 0.4 + 0.3 + rng.normal(0, 0.2, n), 0, 1)
    nudged = np.clip(score + rng.normal(0, 0.02, n), 0, 1)
    return pd.DataFrame(
        {
            "text": [f"{PRIVATE}, message {i // 2}" for i in range(n)],
            "y": label,
            "old": (score > 0.5).astype(int),
            "old_score": score,
            "new": (nudged > 0.5).astype(int),
            "new_score": nudged,
        }
    )


def _spec(folder: Path, version: str, column: str, more: str = "", inputs: str = 'text = "text"') -> Path:
    spec = folder / f"{version}.toml"
    spec.write_text(
        f'[audit]\nname = "a"\nversion = "{version}"\n[data]\ntest = "rows.csv"\nlabel = "y"\npositive = 1\n{inputs}\n'
        f'[model]\npredictions = "{column}"\nscores = "{column}_score"\n{MARGINS}{more}',
        encoding="utf-8",
    )
    return spec


def _written(folder: Path, spec: Path, out: str) -> Record:
    found = audited(prepare(spec))
    write(folder / out, {"record.json": canonical(found.record), **found.files}, ())
    return found.record


def _before(folder: Path, monkeypatch: pytest.MonkeyPatch, **kept: Any) -> Record:
    _rows().to_csv(folder / "rows.csv", index=False)
    monkeypatch.setenv(VARIABLE, KEY)
    record = _written(folder, _spec(folder, "1", "old", "[report]\npredictions = true\n", **kept), "before")
    monkeypatch.delenv(VARIABLE)
    return record


def _now(folder: Path, column: str = "new", **kept: Any) -> Record:
    return run(prepare(_spec(folder, "2", column, '[baseline]\nrecord = "before"\n', **kept)))


def _accuracy(record: Record) -> Finding:
    return record.findings()["regression.accuracy[against=before]"]


def _said(finding: Finding) -> str:
    return str(render(finding.message, translator("en")))


def test_the_same_classifier_passes_against_its_own_record(tmp_path: Path) -> None:
    """Equal bytes, an equal classifier and equal predictions are unchanged, without a key and on few rows."""
    rows = _rows(60)
    rows["new"] = rows["old"].where(rows.index > 0, 1 - rows["old"])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    _written(tmp_path, _spec(tmp_path, "1", "old"), "before")
    record = _now(tmp_path, "old")
    assert {finding.verdict for finding in record.findings().values()} == {Verdict.PASSED}
    assert "Unchanged" in _said(_accuracy(record))
    assert record.approved
    # The file is that of both columns: where one prediction of them differs, it is another release.
    assert _accuracy(_now(tmp_path, "new")).method != "census"


@pytest.mark.parametrize(
    "part", ["test rows", "classifier", "predictions", "unknown predictions", "unknown classifier"]
)
def test_all_three_must_be_the_same(tmp_path: Path, part: str) -> None:
    """Other bytes, another classifier, one other prediction, or one of them unknown: something may have changed."""
    _rows(60).to_csv(tmp_path / "rows.csv", index=False)
    record = _written(tmp_path, _spec(tmp_path, "1", "old"), "before")
    labels, test = (0, 1), record.data["test"]

    def unchanged(before: Record) -> bool:
        found = baseline(before, labels, record.audit, record.data, record.subject)
        assert found is not None
        return found.unchanged

    assert unchanged(record)
    other = "0" * 64
    data: dict[str, dict[str, Any]] = {
        "test rows": {"sha256": other},
        "predictions": {"predictions_digest": other},
        "unknown predictions": {"predictions_digest": None},
    }
    subject: dict[str, dict[str, Any]] = {
        "classifier": {"files": (), "fitted": other},
        "unknown classifier": {"files": (), "fitted": None},
    }
    before = record.model_copy(
        update={
            "data": {"test": test.model_copy(update=data.get(part, {}))},
            "subject": record.subject.model_copy(update=subject.get(part, {})),
        }
    )
    assert not unchanged(before)


def test_a_classifier_that_is_trained_here_is_unchanged_by_its_digest(tmp_path: Path) -> None:
    """Training the same model again on the same rows is unchanged; another parameter or other test rows are not."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300)})
    rows.assign(y=(rows["a"] + rng.normal(size=300) > 0).astype(int)).to_csv(tmp_path / "all.csv", index=False)

    def audit(name: str, c: float, seed: int = 1, more: str = "") -> Path:
        spec = tmp_path / f"{name}.toml"
        spec.write_text(
            f'[audit]\nname = "t"\nversion = "1"\nseed = {seed}\n[data]\npath = "all.csv"\nlabel = "y"\n'
            f'features = ["a", "b"]\n[model]\nestimator = "sklearn.linear_model:LogisticRegression"\n'
            f"parameters = {{ C = {c} }}\n{MARGINS}{more}",
            encoding="utf-8",
        )
        return spec

    _written(tmp_path, audit("before", 1.0), "before")
    more = '[baseline]\nrecord = "before"\n'
    same, other, moved = (run(prepare(audit("now", c, seed, more))) for c, seed in ((1.0, 1), (0.001, 1), (1.0, 2)))
    assert {finding.method for finding in same.findings().values()} == {"census"}
    assert same.approved
    assert _accuracy(other).method == "melded Clopper-Pearson intervals"
    assert _accuracy(moved).method == _accuracy(other).method


def test_classifiers_that_are_trained_here_are_paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that the audit splits are found again, in the requirements without seen rows as well."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"a": rng.normal(size=400).round(1), "b": rng.integers(0, 3, 400)})
    rows.assign(y=(rows["a"] + rng.normal(size=400) > 0).astype(int)).to_csv(tmp_path / "all.csv", index=False)
    monkeypatch.setenv(VARIABLE, KEY)

    def audit(c: float, more: str) -> Path:
        spec = tmp_path / "audit.toml"
        spec.write_text(
            '[audit]\nname = "t"\nversion = "1"\n[data]\npath = "all.csv"\nlabel = "y"\nfeatures = ["a", "b"]\n'
            f'[model]\nestimator = "sklearn.linear_model:LogisticRegression"\nparameters = {{ C = {c} }}\n'
            f"{MARGINS}{more}[checks.accuracy]\n",
            encoding="utf-8",
        )
        return spec

    before = _written(tmp_path, audit(1.0, "[report]\npredictions = true\n"), "before")
    assert before.data["test"].overlap is not None
    assert before.data["test"].overlap.seen > 0
    now = run(prepare(audit(0.001, '[baseline]\nrecord = "before"\n')))
    finding = _accuracy(now)
    assert finding.method == "Tango score"
    assert finding.n == 80
    counts = before.figures["confusion_matrix"].counts  # type: ignore[union-attr]
    assert finding.details["before"] == pytest.approx((counts[0][0] + counts[1][1]) / 80)
    assert now.findings()["regression.roc_auc[against=before]"].method == "paired DeLong, score interval"


def test_pairs_by_file_give_what_a_column_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference, its interval and the flips are those of the predictions given as a column, and narrower."""
    before = _before(tmp_path, monkeypatch)
    column = run(prepare(_spec(tmp_path, "3", "new", '[baseline]\npredictions = "old"\n')))
    monkeypatch.setenv(VARIABLE, KEY)
    paired = _now(tmp_path)
    one, other = _accuracy(paired), _accuracy(column)
    assert (one.value, one.interval, one.details) == (other.value, other.interval, other.details)
    assert paired.figures["flips"] == column.figures["flips"]
    assert paired.findings()["regression.roc_auc[against=before]"].verdict is Verdict.PASSED
    assert before.predictions_file is not None
    assert before.predictions_file.rows == 500
    (tmp_path / "before" / PREDICTIONS).unlink()
    alone = _now(tmp_path)
    widths = [one.interval[1] - one.interval[0] for one in map(_accuracy, (alone, paired))]  # type: ignore[index,operator]
    assert widths[0] > 2 * widths[1]
    assert "independent samples" in _said(_accuracy(alone))
    assert "is not beside the record" in _said(_accuracy(alone))


def test_the_file_holds_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests in their own order, equal rows numbered, labels and scores to two decimals; others may not read it."""
    record = _before(tmp_path, monkeypatch)
    path = tmp_path / "before" / PREDICTIONS
    content = path.read_bytes()
    table = pq.read_table(path)
    assert table.column_names == ["row", "number", "prediction", "score 1"]
    rows = table.column("row").to_pylist()
    assert rows == sorted(rows)
    assert b"Example" not in content
    assert not {hashlib.sha256(text.encode()).digest() for text in _rows()["text"]} & set(rows)
    assert sorted(set(table.column("number").to_pylist())) == [0, 1]
    assert set(table.column("prediction").to_pylist()) == {"0", "1"}
    scores = table.column("score 1").to_numpy()
    np.testing.assert_array_equal(scores, scores.round(2))
    assert record.predictions_file is not None
    assert hashlib.sha256(content).hexdigest() == record.predictions_file.sha256
    assert KEY[:16] not in canonical(record).decode()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    said = [str(render(notice.message, translator("en"))) for notice in notices(record)]
    assert any("pseudonymised: keep and delete it as personal data" in sentence for sentence in said)


def test_an_output_that_is_no_label_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output may quote its row: it is written as missing, and counts as wrong later as it did before."""
    rows = _rows()
    rows["old"] = rows["old"].astype(object).where(rows.index >= 20, f"I cannot say, {PRIVATE}")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.setenv(VARIABLE, KEY)
    inputs = 'text = "text"\nlabels = [0, 1]'
    report = "[report]\npredictions = true\n"
    before = _written(tmp_path, _spec(tmp_path, "1", "old", report, inputs=inputs), "before")
    assert pq.read_table(tmp_path / "before" / PREDICTIONS).column("prediction").null_count == 20
    right = (rows["old"] == rows["y"]).mean()
    assert _accuracy(_now(tmp_path, inputs=inputs)).details["before"] == pytest.approx(right)
    assert before.predictions_file is not None


def test_the_same_audit_writes_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither time nor the order of columns leaves a trace; nothing is written where nobody asked."""
    _before(tmp_path, monkeypatch)
    monkeypatch.setenv(VARIABLE, KEY)
    found = audited(prepare(tmp_path / "1.toml"))
    assert found.files[PREDICTIONS] == (tmp_path / "before" / PREDICTIONS).read_bytes()
    assert run(prepare(tmp_path / "1.toml")).predictions_file is None
    assert audited(prepare(_spec(tmp_path, "3", "old"))).files == {}


def test_the_command_writes_the_file_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the command ends with 2 and writes nothing; with it the file is there, and stays when rendered."""
    _rows(60).to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    spec = _spec(tmp_path, "1", "old", "[report]\npredictions = true\n[checks.accuracy]\n")
    run_it = ["llmops-audit", "run", str(spec), "--output", str(out)]
    monkeypatch.setattr("sys.argv", run_it)
    assert run_command() == 2
    assert not out.exists()
    monkeypatch.setenv(VARIABLE, KEY)
    assert run_command() != 2
    content = (out / PREDICTIONS).read_bytes()
    monkeypatch.setattr("sys.argv", ["llmops-audit", "render", str(out), "--format", "html"])
    assert run_command() == 0
    assert (out / PREDICTIONS).read_bytes() == content
    assert "pseudonymised: keep and delete it as personal data" in (out / "report.html").read_text(encoding="utf-8")


def test_without_the_key_there_is_no_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing without a key are errors; another key gives no pairs, and says so."""
    _before(tmp_path, monkeypatch)
    for spec in ("1.toml", _now_spec(tmp_path)):
        with pytest.raises(SpecError, match=VARIABLE):
            audited(prepare(tmp_path / spec))
    monkeypatch.setenv(VARIABLE, OTHER)
    other = _now(tmp_path)
    assert "another key" in _said(_accuracy(other))
    assert "independent samples" in _said(_accuracy(other))
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(SpecError, match="too short"):
        _now(tmp_path)


def _now_spec(folder: Path) -> str:
    return _spec(folder, "2", "new", '[baseline]\nrecord = "before"\n').name


def test_a_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest stands in the record."""
    _before(tmp_path, monkeypatch)
    path = tmp_path / "before" / PREDICTIONS
    path.write_bytes(path.read_bytes() + b" ")
    monkeypatch.setenv(VARIABLE, KEY)
    with pytest.raises(RecordError, match="was changed after its record was written"):
        _now(tmp_path)


@pytest.mark.parametrize(("kept", "paired"), [(480, True), (440, False)])
def test_rows_count_as_the_same_where_most_of_them_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int, paired: bool
) -> None:
    """Where 4 % are new rows the others are compared in pairs; where 12 % are, they count as other rows."""
    _before(tmp_path, monkeypatch)
    monkeypatch.setenv(VARIABLE, KEY)
    new = _rows(500 - kept, seed=9).assign(text=[f"another message {i}" for i in range(500 - kept)])
    pd.concat([new, _rows().iloc[::-1].iloc[:kept]]).to_csv(tmp_path / "rows.csv", index=False)
    finding = _accuracy(_now(tmp_path))
    assert (finding.n == kept) is paired
    assert ("row by row" in _said(finding)) is paired
    assert (f"{kept} of 500 test rows" in _said(finding)) is not paired


def test_other_inputs_are_other_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is known again by what the classifier sees: with an id beside it, nothing is known again."""
    _before(tmp_path, monkeypatch)
    monkeypatch.setenv(VARIABLE, KEY)
    said = _said(_accuracy(_now(tmp_path, inputs='text = "text"\nid = "old_score"')))
    assert "0 of 500 test rows" in said
    with pytest.raises(SpecError, match="a row is known again by them"):
        prepare(_spec(tmp_path, "3", "old", "[report]\npredictions = true\n", inputs=""))


def _key_file(path: Path, mode: int = 0o600, content: str = KEY) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    return f"[report]\npredictions = true\nkey_file = '{path.as_posix()}'\n"


def test_a_key_file_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside the spec's folder and with mode 0600 it gives what the variable gives; the variable goes before it."""
    folder = tmp_path / "project"
    folder.mkdir()
    before = _before(folder, monkeypatch)
    report = _key_file(tmp_path / "keys" / "key", content=f"{KEY}\n")
    again = _written(folder, _spec(folder, "1", "old", report), "again")
    assert before.predictions_file == again.predictions_file
    spec = prepare(_spec(folder, "1", "old", report)).spec
    assert pairing_key(spec, folder, "x", {VARIABLE: OTHER}).secret == OTHER.encode()
    assert pairing_key(spec, folder, "x", {VARIABLE: ""}).secret == KEY.encode()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Any right of the group or of others is one too many."""
    (tmp_path / "project").mkdir()
    report = _key_file(tmp_path / "key", mode)
    _refused(tmp_path / "project", report, "may be read or changed by others; expected mode 0600")


def test_a_key_in_the_repository_is_refused(tmp_path: Path) -> None:
    """Beside the spec, below it, by a link, or in a git work tree: it would be committed."""
    folder = tmp_path / "project"
    folder.mkdir()
    _refused(folder, _key_file(folder / "key"), "lies in the folder of the spec")
    _refused(folder, _key_file(folder / "deep" / "key"), "lies in the folder of the spec")
    link = tmp_path / "link"
    link.symlink_to(folder / "key")
    _refused(folder, f"[report]\npredictions = true\nkey_file = '{link.as_posix()}'\n", "in the folder of the spec")
    (tmp_path / ".git").mkdir()
    _refused(folder, _key_file(tmp_path / "keys" / "key"), "lies in a git work tree")


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a short key are errors, and no error shows the key."""
    folder = tmp_path / "project"
    folder.mkdir()
    _refused(folder, "[report]\npredictions = true\nkey_file = '../nowhere'\n", "cannot be read")
    _refused(folder, f"[report]\npredictions = true\nkey_file = '{tmp_path.as_posix()}'\n", "cannot be read|no file")
    _refused(folder, _key_file(tmp_path / "key", content="secret!"), "too short")
    assert "secret" not in repr(pairing_key(prepare(_spec(folder, "1", "old")).spec, folder, "x", {VARIABLE: KEY}))


def _refused(folder: Path, report: str, said: str) -> None:
    _rows(20).to_csv(folder / "rows.csv", index=False)
    with pytest.raises(AuditError, match=said) as caught:
        audited(prepare(_spec(folder, "1", "old", report)))
    assert KEY not in str(caught.value)
    assert "secret!" not in str(caught.value)


def test_a_key_file_without_a_use_is_refused(tmp_path: Path) -> None:
    """Nothing is written and nothing is read: the setting would do nothing."""
    with pytest.raises(SpecError, match=r"goes with `report.predictions` or `baseline.record`"):
        prepare(_spec(tmp_path, "1", "old", "[report]\nkey_file = '../key'\n"))
