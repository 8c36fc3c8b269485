"""The report says all that the record says, loads nothing, and runs nothing."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from types import ModuleType

import pytest

from llmops_audit.errors import AuditError
from llmops_audit.record import (
    CheckResult,
    ConfusionMatrix,
    Message,
    Op,
    Record,
    Requirement,
    Severity,
    Status,
    Verdict,
    message,
)
from llmops_audit.render import i18n
from llmops_audit.render.formats import render_files
from llmops_audit.render.formats._page import environment_of
from llmops_audit.render.text import Numbers
from llmops_audit.render.view import view
from llmops_audit.testing import catalogue

LANGUAGES = ("en", "zh")
CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
VOID = {"meta", "link", "img", "br", "hr", "input", "base", "col", "embed", "source", "wbr"}
KNOWN = {
    "a", "article", "b", "body", "br", "caption", "circle", "clippath", "code", "dd", "defs", "details", "div",
    "dl", "dt", "em", "fieldset", "figcaption", "figure", "footer", "g", "h1", "h2", "h3", "h4", "head", "header",
    "html", "i", "image", "input", "label", "legend", "li", "line", "main", "meta", "nav", "ol", "p", "path",
    "rect", "section", "small", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead",
    "title", "tr", "tspan", "ul", "use",
}  # fmt: skip


def _html(record: Record, language: str | None = None) -> str:
    return render_files(record, ["html"], language=language)["report.html"].decode()


class Parsed(HTMLParser):
    """A page with its tags, attributes, ids and visible text; refuses tags that do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.styles = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"double attribute in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "th", "dt", "dd", "caption"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles += data
        else:
            self.text += data

    @property
    def words(self) -> str:
        """The text with white space made one."""
        return " ".join(self.text.split())

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


def assert_self_contained(page: Parsed) -> None:
    """No script, no event handler, nothing to load but data, no tag that the templates do not use."""
    assert {tag for tag, _ in page.tags} <= KNOWN
    for tag, attrs in page.tags:
        for name, value in attrs.items():
            assert not name.startswith("on"), f"<{tag} {name}>"
            if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
                assert (value or "").startswith(("#", "data:image/png;base64,")), f"<{tag} {name}={value!r}>"
            if name == "style":
                assert not re.search(r"url\((?!#)", value or "")
    assert not re.search(r"@import|url\(|expression", page.styles)
    policies = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policies == [CSP]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", list(Status))
def test_every_decision_is_one_self_contained_page(sample: ModuleType, status: Status, language: str) -> None:
    """Each decision renders in each language to a page without scripts that loads nothing, ids unique, links valid."""
    record = sample.approved() if status is Status.APPROVED else sample.record(status)
    page = Parsed(_html(record, language))
    assert_self_contained(page)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = {value.removeprefix("#") for value in page.values("href") if value.startswith("#")}
    targets |= {name for value in page.values("aria-labelledby") for name in value.split()}
    assert targets <= set(ids)


def test_the_decision_stands_on_top_in_words(sample: ModuleType) -> None:
    """The result, what it is not, and facts with their limits come before anything else; the exit code does not."""
    words = Parsed(_html(sample.record())).words
    top = words[: words.index("Contents")]
    for part in (
        "Does not meet its criteria", "It is no release approval, no legal opinion and no conformity assessment.",
        "at least 80% required", "(audit.toml:17)", "What failed", "What could not be decided",
        "What nobody looked at", "To do", "Decision on the release, by a person", "with conditions",
    ):  # fmt: skip
        assert part in top
    assert "Exit code" not in top
    assert "Exit code 1" in words


def test_every_finding_shows_all_that_it_rests_on(sample: ModuleType) -> None:
    """Value, interval, confidence, requirement with its source, n, method, p-values and message are all shown."""
    record = sample.record()
    page = Parsed(_html(record))
    for finding in record.findings().values():
        assert i18n.translator("en", record).word(finding.metric).capitalize()[1:] in page.words
        assert finding.message.id in page.words
    for part in (
        "95% interval", "0.4312 to 0.5688", "≥ 0.8", "audit.toml:17", "Clopper-Pearson", "1,200",
        "Rows that would decide", "about 4,321", "< 0.0001", "0.0123", "0.71 to no bound", "default of the check",
    ):  # fmt: skip
        assert part in page.words


def test_failed_requirements_come_first_the_most_severe_on_top(sample: ModuleType) -> None:
    """Cards stand under their verdict, by severity; the first of a check and verdict says what to do."""
    severities = [Severity.LOW, Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH, Severity.CRITICAL]
    verdicts = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.FAILED, Verdict.ERROR, Verdict.FAILED]
    findings = [
        sample.finding(
            verdict,
            id=f"own.metric{place}",
            severity=severity,
            requirement=Requirement(op=Op.AT_LEAST, limit=0.8, about=str(place)),
        )
        for place, (severity, verdict) in enumerate(zip(severities, verdicts, strict=True))
    ]
    html = _html(sample.record(checks=[sample.check_result("own", Verdict.FAILED, findings)]))
    cards = re.findall(r'class="card is-(\w+)" id="requirement-(\d)"', html)
    assert cards == [("failed", "3"), ("failed", "5"), ("failed", "1"), ("error", "4"), ("inconclusive", "2")]
    assert html.count('class="to-do"') == 3


def test_every_check_is_listed_once_with_verdict_and_reason(sample: ModuleType) -> None:
    """The table of checks has a row for each check of the record, crashed and not applicable ones included."""
    record = sample.record()
    html = _html(record)
    table = html[html.index('<table class="checks">') :]
    rows = re.findall(r"<tr>(.*?)</tr>", table[: table.index("</table>")], re.DOTALL)[1:]
    assert len(rows) == len(record.checks)
    for row, check in zip(rows, record.checks, strict=True):
        assert check.name in row
        assert f"is-{check.verdict.value}" in row
        if check.reason is not None:
            assert i18n.render(check.reason, i18n.translator("en")) in row


def test_the_confusion_matrix_stands_in_figure_and_table(sample: ModuleType) -> None:
    """Counts are in the figure, a sentence and a table; invalid predictions have a column where there are any."""
    page = Parsed(_html(sample.record()))
    assert page.words.count("1,901") == 3
    assert "invalid" in page.words
    clean = sample.record(figures={"confusion": sample.matrix()})
    assert "invalid" not in Parsed(_html(clean)).words


def test_many_labels_show_the_most_confused_pairs(sample: ModuleType) -> None:
    """Above fifteen labels the page says that it shows the most confused pairs, and shows them in order."""
    labels = tuple(f"intent {i:02d}" for i in range(20))
    counts = [[100 if i == j else 0 for j in range(20)] for i in range(20)]
    counts[3][7], counts[11][2] = 55, 66
    matrix = ConfusionMatrix(split="test", labels=labels, counts=tuple(map(tuple, counts)), invalid=(60, *[0] * 19))
    words = Parsed(_html(sample.record(figures={"confusion": matrix}, labels=labels))).words
    assert "the table shows the most confused pairs" in words
    rows = ["intent 11 intent 02 66 39.76%", "intent 00 invalid 60 37.50%", "intent 03 intent 07 55 35.48%"]
    places = [words.index(row) for row in rows]
    assert places == sorted(places)


def test_the_contents_name_the_chapters_in_their_order(sample: ModuleType) -> None:
    """Each chapter stands in the contents once, in the order of the page, so that both count alike."""
    html = _html(sample.record())
    nav, main = html.split("<nav", 1)[1].split("</nav>", 1)
    listed = re.findall('<li><a href="#([^"]+)"', nav)
    assert listed == re.findall('<section (?:class="requirements" )?aria-labelledby="([^"]+)"', main)


def test_a_long_table_is_folded_after_ten_rows(sample: ModuleType) -> None:
    """Of personal data ten finds are open, the others folded; a table without rows is a sentence."""

    def shown(rows: int) -> str:
        table = sample.table("pii", rows).model_copy(update={"chapter": "personal_data"})
        return _html(sample.record(figures={"pii": table})).split('<section aria-labelledby="personal-data">')[1]

    first = shown(13).split("</section>")[0]
    is_open, folded = first.split("<details", 1)
    assert is_open.count("<tr>") - 1 == 10
    assert folded.count("<tr>") - 1 == 3
    assert "<table" not in shown(0).split("</section>")[0]


def test_a_table_is_written_by_its_formats(sample: ModuleType) -> None:
    """Counts get separators, shares percent, numbers four digits, p-values a bound, undefined values a dash."""
    words = Parsed(_html(sample.record())).words
    assert "column_000 Distance 0.1235 0.00% < 0.0001 12,345" in words
    assert "column_003 personal data 3.123 – 0.0007 12,348" in words


def test_the_language_is_the_audits_unless_given(sample: ModuleType) -> None:
    """The page's language follows the audit's, then the argument; one without a catalogue is refused."""
    record = sample.record(language="zh")
    assert ("html", {"lang": "zh-CN"}) in Parsed(_html(record)).tags
    assert ("html", {"lang": "en"}) in Parsed(_html(record, "en")).tags
    with pytest.raises(AuditError, match="not available; expected one of en, zh"):
        _html(record, "xx")


def test_the_chinese_page_has_no_english_sentence_of_a_template(sample: ModuleType) -> None:
    """No translatable sentence of more than one word is left in English on the Chinese page."""
    record = sample.record(labels=[f"标签{i}" for i in range(20)], language="zh")
    words = Parsed(_html(record)).words
    sentences = [re.sub(r"\{.*?\}", "", text).strip() for text in catalogue.sentences()]
    left = [text for text in sentences if " " in text and re.search("[a-z]", text) and text in words]
    assert left == []


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_is_shown_and_does_nothing(sample: ModuleType, number: int, language: str) -> None:
    """Markup, templates, mathtext, controls and huge words in every text field are shown as text, cut to length."""
    text = sample.HOSTILE[number]
    html = _html(sample.hostile(text), language)
    page = Parsed(html)
    assert_self_contained(page)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert len(html.encode()) < 1_500_000
    if len(text) < 60 and text.isprintable():
        assert page.text.count(text) > 20


def test_the_structure_is_that_of_the_harmless_page(sample: ModuleType) -> None:
    """Hostile text changes no tag of the page outside the figures."""
    hostile, plain = (
        [tag for tag, _ in Parsed(_html(sample.hostile(text))).tags] for text in (sample.HOSTILE[0], "word")
    )
    assert hostile == plain


def test_a_drift_table_of_two_hundred_columns_stays_small(sample: ModuleType) -> None:
    """A page with 200 drifted columns, each a failed finding of one requirement, is one card and under 500 kB."""
    findings = [
        sample.finding(Verdict.FAILED, "drift", id=f"drift.drift[column=column_{i}]", scope={"column": f"column_{i}"})
        for i in range(200)
    ]
    record = sample.record(
        checks=[sample.check_result("drift", Verdict.FAILED, findings)],
        figures={
            "confusion": sample.matrix(tuple(f"label {i}" for i in range(15))),
            "d": sample.table("d", 200),
        },
        reasons=[message("Failed: {finding}.", finding=finding.id) for finding in findings],
    )
    page = _html(record)
    assert page.count('class="card is-failed"') == 1
    assert all(f"column_{i}" in page for i in range(200))
    assert len(page.encode()) < 500_000


def of_groups(sample: ModuleType, language: str = "en", **changes: object) -> str:
    """The chapter on groups of a page that has no other figure."""
    page = _html(sample.record(figures={"groups": sample.group_metrics(**changes)}), language)
    chapter = page[page.index('<section aria-labelledby="groups">') :]
    return chapter[: chapter.index("</section>") + len("</section>")]


def test_groups_have_a_chapter_only_where_the_record_has_them(sample: ModuleType) -> None:
    """The chapter and its entry in the contents appear with a figure of groups, and not without one."""
    page = Parsed(_html(sample.record()))
    assert "groups" in page.values("id")
    assert "#groups" in page.values("href")
    without = _html(sample.record(figures={"confusion": sample.matrix()}))
    assert "#groups" not in without
    assert 'id="groups"' not in without


def test_the_favourable_outcome_is_told_in_words(sample: ModuleType) -> None:
    """The answer that selection rates speak of stands beside the label of the error rates; without one it is said."""
    words = Parsed(of_groups(sample)).words
    assert "Favourable outcome: predicted ham. Error rates refer to the label spam." in words
    assert "To be flagged as spam or as a risk is not favourable." in words
    without = Parsed(of_groups(sample, favourable=None)).words
    assert "Favourable outcome: not named" in without
    assert "Impact ratio" not in without


def test_every_metric_of_every_group_is_in_a_table(sample: ModuleType) -> None:
    """Values stand with their intervals, undefined ones as a dash, small groups with a word."""
    words = Parsed(of_groups(sample)).words
    assert "Female 1,200 90.00%87.1% to 92.9% 80.00%77.1% to 82.9% 70.00%65.0% to 75.0%" in words
    assert "(missing) 12too few rows 65.33%36.5% to 94.2% 76.67%47.8% to 100.0% 62.00%12.0% to 100.0%" in words
    assert "74.00%24.0% to 100.0% – 0.3333" in words


def test_impact_ratios_say_what_is_under_the_limit(sample: ModuleType) -> None:
    """A ratio under the limit has a sign that tells whether its interval reaches it; small groups are not compared."""
    words = Parsed(of_groups(sample)).words
    assert (
        "<script>alert(1)</script> 90.00%of 900 rows – compared withhighest rate of groups with a value and enough rows"
        in words
    )
    assert "African-American 80.75%of 640 rows – 0.89720.8318 to 0.9626 亚裔美国人" in words
    assert "亚裔美国人 71.50%of 333 rows – 0.79440.729 to 0.8598 ▽ under it, the interval reaches it" in words
    assert "Other 62.25%of 80 rows – 0.69170.6263 to 0.7571 ▼ under it" in words
    assert "(missing) 65.33%of 12 rows – not comparedtoo few rows" in words
    assert "over that of <script>alert(1)</script> (900 rows), with its interval." in words
    relaxed = Parsed(of_groups(sample, min_ratio=None)).words
    assert "▼" not in relaxed
    assert "0.69170.6263 to 0.7571" in relaxed


def test_the_largest_gap_of_each_metric_is_shown(sample: ModuleType) -> None:
    """Groups, difference with interval, corrected p-value and the smallest gap that can be shown, once a metric."""
    words = Parsed(of_groups(sample)).words
    assert "Selection ratelabel ham Other <script>alert(1)</script> 0.27750.2454 to 0.3096 0.0345 0.0789" in words
    assert "False positive ratelabel spam <script>alert(1)</script> Other 0.15750.1254 to 0.1896" in words


def test_the_plot_has_a_text_alternative(sample: ModuleType) -> None:
    """Each plot is an image with a name, and the letters beside it are not read twice."""
    page = Parsed(of_groups(sample))
    plots = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]
    assert [plot["aria-label"] for plot in plots] == [
        f"Rates with their intervals: {name}" for name in ("sex", "origin", "sex × origin")
    ]
    others = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("class") == "names"]
    assert [names["aria-hidden"] for names in others] == ["true"] * 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_groups_are_shown_and_do_nothing(sample: ModuleType, language: str) -> None:
    """Markup, templates and huge words as names of groups, attributes and labels are text, in plot and tables."""
    attack = [text.replace("\x00", "") for text in sample.HOSTILE]
    grouping = sample.grouping([attack[0], attack[7]], {(text, attack[8]): 100 + i for i, text in enumerate(attack)})
    figure = sample.group_metrics(groupings=(grouping,), favourable=attack[1], positive=attack[6])
    named = {"ham": attack[1], "spam": attack[6]}
    grouping = grouping.model_copy(
        update={
            part: tuple(one.model_copy(update={"of": named.get(one.of)}) for one in getattr(grouping, part))
            for part in ("estimates", "gaps")
        }
    )
    figure = figure.model_copy(update={"groupings": (grouping,)})
    html = _html(sample.record(figures={"groups": figure}), language)
    page = Parsed(html)
    assert_self_contained(page)
    assert len([tag for tag, attrs in page.tags if tag == "svg" and attrs.get("role") == "img"]) == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert "{{ 7 * 7 }}{% raw %}" in page.text
    assert len(html.encode()) < 150_000


def test_many_groups_stay_small(sample: ModuleType) -> None:
    """Twelve intersections of forty groups are bounded to a page under 500 kB that says what it leaves out."""
    grouping = sample.grouping(["county", "sex"], {(f"county {i:02d}", sex): 60 + i for i in range(20) for sex in "FM"})
    more = [
        one.model_copy(update={"metric": f"metric_{i}"})
        for i in range(10)
        for one in grouping.estimates
        if one.of is None
    ]
    grouping = grouping.model_copy(update={"estimates": (*grouping.estimates, *more)})
    page = _html(sample.record(figures={"groups": sample.group_metrics(groupings=(grouping,) * 12)}))
    words = Parsed(page).words
    assert len(page.encode()) < 450_000
    assert "10 more groups stand in the record, 0 of them with too few rows to be judged" in words
    assert "More groupings stand in the record: county × sex, " in words


def test_a_bias_audit_is_announced_and_not_shown(sample: ModuleType) -> None:
    """Of a bias audit the report says that its page exists, without a link that may lead nowhere."""
    page = _html(sample.record(figures={"audit": sample.bias_audit()}))
    assert "a page of their own, ll144.html" in Parsed(page).words
    assert page.count("ll144.html") == 1
    assert "Auditor and Sons" not in Parsed(page).words


def test_the_same_record_gives_the_same_bytes_in_another_process(sample: ModuleType, tmp_path) -> None:
    """Rendering twice, and in processes with other hash seeds, gives identical bytes."""
    record = sample.record(labels=[f"label {i}" for i in range(18)])
    expected = _html(record).encode()
    assert _html(record).encode() == expected
    place = tmp_path / "record.json"
    place.write_text(record.model_dump_json(by_alias=True), encoding="utf-8")
    program = (
        "import pathlib, sys\n"
        "from llmops_audit.record import Record\n"
        "from llmops_audit.render.formats import html\n"
        "record = Record.model_validate_json(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8'))\n"
        "sys.stdout.buffer.write(html.render(record, language='en', root=''))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(place)],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == expected


def test_many_reasons_are_counted_not_listed(sample: ModuleType) -> None:
    """Three reasons stand on top, the number of the others with a link to the findings."""
    reasons = [message("Failed: {finding}.", finding=f"nobody.knows{i}") for i in range(20)]
    words = Parsed(_html(sample.record(reasons=reasons))).words
    assert "Failed: nobody.knows2." in words
    assert "Failed: nobody.knows3." not in words
    assert "And 17 more of the same kind" in words


def test_the_reason_of_a_check_is_told_in_the_language(sample: ModuleType) -> None:
    """A reason that names a check shows the check's own reason, translated."""
    crashed = message("The check found nothing to judge.")
    record = sample.record(
        Status.NOT_JUDGED,
        checks=[sample.check_result("own", Verdict.ERROR, reason=crashed)],
        reasons=[message("{check}: {reason}", check="own", reason="as it was")],
    )
    words = Parsed(_html(record, "zh")).words
    assert i18n.translator("zh")(crashed.id) in words[: words.index("目录")]


def test_the_order_of_keys_does_not_matter(sample: ModuleType) -> None:
    """A record read back from a file with sorted keys gives the page of the fresh one; train comes before test."""
    record = sample.record()
    text = json.dumps(json.loads(record.model_dump_json(by_alias=True)), sort_keys=True)
    page = _html(record)
    assert _html(Record.model_validate_json(text)) == page
    assert page.index("Split: train") < page.index("Split: test") < page.index("Split: live")


def test_an_empty_record_says_so(sample: ModuleType) -> None:
    """Without findings, figures and known reasons the page still stands and says that there is none."""
    nothing: tuple[CheckResult, ...] = ()
    record = sample.record(Status.NOT_JUDGED, checks=nothing, figures={}, reasons=[Message(id="Broken {0.x}")])
    words = Parsed(_html(record)).words
    assert "Broken {0.x}" in words
    assert "The record holds no confusion matrix." in words


def test_headings_do_not_skip_a_level(sample: ModuleType) -> None:
    """Headings descend one level at a time, from one h1."""
    levels = [int(tag[1]) for tag, _ in Parsed(_html(sample.record())).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_what_is_only_reported_is_not_counted_among_what_was_corrected_for_a_rejection(sample: ModuleType) -> None:
    """The page counts the requirements that bear on the decision, and their checks."""
    record = sample.record()
    corrected = [one for one in record.requirements if one.rank is not None]
    shown = view(record)
    assert (shown.tests, shown.chance_checks) == (len(corrected), len({one.check for one in corrected}))
    aside = tuple(one.model_copy(update={"gate": "report"}) for one in record.requirements)
    shown = view(record.model_copy(update={"requirements": aside}))
    assert (shown.tests, shown.chance_checks) == (0, 0)


def test_a_compiled_template_holds_no_word_of_a_language(sample: ModuleType) -> None:
    """Compiled templates are kept and serve every language, so that no filter may be called as they are compiled."""
    record = sample.record()
    environment = environment_of(record, i18n.translator("zh", record), Numbers("zh"))
    assert environment.from_string('{{ "split" | word }}').render() == "数据划分"
    source = environment.compile('{{ "split" | word }}{{ "split" | scope_key }}{{ "split" | prose }}', raw=True)
    assert "数据划分" not in str(source)
