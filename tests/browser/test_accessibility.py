"""axe-core finds nothing: WCAG 2.2 A and AA, and what its authors call best practice.

The page's own policy admits no script at all, axe included, so that these tests alone open it with the policy
switched off.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# By far the slowest rule, and the only one that asks what colours there are: it runs where the colours differ.
CONTRAST = "color-contrast"
WITHOUT_CONTRAST = RULES | {"rules": {CONTRAST: {"enabled": False}}}
CONTRAST_ALONE = {"runOnly": {"type": "rule", "values": [CONTRAST]}}
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = """
async ([where, options]) => (await axe.run(where, options)).violations.flatMap(
  found => found.nodes.map(node => `${found.id}: ${node.target.join(" ")}: ${node.html.slice(0, 200)}`))
"""
# Rows and paragraphs that are made of the same classes in the same place have the same colours: one of each tells.
THIN_OUT = """
() => {
  const look = node => `${node.tagName}.${node.getAttribute("class") ?? ""}`, seen = new Set();
  for (const part of document.querySelectorAll("tr, li, dl > div, article, p")) {
    const around = [];
    for (let node = part.parentElement; node; node = node.parentElement) around.push(look(node));
    const key = [...around, "", ...[part, ...part.querySelectorAll("*")].map(look)].join();
    seen.has(key) ? part.remove() : seen.add(key);
  }
}
"""
LANGUAGES = ("en", "zh")
SCHEMES = ("light", "dark")


def violations(shown: Any, options: dict[str, Any], where: str = "html") -> list[str]:
    """What axe finds: rule, selector and beginning of each element."""
    shown.unfold()
    shown.page.evaluate(AXE)
    found: list[str] = shown.page.evaluate(RUN, [where, options])
    return found


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *itertools.product(("full", "approved"), LANGUAGES),
        ("labels", "en"),
        ("needs_review", "zh"),
        ("not_judged", "en"),
        ("breast-cancer", "en"),
        ("tickets-zh", "zh"),
        ("tutorial", "en"),
    ],
)
def test_axe_finds_nothing(records: Any, opened: Callable[..., Any], name: str, language: str) -> None:
    """Every decision, every chapter and the reports of real audits keep all rules but that of contrast."""
    shown = opened(records.html(name, language), bypass_csp=True)
    assert violations(shown, WITHOUT_CONTRAST) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("name", "language"), [("full", "en"), ("full", "zh"), ("breast-cancer", "en")])
def test_there_is_enough_contrast(
    records: Any, opened: Callable[..., Any], name: str, language: str, scheme: str
) -> None:
    """Every text of every chapter is told from its ground, in both languages, by day and by night."""
    shown = opened(records.html(name, language), bypass_csp=True, color_scheme=scheme)
    shown.page.evaluate(THIN_OUT)
    assert violations(shown, CONTRAST_ALONE) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["approved", "needs_review", "not_judged"])
def test_every_decision_has_enough_contrast(records: Any, opened: Callable[..., Any], name: str, scheme: str) -> None:
    """The colours of each decision, which differ in the page's head alone, are told from their ground."""
    shown = opened(records.html(name, "en"), bypass_csp=True, color_scheme=scheme)
    assert violations(shown, CONTRAST_ALONE, "header") == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_page_of_the_bias_audit(
    records: Any, opened: Callable[..., Any], language: str, scheme: str
) -> None:
    """The page that Local Law 144 asks to publish keeps all rules, in both languages, by day and by night."""
    shown = opened(records.ll144(language), bypass_csp=True, color_scheme=scheme)
    assert violations(shown, RULES) == []


def test_axe_finds_what_is_wrong(opened: Callable[..., Any]) -> None:
    """A page with faults is told its faults: silence is not that of a tool that did not run."""
    shown = opened("<p style='color:#aaa;background:#fff'>pale</p><img src='data:,'>", bypass_csp=True)
    found = {line.partition(":")[0] for line in violations(shown, RULES)}
    assert {CONTRAST, "image-alt", "html-has-lang", "document-title"} <= found
