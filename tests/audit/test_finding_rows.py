"""`rows.csv`: the rows behind what was found, without a text, where the spec asks for them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmops_audit.audit import Audited, audited, finding_rows, prepare, run
from llmops_audit.cli.commands import run_command
from llmops_audit.errors import SpecError
from llmops_audit.record.canonical import parse

CHECKS = """
[checks.accuracy]
min = { accuracy = 0.95 }
[checks.fairness]
max_difference = { accuracy = 0.05 }
[checks.regression]
max_loss = { accuracy = 0.01 }
[baseline]
predictions = "old"
"""
SECRET = "the secret of row"


def _rows(n: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, n)
    group = np.where(np.arange(n) % 4 == 0, "B", "A")
    right = rng.random(n) < np.where(group == "B", 0.6, 0.9)
    new = np.where(right, label, 1 - label)
    return pd.DataFrame(
        {
            "case": [f"case-{i}" for i in range(n)],
            "text": [f"{SECRET} {i}" for i in range(n)],
            "y": label,
            "old": np.where(rng.random(n) < 0.95, label, 1 - label),
            "new": new,
            "score": np.round(0.2 + 0.6 * new + rng.normal(0, 0.05, n), 4).clip(0, 1),
            "team": group,
        }
    )


def _spec(folder: Path, report: str = "[report]\nrows = 100\n", data: str = 'id = "case"\n', audit: str = "") -> Path:
    path = folder / "audit.toml"
    path.write_text(
        f'[audit]\nname = "a"\nversion = "1"\n{audit}[data]\ntest = "rows.csv"\nlabel = "y"\npositive = 1\n'
        f'text = "text"\ngroups = ["team"]\n{data}[model]\npredictions = "new"\nscores = "score"\n{CHECKS}{report}',
        encoding="utf-8",
    )
    return path


def _audited(folder: Path, rows: pd.DataFrame | None = None, jobs: int = 1, **kept: str) -> Audited:
    (_rows() if rows is None else rows).to_csv(folder / "rows.csv", index=False)
    return audited(prepare(_spec(folder, **kept)), jobs=jobs)


def _lines(found: Audited) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.files["rows.csv"].decode("utf-8"), newline=""), strict=True))


def test_each_line_is_a_row_that_its_finding_is_about(tmp_path: Path) -> None:
    """A lost row was right before and is wrong now, a flipped one differs, a group's is wrong and of the group."""
    rows = _rows()
    found = _audited(tmp_path, rows)
    lines = _lines(found)
    assert list(lines[0]) == list(finding_rows.COLUMNS)
    assert Counter(line["kind"] for line in lines) == dict.fromkeys(("lost", "flipped", "group", "wrong"), 25)
    assert len({line["id"] for line in lines}) == len(lines) == 100
    for line in lines:
        row = rows.loc[int(line["row"]) - 1]
        assert line["file"] == "rows.csv"
        assert line["id"] == row["case"]
        assert (line["label"], line["prediction"], float(line["score"])) == (str(row.y), str(row.new), row.score)
        wrong, was_wrong = row.new != row.y, row.old != row.y
        assert {
            "lost": wrong and not was_wrong,
            "flipped": was_wrong and not wrong,
            "group": wrong and row.team == "B",
            "wrong": wrong,
        }[line["kind"]]
    of_kind = {line["kind"]: line["finding"] for line in lines}
    assert of_kind["lost"] == of_kind["flipped"] == "regression.accuracy[against=before]"
    assert of_kind["wrong"] == "accuracy.accuracy"
    assert "team" in of_kind["group"]
    known = found.record.findings()
    assert all(line["finding"] in known for line in lines)
    assert SECRET.encode() not in found.files["rows.csv"]


def test_the_record_names_the_file(tmp_path: Path) -> None:
    """Name, digest, number of rows, and how the file is to be treated."""
    found = _audited(tmp_path)
    described = found.record.rows_file
    assert described is not None
    assert described.sha256 == hashlib.sha256(found.files["rows.csv"]).hexdigest()
    assert (described.file, described.rows) == ("rows.csv", 100)
    assert "personal data" in described.handling.id


def test_nothing_is_written_unasked(tmp_path: Path) -> None:
    """By default, with 0, and by `run` of Python there is no file, and the record names none."""
    for report in ("", "[report]\nrows = 0\n"):
        found = _audited(tmp_path, report=report)
        assert found.files == {}
        assert found.record.rows_file is None
    assert run(prepare(_spec(tmp_path))).rows_file is None


@pytest.mark.parametrize("rows", ["-1", "10001", "1.5", "true", '"all"'])
def test_a_number_that_cannot_be_is_an_error(tmp_path: Path, rows: str) -> None:
    """The error names the key."""
    with pytest.raises(SpecError, match=r"report\.rows"):
        prepare(_spec(tmp_path, report=f"[report]\nrows = {rows}\n"))


def test_rows_are_drawn_whatever_their_order_and_the_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shuffled rows give the same ids, other processes and other batches the same bytes, also where many are let go."""
    rows = _rows()
    once = _audited(tmp_path, rows)
    assert _audited(tmp_path, rows, jobs=2).files == once.files
    shuffled = _audited(tmp_path, rows.sample(frac=1, random_state=1))
    assert {line["id"] for line in _lines(shuffled)} == {line["id"] for line in _lines(once)}
    monkeypatch.setattr(finding_rows, "MOST_KEPT", 60)
    drawn = []
    for size in (50, 130, 100_000):
        monkeypatch.setattr("llmops_audit.data.batches.BATCH_ROWS", size)
        drawn.append(_lines(_audited(tmp_path, rows)))
    assert drawn[0] == drawn[1] == drawn[2]
    assert len(drawn[0]) == 60


def test_a_kind_without_rows_leaves_its_room(tmp_path: Path) -> None:
    """Where the release before predicted the same, all lines are of groups and of wrong rows."""
    rows = _rows()
    rows["old"] = rows["new"]
    rows.loc[0, "old"] = 1 - rows.loc[0, "new"]
    counts = Counter(line["kind"] for line in _lines(_audited(tmp_path, rows)))
    assert counts["lost"] + counts["flipped"] == 1
    assert abs(counts["group"] - counts["wrong"]) <= 1
    assert counts.total() == 100


def test_an_id_with_personal_data_is_left_out(tmp_path: Path) -> None:
    """An address or a telephone number is no id to hand round: file and row stay."""
    rows = _rows()
    odd = rows.index % 2 == 1
    rows.loc[odd, "case"] = [f"person{i}@mail.example.org" for i in rows.index[odd]]
    found = _audited(tmp_path, rows)
    assert b"@" not in found.files["rows.csv"]
    for line in _lines(found):
        assert line["id"] == ("" if int(line["row"]) % 2 == 0 else f"case-{int(line['row']) - 1}")
    assert not any(line["id"] for line in _lines(_audited(tmp_path, rows, data="")))


@pytest.mark.parametrize(
    "id",
    [
        "13812345678",
        "4111111111111111",
        "4111111111111111.0",
        "4111 1111 1111 1111",
        "call-13812345678-2",
        "１３８１２３４５６７８",
        "11010519491231002X",
        "078051120",
        "gb82west12345698765432",
        "20240117001",
    ],
)
def test_an_id_that_has_the_form_of_personal_data_is_left_out(tmp_path: Path, id: str) -> None:
    """A telephone, card, account or identity number needs no word beside it: "case" says nothing of its numbers."""
    rows = _rows(400)
    rows["case"] = id
    lines = _lines(_audited(tmp_path, rows))
    assert lines
    assert not any(line["id"] for line in lines)
    assert all(line["file"] == "rows.csv" and int(line["row"]) > 0 for line in lines)


@pytest.mark.parametrize(
    "id", ["case-12", "100001", "r17", "2024-01", "9b2f6c1e-0d34-4a11-8f10-716446655440", "ABCDEFGH"]
)
def test_an_id_that_only_counts_is_kept(tmp_path: Path, id: str) -> None:
    """Up to six digits, a word and a UUID have the form of no such number."""
    rows = _rows(400)
    rows["case"] = id
    assert {line["id"] for line in _lines(_audited(tmp_path, rows))} == {id}


def test_an_output_that_is_no_label_is_not_quoted(tmp_path: Path) -> None:
    """It may quote its row: the cell is empty, as that of a missing prediction."""
    rows = _rows()
    rows["new"] = rows["new"].astype(object).where(rows.index % 3 > 0, f"{SECRET} again")
    found = _audited(tmp_path, rows, data="labels = [0, 1]\n")
    assert SECRET.encode() not in found.files["rows.csv"]
    assert any(line["prediction"] == "" for line in _lines(found))


def test_an_id_is_no_formula(tmp_path: Path) -> None:
    """A spreadsheet carries nothing out."""
    rows = _rows()
    rows["case"] = [f"=HYPERLINK({i})" for i in rows.index]
    assert all(line["id"].startswith("'=") for line in _lines(_audited(tmp_path, rows)))


def test_where_all_is_well_wrong_rows_are_listed_all_the_same(tmp_path: Path) -> None:
    """An approval has wrong rows too; no group is weak."""
    rows = _rows()
    rows["new"] = rows["y"].where(rows.index % 50 > 0, 1 - rows["y"])
    rows["old"] = rows["new"]
    found = _audited(tmp_path, rows)
    assert {line["kind"] for line in _lines(found)} == {"wrong"}
    assert len(_lines(found)) == 40


def test_it_is_in_the_language_of_the_audit(tmp_path: Path) -> None:
    """In Chinese header and kinds are words, and the file begins with a byte order mark."""
    content = _audited(tmp_path, audit='language = "zh"\n').files["rows.csv"]
    assert content.startswith(b"\xef\xbb\xbf")
    head = next(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(head) == len(finding_rows.COLUMNS)
    assert not set(head) & set(finding_rows.COLUMNS)


def test_the_command_writes_it_for_its_owner(tmp_path: Path) -> None:
    """Nobody else may read it, and rendering again keeps it."""
    _rows().to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    command = ["run", str(_spec(tmp_path)), "--output", str(out), "--format", "csv"]
    assert _exit_code(command) == 1
    path = out / "rows.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    described = parse((out / "record.json").read_bytes(), "record").rows_file
    assert described is not None
    assert hashlib.sha256(content).hexdigest() == described.sha256
    assert _exit_code(["render", str(out), "--format", "badge"]) == 0
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600


def _exit_code(arguments: list[str]) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["llmops-audit", *arguments])
        return run_command()
