"""The last gate: no record holds personal data of the audited rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llmops_audit.audit.leaks import masked, refuse_leaks
from llmops_audit.errors import OutputError
from llmops_audit.record import Changes, Column, LimitChange, Record, Table, VerdictChange, message
from llmops_audit.record.canonical import parse

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record of the tutorial's audit with the cheap checks."""
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "audit.toml").write_text(
        (TUTORIAL / "audit.toml").read_text().partition("[checks")[0] + "[checks.accuracy]\nmin = {accuracy = 0.9}\n"
    )
    (folder / "sentences.csv").write_bytes((TUTORIAL / "sentences.csv").read_bytes())
    command = [sys.executable, "-m", "llmops_audit", "run", str(folder / "audit.toml"), "--output"]
    subprocess.run([*command, str(folder / "o")], check=False, capture_output=True)
    return parse((folder / "o" / "record.json").read_bytes(), "record.json")


def _with(record: Record, **cells: str) -> Record:
    table = Table(
        name="words",
        caption=message("Words"),
        columns=tuple(Column(key=key, heading=message("Word")) for key in cells),
        rows=(dict(cells),),
    )
    return record.model_copy(update={"figures": {**record.figures, "words": table}})


def test_an_honest_record_passes(record: Record) -> None:
    """What a real audit writes holds no personal data."""
    refuse_leaks(record, {})


def _since(record: Record, *ids: str) -> Record:
    """The record with findings that only an earlier one had."""
    told = {"name": "own", "version": "1", "digest": "", "data": {}, "same_model": True, "same_spec": True}
    changes = Changes(
        **told,
        status="approved",
        verdicts=tuple(VerdictChange(id=id, before="passed", now=None) for id in ids),
        limits=tuple(LimitChange(id=id, op=">=", before=0.8, now=None, loosened=True) for id in ids),
    )
    return record.model_copy(update={"changes": changes})


@pytest.mark.parametrize(
    ("id", "kind"),
    [
        ("own.a[sex=anna.miller@gmail.com]", "email"),
        ("own.a[city=Rome,ssn=536904399]", "us_ssn"),
        ("own.a[who=Miller, A. a.miller@gmail.com,split=live]", "email"),
    ],
)
def test_a_group_of_the_earlier_record_is_searched_as_well(record: Record, id: str, kind: str) -> None:
    """The id of a change may name a group that this audit's own findings do not have."""
    refuse_leaks(_since(record, "own.a[sex=F,split=live]", "own"), {})
    with pytest.raises(OutputError, match="would hold personal data") as refused:
        refuse_leaks(_since(record, "own.b", id), {})
    assert kind in str(refused.value)
    assert "iller" not in str(refused.value)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"word": "mail jane@example.com"}, "email"),
        ({"ssn": "536904399"}, "us_ssn"),
        ({"word": "身份证号11010519491231002X"}, "cn_resident_id"),
    ],
)
def test_a_value_of_the_data_is_refused(record: Record, cells: dict[str, str], kind: str) -> None:
    """An example, a category or a word with personal data in it stops the output; the error does not show the value."""
    with pytest.raises(OutputError, match="would hold personal data") as refused:
        refuse_leaks(_with(record, **cells), {})
    assert kind in str(refused.value)
    assert all(value[-6:] not in str(refused.value) for value in cells.values())


def test_a_group_s_name_is_a_value_too(record: Record) -> None:
    """A key of the record that comes from the data is searched like any other text, and not shown."""
    table = _with(record, **{"jane@example.com": "x"})
    with pytest.raises(OutputError) as refused:
        refuse_leaks(table, {})
    assert "jane" not in str(refused.value)


def test_what_the_spec_says_is_no_secret(record: Record) -> None:
    """Whoever wrote the spec wanted it there."""
    refuse_leaks(_with(record, word="mail jane@example.com"), {"checks": {"x": {"words": ["mail jane@example.com"]}}})


def test_mistyped_numbers_do_not_stop_an_output(record: Record) -> None:
    """What is merely suspected is no leak: many a number of ours would be one."""
    refuse_leaks(_with(record, word="card 4111111111111112"), {})


def test_a_text_is_masked() -> None:
    """Every hit in a text is masked, the rest stays."""
    assert masked("ask jane@example.com or card 4111 1111 1111 1111.") == "ask ***@*** or card **** **** **** ****."
