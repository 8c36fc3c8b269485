"""Texts that others wrote: annotated ones, and those that hold no personal data."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sides import ROOT
from .texts import SEED, short

PROSE = 100_000

STRUCTURED = {
    "CREDIT_CARD": ("payment_card",),
    "PHONE_NUMBER": ("phone", "cn_mobile", "cn_landline"),
    "EMAIL_ADDRESS": ("email",),
    "IBAN_CODE": ("iban",),
    "US_SSN": ("us_ssn",),
    "IP_ADDRESS": ("ip_address",),
    "US_DRIVER_LICENSE": ("us_driver_license",),
    "URL_WITH_CREDENTIALS": ("url_credentials",),
}
"""Annotations with a form, and the kinds of the catalogue that are meant by each."""


@dataclass(frozen=True)
class Label:
    """A place in a text, and what stands there."""

    start: int
    end: int
    name: str

    def meets(self, other: Label) -> bool:
        """Whether both share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Annotated:
    """A text with everything personal in it, of any kind."""

    text: str
    labels: tuple[Label, ...]


def data_folder() -> Path | None:
    """Return the folder of the real data sets; None where there is none."""
    named = os.environ.get("LLMOPS_AUDIT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def annotated(folder: Path) -> list[Annotated]:
    """Read the synthetic sentences of presidio-research."""
    rows = json.loads((folder / "presidio_research" / "synth_dataset_v2.json").read_text(encoding="utf-8"))
    return [Annotated(row["full_text"], tuple(_label(span) for span in row["spans"])) for row in rows]


def _label(span: dict[str, Any]) -> Label:
    name = span["entity_type"]
    if name == "DOMAIN_NAME" and "@" in span["entity_value"]:
        name = "URL_WITH_CREDENTIALS"
    return Label(span["start_position"], span["end_position"], name)


def without_personal_data(folder: Path | None, prose: int = PROSE) -> dict[str, list[str]]:
    """Return texts by corpus; without a folder only those that the project holds or draws."""
    found = {"drawn prose": list(short(prose, SEED + 2, personal=0.0).texts), "tutorial": _tutorial()}
    if folder is not None:
        found["COLD"] = _cold(folder)
        found["sentence templates"] = _templates(folder)
        found["completions of BIG-Bench Hard"] = _completions(folder)
    return found


def _tutorial() -> list[str]:
    with (ROOT / "examples" / "tutorial" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def _cold(folder: Path) -> list[str]:
    texts = []
    for split in ("train", "dev", "test"):
        with (folder / "cold_chinese" / f"{split}.csv").open(encoding="utf-8-sig", newline="") as file:
            texts += [row["TEXT"] for row in csv.DictReader(file)]
    return texts


def _templates(folder: Path) -> list[str]:
    texts = []
    for language in ("en", "zh-cn"):
        path = folder / "jigsaw_templates" / f"{language}_sentence_templates.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts += [row["phrase"] for row in csv.DictReader(file)]
    return texts


def _completions(folder: Path) -> list[str]:
    """Read lines: the prompts repeat, so that each line counts once."""
    lines: dict[str, None] = {}
    for path in sorted((folder / "bbh_codex").glob("*.json")):
        for text in _strings(json.loads(path.read_text(encoding="utf-8"))["outputs"]):
            lines |= dict.fromkeys(line for line in text.splitlines() if line.strip())
    return list(lines)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
