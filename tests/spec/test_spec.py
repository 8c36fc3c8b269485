"""The spec: what is wrong with it is told at once, with file, key, expectation and value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.check.registry import provided
from llmops_audit.errors import SpecError
from llmops_audit.record import frameworks
from llmops_audit.spec import Spec, read_spec

Project = Callable[..., Path]


def _wrong(spec: Path) -> str:
    with pytest.raises(SpecError) as caught:
        prepare(spec)
    return str(caught.value)


def test_a_good_spec_is_read(project: Project) -> None:
    """The good spec has no problem, and defaults are filled in."""
    prepared = prepare(project())
    assert prepared.spec.data.stratify is True
    assert prepared.spec.gate.confidence == 0.95
    assert list(prepared.checks) == ["accuracy"]


def test_all_problems_are_told_at_once(project: Project) -> None:
    """Wrong keys, types, checks and settings in one spec: one error names them all."""
    text = _wrong(
        project(
            {
                'name = "small"': 'name = "small"\nnmae = "x"',
                'version = "1.0"': "version = 1.0",
                "min = { accuracy = 0.8 }": 'min = { f2 = 0.9, accuracy = "high" }\n[checks.unheard]',
            }
        )
    )
    assert "audit.toml: audit.nmae: unknown key; expected one of name, version" in text
    assert "audit.toml: audit.version: is not valid; expected a valid string; got 1.0" in text
    assert "audit.toml: checks.accuracy.min.f2: unknown key; expected one of accuracy, " in text
    assert "checks.accuracy.min.accuracy: is not valid; expected a valid number; got 'high'" in text
    known = ", ".join(provided())
    assert f"audit.toml: checks.unheard: unknown check; expected one of {known}; got 'unheard'" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('path = "rows.csv"', "", "name either `path`, to be split here, or `test`"),
        (
            'path = "rows.csv"',
            'path = "rows.csv"\ntrain = "t.csv"',
            "`train` goes with `test`, not with `path`",
        ),
        ('text = "text"', 'text = "text"\nfeatures = ["a"]', "name either `text` or `features`, not both"),
        ('text = "text"', "", "needs `data.text` or `data.features`"),
        ('label = "label"', 'label = "text"', "column 'text' has two meanings"),
        ('label = "label"', 'label = "label"\nlabels = [1, 1.0]', "`labels` names a label twice"),
        (
            'label = "label"',
            'label = "label"\nlabels = [0, 1]\npositive = 2',
            "`positive` is not among `labels`",
        ),
        (
            'estimator = "sklearn',
            'predictions = "p"\nestimator = "sklearn',
            "exactly one of `estimator`, `factory`",
        ),
        (
            'estimator = "sklearn',
            'output = { ignore = ["case"] }\nestimator = "sklearn',
            "audit.toml: model: `output` goes with `predictions`",
        ),
        (
            'estimator = "sklearn',
            'scores = "s"\nestimator = "sklearn',
            "audit.toml: model: `scores` go with `predictions`, or stand alone",
        ),
        ("[checks.accuracy]\nmin = { accuracy = 0.8 }", "[checks]", "at least 1 item"),
        ("[checks.accuracy]\nmin = { accuracy = 0.8 }", "", "checks: is missing"),
        (
            "accuracy = 0.8",
            "accuracy = nan",
            "checks.accuracy.min.accuracy: is not finite; expected a number; got nan",
        ),
        ("accuracy = 0.8", "accuracy = 80", "less than or equal to 1; got 80"),
        (
            "[checks.accuracy]",
            '[checks.accuracy]\ngate = "off"',
            "checks.accuracy.gate: is not valid; expected ",
        ),
        ("[checks.accuracy]", "[checks.accuracy]\ngate = true", "checks.accuracy.gate: is not valid"),
        ("[checks.accuracy]", "[checks.accuracy]\ntime_limit = 0", "checks.accuracy.time_limit: is not valid"),
        ("[audit]", '[reasons]\n"accuracy.accuracy" = " "\n[audit]', "audit.toml: reasons.accuracy.accuracy: is not"),
        ("[audit]", '[reasons]\n"accuracy.accuracy" = 1\n[audit]', "audit.toml: reasons.accuracy.accuracy: is not"),
        ('name = "small"', 'name = "../small"', "audit.name: is not valid"),
        ('name = "small"', 'name = "sma', "is not valid TOML"),
        (
            "[audit]",
            'frameworks = ["gdpr", "x"]\n[audit]',
            "audit.toml: frameworks[1]: unknown framework; expected one of ccpa-admt, ",
        ),
        (
            "[audit]",
            'frameworks = ["gdpr", "gdpr"]\n[audit]',
            "audit.toml: frameworks[1]: is named twice; expected each framework once; got 'gdpr'",
        ),
        ("[audit]", 'frameworks = "gdpr"\n[audit]', "audit.toml: frameworks: is not valid"),
        ("[audit]", "frameworks = [1]\n[audit]", "audit.toml: frameworks.0: is not valid"),
        ("[audit]", '[card]\nlanguages = ["English"]\n[audit]', "audit.toml: card.languages.0: is not valid"),
        ("[audit]", '[card]\nmisuse = ""\n[audit]', "audit.toml: card.misuse: is not valid"),
        ("[audit]", '[card]\nlimitations = "  "\n[audit]', "audit.toml: card.limitations: is not valid"),
        ('label = "label"', 'label = "label"\ngroups = ["split"]', "`groups` names 'split', a reserved word"),
        ('label = "label"', 'label = "label"\ngroups = ["against"]', "`groups` names 'against', a reserved word"),
        ("[audit]", '[card]\nowner = "x"\n[audit]', "card.owner: unknown key; expected one of intended_use, "),
    ],
)
def test_what_cannot_be_carried_out_is_refused(project: Project, old: str, new: str, said: str) -> None:
    """Each impossible spec is refused with its reason."""
    assert said in _wrong(project({old: new}))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A spec that does not exist is named."""
    with pytest.raises(SpecError, match="no such file"):
        read_spec(tmp_path / "audit.toml")


def test_the_schema_covers_every_section() -> None:
    """The JSON Schema of the spec describes each section and refuses unknown keys."""
    schema = Spec.model_json_schema()
    assert set(schema["properties"]) == {
        *("audit", "data", "model", "checks", "reasons", "baseline", "report", "gate", "card", "frameworks", "plugins")
    }
    assert schema["additionalProperties"] is False
    assert all("description" in field for field in schema["$defs"]["DataSection"]["properties"].values())
    of_every_check = schema["properties"]["checks"]["additionalProperties"]["properties"]
    assert set(of_every_check) == {"gate", "time_limit"}
    assert of_every_check["gate"]["enum"] == ["block", "review", "report"]


def test_the_schema_names_the_frameworks() -> None:
    """An editor can complete the known ids."""
    assert Spec.model_json_schema()["properties"]["frameworks"]["items"]["enum"] == list(frameworks.names())


def test_card_and_frameworks_stand_in_the_record(project: Project) -> None:
    """The record keeps the card, and the chosen frameworks whole, in the order of the spec."""
    card = '[card]\nmisuse = "Diagnosis"\ncontact = "owner@example.org"\nlanguages = ["en"]\n\n[audit]'
    record = run(prepare(project({"[audit]": f'frameworks = ["nyc-ll144", "gdpr"]\n{card}'})))
    assert record.card is not None
    assert (record.card.misuse, record.card.contact, record.card.languages) == (
        "Diagnosis",
        "owner@example.org",
        ("en",),
    )
    assert record.card.intended_use is None
    assert record.frameworks == (frameworks.framework("nyc-ll144"), frameworks.framework("gdpr"))


def test_a_spec_without_them_has_none(project: Project) -> None:
    """Neither card nor frameworks are asked for."""
    spec = prepare(project()).spec
    assert (spec.card, spec.frameworks) == (None, ())


SAVED = """
[audit]
name = "saved"
version = "1"
[data]
test = "rows.csv"
label = "label"
positive = "yes"
[model]
{model}
[checks.accuracy]
"""


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ('scores = "s"', "a column of `scores` without `predictions` needs `threshold`"),
        ('scores = { yes = "s" }', "`scores` of one label alone decide nothing"),
        ('scores = { yes = "s", no = "t" }\nthreshold = 0.5', "of several `scores` the largest decides"),
        ('scores = "s"\nthreshold = 0.5\noutput = { ignore = ["case"] }', "`output` goes with `predictions`"),
        ('predictions = "p"\nthreshold = 0.5', "saved predictions are taken as they are"),
        ('predictions = "p"\n[model.output]\nmatch = "regex"', '`pattern` goes with `match = "regex"`'),
        ('predictions = "p"\n[model.output]\nmatch = "regex"\npattern = "(a"', "is no regular expression"),
        ('predictions = "p"\n[model.output]\nmatch = "some"', "audit.toml: model.output.match: is not valid"),
        (
            'predictions = "p"\n[model.output]\nignored = []',
            "model.output.ignored: unknown key; expected one of match,",
        ),
        ('predictions = "p"\n[model.output]\nspellings = { yes = "y" }', "audit.toml: model.output.spellings.yes"),
        ("threshold = 0.5", "name exactly one of `estimator`, `factory` and `predictions`, or `scores` alone"),
    ],
)
def test_outputs_and_scores_that_cannot_be_read_are_refused(tmp_path: Path, model: str, said: str) -> None:
    """Settings of `[model]` that do not go together, and unknown ones in `[model.output]`, are named."""
    path = tmp_path / "audit.toml"
    path.write_text(SAVED.format(model=model), encoding="utf-8")
    assert said in "\n".join(map(str, read_spec(path).problems))


@pytest.mark.parametrize(
    "model",
    [
        'scores = "s"\nthreshold = 0.5',
        'scores = { yes = "s", no = "t" }',
        'predictions = "p"\n[model.output]\nmatch = "json"\npath = "a.b"\nspellings = { yes = ["y"] }',
    ],
)
def test_saved_scores_and_outputs_need_no_features(tmp_path: Path, model: str) -> None:
    """Scores alone are a subject as saved predictions are: a test file is all that is needed."""
    path = tmp_path / "audit.toml"
    path.write_text(SAVED.format(model=model), encoding="utf-8")
    assert not read_spec(path).problems
