"""The public Python API: what `import llmops_audit` gives."""

from __future__ import annotations

import hashlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import llmops_audit
from llmops_audit import AuditError, Record, load_record, render_record, run
from llmops_audit.record.canonical import canonical, parse

Project = Callable[..., Path]

FRAME = pd.DataFrame(
    {
        "text": [f"{'win money now' if i % 2 else 'see you at noon'} {'abc'[i % 3]}" for i in range(200)],
        "label": [i % 2 for i in range(200)],
        "sex": ["FM"[i // 2 % 2] for i in range(200)],
        "old": [i % 7 == 0 for i in range(200)],
        "day": pd.date_range("2026-01-01", periods=200, tz="UTC").strftime("%Y-%m-%d"),
        "amount": [None if i % 11 == 0 else i / 4 for i in range(200)],
    }
)

SPEC: dict[str, Any] = {
    "audit": {"name": "small", "version": "1.0"},
    "data": {"text": "text", "label": "label", "positive": 1, "groups": ["sex", "old"], "time": "day"},
    "model": {
        "vectorizer": "sklearn.feature_extraction.text:CountVectorizer",
        "estimator": "sklearn.linear_model:LogisticRegression",
    },
    "checks": {"accuracy": {"min": {"accuracy": 0.8}}, "calibration": {}, "fairness": {"min_group_rows": 5}, "pii": {}},
}

TABULAR: dict[str, Any] = SPEC | {
    "data": {"features": ["amount", "old", "sex"], "label": "label", "positive": 1, "groups": ["sex"]},
    "model": {"estimator": "sklearn.linear_model:LogisticRegression"},
}


def _with_data(spec: dict[str, Any], **data: Any) -> dict[str, Any]:
    return spec | {"data": spec["data"] | data}


def _numbers(record: Record) -> dict[str, Any]:
    """Return a record without its files and their digests, and without what differs from run to run."""
    plain: dict[str, Any] = json.loads(canonical(record))
    for name in ("digest", "run", "audit"):
        del plain[name]
    # A truth value of Parquet is a text in CSV: what was learned of it has another digest.
    del plain["subject"]["fitted"]
    for split in plain["data"].values():
        del split["sha256"], split["files"]
        for column in split["columns"]:
            # A Parquet file says how it stores a column.
            del column["how"]
    return plain


def test_the_public_surface_is_this() -> None:
    """A name that is added or lost is a decision, and no accident."""
    assert sorted(llmops_audit.__all__) == [
        "AuditError",
        "Check",
        "Finding",
        "Record",
        "Severity",
        "Verdict",
        "__version__",
        "load_record",
        "render_record",
        "run",
    ]
    assert set(llmops_audit.__all__) <= set(dir(llmops_audit))
    for name in llmops_audit.__all__:
        assert getattr(llmops_audit, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'rnu'"):
        _ = llmops_audit.rnu  # type: ignore[attr-defined]


def test_importing_it_imports_nothing_else() -> None:
    """The package is imported in a few milliseconds: its classes come when somebody uses them."""
    code = (
        "import sys\nbefore = set(sys.modules)\nimport llmops_audit\nfrom llmops_audit import run, load_record\n"
        "print(sorted(set(sys.modules) - before - {'__future__'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['llmops_audit']\n"


def _packages() -> list[str]:
    found = pkgutil.walk_packages(llmops_audit.__path__, "llmops_audit.")
    return sorted(info.name for info in found if info.ispkg)


def test_no_public_name_is_that_of_a_module() -> None:
    """Importing a module sets an attribute of its package, and would replace the public name by the module."""
    for name in ["llmops_audit", *_packages()]:
        package = import_module(name)
        modules = {info.name for info in pkgutil.iter_modules(package.__path__)}
        assert modules.isdisjoint(getattr(package, "__all__", ())), name


def test_importing_every_module_changes_no_public_name() -> None:
    """After all modules were imported, each public name is what it was."""
    code = (
        "import importlib, pkgutil, llmops_audit\n"
        "before = {name: getattr(llmops_audit, name) for name in llmops_audit.__all__}\n"
        "for info in pkgutil.walk_packages(llmops_audit.__path__, 'llmops_audit.'):\n"
        "    if not info.name.endswith(('__main__', 'pytest_plugin')):\n"
        "        importlib.import_module(info.name)\n"
        "assert before == {name: getattr(llmops_audit, name) for name in llmops_audit.__all__}\n"
        "assert callable(llmops_audit.run) and callable(llmops_audit.load_record)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


@pytest.mark.parametrize("spec", [SPEC, TABULAR], ids=["text", "tabular"])
def test_a_frame_gives_the_numbers_of_its_files(spec: dict[str, Any], tmp_path: Path) -> None:
    """A DataFrame, an Arrow table, a Parquet file and a CSV file of the same rows give the same numbers."""
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    FRAME.to_parquet(tmp_path / "rows.parquet", index=False)
    frame = _numbers(run(spec, data={"path": FRAME}))
    assert _numbers(run(spec, data={"path": pa.Table.from_pandas(FRAME)})) == frame
    assert _numbers(run(spec, data={"path": tmp_path / "rows.parquet"})) == frame
    assert _numbers(run(spec, data={"path": str(tmp_path / "rows.csv")})) == frame


def test_splits_can_be_handed_over_one_by_one(tmp_path: Path) -> None:
    """Tables and paths can stand beside each other, and a split of the spec is replaced by what is handed over."""
    FRAME[:100].to_csv(tmp_path / "train.csv", index=False)
    FRAME[150:].to_csv(tmp_path / "live.csv", index=False)
    spec = _with_data(SPEC, train="nowhere.csv", test="nowhere.csv", live=str(tmp_path / "live.csv"))
    record = run(spec, data={"train": tmp_path / "train.csv", "test": FRAME[100:150]})
    assert {split: info.rows for split, info in record.data.items()} == {"train": 100, "test": 50, "live": 50}


def test_the_same_table_gives_the_same_record() -> None:
    """Index, chunks, the number of processes and the order of keys in the spec have no bearing on the digest."""
    one = run(SPEC, data={"path": FRAME})
    other = FRAME.set_index(FRAME.index[::-1])
    assert run(dict(reversed(SPEC.items())), data={"path": other}, jobs=2).digest == one.digest
    arrow = pa.Table.from_pandas(FRAME)
    assert run(SPEC, data={"path": pa.concat_tables([arrow[:7], arrow[7:]])}).digest == one.digest
    assert run(SPEC, data={"path": FRAME.iloc[::-1]}).digest != one.digest


def test_a_path_has_the_keys_of_the_spec(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is handed over gives the record that the spec gives which names it, wherever one stands."""
    spec = project()
    monkeypatch.chdir(spec.parent.parent)
    plain = run(spec)
    assert plain.audit.overrides == {}
    assert plain.digest == run(str(spec), data={"path": f"{spec.parent.name}/rows.csv"}).digest
    assert run(spec, data={"path": spec.parent / "rows.csv"}).digest == plain.digest


def test_what_was_handed_over_stands_in_the_record(project: Project) -> None:
    """The digest of the spec does not cover it, so the record says that there was something, and which files it was."""
    spec = project()
    other = spec.parent / "other.csv"
    other.write_bytes((spec.parent / "rows.csv").read_bytes() + b"\nsee you at noon a,0,F,0\n")
    plain, moved, table = run(spec), run(spec, data={"path": other}), run(spec, data={"path": FRAME})
    assert {record.audit.spec_sha256 for record in (moved, table)} == {plain.audit.spec_sha256}
    assert moved.audit.overrides == {"data.path": "other.csv"}
    assert table.audit.overrides == {"data.path": "a table in memory"}
    found = moved.data["test"].files[0]
    assert (found.name, found.bytes) == ("other.csv", other.stat().st_size)
    assert found.sha256 == moved.data["test"].sha256 == hashlib.sha256(other.read_bytes()).hexdigest()
    in_memory = table.data["test"].files[0]
    assert (in_memory.name, in_memory.bytes, in_memory.sha256) == ("data['path']", None, table.data["test"].sha256)


def test_it_writes_prints_and_exits_nothing(
    project: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rejection is returned like any other record."""
    spec = project({"accuracy = 0.8": "accuracy = 1.0"})
    monkeypatch.chdir(spec.parent)
    before = sorted(spec.parent.iterdir())
    record = run("audit.toml")
    assert (record.decision.status.value, record.decision.exit_code) == ("needs_review", 3)
    assert capfd.readouterr() == ("", "")
    assert [path for path in sorted(spec.parent.iterdir()) if path.name != "__pycache__"] == before


def test_limits_of_a_mapping_come_from_the_spec() -> None:
    """There is no line to name: the source is `spec`, and that of defaults `default`."""
    findings = run(SPEC, data={"path": FRAME}).findings()
    sources = {finding.requirement.source for finding in findings.values() if finding.requirement is not None}
    assert sources == {"spec", "default"}
    assert findings["accuracy.accuracy"].requirement.source == "spec"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"spec": None}, "run: spec: is of a wrong type; expected a path or a mapping; got NoneType"),
        ({"spec": [SPEC]}, "run: spec: is of a wrong type; expected a path or a mapping; got list"),
        ({"spec": iter(SPEC)}, "got dict_keyiterator"),
        ({"spec": {}}, "spec: audit: is missing"),
        ({"spec": {"audit": {"name": None}}}, "spec: audit.name: is None"),
        ({"spec": SPEC | {"checks": {"acuracy": {}}}}, "spec: checks.acuracy: unknown check; expected one of accuracy"),
        ({"spec": "nowhere.toml"}, "nowhere.toml: no such file"),
        ({"spec": "no\0where"}, "run: spec: holds a null character"),
        ({"data": [FRAME]}, "run: data: is of a wrong type; expected a mapping of splits to tables or paths; got list"),
        (
            {"data": FRAME},
            "run: data: is of a wrong type; expected a mapping of splits to tables or paths; got DataFrame",
        ),
        ({"data": {"tset": FRAME}}, "data: unknown split; expected one of path, train, test, live; got 'tset'"),
        ({"data": {1: FRAME}}, "data: unknown split; expected one of path, train, test, live; got 1"),
        ({"data": {"path": None}}, "data['path']: is of a wrong type; expected a pandas DataFrame"),
        ({"data": {"path": [FRAME]}}, "or a path; got list"),
        ({"data": {"path": (row for row in ())}}, "or a path; got generator"),
        ({"data": {"path": FRAME["text"]}}, "or a path; got Series"),
        ({"data": {"path": "nowhere.csv"}}, "nowhere.csv: no such file"),
        ({"data": {"path": ""}}, "data.path"),
        (
            {"data": {"path": FRAME.drop(columns="label")}},
            "data['path']: has no column 'label'; expected one of text, sex",
        ),
        ({"data": {"path": pd.concat([FRAME, FRAME], axis=1)}}, "data['path']: has column 'amount' more than once"),
        ({"data": {"path": FRAME.set_axis(range(6), axis=1)}}, "data['path']: has a column whose name is not text"),
        ({"data": {"path": FRAME[:0]}}, "data['path']: has no rows"),
        ({"data": {"train": FRAME, "test": FRAME}}, "data: two splits hold the same bytes"),
        ({"data": {"path": FRAME, "test": FRAME}}, "name either `path`, to be split here, or `test`"),
        ({"data": {"path": FRAME.assign(label=None)}}, "data['path']: row 1: the label is missing"),
        ({"data": {"path": "no\0where.csv"}}, "spec: data.path: holds a null character or half of a surrogate pair"),
        (
            {"spec": _with_data(SPEC, positive=2**53)},
            "spec: data.positive: is too large; expected a whole number up to 9007199254740991, or text",
        ),
        ({"spec": SPEC | {"plugins": ["a" * 5000]}}, "contains no check"),
        ({"jobs": 0}, "run: jobs: is too small; expected a whole number from 1; got 0"),
        ({"jobs": True}, "run: jobs: is of a wrong type"),
        ({"jobs": "2"}, "run: jobs: is of a wrong type"),
    ],
)
def test_bad_input_is_an_error_that_names_it(arguments: dict[str, Any], said: str) -> None:
    """Whatever is wrong with an argument, the error says what is wanted."""
    with pytest.raises(AuditError) as error:
        run(**{"spec": SPEC, "data": {"path": FRAME}} | arguments)
    assert said in str(error.value)


def test_whole_numbers_may_be_large() -> None:
    """A feature beyond 2**53 is rounded, and a label from there on is text, since readers of JSON would round it."""
    data = {"features": ["amount"], "label": "label", "positive": str(2**53)}
    frame = FRAME.assign(amount=2**53 + 1 + FRAME["label"], label=2**53 - 1 + FRAME["label"])
    record = run(TABULAR | {"data": data, "checks": {"accuracy": {}, "drift": {}}}, data={"path": frame})
    assert {count.value for count in record.data["test"].labels} == {2**53 - 1, str(2**53)}
    assert parse(canonical(record), "the record") == record


@pytest.mark.parametrize("value", ["1_0", "１２", "inf"])
def test_a_number_is_what_arrow_reads_as_one(value: str) -> None:
    """What Python alone reads as a number is none, and the error names its row."""
    numbers = FRAME.assign(amount=range(200))
    wrong = numbers.assign(amount=[str(i) if i != 6 else value for i in range(200)])
    spec = _with_data(TABULAR, features=["amount"])
    with pytest.raises(AuditError, match=r"data\['test'\]: row 7: column 'amount' is not (a number|finite)"):
        run(spec, data={"train": numbers, "test": wrong})
    with pytest.raises(AuditError, match=r"data\['train'\]: row 7: column 'amount' is not a number|not finite"):
        run(_with_data(SPEC, weight="amount"), data={"train": wrong, "test": numbers})


def test_one_problem_is_said_once() -> None:
    """A limit of NaN is one problem, though both the spec and the check refuse it."""
    with pytest.raises(AuditError) as error:
        run(SPEC | {"checks": {"accuracy": {"min": {"accuracy": float("nan")}}}}, data={"path": FRAME})
    assert str(error.value) == "spec: checks.accuracy.min.accuracy: is not finite; expected a number; got nan"


def test_a_record_is_read_again(project: Project, tmp_path: Path) -> None:
    """From its file, or from the folder that holds it."""
    record = run(project())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "record.json").write_bytes(canonical(record))
    assert load_record(tmp_path / "out") == record
    assert load_record(str(tmp_path / "out" / "record.json")) == record


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory; expected a record.json, or the folder that holds it"),
        (b"{", "is not a record: the whole: Invalid JSON"),
        (b"[]", "is not a record"),
        (b"\xff", "is not a record"),
        (b"[" * 100_000, "is not a record"),
        (b'{"schema": "llmops-audit/record/1", "a": ' + b"[" * 100_000, "is not a record"),
        (b'{"schema": "llmops-audit/record/1"}', "schema is llmops-audit/record/1; expected llmops-audit/record/2"),
    ],
)
def test_what_is_no_record_is_refused(content: bytes | None, said: str, tmp_path: Path) -> None:
    """A folder without one, broken JSON, and a record of another schema."""
    if content is not None:
        (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(AuditError) as error:
        load_record(tmp_path)
    assert said in str(error.value)


@pytest.mark.parametrize("path", [None, 1, [Path()], b"record.json"])
def test_a_record_is_read_from_a_path(path: Any) -> None:
    """Other types are an error that says so."""
    with pytest.raises(AuditError, match="load_record: path: is of a wrong type; expected a path; got "):
        load_record(path)


def test_a_record_is_rendered(sample: ModuleType) -> None:
    """As the file that the command line writes, in the language that is wanted."""
    record = sample.record()
    html = render_record(record, "html")
    assert html.lower().startswith(b"<!doctype html>")
    assert "不符合审计规格的要求".encode() in render_record(record, "html", language="zh")
    assert render_record(record, "junit").startswith(b"<?xml")
    assert json.loads(render_record(record, "sarif"))["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.json", "html"), "render_record: record: is of a wrong type; expected a Record; got str"),
        ((None, "html"), "render_record: record: is of a wrong type; expected a Record; got NoneType"),
        (("record", None), "render_record: format: is of a wrong type; expected the name of a format; got NoneType"),
        (("record", "pdfx"), "format: is unknown; expected one of "),
        (("record", "html", "fr"), "language: is not available; expected one of en, zh; got 'fr'"),
    ],
)
def test_what_cannot_be_rendered_is_an_error(sample: ModuleType, arguments: tuple[Any, ...], said: str) -> None:
    """A wrong record, format or language is an error that names what there is."""
    record, format, *language = arguments
    record = sample.record() if record == "record" else record
    with pytest.raises(AuditError) as error:
        render_record(record, format, language=language[0] if language else None)
    assert said in str(error.value)


PROGRAM = """
from __future__ import annotations

from pathlib import Path

import pandas as pd

import llmops_audit
from llmops_audit import AuditError, Check, Finding, Record, Severity, Verdict, load_record, render_record, run
from llmops_audit.check import check

frame = pd.DataFrame({"text": ["a"], "label": [1]})
record: Record = run("audit.toml", data={"test": frame, "train": Path("train.csv")}, jobs=2)
other: Record = run({"audit": {"name": "a", "version": "1"}})
again: Record = load_record(Path("reports") / "a-1")
approved: bool = record.approved
html: bytes = render_record(record, "html", language="zh")
rows: pd.DataFrame = record.findings_frame()
found: list[Finding] = [finding for finding in record.findings().values() if finding.verdict is Verdict.FAILED]
version: str = llmops_audit.__version__
reveal_type(record.figure("confusion_matrix"))
run(3)  # type: ignore[arg-type]
run("audit.toml", jobs="2")  # type: ignore[arg-type]
render_record(record)  # type: ignore[call-arg]
"""


@pytest.mark.slow
def test_a_program_of_a_user_is_typed(tmp_path: Path) -> None:
    """A strict type checker sees the types of every public name, and the errors in wrong calls."""
    (tmp_path / "program.py").write_text(PROGRAM)
    # mypy finds installed packages by itself, but not a tree that is installed editable.
    folder = Path(llmops_audit.__file__).parents[1]
    found = {} if folder.name == "site-packages" else {"MYPYPATH": str(folder)}
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", "program.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, **found},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ConfusionMatrix" in done.stdout
    assert "Success: no issues found" in done.stdout, done.stdout
