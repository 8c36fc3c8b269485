"""The benchmark of the search for personal data in small: its numbers hold, and its counts are what the page says."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from stdnum import bitcoin, iban, luhn
from stdnum.au import tfn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.cn import uscc
from stdnum.de import idnr
from stdnum.es import nif
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import rtn

from llmops_audit.personal_data import KINDS, find

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "pii"
PAGE = ROOT / "docs" / "personal-data.md"

RULES = {
    "payment_card": luhn,
    "iban": iban,
    "cn_uscc": uscc,
    "us_bank_routing": rtn,
    "uk_nhs": nhs,
    "de_tax_id": idnr,
    "fr_nir": nir,
    "it_codice_fiscale": codicefiscale,
    "es_dni": nif,
    "nl_bsn": bsn,
    "pl_pesel": pesel,
    "se_personnummer": personnummer,
    "in_aadhaar": aadhaar,
    "br_cpf": cpf,
    "au_tfn": tfn,
    "ca_sin": sin,
    "kr_rrn": rrn,
    "crypto_address": bitcoin,
}


def _package() -> None:
    # The benchmarks are no part of the distribution, so that they are found by their path.
    if "pii_benchmark" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "pii_benchmark", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules["pii_benchmark"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["pii_benchmark"])


def _module(name: str) -> ModuleType:
    _package()
    return importlib.import_module(f"pii_benchmark.{name}")


audits, bars, corpora, page, quality, speed, texts, valid = (
    _module(name) for name in ("audits", "bars", "corpora", "page", "quality", "speed", "texts", "valid")
)


def test_short_texts_are_as_the_page_says() -> None:
    """About 97 characters, 39% with digits, 5% with personal data; the seed decides alone."""
    drawn = texts.short(20_000, 1)
    assert drawn.characters == pytest.approx(97, abs=2)
    assert drawn.with_digits == pytest.approx(0.39, abs=0.01)
    assert drawn.personal.mean() == pytest.approx(0.05, abs=0.005)
    assert texts.short(20_000, 1).texts == drawn.texts


@pytest.mark.parametrize("kind", RULES)
def test_drawn_numbers_hold(kind: str) -> None:
    """python-stdnum accepts every number that the generator of a kind draws."""
    draw, _ = quality.GENERATORS[kind]
    rng = np.random.default_rng(0)
    numbers = [
        re.sub("[ -]", "", number) if kind == "in_aadhaar" else number for number in (draw(rng) for _ in range(100))
    ]
    assert [number for number in numbers if not RULES[kind].is_valid(number)] == []


def test_every_kind_with_a_checksum_is_measured() -> None:
    """A kind whose numbers are not drawn is measured by the examples of its entry."""
    kinds = {kind.name for kind in KINDS.values() if any(form.has_checksum for form in kind.forms)}
    assert kinds <= set(quality.with_checksum())
    assert quality.in_context("in_pan").drawn == len(KINDS["in_pan"].hits)


@pytest.mark.parametrize("kind", quality.with_checksum())
def test_valid_numbers_are_found_in_context(kind: str) -> None:
    """Each of a few valid numbers is found whole, as its kind, behind a word that names it."""
    measured = quality.in_context(kind, 40, 1)
    assert measured.drawn in (40, len(KINDS[kind].hits))
    assert (measured.found, measured.taken) == (measured.drawn, ())


@pytest.mark.parametrize("length", quality.LENGTHS)
def test_random_digits_are_nothing(length: int) -> None:
    """Of some hundred random digit strings, alone and in neutral prose, none is taken for something."""
    measured = quality.random_digits(length, 300, 1)
    assert (measured.alone, measured.in_prose) == (0, 0)


def test_prose_without_personal_data_raises_no_alarm() -> None:
    """Nothing is found in drawn prose with prices, orders, dates and versions, nor in the tutorial's sentences."""
    measured = {name: quality.alarms(some) for name, some in corpora.without_personal_data(None, 3_000).items()}
    assert {name: one.flagged for name, one in measured.items()} == {"drawn prose": 0, "tutorial": 0}


def test_no_numeric_column_is_called_a_phone() -> None:
    """Ids, prices, times and counts are no telephone numbers, whatever their length."""
    for cells in texts.columns(300, 1):
        if cells.numeric:
            kinds = {one.kind for some in find(list(cells.values), header=cells.name) for one in quality.counted(some)}
            assert [kind for kind in kinds if speed.is_phone(kind)] == [], cells.name


def test_columns_hold_distinct_values() -> None:
    """No column repeats a value, so that nothing is saved by scanning distinct ones."""
    assert {len(set(cells.values)) for cells in texts.columns(200, 1)} == {200}


def test_spans_are_counted_by_overlap() -> None:
    """A hit counts by its kind and overlap; one of another kind only where nothing else is annotated."""
    label, other = corpora.Label, quality.OTHER
    row = corpora.Annotated(
        "x" * 50, (label(0, 10, "US_SSN"), label(20, 30, "DATE_TIME"), label(40, 45, "PHONE_NUMBER"))
    )
    found = [label(5, 12, "US_SSN"), label(21, 29, other), label(21, 29, "PHONE_NUMBER"), label(46, 50, other)]
    scores = quality.scored([row], [found])
    assert scores == {
        "US_SSN": quality.Score(found=1),
        "PHONE_NUMBER": quality.Score(missed=1, false=1),
        other: quality.Score(false=1),
    }
    assert quality.total(scores).f1 == pytest.approx(2 / (2 + 1 + 2))
    assert quality.total(scores).precision == pytest.approx(1 / 3)


def test_chinese_spans_must_agree_on_doubt() -> None:
    """A number that is likely where it should be suspected is a miss and a false hit."""
    text = "身份证号11010519491231002X"
    right, wrong = ([(text, [(4, 22, "cn_resident_id", step)])] for step in ("likely", "suspected"))
    assert quality.total(quality.chinese(right).scores) == quality.Score(found=1)
    assert quality.total(quality.chinese(wrong).scores) == quality.Score(missed=1, false=1)


def _throughput(ours: float, plain: float, rival: float, differing: int) -> object:
    sides = {
        speed.FINDER: speed.Timed(1000, (ours, ours)),
        speed.PLAIN: speed.Timed(1000, (plain, plain)),
        speed.PRESIDIO: speed.Timed(100, (rival, rival)),
    }
    return speed.Throughput(97.0, 0.39, 0.05, sides, differing, "2.2")


def test_bars_of_speed_are_judged_by_texts_a_second() -> None:
    """Sides are compared by texts a second, however many each was given, and a text that differs is a miss."""
    good = bars.Study(throughput=_throughput(1.0, 20.0, 30.0, 0))
    assert page.misses(good) == []
    bad = bars.Study(throughput=_throughput(1.0, 19.0, 29.0, 1))
    assert len(page.misses(bad)) == 3
    assert "290.0 times" in page.written(bad)


def test_alarms_without_a_reason_miss_the_bar() -> None:
    """What remains must be explained, and its examples are masked."""
    one = quality.alarms(["write to mary.roe@example.org"])
    assert (one.rows, one.flagged) == (1, 1)
    study = bars.Study(alarms={"letters": one})
    assert any("not explained" in miss for miss in page.misses(study))
    assert "mary" not in page.written(study)


def test_the_share_of_an_audit_is_what_it_does_not_need_without() -> None:
    """Nine seconds without the check and ten with it are a tenth."""
    measured = audits.AuditTime(10, 97.0, (9.0, 9.0, 20.0), (10.0, 10.0, 10.0))
    assert measured.share == pytest.approx(0.1)


def test_a_page_of_nothing_claims_nothing() -> None:
    """Where nothing was measured, every bar has its row, and none is said to be met."""
    text = page.written(bars.Study())
    assert text.count("not measured this time") == len(bars.bars(bars.Study()))
    assert "| met |" not in text


def test_the_page_lists_every_kind() -> None:
    """The table of kinds on the page is that of the program; `make kinds` renews it."""
    text = PAGE.read_text(encoding="utf-8")
    assert page.with_kinds(text) == text
    assert page.kinds() in text


def test_the_page_holds_every_bar() -> None:
    """The page that ships has a row for each measure beside its bar, and each was measured."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    shown = {(row[0].removeprefix("| "), row[1]): row[2] for row in rows if len(row) > 2}
    for bar in bars.bars(bars.Study()):
        assert shown.get((bar.measure, bar.bar), bar.measured) != bar.measured, bar.measure
