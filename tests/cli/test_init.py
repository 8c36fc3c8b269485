"""What `init` takes the columns of many files for: files such as the public has, made here from code."""

from __future__ import annotations

import csv
import json
import random
import tomllib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from llmops_audit.audit import prepare, run
from llmops_audit.cli.init import Started, starter
from llmops_audit.spec import read_spec

ROWS = 120
Table = dict[str, list[Any]]

ENGLISH = "the order arrived late and nobody answered my second letter about a refund for broken parts"
GERMAN = "die Lieferung kam spät und niemand hat auf meinen Brief wegen der kaputten Teile geantwortet"
FRENCH = "la commande est arrivée en retard et personne ne répond à ma lettre au sujet du remboursement"
SPANISH = "el pedido llegó tarde y nadie responde a mi carta sobre la devolución de las piezas rotas"
CHINESE = "快递太慢了客服一直没有回复我的消息商品质量很好下次还会再来购买推荐给大家物流包装不错"


def words(language: str, seed: int = 1, rows: int = ROWS) -> list[str]:
    """Sentences of different lengths, each row another."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(language.split(), k=chance.randint(4, 14))) for _ in range(rows)]


def chinese(seed: int = 1) -> list[str]:
    """Chinese sentences without spaces."""
    chance = random.Random(seed)
    return ["".join(chance.choices(CHINESE, k=chance.randint(8, 24))) for _ in range(ROWS)]


def pick(values: Sequence[Any], seed: int = 2, rows: int = ROWS) -> list[Any]:
    """Values at random; other values are drawn in another order."""
    return random.Random(f"{seed} {values}").choices(values, k=rows)


def numbers(seed: int = 3, low: float = 0, high: float = 100, digits: int = 2) -> list[float]:
    """Numbers at random."""
    chance = random.Random(seed)
    return [round(chance.uniform(low, high), digits) for _ in range(ROWS)]


def uuids() -> list[str]:
    """A UUID for each row."""
    chance = random.Random(4)
    return [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(ROWS)]


def dates(form: str = "2024-{month:02d}-{day:02d}") -> list[str]:
    """A date for each row."""
    return [form.format(month=1 + i % 12, day=1 + i % 28) for i in range(ROWS)]


def noisy(labels: Sequence[Any], seed: int = 5) -> list[Any]:
    """Predictions that are right in about four of five rows."""
    chance, kinds = random.Random(seed), sorted(set(labels), key=str)
    return [label if chance.random() < 0.8 else chance.choice(kinds) for label in labels]


def write(path: Path, table: Table) -> None:
    """Write a table in the format that the suffix names; `.scsv` stands for semicolons in a `.csv`."""
    names, rows = list(table), list(zip(*table.values(), strict=True))
    if path.suffix == ".parquet":
        pd.DataFrame(table).to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        delimiter = {".tsv": "\t", ".txt": "\t", ".scsv": ";", ".psv": "|"}.get(path.suffix, ",")
        path = path.with_suffix(".csv") if path.suffix in (".scsv", ".psv") else path
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(rows)


@dataclass(frozen=True)
class File:
    """A file, or several, and what a person would write into the spec."""

    name: str
    table: Callable[[], Table] | Mapping[str, Callable[[], Table]]
    data: dict[str, Any]
    model: dict[str, Any] = field(default_factory=dict)
    language: str = "en"


def text_file(language: str, text: str, label: str, labels: Sequence[Any]) -> Callable[[], Table]:
    """A text and a label."""
    return lambda: {text: words(language), label: pick(labels)}


STAND_IN = {"estimator": "sklearn.linear_model:LogisticRegression"}
CHARACTERS = {"vectorizer_parameters": {"analyzer": "char", "ngram_range": [1, 3]}}
SPAM = ("ham", "spam")

FILES = (
    File("sms.csv", text_file(ENGLISH, "message", "label", SPAM), {"text": "message", "label": "label", "positive": "spam"}, STAND_IN),
    File("reviews.tsv", text_file(ENGLISH, "review", "sentiment", ("negative", "positive")),
         {"text": "review", "label": "sentiment", "positive": "positive"}, STAND_IN),
    File("news.jsonl", lambda: {"title": words(ENGLISH, 1), "body": [f"{a} {b}" for a, b in zip(words(ENGLISH, 2), words(ENGLISH, 3), strict=True)], "category": pick(("sport", "world", "business"))},
         {"text": "body", "label": "category", "positive": None}, STAND_IN),
    File("intents.txt", lambda: {"utterance": words(ENGLISH), "intent": pick([f"intent_{i}" for i in range(20)])},
         {"text": "utterance", "label": "intent", "delimiter": "\t", "positive": None}, STAND_IN),
    File("hf_emotions.parquet", lambda: {"text": words(ENGLISH), "label": (y := pick((0, 1, 2))), "label_text": [("joy", "fear", "anger")[i] for i in y]},
         {"text": "text", "label": "label", "positive": None, "features": None}, STAND_IN),
    File("tickets.jsonl", lambda: {"ticket": uuids(), "meta": [json.dumps({"a": i, "b": "two words"}) for i in range(ROWS)], "description": words(ENGLISH), "created_at": dates(), "priority_class": pick(("high", "low"))},
         {"text": "description", "label": "priority_class", "time": "created_at", "id": "ticket", "positive": None}, STAND_IN),
    File("toxic.csv", lambda: {"id": list(range(ROWS)), "comment_text": words(ENGLISH), "url": [f"https://example.org/{i}" for i in range(ROWS)], "toxic": pick((0, 1))},
         {"id": "id", "text": "comment_text", "label": "toxic", "positive": 1}, STAND_IN),
    File("saved.csv", lambda: {"text": words(ENGLISH), "label": (y := pick(SPAM)), "pred": noisy(y), "p_spam": numbers(6, 0, 1, 3)},
         {"test": "saved.csv", "path": None, "text": "text", "label": "label", "positive": "spam"}, {"predictions": "pred", "scores": "p_spam"}),
    File("answers.jsonl", lambda: {"question": words(ENGLISH), "gold": (y := pick(("yes", "no"))), "output": noisy(y)},
         {"test": "answers.jsonl", "text": "question", "label": "gold", "positive": "yes"}, {"predictions": "output", "scores": None}),
    File("model_a.csv", lambda: {"text": words(ENGLISH), "human": (y := pick(("refund", "delivery", "other"))), "model_a": noisy(y), "model_b": noisy(y, 9)},
         {"test": "model_a.csv", "label": "human", "text": "text", "positive": None}, {"predictions": "model_a"}),
    File("labelled_by_model.csv", lambda: {"target": (y := pick((0, 1))), "label_model": noisy(y), "amount": numbers()},
         {"test": "labelled_by_model.csv", "label": "target", "positive": 1}, {"predictions": "label_model"}),
    File("three_scores.csv", lambda: {"y_true": (y := pick(("neg", "neu", "pos"))), "y_pred": noisy(y), "prob_neg": numbers(1, 0, 1), "prob_neu": numbers(2, 0, 1), "prob_pos": numbers(3, 0, 1)},
         {"label": "y_true", "test": "three_scores.csv", "positive": None}, {"predictions": "y_pred", "scores": {"neg": "prob_neg", "neu": "prob_neu", "pos": "prob_pos"}}),
    File("two_scores.csv", lambda: {"y_true": (y := pick((0, 1))), "yhat": noisy(y), "proba_0": numbers(1, 0, 1), "proba_1": numbers(2, 0, 1)},
         {"label": "y_true", "positive": 1}, {"predictions": "yhat", "scores": "proba_1"}),
    File("scores_alone.csv", lambda: {"amount": numbers(), "probability": numbers(7, 0, 1, 4), "fraud": pick((0, 1))},
         {"test": "scores_alone.csv", "path": None, "features": ["amount"], "label": "fraud", "positive": 1}, {"estimator": None, "predictions": None, "scores": "probability", "threshold": 0.5}),
    File("class_scores.csv", lambda: {"text": words(ENGLISH), "gold": pick(("cat", "dog", "bird")), "p_cat": numbers(1, 0, 1), "p_dog": numbers(2, 0, 1), "p_bird": numbers(3, 0, 1)},
         {"test": "class_scores.csv", "text": "text", "label": "gold", "positive": None}, {"estimator": None, "predictions": None, "scores": {"cat": "p_cat", "dog": "p_dog", "bird": "p_bird"}}),
    File("confidence.csv", lambda: {"amount": numbers(), "confidence": numbers(7, 0.5, 1, 4), "fraud": pick((0, 1))},
         {"path": "confidence.csv", "features": ["amount"], "label": "fraud", "positive": 1}, STAND_IN | {"scores": None}),
    File("sentences.jsonl", lambda: {"gold": (y := pick(("yes", "no"))), "prompt": words(ENGLISH), "completion": [f"{text}. So the answer is {label}." for text, label in zip(words(ENGLISH, 6), noisy(y), strict=True)]},
         {"test": "sentences.jsonl", "text": "prompt", "label": "gold", "positive": "yes"}, {"predictions": "completion", "output": {"match": "regex", "pattern": r"answer is:?\s*(.+?)\.?$"}}),
    File("shouted.csv", lambda: {"question": words(ENGLISH), "answer_label": (y := pick(("yes", "no"))), "prediction": [f"{label.title()}." for label in noisy(y)]},
         {"test": "shouted.csv", "text": "question", "label": "answer_label", "positive": "yes"}, {"predictions": "prediction", "output": {"ignore": ["case", "punctuation"]}}),
    File("truths.csv", lambda: {"size": numbers(), "target": (y := pick((0, 1))), "y_pred": [bool(label) for label in noisy(y)]},
         {"test": "truths.csv", "label": "target", "positive": 1}, {"predictions": "y_pred", "output": {"spellings": {"0": ["False"], "1": ["True"]}}}),
    File("aequitas.csv", lambda: {"entity_id": list(range(1, ROWS + 1)), "score": pick(("0.0", "1.0")), "label_value": pick((0, 1)), "race": pick("abc"), "sex": pick(("Male", "Female")), "age_cat": pick(("<25", "25 - 45", ">45"))},
         {"id": "entity_id", "label": "label_value", "groups": ["race", "sex", "age_cat"], "positive": 1, "test": "aequitas.csv"}, {"predictions": "score"}),
    File("adult.csv", lambda: {"age": pick(range(18, 90)), "workclass": pick(("Private", "State-gov", "?")), "fnlwgt": pick(range(10000, 90000)), "race": pick(("White", "Black", "Other")), "sex": pick(("Male", "Female")), "hours": pick(range(10, 60)), "income": pick(("<=50K", ">50K"))},
         {"features": ["age", "workclass", "hours"], "groups": ["race", "sex"], "label": "income", "positive": ">50K", "weight": None}, STAND_IN),
    File("loans.scsv", lambda: {"Kunde": pick([f"K{i:03d}" for i in range(40)]), "Betrag": numbers(), "Geschlecht": pick("mw"), "Ausfall_Klasse": pick(("ja", "nein"))},
         {"delimiter": ";", "unit": "Kunde", "features": ["Betrag"], "groups": ["Geschlecht"], "label": "Ausfall_Klasse", "positive": "ja"}, STAND_IN),
    File("beschwerden.scsv", text_file(GERMAN, "Nachricht", "Kategorie", ("Lieferung", "Rechnung", "Sonstiges")),
         {"delimiter": ";", "text": "Nachricht", "label": "Kategorie", "positive": None}, STAND_IN),
    File("vorhersagen.scsv", lambda: {"Text": words(GERMAN), "wahr": (y := pick(("gut", "schlecht"))), "Vorhersage": noisy(y), "Wahrscheinlichkeit": [0.9 if v == "gut" else 0.2 + i / 1000 for i, v in enumerate(y)]},
         {"label": "wahr", "text": "Text", "positive": "gut"}, {"predictions": "Vorhersage", "scores": "Wahrscheinlichkeit"}),
    File("avis.tsv", text_file(FRENCH, "commentaire", "étiquette", ("positif", "négatif")),
         {"text": "commentaire", "label": "étiquette", "positive": "positif"}, STAND_IN),
    File("credit_fr.csv", lambda: {"revenu": numbers(), "sexe": pick("HF"), "date": dates(), "classe": pick((0, 1))},
         {"features": ["revenu"], "groups": ["sexe"], "time": "date", "label": "classe", "positive": 1}, STAND_IN),
    File("opiniones.csv", text_file(SPANISH, "opinión", "etiqueta", ("sí", "no")),
         {"text": "opinión", "label": "etiqueta", "positive": "sí"}, STAND_IN),
    File("pacientes.csv", lambda: {"paciente": pick([f"p{i}" for i in range(30)]), "edad": pick(range(20, 90)), "sexo": pick(("hombre", "mujer")), "presión": numbers(), "resultado": pick((0, 1))},
         {"unit": "paciente", "features": ["edad", "presión"], "groups": ["sexo"], "label": "resultado", "positive": 1}, STAND_IN),
    File("评论.csv", lambda: {"评论": chinese(), "标签": pick((0, 1))},
         {"text": "评论", "label": "标签", "positive": 1}, STAND_IN | CHARACTERS, "zh"),
    File("cold.csv", lambda: {"": list(range(ROWS)), "split": ["train"] * ROWS, "topic": pick(("race", "gender", "region")), "label": pick((0, 1)), "TEXT": chinese()},
         {"text": "TEXT", "label": "label", "positive": 1}, STAND_IN | CHARACTERS, "zh"),
    File("违约.csv", lambda: {"用户编号": pick([f"u{i}" for i in range(50)]), "性别": pick("男女"), "年龄段": pick(("青年", "中年", "老年")), "收入": numbers(), "是否违约": pick("是否")},
         {"unit": "用户编号", "groups": ["性别", "年龄段"], "features": ["收入"], "label": "是否违约", "positive": "是"}, STAND_IN, "zh"),
    File("预测.csv", lambda: {"文本": chinese(), "真实标签": (y := pick(("正面", "负面"))), "预测结果": noisy(y), "概率": [0.9 if v == "正面" else 0.1 + i / 1000 for i, v in enumerate(y)]},
         {"text": "文本", "label": "真实标签", "positive": "正面"}, {"predictions": "预测结果", "scores": "概率"}, "zh"),
    File("sorted.csv", lambda: {"feedback": words(ENGLISH), "label": [0] * (ROWS - 20) + [1] * 20, "rating": pick(range(1, 6))},
         {"text": "feedback", "label": "label", "positive": 1}, STAND_IN),
    File("missing_target.csv", lambda: {"remark": words(ENGLISH), "gold_label": pick(("rude", "polite")), "target_person": ["", *pick(("staff", "guests"), rows=ROWS - 1)]},
         {"text": "remark", "label": "gold_label", "positive": None}, STAND_IN),
    File("zips.csv", lambda: {"zip_code": [f"{i % 40:05d}" for i in range(ROWS)], "area": numbers(), "constant": [1] * ROWS, "churn": pick((0, 1))},
         {"features": ["zip_code", "area"], "categorical": ["zip_code"], "label": "churn", "positive": 1}, STAND_IN),
    File("stray.csv", lambda: {"income": [*numbers()[:-2], "unknown", "unknown"], "score_a": [*numbers(8)[:-1], "see note"], "y": pick((0, 1))},
         {"features": ["income", "score_a"], "categorical": ["score_a"], "label": "y", "na": ["unknown"], "positive": 1}, STAND_IN),
    File("komma.scsv", lambda: {"Preis": [f"{value:.2f}".replace(".", ",") for value in numbers()], "Menge": pick(range(1, 90)), "Zielklasse": pick((0, 1))},
         {"features": ["Preis", "Menge"], "decimal": ",", "thousands": None, "label": "Zielklasse", "delimiter": ";", "positive": 1}, STAND_IN),
    File("umsatz.scsv", lambda: {"Umsatz": [f"{value:,.2f}".translate(str.maketrans(".,", ",.")) for value in numbers(1, 1000, 90000)], "Anteil": [f"{value}%" for value in numbers(2)], "wahr": (y := pick(("ja", "nein"))), "Wahrscheinlichkeit": [f"0,{81 if v == 'ja' else 22}{i:03d}" for i, v in enumerate(y)]},
         {"test": "umsatz.csv", "features": ["Umsatz", "Anteil"], "categorical": ["Anteil"], "decimal": ",", "thousands": ".", "label": "wahr", "delimiter": ";", "positive": "ja"}, {"scores": "Wahrscheinlichkeit", "threshold": 0.5}),
    File("sales.csv", lambda: {"revenue": [f"{value:,.0f}" for value in numbers(1, 1000, 90000)], "margin": numbers(2), "won": pick((0, 1))},
         {"features": ["revenue", "margin"], "decimal": None, "thousands": ",", "label": "won", "positive": 1}, STAND_IN),
    File("mixed_signs.csv", lambda: {"a": numbers(1), "b": numbers(2), "c": [f"{value:.1f}".replace(".", ",") for value in numbers(3)], "y": pick((0, 1))},
         {"features": ["a", "b", "c"], "categorical": ["c"], "decimal": None, "label": "y", "positive": 1}, STAND_IN),
    File("typed_texts.parquet", lambda: {"code": [f"{value:.1f}" for value in numbers(1)], "size": numbers(), "kind": pick(("1", "2", "x")), "label": pick(("a", "b"))},
         {"features": ["code", "size", "kind"], "categorical": ["code", "kind"], "label": "label", "positive": None}, STAND_IN),
    File("infinite.csv", lambda: {"ratio": [*numbers()[:-1], "inf"], "huge": [*numbers(9)[:-1], "1e999"], "size": numbers(2), "label": pick((0, 1))},
         {"features": ["size"], "label": "label", "positive": 1}, STAND_IN),
    File("quarters.csv", lambda: {"quarter": pick(("2023-Q1", "2023-Q2", "2023-Q3")), "km": numbers(), "class": pick(("A", "B"))},
         {"time": "quarter", "features": ["km"], "label": "class", "positive": None}, STAND_IN),
    File("photos.parquet", lambda: {"photo": [b"\xff\xd8\xff" + bytes([i]) for i in range(ROWS)], "took": pd.to_timedelta(numbers(), unit="s"), "pages": [[b"\xff\xfe"]] * ROWS, "size": numbers(2), "label": pick((0, 1))},
         {"features": ["size"], "label": "label", "positive": 1, "skip": ["photo", "took", "pages"]}, STAND_IN),
    File("dictionary.parquet", lambda: {"colour": pd.Categorical(pick((10, 20, 30))), "size": numbers(), "sold": pick((False, True))},
         {"features": ["colour", "size"], "categorical": ["colour"], "label": "sold", "positive": "true"}, STAND_IN),
    File("events.parquet", lambda: {"user_id": pick(range(30)), "at": pd.date_range("2024-01-01", periods=ROWS, freq="h"), "tags": [["a", "b"]] * 60 + [["c"]] * 60, "clicks": pick(range(50)), "converted": pick((0, 1))},
         {"unit": "user_id", "time": "at", "features": ["clicks"], "label": "converted", "positive": 1}, STAND_IN),
    File("annotators.csv", lambda: {"text": words(ENGLISH), "annotator_1": (y := pick(("hate", "fine"))), "annotator_2": noisy(y), "label": noisy(y, 8)},
         {"text": "text", "label": "label", "positive": "hate"}, STAND_IN),
    File("titanic.csv", lambda: {"PassengerId": list(range(1, ROWS + 1)), "Survived": pick((0, 1)), "Pclass": pick((1, 2, 3)), "Name": [f"Smith, Mr. John {i} Henry" for i in range(ROWS)], "Sex": pick(("male", "female")), "Age": [*numbers(1, 1, 80, 0)[:-3], "", "", ""], "Fare": numbers(2)},
         {"id": "PassengerId", "label": "Survived", "features": ["Pclass", "Age", "Fare"], "groups": ["Sex"], "positive": 1}, STAND_IN),
    File("iris.psv", lambda: {"sepal length": numbers(1), "petal length": numbers(2), "species": pick(("setosa", "virginica", "versicolor"))},
         {"delimiter": "|", "features": ["sepal length", "petal length"], "label": "species", "positive": None}, STAND_IN),
    File("born.csv", lambda: {"birth_date": dates(), "visit": dates("{day:02d}.{month:02d}.2024"), "bmi": numbers(), "diagnosis": pick(("benign", "malignant"))},
         {"features": ["bmi"], "time": None, "label": "diagnosis", "positive": "malignant"}, STAND_IN),
    File("years.csv", lambda: {"year": pick(range(2015, 2024)), "km": numbers(), "class": pick(("A", "B", "C"))},
         {"time": "year", "features": ["km"], "label": "class", "positive": None}, STAND_IN),
    File("split", {"train.csv": text_file(ENGLISH, "text", "label", SPAM), "test.csv": lambda: {"text": words(ENGLISH, 8), "label": pick(SPAM, 9), "fine_label": pick("ab")}, "dev.csv": text_file(ENGLISH, "text", "label", SPAM)},
         {"train": "train.csv", "test": "test.csv", "path": None, "text": "text", "label": "label", "positive": "spam"}, STAND_IN),
    File("periods", {"reference.csv": lambda: {"amount": numbers(), "fraud": (y := pick((0, 1))), "y_pred": noisy(y)}, "analysis.csv": lambda: {"amount": numbers(9), "y_pred": pick((0, 1))}},
         {"test": "reference.csv", "live": "analysis.csv", "features": ["amount"], "label": "fraud", "positive": 1}, {"predictions": "y_pred"}),
    File("with_live", {"data_train.csv": lambda: {"amount": numbers(), "fraud": pick((0, 1))}, "data_live.csv": lambda: {"amount": numbers(9)}},
         {"path": "data_train.csv", "live": "data_live.csv", "features": ["amount"], "label": "fraud", "positive": 1}, STAND_IN),
)  # fmt: skip


def made(file: File, folder: Path) -> list[str]:
    """Write the files of a case; return their paths."""
    tables = {file.name: file.table} if callable(file.table) else file.table
    for name, table in tables.items():
        write(folder / name, table())
    return [str(folder / name.replace(".scsv", ".csv").replace(".psv", ".csv")) for name in tables]


def begun(folder: Path, *data: str, columns: Sequence[str] | None = None) -> tuple[dict[str, Any], Started]:
    """The spec that `init` writes, as TOML reads it, and what it says; the spec is valid."""
    spec = folder / "audit.toml"
    started = starter(data, spec, columns=columns, fit=False)
    assert read_spec(spec).problems == ()
    return tomllib.loads(spec.read_text(encoding="utf-8")), started


KEYS = ("text", "features", "groups", "unit", "time", "id", "categorical")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_columns_are_what_a_person_would_take_them_for(file: File, tmp_path: Path) -> None:
    """Each setting of the spec is the one that a person would write, and nothing else is named."""
    spec, started = begun(tmp_path, *made(file, tmp_path))
    data, model = spec["data"], spec["model"]
    expected = dict.fromkeys(KEYS) | file.data
    more, skipped = expected.pop("na", []), expected.pop("skip", [])
    assert spec["checks"]["pii"].get("skip", []) == skipped
    if "predictions" in file.model:
        # Saved predictions need no features, and may name them.
        expected.pop("features")
        data.pop("features", None)
    assert {key: data.get(key) for key in expected} == expected
    assert data.get("na_values", [])[7:] == more
    assert {key: model.get(key) for key in file.model} == file.model
    assert spec["audit"]["language"] == file.language
    assert len({column.name for column in started.columns}) == len(started.columns)


def test_there_are_at_least_thirty_files() -> None:
    """The table of files is long enough to say something."""
    assert len(FILES) >= 30


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_written_runs_to_a_decision(file: File, tmp_path: Path) -> None:
    """An audit by the spec as it was written ends with 0, 1 or 3."""
    starter(made(file, tmp_path), tmp_path / "audit.toml")
    assert run(prepare(tmp_path / "audit.toml")).decision.exit_code in (0, 1, 3)
