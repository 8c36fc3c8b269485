"""One card for a requirement: all of its findings, whatever their number, and every finding is reachable."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

from llmops_audit.record import Op, Record, Requirement, Verdict, message
from llmops_audit.record.frameworks import framework
from llmops_audit.render.formats import render_files
from llmops_audit.render.overview_picture import LIMIT_AT, MAX_ROWS, overview_picture
from llmops_audit.render.requirement_cards import RequirementsView, requirement_cards


def shifts(sample: ModuleType, count: int, **changes: Any) -> list[Any]:
    """Findings on so many columns that share a limit."""
    given = {"requirement": Requirement(op=Op.AT_MOST, limit=0.1, source="audit.toml:9"), "interval": (0.2, 0.3)}
    return [
        sample.finding(
            Verdict.FAILED,
            "drift",
            id=f"drift.drift[column=c{i}]",
            scope={"split": "test", "column": f"c{i}"},
            value=0.2 + i / 1000,
            **(given | changes),
        )
        for i in range(count)
    ]


def limited(sample: ModuleType, verdict: Verdict, about: str, **changes: Any) -> Any:
    """A finding of a requirement of its own."""
    limit = Requirement(op=changes.pop("op", Op.AT_LEAST), limit=changes.pop("limit", 0.8), about=about)
    return sample.finding(verdict, id=f"own.balanced_accuracy[{about}]", requirement=limit, **changes)


def shown(sample: ModuleType, findings: Any, **changes: Any) -> RequirementsView:
    """The chapter of a record with one check."""
    return requirement_cards(sample.record(checks=[sample.check_result("own", Verdict.FAILED, findings, **changes)]))


def page(record: Record, language: str = "en") -> str:
    """The report."""
    return render_files(record, ["html"], language=language)["report.html"].decode()


def chapter(record: Record, language: str = "en") -> str:
    """The chapter on requirements."""
    html = page(record, language)
    start = html.index('<section class="requirements"')
    return html[start : html.index("</section>", start)]


def test_findings_that_share_a_limit_are_one_card(sample: ModuleType) -> None:
    """Two hundred columns under one limit are a card with a bounded chart and all of them in its table."""
    view = shown(sample, shifts(sample, 200))
    ((verdict, (card,)),) = view.open
    assert verdict is Verdict.FAILED
    assert len(card.lines) == 200
    assert len(card.first) == 5
    assert len(card.further) == 15
    assert (card.judged, card.missed) == (200, 200)
    assert set(view.anchors.values()) == {card.anchor}


def test_a_line_or_two_are_not_folded(sample: ModuleType) -> None:
    """A chart of seven lines is shown as a whole."""
    ((_, (card,)),) = shown(sample, shifts(sample, 7)).open
    assert (len(card.first), len(card.further)) == (7, 0)


def test_cards_say_all_that_a_requirement_rests_on(sample: ModuleType) -> None:
    """Value, limit, its line and reason are open; the corrected p-value stands under the details alone."""
    text = chapter(sample.record())
    card = text[text.index('id="requirement-1"') : text.index("</article>")]
    before, _, details = card.partition('<details class="numbers">')
    for part in ("audit.toml:17", "As its owner wants it.", "The whole interval misses the limit."):
        assert part in before
    assert "p-value" not in before
    for part in ("Corrected p-value", "0.0123", "Clopper-Pearson", "accuracy.balanced_accuracy[split=test]"):
        assert part in details


def test_the_correction_of_a_failure_is_a_detail(sample: ModuleType) -> None:
    """A failure says its cause; that it holds after the correction is said below."""
    corrected = message("{text} Corrected: {p:.2g}.", text=message("Below."), p=0.001)
    failed, doubtful = (
        limited(sample, verdict, verdict.value, message=corrected) for verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE)
    )
    (_, (first,)), (_, (second,)) = shown(sample, [failed, doubtful]).open
    assert first.cause == message("Below.")
    assert second.cause == corrected


def test_passed_requirements_are_a_line_each(sample: ModuleType) -> None:
    """What passed is folded, ten lines open and the rest behind a further fold."""
    findings = [limited(sample, Verdict.PASSED, f"about {i}", value=0.9, interval=(0.85, 0.95)) for i in range(14)]
    record = sample.record(checks=[sample.check_result("own", Verdict.PASSED, findings)])
    text = chapter(record)
    assert text.count('class="closed-row is-passed"') == 14
    assert 'class="card' not in text
    before, _, after = text[text.index("of-passed") :].partition('<details class="more">')
    assert "about 9" in before
    assert "about 10" not in before
    assert "about 13" in after


def test_undecided_ones_of_a_requirement_are_a_line_of_its_card(sample: ModuleType) -> None:
    """Beside what failed the card says how many could not be decided, and opens no card for them."""
    findings = shifts(sample, 4)
    findings[2:] = [one.model_copy(update={"verdict": Verdict.INCONCLUSIVE}) for one in findings[2:]]
    text = chapter(sample.record(checks=[sample.check_result("own", Verdict.FAILED, findings)]))
    assert text.count("<article") == 1
    assert "2 of these could not be decided." in text


def test_what_stands_out_without_a_limit_has_a_card(sample: ModuleType) -> None:
    """Findings without a limit that did not pass are a card by metric and verdict; the calm ones are folded."""
    findings = [
        sample.finding(verdict, "groups", id=f"own.groups[{i}]", scope={"attribute": f"a{i}"}, requirement=None)
        for i, verdict in enumerate((Verdict.ERROR, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASSED))
    ]
    view = shown(sample, findings)
    assert [(verdict, [len(card.findings) for card in cards]) for verdict, cards in view.open] == [
        (Verdict.ERROR, [2]),
        (Verdict.INCONCLUSIVE, [1]),
    ]
    assert [len(one.findings) for one in view.described] == [1]
    assert set(view.anchors) == {one.id for one in findings}


def test_described_findings_join_the_requirement_on_their_metric(sample: ModuleType) -> None:
    """A described value of the same metric and attribute is a line of the card, drawn as not judged."""
    one = limited(sample, Verdict.FAILED, "sex", scope={"split": "test", "sex": "F"})
    same, other = (
        sample.finding(
            Verdict.NOT_APPLICABLE, id=f"own.{key}", scope={"split": "test", key: "M"}, requirement=None, value=0.9
        )
        for key in ("sex", "age")
    )
    view = shown(sample, [one, same, other])
    ((_, (card,)),) = view.open
    assert [line.state for line in card.lines] == ["missed", "unjudged"]
    assert [found.id for found in view.described[0].findings] == ["own.age"]


def test_reported_requirements_stand_apart(sample: ModuleType) -> None:
    """What a check with `gate = "report"` missed is no card and no part of the picture."""
    view = shown(sample, [limited(sample, Verdict.FAILED, "x")], gate="report")
    assert view.open == ()
    assert view.cards == ()
    assert [card.verdict for card in view.aside] == [Verdict.FAILED]


def test_splits_are_named_where_several_are_judged(sample: ModuleType) -> None:
    """The test split is named only beside another one."""
    test = limited(sample, Verdict.FAILED, "x")
    live = test.model_copy(update={"id": "own.live", "scope": {"split": "live"}})
    assert [card.split for card in shown(sample, [test]).cards] == [None]
    assert [card.split for card in shown(sample, [test, live]).cards] == ["test", "live"]


def test_requirement_and_clause_lead_to_each_other(sample: ModuleType) -> None:
    """A card links the clauses that name its check, and such a clause links what to look at first."""
    record = sample.record().model_copy(update={"frameworks": (framework("eu-ai-act"),)})
    html = page(record)
    card = html[html.index('id="requirement-1"') : html.index("</article>")]
    targets = re.findall(r'href="#(clause-1-\d+)"', card)
    assert targets
    assert all(f'id="{target}"' in html for target in targets)
    row = html[html.index(f'id="{targets[0]}"') :]
    assert 'href="#requirement-1"' in row[: row.index("</tr>")]


def test_many_failed_requirements_stay_small(sample: ModuleType) -> None:
    """Of 300 failed requirements the first have cards, the others a line; the page stays under 500 kB."""
    findings = [limited(sample, Verdict.FAILED, f"label {i}") for i in range(300)]
    record = sample.record(checks=[sample.check_result("own", Verdict.FAILED, findings)], figures={})
    html = page(record)
    assert html.count('class="card is-failed"') == 60
    assert html.count('class="closed-row is-failed"') == 240
    assert len(html.encode()) < 500_000


@pytest.mark.parametrize(
    ("op", "value", "interval", "side"),
    [
        (Op.AT_LEAST, 0.5, (0.4, 0.6), "left"),
        (Op.AT_LEAST, 0.9, (0.85, 0.95), "right"),
        (Op.AT_MOST, 0.9, (0.85, 0.95), "left"),
        (Op.AT_MOST, 0.5, (0.4, 0.6), "right"),
    ],
)
def test_worse_is_to_the_left_of_the_limit(
    sample: ModuleType, op: Op, value: float, interval: tuple[float, float], side: str
) -> None:
    """Whether the limit is a minimum or a maximum, what misses it lies left of it with its whole interval."""
    finding = limited(sample, Verdict.FAILED, "x", op=op, value=value, interval=interval)
    ((_, (row,)),) = overview_picture(shown(sample, [finding]).cards).shown
    assert row.worse is not None
    assert row.better is not None
    assert row.at is not None
    assert 0 <= row.worse < row.at < row.better <= 100
    assert (row.better < LIMIT_AT) is (side == "left")
    assert (row.worse > LIMIT_AT) is (side == "right")


def test_the_picture_marks_what_has_no_end_no_interval_and_no_value(sample: ModuleType) -> None:
    """An unbounded end is cut with a mark, a census is a mark without a bar, an undefined value has none."""
    findings = [
        limited(sample, Verdict.INCONCLUSIVE, "a", interval=(0.4, None)),
        limited(sample, Verdict.FAILED, "b", interval=None),
        limited(sample, Verdict.INCONCLUSIVE, "c", value=None, interval=None),
    ]
    ((_, rows),) = overview_picture(shown(sample, findings).cards).shown
    assert [(row.cut_worse, row.cut_better) for row in rows] == [(False, True), (False, False), (False, False)]
    assert [(row.at is None, row.worse is None) for row in rows] == [(False, False), (False, True), (True, True)]
    html = page(sample.record(checks=[sample.check_result("own", Verdict.FAILED, findings)]))
    picture = html[html.index('<figure class="overview"') : html.index("</figure>")]
    assert "<b>undefined</b>" in picture
    assert picture.count("#m-right") == 1
    assert picture.count("#m-open") == 1


def test_the_gravest_requirements_are_in_the_picture(sample: ModuleType) -> None:
    """Of many requirements those that did not pass are shown, in the record's order; the rest is folded."""
    verdicts = [Verdict.PASSED] * 30 + [Verdict.FAILED, Verdict.INCONCLUSIVE]
    findings = [limited(sample, verdict, f"x{i}") for i, verdict in enumerate(verdicts)]
    drawn = overview_picture(shown(sample, findings).cards)
    rows = [row.card.verdict for _, group in drawn.shown for row in group]
    assert rows == [Verdict.PASSED] * (MAX_ROWS - 2) + [Verdict.FAILED, Verdict.INCONCLUSIVE]
    assert sum(len(group) for _, group in drawn.folded) == 32 - MAX_ROWS
    assert drawn.counts == ((Verdict.FAILED, 1), (Verdict.INCONCLUSIVE, 1), (Verdict.PASSED, 30))
