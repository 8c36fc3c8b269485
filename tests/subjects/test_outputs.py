"""From output to label: every way to read, what is left out of account, and where a label is a word of its own."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_audit.errors import SpecError
from llmops_audit.evidence.outputs import OUTCOMES
from llmops_audit.record import Label, Outcome
from llmops_audit.record.labels import label_order
from llmops_audit.spec import OutputSection
from llmops_audit.subjects.output_hints import hints
from llmops_audit.subjects.outputs import OutputRules

IGNORED = ("case", "punctuation", "whitespace", "markdown")


def _rules(*labels: Label, **section: Any) -> OutputRules:
    return OutputRules.of(OutputSection(**section), label_order(labels))


def _label(text: str | None, *labels: Label, **section: Any) -> Label | None:
    outcome, label = _rules(*labels, **section).outcome_of(text)
    assert (outcome is Outcome.LABEL) == (label is not None)
    return label


def test_an_exact_output_is_the_label_and_nothing_else() -> None:
    """By default an output is a label as it stands, compared by value, and anything else is unparsable."""
    assert _label("yes", "yes", "no") == "yes"
    assert _label("1.0", 0, 1) == 1
    assert _label("True", "true", "false") == "true"
    for text in ("Yes", "yes.", "yes, of course", "", "ye"):
        assert _rules("yes", "no").outcome_of(text) == (Outcome.UNPARSABLE, None)
    assert _rules("yes", "no").outcome_of(None) == (Outcome.MISSING, None)


@pytest.mark.parametrize(
    ("ignore", "text", "label"),
    [
        (("case",), "YES", "yes"),
        (("case",), "ＹＥＳ", "yes"),
        (("case",), "STRASSE", "straße"),
        (("punctuation",), "“yes.”", "yes"),
        (("punctuation",), "是。", "是"),
        (("punctuation",), "(yes)", "yes"),
        (("punctuation",), "-1.", -1),
        (("punctuation",), "- yes", "yes"),
        (("whitespace",), "not\n  spam", "not spam"),
        (("whitespace",), "not\u3000spam\u200b", "not spam"),
        (("markdown",), "**yes**", "yes"),
        (("markdown",), "__yes__", "yes"),
        (("markdown",), "# yes", "yes"),
        (("markdown",), "```\nyes\n```", "yes"),
        (("markdown",), "`not_spam`", "not_spam"),
        (IGNORED, "> **Not  Spam.**", "not spam"),
    ],
)
def test_what_is_ignored_makes_no_difference(ignore: tuple[str, ...], text: str, label: Label) -> None:
    """Each way of `ignore` maps the output that differs by it alone, which is unparsable without."""
    assert _label(text, label, "other", ignore=ignore) == label
    assert _label(text, label, "other") is None


def test_ignoring_keeps_labels_apart() -> None:
    """A minus before a digit and an underscore in a word are no punctuation: -1 is not 1, not_spam is not notspam."""
    both = {"ignore": ("punctuation", "markdown")}
    assert _label("-1", -1, 1, **both) == -1
    assert _label("(1)", -1, 1, **both) == 1
    assert _label("not_spam", "not_spam", "notspam", **both) == "not_spam"


@pytest.mark.parametrize(
    ("text", "labels", "only", "first", "last"),
    [
        ("The answer is no.", ("yes", "no"), "no", "no", "no"),
        ("I do not know.", ("yes", "no"), None, None, None),
        ("no, no, and no", ("yes", "no"), "no", "no", "no"),
        ("yes or no", ("yes", "no"), None, "yes", "no"),
        ("It is not spam", ("spam", "not spam"), "not spam", "not spam", "not spam"),
        ("spam? No: not spam", ("spam", "not spam"), None, None, "not spam"),
        ("It is not spam", ("spam", "ham"), None, None, None),
        ("It isn't spam but ham", ("spam", "ham"), None, None, "ham"),
        ("The answer is ham, not spam", ("spam", "ham"), None, "ham", None),
        ("no, it is spam", ("spam", "ham"), "spam", "spam", "spam"),
        ("I'd say no, not yes", ("yes", "no"), None, "no", None),
        ("neither yes nor no", ("yes", "no"), None, None, None),
        ("non-toxic", ("toxic", "clean"), None, None, None),
        ("anti-spam", ("spam", "ham"), None, None, None),
        ("a 10", (1, 10), 10, 10, 10),
        ("score 0.1", (0, 1), None, None, None),
        ("-1", (1, 2), None, None, None),
        ("about 1,000", (0, 1), None, None, None),
        ("label: 1.", (0, 1), 1, 1, 1),
        ("Answer: (A)", ("A", "B"), "A", "A", "A"),
        ("So the answer is (B).", ("(A)", "(B)"), "(B)", "(B)", "(B)"),
        ("答案是有害。", ("有害", "无害"), "有害", "有害", "有害"),
        ("结论:否", ("是", "否"), "否", "否", "否"),
        ("不是", ("是", "否"), None, None, None),
        ("没有害处", ("有害", "无害"), None, None, None),
        ("它是spam吗", ("spam", "ham"), "spam", "spam", "spam"),
        ("a b c", ("a b", "b c"), None, "a b", "b c"),
        ("True.", ("true", "false"), "true", "true", "true"),
        ("not_a yes", ("not_a", "yes"), None, "not_a", "yes"),
        ("", ("yes", "no"), None, None, None),
    ],
)
def test_labels_in_longer_outputs(
    text: str, labels: tuple[Label, ...], only: Label | None, first: Label | None, last: Label | None
) -> None:
    """A label is a word of its own: no part of a word, a number or a longer label, and not behind a negation."""
    assert _label(text, *labels, match="only_label") == only
    assert _label(text, *labels, match="first_label") == first
    assert _label(text, *labels, match="last_label") == last


@pytest.mark.parametrize(
    "text",
    [
        "This is not a spam message",
        "It's not really spam.",
        "not an actual spam",
        "It is not what I would call spam",
        "I don't think this is spam",
        "isn't spam",
        "isnt spam",
        "It is not\nspam",
        "no spam",
        "never spam",
        "neither spam nor ham",
        "cannot be classified as spam",
        "This has nothing to do with spam",
        "rather than spam",
        'not "spam"',
        "not **spam**",
        "!= spam",
        "spam is not the answer",
        "Spam: spam? No.",
        "spam: false",
        "spam can't be it",
        "kein spam",
        "Das ist keine typische spam",
        "nicht spam",
        "spam ist das nicht",
        "pas un spam",
        "Ce n'est pas du spam",
        "non spam",
        "no es spam",
        "não é spam",
    ],
)
@pytest.mark.parametrize("match", ["only_label", "first_label", "last_label"])
def test_a_negated_label_is_unparsable(text: str, match: str) -> None:
    """A label behind a negation, or before one, is never a label, nor is its opposite."""
    assert _label(text, "spam", "ham", match=match) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "不是垃圾",
            "不是正常短信",
            "并不是垃圾",
            "不属于垃圾",
            "没有垃圾",
            "不算正常",
            "不像垃圾",
            "非垃圾",
            "無垃圾",
        ),
        *(
            "这不是一条垃圾短信",
            "不应该被归类为垃圾",
            "我不认为这是一条垃圾短信",
            "不是“垃圾”",
            "并非垃圾",
            "無法判定為垃圾",
        ),
        *(
            "不太正常",
            "垃圾？不是",
            "垃圾：否",
            "不是正常，不是垃圾",
            "正常ではありません",
            "垃圾メールではない",
            "ไม่ใช่垃圾",
        ),
    ],
)
@pytest.mark.parametrize("match", ["only_label", "first_label", "last_label"])
def test_a_negated_label_is_unparsable_without_spaces(text: str, match: str) -> None:
    """The same holds in scripts that are written without spaces."""
    assert _label(text, "垃圾", "正常", match=match) is None


@pytest.mark.parametrize(
    "text",
    [
        "No doubt this is spam",
        "It is not only rude, it is spam",
        "I know it is spam",
        "Not sure, but spam",
        "There is no sender so it is spam",
        "nothing but spam",
        "The text is not from a friend. Answer: spam",
        "No: spam",
        "spam is the answer",
        "Is it spam? Yes.",
        "note: spam",
        "这条短信非常像spam",
        "毫无疑问是spam",
        "没错，是spam",
        "不过是spam",
        "不是正常的，而是spam",
        "是否正常：spam",
        "未读短信：spam",
    ],
)
def test_what_negates_something_else_leaves_the_label(text: str) -> None:
    """A negation reaches no further than its part of the sentence, and some words with one in them negate nothing."""
    assert _label(text, "spam", "ham", match="only_label") == "spam"


def test_spellings_are_found_as_labels_are() -> None:
    """Other texts stand for a label whether the output is the spelling or holds it."""
    spellings = {"1": ("yes", "y"), "0": ("no",)}
    assert _label("y", 0, 1, spellings=spellings) == 1
    assert _label("Well, no.", 0, 1, match="only_label", spellings=spellings) == 0
    assert _label("Well, 0: no.", 0, 1, match="only_label", spellings=spellings) == 0
    assert _label("NO", 0, 1, ignore=("case",), spellings=spellings) == 0


def test_a_number_of_thousands_of_digits_is_no_place_of_a_list() -> None:
    """A path that names no place of a list, however long its number, leaves the output unparsable."""
    assert _label('{"a": ["yes"]}', "yes", "no", match="json", path="a.0") == "yes"
    assert _label('{"a": ["yes"]}', "yes", "no", match="json", path="a." + "9" * 190) is None
    section = OutputSection(match="json", path="a").model_copy(update={"path": "a." + "9" * 5000})
    assert OutputRules.of(section, ("no", "yes")).outcome_of('{"a": ["yes"]}')[0] is Outcome.UNPARSABLE


def test_a_pattern_holds_the_label_in_its_group() -> None:
    """The first match counts; what stands in the group has to be a label, or the output is unparsable."""
    given = {"match": "regex", "pattern": r"answer is (.+?)\.?$"}
    assert _label("Let me see. So the answer is (A).", "(A)", "(B)", **given) == "(A)"
    assert _label("So the answer is (A) or (B).", "(A)", "(B)", **given) is None
    assert _label("(A)", "(A)", "(B)", **given) is None
    assert _label("The ANSWER is **yes**", "Yes", "No", ignore=("case", "markdown"), **given) == "Yes"
    assert _label("maybe", "yes", "no", match="regex", pattern="(yes)|maybe") is None


@pytest.mark.parametrize(
    ("text", "path", "label"),
    [
        ('{"label": "yes"}', "label", "yes"),
        ('{"answer": {"label": "no"}}', "answer.label", "no"),
        ('{"answer.label": "no"}', "answer.label", "no"),
        ('{"answers": [{"label": "yes"}]}', "answers.0.label", "yes"),
        ('{"label": 1}', "label", 1),
        ('{"label": 1.0}', "label", 1),
        ('{"label": true}', "label", "true"),
        ('{"label": "maybe"}', "label", None),
        ('{"label": null}', "label", None),
        ('{"label": ["yes"]}', "label", None),
        ('{"other": "yes"}', "label", None),
        ('"yes"', "label", None),
        ("yes", "label", None),
        ('{"label": "yes"', "label", None),
        ("[" * 100_000, "label", None),
        ('{"label": ' + "9" * 5_000 + "}", "label", None),
        ('{"label": NaN}', "label", None),
    ],
)
def test_a_label_in_json(text: str, path: str, label: Label | None) -> None:
    """The value at the path is the label; whatever is no JSON, or holds no label there, is unparsable."""
    assert _label(text, "yes", "no", 1, "true", match="json", path=path) == label


def test_json_in_a_fence_is_read_where_markdown_is_ignored() -> None:
    """A model that wraps JSON in a code block is understood, if the spec says so."""
    text = '```json\n{"label": "yes"}\n```'
    assert _label(text, "yes", "no", match="json", path="label", ignore=("markdown",)) == "yes"
    assert _label(text, "yes", "no", match="json", path="label") is None


@pytest.mark.parametrize(
    ("labels", "section", "said"),
    [
        (("US", "us"), {"ignore": ("case",)}, "makes two labels one"),
        (("?", "!"), {"ignore": ("punctuation",)}, "leaves nothing of a label"),
        (("a", "b"), {"spellings": {"c": ("x",)}}, "spellings.c: is not a label of the data; expected one of a, b"),
        (("a", "b"), {"spellings": {"a": ("x",), "b": ("x",)}}, "spellings.b: stands for another label as well"),
        (("a", "b"), {"spellings": {"a": ("b",)}}, "spellings.a: stands for another label as well"),
        (("a", "b"), {"spellings": {"a": ("A",), "b": ("a",)}, "ignore": ("case",)}, "stands for another label"),
        (("a", "b"), {"spellings": {"a": ("...",)}, "ignore": ("punctuation",)}, "is empty"),
    ],
)
def test_a_text_that_would_stand_for_two_labels_is_refused(
    labels: tuple[Label, ...], section: dict[str, Any], said: str
) -> None:
    """Rules that cannot tell two labels apart, or name an unknown one, are an error."""
    with pytest.raises(SpecError, match=re.escape(said)):
        _rules(*labels, **section)


def test_labels_that_look_like_personal_data_are_not_printed() -> None:
    """An error about labels counts them where they might be values of rows."""
    with pytest.raises(SpecError, match="2 labels") as caught:
        _rules("a.person@example.org", "A.Person@example.org", ignore=("case",))
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "section",
    [
        {"match": "regex"},
        {"match": "json"},
        {"pattern": "(a)"},
        {"path": "a"},
        {"match": "regex", "pattern": "a"},
        {"match": "regex", "pattern": "(a)(b)"},
        {"match": "regex", "pattern": "(a"},
        {"match": "regex", "pattern": "(?R)(a)"},
        {"match": "json", "path": "a." + "9" * 200},
        {"match": "best"},
        {"ignore": ("spelling",)},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(section: dict[str, Any]) -> None:
    """Keys go with their way to read; a pattern compiles and has one group."""
    with pytest.raises(ValueError, match=r"pattern|path|match|ignore"):
        OutputSection(**section)


@pytest.mark.parametrize("pattern", [r"^(?:a|aa)+(b)", r"^(?:a{1,50}){1,50}(b)"])
def test_a_pattern_that_takes_too_long_is_an_error(pattern: str) -> None:
    """A pattern that may take for ever ends soon, with the setting's name and without the output."""
    rules = _rules("a", "b", match="regex", pattern=pattern)
    assert rules.outcome_of("aab")[1] == "b"
    with pytest.raises(SpecError, match=r"^model\.output\.pattern: takes too long on an output; expected") as caught:
        rules.outcome_of("a" * 20_000)
    assert "aaa" not in str(caught.value)


@pytest.mark.parametrize("pattern", [r"(?s).*\b(a|b)\b", r".*answer is (\w+)", r"(a+)+$", r"(?:a+)?(?:a+)?(?:a+)?(b)"])
@pytest.mark.parametrize("text", ["a " * 10_000, "x" * 20_000, " " * 20_000])
def test_ordinary_patterns_read_long_outputs(pattern: str, text: str) -> None:
    """Repeats alone are no danger, however long an output is."""
    assert _rules("a", "b", match="regex", pattern=pattern).outcome_of(text)[0] in (Outcome.LABEL, Outcome.UNPARSABLE)


def test_long_outputs_take_little_time() -> None:
    """A pattern is not tried on outputs that are too long for it; labels are searched in longer ones."""
    started = time.process_time()
    assert _label("a" * 20_001, "a", "b", match="regex", pattern="x*x*x*(b)") is None
    assert _label("word " * 19_000 + "yes", "yes", "no", match="last_label") == "yes"
    assert _label("word " * 30_000 + "yes", "yes", "no", match="last_label") is None
    assert time.process_time() - started < 5


@given(st.lists(st.none() | st.sampled_from(["yes", "no", "Yes.", "yes no", "I am A. Person", ""]), max_size=30))
def test_a_column_is_read_as_its_outputs_are(texts: list[str | None]) -> None:
    """The form for columns says of every row what the form for one output says, and masks the rest."""
    rules = _rules("yes", "no", match="only_label")
    column = pa.chunked_array([pa.array(texts[:7], pa.string()), pa.array(texts[7:], pa.string())])
    codes, outputs = rules.read(column)
    for i, text in enumerate(texts):
        outcome, label = rules.outcome_of(text)
        assert OUTCOMES[outputs.outcome[i]] is outcome
        assert (codes.categories[codes.index[i]] if codes.index[i] >= 0 else None) == label
        assert (outputs.shape.index[i] >= 0) == (outcome is Outcome.UNPARSABLE)
    assert all("Person" not in str(shape) for shape in outputs.shape.categories)


@given(st.text(max_size=40), st.sampled_from(["exact", "only_label", "first_label", "last_label"]))
def test_any_text_has_an_outcome(text: str, match: str) -> None:
    """No output whatever is an error, and what is read as the only label is the first and the last one too."""
    labels: tuple[Label, ...] = ("yes", "no", 1, "是")
    found = _label(text, *labels, match=match, ignore=IGNORED)
    only = _label(text, *labels, match="only_label", ignore=IGNORED)
    assert found is None or found in labels
    assert only is None or only == _label(text, *labels, match="first_label", ignore=IGNORED)
    assert only is None or only == _label(text, *labels, match="last_label", ignore=IGNORED)


@pytest.mark.parametrize(
    ("labels", "texts", "setting"),
    [
        (("no", "yes"), ["Yes.", "No."], 'ignore = ["case", "punctuation"]'),
        (("ham", "not spam"), ["not\n spam", "ham"], 'ignore = ["whitespace"]'),
        (("no", "yes"), ["> yes"], 'ignore = ["markdown"]'),
        (("false", "true"), ["0", "1"], 'spellings = { "false" = ["0"], "true" = ["1"] }'),
        ((0, 1), ["Yes", "No"], 'spellings = { "0" = ["No"], "1" = ["Yes"] }'),
        (("no", "yes"), ["The answer is yes.", "It is no"], 'match = "only_label"'),
        (("no", "yes"), ["yes or no? yes.", "It is no"], 'match = "last_label"'),
        (("no", "yes"), ['{"answer": {"label": "yes"}}'], 'match = "json", path = "answer.label"'),
        (("no", "yes"), ['{"mary": "yes"}'], 'match = "json", path = "…"'),
    ],
)
def test_the_setting_that_would_help_is_named(labels: tuple[Label, ...], texts: list[str], setting: str) -> None:
    """Of the settings that map the most outputs the simplest stands first, and keys of outputs are not shown."""
    found = hints(OutputSection(), labels, dict.fromkeys(texts, 3))
    assert setting in [hint.setting for hint in found[:2]]
    assert found[0].mapped == 3 * len(texts)
    assert json.dumps([hint.setting for hint in found]).count("mary") == 0


def test_nothing_helps_where_nothing_is_a_label() -> None:
    """Outputs without any label have no cure, and no output counts as harmless."""
    assert hints(OutputSection(), ("no", "yes"), {"Mary Miller": 3}) == ()
