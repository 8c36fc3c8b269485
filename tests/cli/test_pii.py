"""`llmops-audit pii`: every kind of file and folder, what is shown and what never is, and the exit codes."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from llmops_audit.cli.commands import app
from llmops_audit.cli.pii import Counted, FileHit, UnsearchedColumn, scan_files, settings_of, summary, written
from llmops_audit.data import sources
from llmops_audit.data.sources import FileFormat, suffixes
from llmops_audit.errors import AuditError, Problem
from llmops_audit.personal_data import Confidence

MAIL = "jane.doe@example.com"
KEYS = ["file", "row", "column", "start", "end", "kind", "confidence", "masked"]


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["pii", *map(str, arguments)])


def _hits(*paths: Path, encoding: str = "utf-8") -> list[FileHit]:
    return [event for event in scan_files(paths, settings_of("text", None, encoding)) if isinstance(event, FileHit)]


def _places(*paths: Path) -> list[tuple[str, int, str, str]]:
    return [(Path(hit.file).name, hit.row, hit.column, hit.kind) for hit in _hits(*paths)]


def _problems(*paths: Path) -> list[str]:
    return [str(event) for event in scan_files(paths) if isinstance(event, Problem)]


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("name", "delimiter"), [("f.csv", ","), ("f.tsv", "\t"), ("F.CSV", ",")])
def test_delimited_files_are_read_cell_by_cell(tmp_path: Path, name: str, delimiter: str) -> None:
    """Rows count from 1 without the header, whatever line they begin in; indices are those in the original cell."""
    rows = [["note", "contact"], ['"two\nlines"', "none"], ['"so, write"', f"to {MAIL}"]]
    (hit,) = _hits(_write(tmp_path / name, "\n".join(map(delimiter.join, rows))))
    assert (hit.row, hit.column, hit.kind, hit.confidence) == (2, "contact", "email", Confidence.CONFIRMED)
    assert (hit.start, hit.end) == (3, 3 + len(MAIL))


def test_the_column_gives_a_number_its_meaning(tmp_path: Path) -> None:
    """Bare digits are a telephone number below `phone` and nothing below `amount`, also with the point of a float."""
    path = _write(tmp_path / "f.csv", "phone,amount\n2125550123,2125550123\n2125550123.0,2125550123.0\n")
    assert _places(path) == [("f.csv", 1, "phone", "phone"), ("f.csv", 2, "phone", "phone")]
    assert [(hit.start, hit.end) for hit in _hits(path)] == [(0, 10), (0, 10)]


def test_json_lines_are_read_by_key(tmp_path: Path) -> None:
    """Numbers are text below their key, nested values are JSON text, and a missing key is nothing."""
    lines: list[dict[str, Any]] = [{"phone": 2125550123}, {"other": {"to": [MAIL]}}]
    path = _write(tmp_path / "f.jsonl", "\n\n".join(map(json.dumps, lines)))
    assert _places(path) == [("f.jsonl", 1, "phone", "phone"), ("f.jsonl", 2, "other", "email")]


def test_parquet_is_read_with_numbers_as_text(tmp_path: Path) -> None:
    """Integers, floats with missing values, dictionaries and nested values are found by row and column."""
    columns = {
        "phone": pa.array([2125550123, 5]),
        "mobile": pa.array([None, 2125550123.0]),
        "card number": pa.array([4111111111111111.0, 0.5]),
        "flag": pa.array([True, None]),
        "who": pa.array(["x", MAIL]).dictionary_encode(),
        "nested": pa.array([[MAIL], None]),
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    assert _places(tmp_path / "f.parquet") == [
        ("f.parquet", 1, "phone", "phone"),
        ("f.parquet", 1, "card number", "payment_card"),
        ("f.parquet", 1, "nested", "email"),
        ("f.parquet", 2, "mobile", "phone"),
        ("f.parquet", 2, "who", "email"),
    ]
    assert {hit.end for hit in _hits(tmp_path / "f.parquet") if hit.kind == "payment_card"} == {16}


def test_bytes_are_searched_where_they_are_text_and_listed_where_not(tmp_path: Path) -> None:
    """A column of bytes stops nothing: what is text is searched, and what is not is listed by column, with a count."""
    columns = {
        "photo": pa.array([b"\xff\xfe", MAIL.encode(), b"\xff\xfe", None]),
        "uuid": pa.array([b"\xff" * 16] * 4, pa.binary(16)),
        "mail": pa.array(["x", None, MAIL, "y"]),
    }
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table(columns), path)
    assert _places(path) == [("f.parquet", 2, "photo", "email"), ("f.parquet", 3, "mail", "email")]
    said = _run(path)
    assert said.exit_code == 1
    assert f"not searched: {path}:photo: 2 cells hold bytes that are no text\n" in said.stderr
    assert f"not searched: {path}:uuid: 4 cells hold bytes that are no text\n" in said.stderr
    assert "columns that could not be searched: 2" in said.stderr


def test_nested_and_odd_columns_of_parquet_are_searched(tmp_path: Path) -> None:
    """Structures, maps and a name that occurs twice are read; durations, odd types and nested bytes are listed."""
    arrays = [
        pa.array([{"to": MAIL, "raw": b"\xff"}, None]),
        pa.array([[("cc", MAIL)], None], pa.map_(pa.string(), pa.string())),
        pa.array([1, 2], pa.duration("s")),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\xff" * 16, None], pa.binary(16))),
        pa.array(["x", MAIL]),
        pa.array([MAIL, "x"]),
    ]
    path = tmp_path / "f.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, ["struct", "map", "span", "id", "twice", "twice"]), path)
    assert _places(path) == [
        ("f.parquet", 1, "struct", "email"),
        ("f.parquet", 1, "map", "email"),
        ("f.parquet", 1, "twice", "email"),
        ("f.parquet", 2, "twice", "email"),
    ]
    unsearched = [event for event in scan_files([path]) if isinstance(event, UnsearchedColumn)]
    assert [(one.column, one.cells, one.contents) for one in unsearched] == [
        ("struct", 1, ("nested",)),
        ("span", 2, ("duration",)),
        ("id", 1, ("extension",)),
    ]


IMAGE = b"\x89PNG\r\n\x1a\n\xff"


def test_what_could_not_be_searched_asks_for_a_look(tmp_path: Path) -> None:
    """Such a column ends with 3 in every format, unless it is named; hits and broken files come first."""
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"photo": [IMAGE, None], "note": ["x", "y"]}), path)
    said = _run(path)
    assert (said.exit_code, said.stdout) == (3, "")
    assert f"not searched: {path}:photo: 1 cell holds images\n" in said.stderr
    lines = _run("--format", "jsonl", path)
    found = {"file": str(path), "column": "photo", "not_searched": 1, "contents": ["image"], "skipped": False}
    assert (lines.exit_code, json.loads(lines.stdout)) == (3, found)
    said = _run("--skip", "photo", path)
    assert said.exit_code == 0
    assert "1 cell holds images, left out as wished\n" in said.stderr
    assert json.loads(_run("--skip", "photo", "--format", "jsonl", path).stdout) == {**found, "skipped": True}
    assert _run("--skip", "note", path).exit_code == 3
    assert _run(path, _write(tmp_path / "a.txt", MAIL)).exit_code == 1
    assert _run(path, tmp_path / "gone").exit_code == 2


def test_a_parquet_file_of_no_bytes_was_not_searched(tmp_path: Path) -> None:
    """An empty text holds nothing; an empty file that should be a table is broken."""
    (tmp_path / "f.parquet").touch()
    (tmp_path / "f.csv").touch()
    assert _problems(tmp_path / "f.parquet") == [f"{tmp_path / 'f.parquet'}: is empty; expected a file with rows"]
    assert _problems(tmp_path / "f.csv") == []


def test_links_are_followed_once(tmp_path: Path) -> None:
    """A link to a link is refused by the command as well."""
    _write(tmp_path / "a.txt", MAIL)
    (tmp_path / "b.txt").symlink_to("a.txt")
    (tmp_path / "c.txt").symlink_to("b.txt")
    assert len(_hits(tmp_path / "b.txt")) == 1
    (said,) = _problems(tmp_path / "c.txt")
    assert said.endswith("expected a file, or a link that leads to one at once")


@pytest.mark.parametrize("name", ["f.csv", "f.parquet"])
def test_wide_files_are_searched_in_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """However many columns a file has, each hit has its row and column."""
    monkeypatch.setattr(sources, "BATCH_CELLS", 1_200)
    columns = {f"c{number}": ["x", "y", "z", MAIL if number % 250 == 7 else "w"] for number in range(500)}
    if name == "f.csv":
        rows = [",".join(columns), *(",".join(cells) for cells in zip(*columns.values(), strict=True))]
        _write(tmp_path / name, "\n".join(rows))
    else:
        pq.write_table(pa.table(columns), tmp_path / name)
    assert [batch.num_rows for batch in sources.cells(tmp_path / name, name, FileFormat()).tables] == [2, 2]
    assert _places(tmp_path / name) == [(name, 4, "c7", "email"), (name, 4, "c257", "email")]


SOURCE = """
from __future__ import annotations

import pyarrow as pa

SUFFIXES = (".reversed",)
BINARY = True


def names(path, shown, format, ledger=None):
    return tuple(path.read_bytes()[::-1].split(b"\\0")[0].decode().split(","))


def tables(path, shown, format, columns, batch_rows, ledger=None):
    rows = [row.decode().split(",") for row in path.read_bytes()[::-1].split(b"\\0")[1:]]
    yield pa.table(dict(zip(columns, map(list, zip(*rows)), strict=True)))
"""


def test_a_new_source_needs_no_change_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is dropped into the folder of sources is enough, also for files that are no text."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "a_source_of_a_test.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(folder)])
    path = tmp_path / "data" / "f.reversed"
    path.parent.mkdir()
    path.write_bytes(f"note,phone\0none,2125550123\0{MAIL},none".encode()[::-1])
    try:
        assert _places(path.parent) == [("f.reversed", 1, "phone", "phone"), ("f.reversed", 2, "note", "email")]
        assert ".reversed" in _problems(_write(tmp_path / "b.bin", "\0"))[0]
    finally:
        sys.modules.pop("llmops_audit.data.sources.a_source_of_a_test", None)


def test_a_compressed_table_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """Its name says that it is a table: in a folder it is not skipped like a picture."""
    pq.write_table(pa.table({"a": [MAIL]}), tmp_path / "f.parquet")
    packed = gzip.compress((tmp_path / "f.parquet").read_bytes())
    (tmp_path / "f.parquet").unlink()
    (tmp_path / "f.parquet.gz").write_bytes(packed)
    (tmp_path / "f.png.gz").write_bytes(gzip.compress(b"\0"))
    assert [problem.partition(": ")[2].partition(";")[0] for problem in _problems(tmp_path)] == ["is not text"]


@pytest.mark.parametrize("name", ["f.txt", "f.md", "f.log", "f.py", "f.json", "Makefile", ".env"])
def test_any_other_text_is_read_line_by_line(tmp_path: Path, name: str) -> None:
    """The row is the line from 1, with any kind of line end; there is no column."""
    path = _write(tmp_path / name, f"one\r\n\n{MAIL}\rlast: {MAIL}")
    assert _places(path) == [(name, 3, "", "email"), (name, 4, "", "email")]


@pytest.mark.parametrize("name", ["f.csv.gz", "f.jsonl.gz", "f.log.gz"])
def test_compressed_files_are_read(tmp_path: Path, name: str) -> None:
    """Text, tables and JSON Lines are read through gzip."""
    text = json.dumps({"a": MAIL}) if "json" in name else f"a\n{MAIL}\n"
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert [hit.kind for hit in _hits(tmp_path / name)] == ["email"]


@pytest.mark.parametrize("name", ["f.csv", "f.txt"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    """Such a text is none of the binary files, though it may hold a NUL beside every letter."""
    assert [hit.kind for hit in _hits(_write(tmp_path / name, f"备注\n{MAIL}\n", encoding))] == ["email"]


def test_another_encoding_is_named(tmp_path: Path) -> None:
    """A text in another encoding is read where the encoding is given, and refused otherwise."""
    path = _write(tmp_path / "f.txt", f"备注\n邮箱{MAIL}谢谢", "gb18030")
    assert [hit.row for hit in _hits(path, encoding="GB18030")] == [2]
    assert _problems(path) == [f"{path}: line 1: contains bytes that are not in the encoding; expected text in utf-8"]
    with pytest.raises(AuditError, match="--encoding: unknown encoding; expected one that Python knows; got 'utf-99'"):
        settings_of("text", None, "utf-99")


def test_rows_keep_their_order_and_number_over_batches(tmp_path: Path) -> None:
    """In a file of many batches each hit has the row that it stands in, in order."""
    held = {1, 65_536, 65_537, 150_000}
    lines = [MAIL if number in held else "nothing to see here" for number in range(1, 150_001)]
    table = _write(tmp_path / "f.csv", "\n".join(["text", *lines]))
    text = _write(tmp_path / "f.txt", "\n".join(lines))
    assert [hit.row for hit in _hits(table)] == [hit.row for hit in _hits(text)] == sorted(held)


def test_a_huge_line_is_read(tmp_path: Path) -> None:
    """A line over several pieces of the file is one line."""
    path = _write(tmp_path / "f.json", json.dumps(["nothing at all"] * 200_000 + [MAIL]) + f"\n{MAIL}")
    first, second = _hits(path)
    assert (first.row, second.row) == (1, 2)
    assert path.read_text()[first.start : first.end] == MAIL


def test_a_header_that_holds_personal_data_is_a_row(tmp_path: Path) -> None:
    """Without a header the first row is row 0, and columns have a number for a name: other cells may be names."""
    path = _write(tmp_path / "f.csv", f"Jane Doe,{MAIL}\nRichard Roe,richard@example.com\n")
    assert _places(path) == [("f.csv", 0, "#2", "email"), ("f.csv", 1, "#2", "email")]
    path = _write(tmp_path / "g.csv", f"Jane Doe,8005550199\nRichard Roe,{MAIL}\n")
    assert _places(path) == [("g.csv", 1, "#2", "email")]
    path = _write(tmp_path / "h.jsonl", json.dumps({MAIL: "x", "b": MAIL}))
    assert _places(path) == [("h.jsonl", 0, "#1", "email"), ("h.jsonl", 1, "#2", "email")]


def test_a_header_may_say_a_name_twice(tmp_path: Path) -> None:
    """Such a table is read nonetheless, with the same count of rows."""
    path = _write(tmp_path / "f.csv", f"\na,a,{MAIL}\nx,y,z\nx,{MAIL},z\n")
    assert _places(path) == [("f.csv", 0, "#3", "email"), ("f.csv", 2, "#2", "email")]
    assert _places(_write(tmp_path / "g.csv", f"a,a\n1,{MAIL}\n")) == [("g.csv", 1, "a", "email")]


@pytest.mark.parametrize("name", ["f.csv", "f.tsv", "f.jsonl", "f.txt"])
@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_holds_nothing(tmp_path: Path, name: str, content: str) -> None:
    """A file without content is scanned, and no table without a header."""
    assert list(scan_files([_write(tmp_path / name, content)])) == [Counted.FILE]


def test_folders_are_walked(tmp_path: Path) -> None:
    """All files below a folder are read, sorted, but for hidden folders, binary files, links and pipes."""
    for name in ("b/z.txt", "b/a/x.csv", "a.txt", ".hidden", ".git/x.txt", "b/.venv/x.txt", "c.txt"):
        _write(tmp_path / name, f"note\n{MAIL}\n")
    _write(tmp_path / "model.pkl", f"\0{MAIL}")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "loop").symlink_to(".", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    events = list(scan_files([tmp_path]))
    assert [Path(event.file).relative_to(tmp_path).as_posix() for event in events if isinstance(event, FileHit)] == [
        ".hidden", "a.txt", "b/a/x.csv", "b/z.txt", "c.txt",
    ]  # fmt: skip
    passed = [event for event in events if isinstance(event, Counted)]
    assert (passed.count(Counted.BINARY), passed.count(Counted.NO_FILE)) == (1, 3)
    assert not [event for event in events if isinstance(event, Problem)]


def test_what_is_named_itself_is_read(tmp_path: Path) -> None:
    """A link or a hidden folder that is given as a path is followed."""
    _write(tmp_path / ".git/x.txt", MAIL)
    (tmp_path / "link").symlink_to(".git/x.txt")
    assert len(_hits(tmp_path / "link", tmp_path / ".git")) == 2


def test_what_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path) -> None:
    """Each bad path is a problem of its own, and the paths around it are scanned."""
    good = _write(tmp_path / "good.txt", MAIL)
    bad = {
        tmp_path / "missing.csv": "no such file or folder",
        _write(tmp_path / "b.bin", "\0"): "is not text; expected text, or a file that ends in " + ", ".join(suffixes()),
        _write(tmp_path / "f.parquet", "x\0y"): "is not a Parquet file; expected a whole Parquet file",
        _write(tmp_path / "g.parquet", "PAR1\0"): "is broken or cut off; expected a whole Parquet file",
        _write(tmp_path / "f.log.gz", "x"): "is broken or cut off; expected a whole gzip file",
        _write(tmp_path / "f.csv", "a,b\n1\n"): "row 1: wrong number of fields; expected 2; got 1",
        _write(tmp_path / "f.jsonl", "[1]"): "line 1: is not an object; expected an object; got an array",
    }
    os.mkfifo(tmp_path / "pipe")
    bad[tmp_path / "pipe"] = "cannot be searched; expected a file or folder; got a pipe or device"
    assert _problems(*bad) == [f"{path}: {wrong}" for path, wrong in bad.items()]
    said = _run(*bad, good)
    assert said.exit_code == 2
    assert said.stdout == f"{good}:1: email (confirmed) ***@***\n"
    assert "error: " in said.stderr


@pytest.mark.parametrize("name", ["f.csv", "f.parquet", "f.jsonl"])
def test_a_table_in_a_folder_must_be_readable(tmp_path: Path, name: str) -> None:
    """A broken table is no binary file that may be left out."""
    _write(tmp_path / name, "\0\0")
    assert len(_problems(tmp_path)) == 1


def test_what_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without permission a file or a folder is a problem, with the system's reason."""
    _write(tmp_path / "f.txt", "x")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert _problems(tmp_path) == [f"{tmp_path / 'f.txt'}: cannot be read; got Permission denied"]
    monkeypatch.setattr(os, "scandir", refuse)
    assert _problems(tmp_path) == [f"{tmp_path}: cannot be read; got Permission denied"]


def test_a_text_is_scanned_up_to_where_it_breaks(tmp_path: Path) -> None:
    """What stands before bytes of no encoding is found, and the file is refused all the same."""
    path = tmp_path / "f.txt"
    path.write_bytes(f"{MAIL}\nx\n\xff\n".encode("latin-1"))
    assert _places(path) == [("f.txt", 1, "", "email")]
    assert "line 3" in _problems(path)[0]


def test_parquet_with_broken_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no text in a column of texts are a problem, and no crash."""
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff" + MAIL.encode()], pa.binary()).buffers())
    pq.write_table(pa.table({"a": broken}), tmp_path / "f.parquet")
    path = tmp_path / "f.parquet"
    assert _problems(path) == [f"{path}: cannot be searched; expected text in UTF-8"]


def test_json_lines_have_exactly_their_keys(tmp_path: Path) -> None:
    """Each line of the output is one object with the documented keys, in order."""
    path = _write(tmp_path / "备注.csv", f"备注,b\n邮箱{MAIL},x\n")
    said = _run("--format", "jsonl", path)
    assert said.exit_code == 1
    found = [json.loads(line) for line in said.stdout.splitlines()]
    assert [list(item) for item in found] == [KEYS]
    values = (str(path), 1, "备注", 2, 2 + len(MAIL), "email", "confirmed", "***@***")
    assert tuple(found[0].values()) == values
    assert "备注" in said.stdout


def test_lines_of_text_and_the_summary(tmp_path: Path) -> None:
    """A hit is a line; counts and what was not searched for follow on the other stream."""
    path = _write(tmp_path / "f.csv", f"note\n{MAIL}\n")
    said = _run(path, _write(tmp_path / "g.txt", "nothing"))
    assert said.stdout == f"{path}:1:note: email (confirmed) ***@***\n"
    assert said.stderr == "files searched: 2; hits: 1 (1 confirmed). Names and addresses are not searched for.\n"


def test_exit_codes(tmp_path: Path) -> None:
    """Nothing is 0, something is 1, and a path that cannot be read is 2, whatever was found in others."""
    clean, held = _write(tmp_path / "a.txt", "see you at noon"), _write(tmp_path / "b.txt", MAIL)
    assert _run(clean).exit_code == 0
    assert _run(clean, held).exit_code == 1
    assert _run(clean, held, tmp_path / "c.txt").exit_code == 2
    assert _run(clean, tmp_path / "c.txt").exit_code == 2
    assert _run().exit_code == 2


def test_what_is_suspected_alone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown and counted, and the exit code stays 0."""
    hit = FileHit("f.txt", 1, "", 0, 3, "iban", Confidence.SUSPECTED, "***")
    monkeypatch.setattr("llmops_audit.cli.pii.scan_files", lambda *_: iter([hit, Counted.FILE]))
    said = _run(tmp_path)
    assert said.exit_code == 0
    assert said.stdout == "f.txt:1: iban (suspected) ***\n"
    assert "hits: 1 (1 suspected)" in said.stderr


def test_errors_of_usage_are_no_verdict(tmp_path: Path) -> None:
    """An unknown format, or an allow-list that is none, ends with 2 and says why."""
    path = _write(tmp_path / "f.txt", MAIL)
    for options, wrong in (
        (["--format", "xml"], "error: --format: unknown format; expected one of text, jsonl, hashes; got 'xml'"),
        (
            ["--allow-list", str(tmp_path / "x")],
            f"error: {tmp_path / 'x'}: no such file",
        ),
        (["--allow-list", str(path)], f"error: {path}: line 1: is no entry of an allow-list"),
    ):
        command = [sys.executable, "-m", "llmops_audit", "pii", str(path), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert wrong in done.stderr
        assert not done.stdout


def test_no_value_is_shown_anywhere(tmp_path: Path) -> None:
    """Not in hits, errors or names: a mask holds no letter or digit of the value."""
    secret = "zqx.wvk@example.com"
    folder = tmp_path / secret
    for name, text in (
        (f"{secret}.csv", f"{secret},{secret}\n{secret},2\n"),
        ("ragged.csv", f"a,{secret}\n{secret}\n"),
        ("open.csv", f'a,b\n1,"{secret}\n'),
        ("twice.jsonl", json.dumps({secret: 1})[:-1] + ', "' + secret + '": 2}'),
        ("broken.jsonl", f"{secret}\n"),
        ("binary.csv", f"{secret}\n\0"),
        (f"{secret}.txt", secret),
        ("broken.log.gz", secret),
    ):
        _write(folder / name, text)
    for format in ("text", "jsonl", "hashes"):
        said = _run("--format", format, folder, folder / "ragged.csv", folder / f"{secret}.no", folder / "binary.csv")
        assert said.exit_code == 2
        assert "zqx" not in said.stdout + said.stderr
        assert "wvk" not in said.stdout + said.stderr
        assert "***@***" in said.stderr


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters in the name of a file or column are escaped, so that a hit stays on its line."""
    hit = FileHit("a\nb\x1b[2J.csv", 1, "c\rd", 0, 3, "email", Confidence.CONFIRMED, "***")
    assert written(hit, "text") == "a\\nb\\x1b[2J.csv:1:c\\rd: email (confirmed) ***"
    assert json.loads(written(hit, "jsonl"))["column"] == "c\rd"


@pytest.mark.parametrize("format", ["text", "jsonl"])
def test_a_name_of_no_encoding_is_shown(tmp_path: Path, format: str) -> None:
    """A file whose name is no text is scanned and shown."""
    name = os.fsencode(tmp_path) + b"/x\xff.txt"
    with open(name, "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(MAIL.encode())
    said = _run("--format", format, tmp_path)
    assert said.exit_code == 1
    assert "x\ufffd.txt" in said.stdout


def test_hashes_make_an_allow_list(tmp_path: Path) -> None:
    """The lines of one run cover what it found, in any form and file, and reveal nothing; other values stay."""
    path = _write(tmp_path / "f.csv", f"mail,phone\n{MAIL},2125550123\n{MAIL.upper()},\n")
    made = _run("--format", "hashes", path)
    assert made.exit_code == 1
    lines = made.stdout.splitlines()
    assert len(lines) == 2
    assert len({line.partition(":")[0] for line in lines}) == 1
    assert lines[0].endswith(f"  # email ***@*** {path}:1:mail")
    allow = _write(tmp_path / "allow.txt", made.stdout)
    said = _run("--allow-list", allow, path)
    assert (said.exit_code, said.stdout) == (0, "")
    assert "hits: 0; covered by the allow-list: 3" in said.stderr
    other = _write(tmp_path / "other.txt", f"phone: +1 (212) 555-0123\nmail {MAIL} or richard@example.com")
    assert len(_run("--allow-list", allow, other).stdout.splitlines()) == 1
    more = _run("--allow-list", allow, "--format", "hashes", other).stdout
    assert more.partition(":")[0] == lines[0].partition(":")[0]
    assert _run("--allow-list", _write(allow, made.stdout + more), other, path).exit_code == 0


def test_the_help_starts_fast() -> None:
    """Help imports neither Arrow nor the catalogue."""
    code = (
        "import sys\nfrom llmops_audit.cli.commands import app\n"
        "try:\n    app(['pii', '--help'])\nexcept SystemExit:\n    pass\n"
        "print({'numpy', 'pyarrow', 'stdnum', 'llmops_audit.personal_data'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Exit codes: 0 no confirmed or likely hit" in done.stdout
    assert done.stderr == "set()\n"


def test_the_hook_calls_the_command() -> None:
    """The recipe for pre-commit names the command, and is given text files alone."""
    hook = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert "- id: llmops-audit-pii\n" in hook
    assert "  entry: llmops-audit pii\n" in hook
    assert "  types: [text]\n" in hook


def test_the_summary_counts_what_was_left_out() -> None:
    """Counts of zero are left out, but for files and hits."""
    assert summary({}) == "files searched: 0; hits: 0. Names and addresses are not searched for."
    counts = {Confidence.LIKELY: 2, Confidence.SUSPECTED: 1, Counted.FILE: 3, Counted.BINARY: 1, Counted.NO_FILE: 2}
    assert summary(counts).startswith(
        "files searched: 3; hits: 3 (2 likely, 1 suspected); binary files skipped: 1; links and devices skipped: 2."
    )
