"""What a fitted model carries away, against counting by the vectorizer itself, on texts with planted values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from llmops_audit.personal_data import Confidence, find
from llmops_audit.personal_data.allow_list import AllowList, entry
from llmops_audit.personal_data.model_scan import RARE_BELOW, ModelContents, TrainingValue, scan_model
from llmops_audit.personal_data.model_scan import vocabulary as lookup

PLANTED = 20


def corpus(seed: int) -> tuple[list[str], list[TrainingValue]]:
    """Return 300 texts with planted values.

    Twenty addresses, social security numbers, telephone and patient numbers stand in one to three texts each, and one
    hotline in twenty-five.
    """
    rng = np.random.default_rng(seed)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    everyday = ["".join(rng.choice(letters, rng.integers(2, 7))) for _ in range(150)] + ["gmail", "com", "call", "mail"]
    texts = [" ".join(rng.choice(everyday, 12)) for _ in range(300)]
    made: list[tuple[str, str]] = []
    for _ in range(PLANTED):
        name = "".join(rng.choice(letters, 7))
        made.append(("email", f"{name.title()}.{''.join(rng.choice(letters, 4))}@gmail.com"))
        made.append(("us_ssn", f"{rng.integers(101, 600)}-{rng.integers(10, 99)}-{rng.integers(1001, 9999)}"))
        made.append(("phone", f"+1 212 {rng.integers(201, 999)} {rng.integers(1001, 9999)}"))
        made.append(("patient_number", f"MRN{rng.integers(10**6, 10**7)}"))
    values = []
    for (kind, value), rows in zip(made, rng.integers(1, 4, len(made)), strict=True):
        for row in rng.choice(len(texts), rows, replace=False):
            texts[row] += f" write {value} today"
        values.append(TrainingValue(kind, Confidence.CONFIRMED, value, int(rows)))
    for row in range(0, len(texts), 12):
        texts[row] += " hotline +1 800 5550 1990"
    values.append(TrainingValue("phone", Confidence.LIKELY, "+1 800 5550 1990", 25))
    return texts, values


def by_transforming(vectorizer: Any, texts: list[str], values: list[TrainingValue]) -> dict[str, tuple[int, int]]:
    """Return kind to values that can be read and how many of them are rare, by the vectorizer's own matrices."""
    rows = np.asarray((vectorizer.transform(texts) > 0).sum(axis=0)).ravel()
    settings = {**vectorizer.get_params(), "min_df": 1, "max_df": 1.0, "max_features": None, "vocabulary": None}
    low = settings["ngram_range"][0]
    short = type(vectorizer)(**{**settings, "ngram_range": (low, low)})
    found: dict[str, tuple[int, int]] = {}
    for value in values:
        try:
            needed = set(short.fit([value.value]).get_feature_names_out())
        except ValueError:
            continue
        have = set(vectorizer.inverse_transform(vectorizer.transform([value.value]))[0])
        if not needed <= have:
            continue
        telling = [t for t in have if sum(map(str.isalnum, t)) > 2 and not {"gmail", "com"}.issuperset(t.split())]
        counts = [rows[vectorizer.vocabulary_[term]] for term in telling]
        if counts and min(counts) < max(RARE_BELOW, 2 * value.rows):
            many, rare = found.get(value.kind, (0, 0))
            found[value.kind] = many + 1, rare + (min(counts) < RARE_BELOW)
    return found


def counts_of(contents: ModelContents, location: str = "vocabulary_") -> dict[str, tuple[int, int]]:
    """Return kind to values and rare ones at a location."""
    found: dict[str, tuple[int, int]] = {}
    for item in contents.hits:
        if item.location == location:
            many, rare = found.get(item.kind, (0, 0))
            found[item.kind] = many + item.values, rare + item.rare
    return found


ALL = {"email": (PLANTED, PLANTED), "us_ssn": (PLANTED, PLANTED), "patient_number": (PLANTED, PLANTED),
       "phone": (PLANTED + 1, PLANTED)}  # fmt: skip


def by_spaces(text: str) -> list[str]:
    """Cut as users do who write their own analyser."""
    return text.lower().split()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(),
        CountVectorizer(binary=True, lowercase=False),
        CountVectorizer(ngram_range=(1, 2), stop_words="english"),
        CountVectorizer(ngram_range=(2, 3), strip_accents="unicode"),
        CountVectorizer(analyzer="char", ngram_range=(3, 4)),
        CountVectorizer(token_pattern=r"(?u)\S+"),
        CountVectorizer(tokenizer=by_spaces, token_pattern=None),
        TfidfVectorizer(sublinear_tf=True),
        TfidfVectorizer(smooth_idf=False, dtype=np.float32, ngram_range=(1, 2)),
        TfidfVectorizer(use_idf=False, max_df=0.9),
    ],
)
def test_all_planted_values_are_found(vectorizer: Any, seed: int) -> None:
    """What a vectorizer keeps is found, the hotline of twenty-five rows is not rare, and counting says the same."""
    texts, values = corpus(seed)
    fitted = vectorizer.fit(texts)
    found = counts_of(scan_model(fitted, values, pa.array(texts)))
    counted = by_transforming(fitted, texts, values)
    if vectorizer.ngram_range == (2, 3):
        # A number in one word has no pair of its own: counting misses it, and it stands inside pairs with other words.
        assert "patient_number" not in counted
        counted["patient_number"] = (PLANTED, PLANTED)
    assert found == counted == ALL


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("make", [CountVectorizer, TfidfVectorizer])
@pytest.mark.parametrize("fewest", [2, 4, RARE_BELOW])
def test_min_df_cures(make: Callable[..., Any], fewest: int, seed: int) -> None:
    """Terms in few rows are gone, and the values with them; from `RARE_BELOW` rows on nothing is rare."""
    texts, values = corpus(seed)
    fitted = make(min_df=fewest).fit(texts)
    found = counts_of(scan_model(fitted, values, pa.array(texts)))
    assert found == by_transforming(fitted, texts, values)
    if fewest > 3:
        assert "patient_number" not in found
        assert "email" not in found
    if fewest == RARE_BELOW:
        assert found == {"phone": (1, 0)}


def test_max_features_cures() -> None:
    """With room for frequent words alone no rare value is left."""
    texts, values = corpus(0)
    fitted = CountVectorizer(max_features=100).fit(texts)
    assert not any(rare for _, rare in counts_of(scan_model(fitted, values, pa.array(texts))).values())


def test_hashed_terms_cannot_be_looked_up() -> None:
    """Nothing is found, and the contents say that nothing could be."""
    texts, values = corpus(0)
    model = Pipeline([("inputs", HashingVectorizer(n_features=64)), ("estimator", LogisticRegression())])
    contents = scan_model(model.fit(texts, np.arange(len(texts)) % 2), values, pa.array(texts))
    assert contents.hits == ()
    assert contents.unread == ("inputs: HashingVectorizer keeps no terms, only their hashes",)


def classifier(**settings: Any) -> Pipeline:
    """Return a classifier of texts."""
    return Pipeline([("inputs", CountVectorizer(**settings)), ("estimator", MultinomialNB())])


@pytest.mark.parametrize(
    ("model", "location"),
    [
        (classifier(), "inputs.vocabulary_"),
        (Pipeline([("outer", Pipeline([("words", TfidfVectorizer())])), ("nb", MultinomialNB())]),
         "outer.words.vocabulary_"),
        (Pipeline([("words", CountVectorizer()), ("weigh", TfidfTransformer()), ("nb", MultinomialNB())]),
         "words.vocabulary_"),
        (Pipeline([("both", FeatureUnion([("hashed", HashingVectorizer(n_features=64, alternate_sign=False)),
                                          ("words", CountVectorizer())])), ("nb", MultinomialNB())]),
         "both.words.vocabulary_"),
        (GridSearchCV(classifier(), {"estimator__alpha": [0.5, 1.0]}, cv=2), "best_estimator_.inputs.vocabulary_"),
        (VotingClassifier([("first", classifier()), ("second", classifier(binary=True))]),
         "first.inputs.vocabulary_"),
        (CalibratedClassifierCV(classifier(), cv=2, ensemble=False),
         "calibrated_classifiers_.estimator.inputs.vocabulary_"),
        (CalibratedClassifierCV(classifier(), cv=2, ensemble=True),
         "calibrated_classifiers_.estimator.inputs.vocabulary_"),
        (CalibratedClassifierCV(Pipeline([("inputs", TfidfVectorizer()), ("nb", MultinomialNB())]), cv=3),
         "calibrated_classifiers_.estimator.inputs.vocabulary_"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)  # fmt: skip
def test_models_inside_models_are_looked_into(model: Any, location: str) -> None:
    """A vectorizer is found wherever scikit-learn puts it; folds of one model are one location."""
    texts, values = corpus(3)
    contents = scan_model(model.fit(texts, np.arange(len(texts)) % 2), values, pa.array(texts))
    assert location in contents.locations
    assert counts_of(contents, location) == ALL


def test_columns_of_a_table_are_named() -> None:
    """Categories are searched with the name of their column as context, and the location says which."""
    rng = np.random.default_rng(5)
    numbers = [f"{rng.integers(101, 600)}-{rng.integers(10, 99)}-{rng.integers(1001, 9999)}" for _ in range(30)]
    table = pd.DataFrame(
        {"ssn": numbers, "note": [f"person{i}@acme.example wrote" for i in range(30)], "city": ["Oslo", "Rome"] * 15}
    )
    steps = [
        ("encode", Pipeline([("same", FunctionTransformer()), ("one", OneHotEncoder())]), ["ssn", "city"]),
        ("order", OrdinalEncoder(), [2]),
        ("words", CountVectorizer(), "note"),
    ]
    model = Pipeline([("inputs", ColumnTransformer(steps)), ("estimator", LogisticRegression())])
    values = [TrainingValue("us_ssn", Confidence.CONFIRMED, number, 1) for number in numbers]
    values += [TrainingValue("email", Confidence.CONFIRMED, f"person{i}@acme.example", 1) for i in range(30)]
    contents = scan_model(model.fit(table, np.arange(30) % 2), values, None)
    assert {"inputs.encode.one.categories_[ssn]", "inputs.order.categories_[city]"} <= set(contents.locations)
    assert counts_of(contents, "inputs.encode.one.categories_[ssn]") == {"us_ssn": (30, 30)}
    assert counts_of(contents, "inputs.words.vocabulary_") == {"email": (30, 30)}
    assert {item.location for item in contents.hits} == {
        "inputs.encode.one.categories_[ssn]",
        "inputs.words.vocabulary_",
    }


def test_numbers_are_searched_where_their_column_names_a_kind() -> None:
    """A list of whole numbers as categories is searched under `ssn`, and not under `price`."""
    numbers = [219099999, 457555462, 321456780]
    table = pd.DataFrame({"ssn": numbers, "price": numbers})
    contents = scan_model(OneHotEncoder().fit(table), [], None)
    assert {item.location for item in contents.hits} == {"categories_[ssn]"}
    assert counts_of(contents, "categories_[ssn]") == {"us_ssn": (3, 3)}


def test_names_that_are_personal_data_stand_in_no_place() -> None:
    """A column that is called by an address is found by its name, and locations give its number instead."""
    table = pd.DataFrame({"jane.roe@acme.example": ["a", "b"], "city": ["Oslo", "Rome"]})
    contents = scan_model(OneHotEncoder().fit(table), [], None)
    assert counts_of(contents, "feature_names_in_") == {"email": (1, 1)}
    assert "categories_[0]" in contents.locations
    assert "jane" not in repr(contents)


def test_dictionaries_and_neighbours() -> None:
    """Names that a `DictVectorizer` makes are searched; rows that are kept as numbers are listed as unread."""
    rows = [{"from=jane.roe@acme.example": 1.0}, {"from=sam.poe@acme.example": 1.0}]
    model = Pipeline([("inputs", DictVectorizer()), ("estimator", KNeighborsClassifier(1))]).fit(rows, [0, 1])
    contents = scan_model(model, [], None)
    assert counts_of(contents, "inputs.feature_names_") == {"email": (2, 2)}
    assert contents.unread == (
        "estimator._fit_X: rows that the model was fitted on are kept as numbers, which are not searched",
    )


class Hostile:
    """An object that no one may look at."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError

    def __getattr__(self, name: str) -> object:
        raise RuntimeError

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError


class HostileText(str):
    """A text whose comparison fails."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError

    def __str__(self) -> str:
        raise RuntimeError


class Keeper(TransformerMixin, BaseEstimator):
    """A transformer of a user's own that keeps what it saw."""

    def __init__(self, greeting: str = "write to help@acme.example") -> None:
        self.greeting = greeting

    def fit(self, texts: list[str], y: object = None) -> Keeper:
        self.seen_ = {"rows": [HostileText(texts[0]), (texts[1].encode(), {texts[2]})]}
        self.seen_["itself"] = [self.seen_, self]
        self.frame_ = pd.DataFrame({"text": texts})
        self.odd_ = Hostile()
        deep: list[object] = ["deep"]
        for _ in range(40):
            deep = [deep]
        self.deep_ = deep
        return self

    @property
    def trap_(self) -> str:
        raise RuntimeError


def test_what_others_keep_is_read_and_never_run() -> None:
    """Texts in any container count; cycles, depth, properties and objects that fail when touched do no harm."""
    texts = [f"mail person{i}@acme.example" for i in range(4)]
    contents = scan_model(Keeper().fit(texts), [], None)
    assert counts_of(contents, "seen_") == {"email": (3, 3)}
    assert counts_of(contents, "frame_") == {"email": (4, 4)}
    assert "greeting" not in contents.locations
    assert contents.unread == (
        "Keeper is not part of scikit-learn: only attributes with names of fitted attributes were searched",
        "odd_: an object of the class Hostile is not searched",
        "deep_: nested deeper than 12 levels",
    )
    assert scan_model(Hostile(), [], None).unread == ("Hostile is no estimator of scikit-learn",)


class Broken(CountVectorizer):
    """A vectorizer that cannot be asked again."""

    def build_analyzer(self) -> Any:
        if hasattr(self, "vocabulary_"):
            raise RuntimeError("jane.roe@acme.example")
        return super().build_analyzer()


def test_an_analyser_that_fails_is_told_of() -> None:
    """It is no error of the audit: the result says what was not searched, without the analyser's own message."""
    contents = scan_model(Broken().fit(["some words"]), [], None)
    assert contents.unread[-1] == "vocabulary_: the analyser of Broken fails"
    assert "jane" not in repr(contents)


def test_settings_and_plain_numbers_are_no_finds() -> None:
    """Years, amounts and stop words are terms of everyday texts, and parameters are no data."""
    texts = ["in 2005 we paid 1999 and 12000 by 13800 of 20051231", "phone orders 1234567 call 555 0199"] * 20
    model = classifier(stop_words=["jane.roe@acme.example", "we"], token_pattern=r"\S+").fit(texts, [0, 1] * 20)
    contents = scan_model(model, [], pa.array(texts))
    assert contents.hits == ()
    assert contents.locations == ("inputs.vocabulary_",)


def test_terms_that_are_no_texts_are_told_of() -> None:
    """An analyser may return pairs, which no text is made of."""
    contents = scan_model(CountVectorizer(analyzer=lambda text: [(text, text)]).fit(["b"]), [], None)
    assert contents.unread == ("vocabulary_: terms that are no texts are not looked up",)


def test_halves_of_a_character_do_no_harm() -> None:
    """A term may hold what no file can; the others are looked up all the same."""
    texts = ["jane.roe@acme.example", "\ud800 (sam.poe@acme.example)"]
    value = TrainingValue("email", Confidence.LIKELY, "sam.poe@acme.example", 1)
    contents = scan_model(CountVectorizer(analyzer=by_spaces).fit(texts), [value], None)
    assert counts_of(contents) == {"email": (2, 2)}


def test_words_glued_to_a_value_do_not_hide_it() -> None:
    """Chinese characters, underscores and punctuation at its edges share a term with its first or last word."""
    texts = ["卡号4111111111111111有效", "电话138-0013-8000吧", "mail_jane.roe@acme.example_now", "plain words"]
    values = [
        TrainingValue("payment_card", Confidence.CONFIRMED, "4111111111111111", 1),
        TrainingValue("phone", Confidence.CONFIRMED, "138-0013-8000", 1),
        TrainingValue("email", Confidence.CONFIRMED, "jane.roe@acme.example", 1),
    ]
    found = counts_of(scan_model(CountVectorizer().fit(texts), values, pa.array(texts)))
    assert found == {"payment_card": (1, 1), "phone": (1, 1), "email": (1, 1)}


def test_terms_that_everybody_shares_carry_nothing() -> None:
    """`info@gmail.com` is not read from a vocabulary that holds `info` for other reasons."""
    texts = ["for your info", "info desk", "the info"] * 10 + ["write info@gmail.com", None]
    value = TrainingValue("email", Confidence.CONFIRMED, "info@gmail.com", 1)
    fitted = CountVectorizer().fit(texts[:-1])
    assert scan_model(fitted, [value], pa.array(texts)).hits == ()


def test_what_a_release_keeps_of_the_terms_it_left_out_is_looked_up() -> None:
    """Older releases of scikit-learn keep rare terms as `stop_words_`, so that `min_df` does not cure there."""
    texts, values = corpus(0)
    fitted = CountVectorizer(min_df=RARE_BELOW).fit(texts)
    fitted.stop_words_ = set(CountVectorizer().fit(texts).vocabulary_) - set(fitted.vocabulary_)
    contents = scan_model(fitted, values, pa.array(texts))
    assert counts_of(contents) == {"phone": (1, 0)}
    assert counts_of(contents, "stop_words_") == ALL


def test_counts_in_a_sample_are_brought_up_to_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """With fewer characters to count in, every planted value is still found and the hotline is not rare."""
    texts, values = corpus(0)
    monkeypatch.setattr(lookup, "MAX_CHARACTERS", sum(map(len, texts)) // 2)
    found = counts_of(scan_model(CountVectorizer().fit(texts), values, pa.chunked_array([texts[:99], texts[99:]])))
    assert found == ALL


def test_allowed_values_are_no_hits() -> None:
    """What the allow-list covers is not found by patterns either."""
    line = entry("email", "desk@acme.example", bytes(16))
    fitted = CountVectorizer(token_pattern=r"\S+").fit(["desk@acme.example", "jane@acme.example"])
    contents = scan_model(fitted, [], None, allow_list=AllowList.read(line))
    assert counts_of(contents) == {"email": (1, 1)}


def test_from_finds_to_the_model_and_no_value_is_told() -> None:
    """Values as the finder has them are all found in the model, and nothing of them stands in the contents."""
    texts, _ = corpus(4)
    rows: dict[tuple[str, Confidence, str], int] = {}
    for text, spans in zip(texts, find(texts), strict=True):
        for span in spans:
            key = (span.kind, span.confidence, text[span.start : span.end])
            rows[key] = rows.get(key, 0) + 1
    values = [TrainingValue(*key, rows=n) for key, n in rows.items()]
    assert len({value.value for value in values}) > 3 * PLANTED
    contents = scan_model(classifier().fit(texts, np.arange(len(texts)) % 2), values, pa.array(texts))
    assert sum(item.values for item in contents.hits) == len({(value.kind, value.value) for value in values})
    told = repr(contents) + repr(values)
    for value in values:
        for piece in value.value.replace("@", " ").replace(".", " ").replace("-", " ").split():
            assert len(piece) < 4 or piece in {"gmail"} or piece not in told
    assert contents == scan_model(classifier().fit(texts, np.arange(len(texts)) % 2), values, pa.array(texts))


@pytest.mark.parametrize("columns", [["b"], [1], slice(1, 2), [False, True, False], lambda frame: ["b"], 1])
def test_columns_are_named_however_they_were_chosen(columns: Any) -> None:
    """By name, location, range, mask or function: the location of their categories has the name."""
    table = pd.DataFrame({name: [f"{name}1", f"{name}2"] for name in "abc"})
    encode = Pipeline([("flat", FunctionTransformer(lambda x: np.reshape(x, (-1, 1)))), ("one", OneHotEncoder())])
    model = ColumnTransformer([("encode", encode, columns)], remainder=OrdinalEncoder())
    contents = scan_model(model.fit(table), [], None)
    assert [location for location in contents.locations if "feature_names" not in location] == [
        "encode.one.categories_[b]",
        "remainder.categories_[a]",
        "remainder.categories_[c]",
    ]


def test_tables_of_numpy_are_read_by_field() -> None:
    """An array whose fields hold texts is searched field by field."""
    keeper = Keeper().fit(["a", "b", "c"])
    keeper.table_ = np.array([("jane.roe@acme.example", 1)], dtype=[("text", "U40"), ("n", "i8")])
    assert counts_of(scan_model(keeper, [], None), "table_") == {"email": (1, 1)}


def once(text: str) -> list[str]:
    """Cut texts without a number, and fail on others."""
    if any(map(str.isdigit, text)):
        raise ValueError(text)
    return text.split()


def test_an_analyser_that_fails_on_a_value_is_told_of() -> None:
    """The same holds where it fails on a value alone."""
    value = TrainingValue("us_ssn", Confidence.CONFIRMED, "457-55-5462", 1)
    contents = scan_model(CountVectorizer(analyzer=once).fit(["some words"]), [value], None)
    assert contents.unread == ("vocabulary_: the analyser of CountVectorizer fails",)


class Duck(ClassifierMixin):
    """A classifier that is none of scikit-learn's."""


def test_foreign_estimators_are_told_of() -> None:
    """Nothing is read where the object does not follow scikit-learn's rules."""
    assert scan_model(Duck(), [], None) == ModelContents((), 0, ("Duck is no estimator of scikit-learn",), ())
