"""Sentences in the reader's language.

Gettext style: the English sentence is the key, the catalogue of a language holds its translation.
Catalogues are read from their ``.po`` files, so that no compiled file can go stale.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from string import Formatter

from llmops_audit.errors import AuditError
from llmops_audit.model import Message, Scalar, message

__all__ = [
    "NOTHING",
    "SEPARATOR",
    "SOURCE_LANGUAGE",
    "Translate",
    "languages",
    "read_catalogue",
    "render",
    "translator",
    "word",
]

Translate = Callable[[str], str]

SOURCE_LANGUAGE = "en"

SEPARATOR = message(", ")
"""What stands between the items of a list."""

NOTHING = "–"
"""What stands for a value that is undefined."""

WORDS: dict[str, Message] = {
    "attribute": message("attribute"),
    "wider of DeLong and Newcombe, rows corrected for cross-validation": message(
        "wider of DeLong and Newcombe, rows corrected for cross-validation"
    ),
    "true_negative_rate": message("true negative rate"),
    "mean_score": message("mean score"),
    "calibration_gap": message("calibration gap"),
    "standardized_score_difference": message("standardised score difference"),
    "equalized_odds_ratio": message("equalized odds ratio"),
    "equal_opportunity_difference": message("equal opportunity difference"),
    "predictive_parity_difference": message("predictive parity difference"),
    "accuracy_difference": message("accuracy difference"),
    "roc_auc_difference": message("difference of ROC AUC"),
    "calibration_gap_difference": message("difference of calibration gaps"),
    "worst_group_accuracy": message("accuracy of the worst group"),
    "worst_group_true_positive_rate": message("true positive rate of the worst group"),
    "worst_group_precision": message("precision of the worst group"),
    "worst_group_f1": message("F1 of the worst group"),
    "bias_audit": message("bias audit"),
    "category": message("category"),
    "flip_rate": message("flip rate"),
    "score_shift": message("score shift"),
    "swapped_texts": message("texts that a swap changed"),
    "flips": message("flips"),
    "towards": message("flips to the positive label"),
    "away": message("flips from the positive label"),
    "both": message("texts that name both"),
    "mean_shift": message("mean shift"),
    "lexicon_digest": message("digest of the lexicon"),
    "identity": message("identity"),
    "from": message("from"),
    "to": message("to"),
    "lexicon": message("lexicon"),
    "seed": message("seed"),
    "age": message("age"),
    "disability": message("disability"),
    "ethnicity": message("ethnicity"),
    "gender": message("gender"),
    "names": message("names"),
    "nationality": message("nationality"),
    "orientation": message("orientation"),
    "region": message("region"),
    "religion": message("religion"),
    "old": message("old"),
    "young": message("young"),
    "disabled": message("disabled"),
    "not disabled": message("not disabled"),
    "arab": message("arab"),
    "asian": message("asian"),
    "black": message("black"),
    "hispanic": message("hispanic"),
    "white": message("white"),
    "han": message("han"),
    "hui": message("hui"),
    "mongol": message("mongol"),
    "tibetan": message("tibetan"),
    "uyghur": message("uyghur"),
    "female": message("female"),
    "male": message("male"),
    "transgender": message("transgender"),
    "cisgender": message("cisgender"),
    "american": message("american"),
    "british": message("british"),
    "chinese": message("chinese"),
    "french": message("french"),
    "german": message("german"),
    "indian": message("indian"),
    "japanese": message("japanese"),
    "korean": message("korean"),
    "mexican": message("mexican"),
    "russian": message("russian"),
    "bisexual": message("bisexual"),
    "gay": message("gay"),
    "straight": message("straight"),
    "beijing": message("beijing"),
    "guangdong": message("guangdong"),
    "henan": message("henan"),
    "northeast": message("northeast"),
    "shandong": message("shandong"),
    "shanghai": message("shanghai"),
    "sichuan": message("sichuan"),
    "xinjiang": message("xinjiang"),
    "local": message("local"),
    "outsider": message("outsider"),
    "north": message("north"),
    "south": message("south"),
    "rural": message("rural"),
    "urban": message("urban"),
    "atheist": message("atheist"),
    "buddhist": message("buddhist"),
    "christian": message("christian"),
    "hindu": message("hindu"),
    "jewish": message("jewish"),
    "muslim": message("muslim"),
    "accuracy": message("accuracy"),
    "balanced_accuracy": message("balanced accuracy"),
    "precision": message("precision"),
    "recall": message("recall"),
    "f1": message("F1"),
    "mcc": message("Matthews correlation"),
    "matthews": message("Matthews correlation"),
    "cohen_kappa": message("Cohen's kappa"),
    "micro_f1": message("micro F1"),
    "roc_auc": message("ROC AUC"),
    "average_precision": message("average precision"),
    "train_test_gap": message("gap between training and test accuracy"),
    "lift": message("lift over the rule on one feature"),
    "expected_calibration_error": message("expected calibration error"),
    "brier_score": message("Brier score"),
    "probabilities": message("probabilities"),
    "limits": message("limits"),
    "scored_rows": message("rows with scores"),
    "scored_labels": message("labels with scores"),
    "regression": message("comparison with the release before"),
    "baseline_record": message("record of the release before"),
    "macro_precision": message("macro precision"),
    "macro_recall": message("macro recall"),
    "recognised_labels": message("labels recognised"),
    "macro_f1": message("macro F1"),
    "selection_rate": message("selection rate"),
    "true_positive_rate": message("true positive rate"),
    "false_positive_rate": message("false positive rate"),
    "false_negative_rate": message("false negative rate"),
    "selection_rate_difference": message("selection rate difference"),
    "selection_rate_ratio": message("selection rate ratio"),
    "demographic_parity_difference": message("demographic parity difference"),
    "demographic_parity_ratio": message("demographic parity ratio"),
    "equalized_odds_difference": message("equalized odds difference"),
    "jensen_shannon_effect": message("Jensen-Shannon effect"),
    "characters": message("characters"),
    "words": message("words"),
    "share of digits": message("share of digits"),
    "share of capitals": message("share of capitals"),
    "share of other signs": message("share of other signs"),
    "missing": message("missing"),
    "feature": message("feature"),
    "reading": message("reading"),
    "training": message("training"),
    "predicting out-of-fold": message("predicting out-of-fold"),
    "gathering evidence": message("gathering evidence"),
    "computing digests": message("computing digests"),
    "running checks": message("running checks"),
    "personal_data": message("personal data"),
    "rows_with_personal_data": message("rows with personal data"),
    "rate_of_personal_data": message("rows with personal data per 1,000"),
    "email": message("e-mail address"),
    "phone": message("telephone number"),
    "ip_address": message("IP address"),
    "payment_card": message("payment card number"),
    "iban": message("bank account number (IBAN)"),
    "us_ssn": message("US social security number"),
    "cn_resident_id": message("Chinese resident identity number"),
    "rows": message("rows"),
    "groups": message("groups"),
    "group_rows": message("rows of a group"),
    "train": message("train"),
    "test": message("test"),
    "live": message("live"),
    "split": message("split"),
    "label": message("label"),
    "column": message("column"),
    "group": message("group"),
    "kind": message("kind"),
    "against": message("against"),
    "chance": message("chance"),
    "reference": message("reference"),
    "compared_with": message("compared with"),
    "binning_error": message("error by bins, at most"),
    "plug_in": message("as observed"),
    "before": message("the release before"),
    "now": message("this release"),
    "lost": message("rows lost"),
    "won": message("rows won"),
    "same_rows": message("same test rows"),
    "digest": message("digest"),
    "name": message("name"),
    "version": message("version"),
    "rate": message("rate"),
    "distance": message("distance"),
    "mean_under_permutation": message("mean under permutation"),
    "census": message("census"),
    "Clopper-Pearson": message("Clopper-Pearson"),
    "wider of bootstrap and Dirichlet posterior": message("wider of bootstrap and Dirichlet posterior"),
    "permutation test (Holm), bootstrap standard error": message("permutation test (Holm), bootstrap standard error"),
    "Miettinen-Nurminen score": message("Miettinen-Nurminen score"),
    "Newcombe": message("Newcombe"),
    "Tango score": message("Tango score"),
    "wider of DeLong and Newcombe": message("wider of DeLong and Newcombe"),
    "wider of logit and Clopper-Pearson": message("wider of logit and Clopper-Pearson"),
    "wider of paired bootstrap and Dirichlet posterior": message("wider of paired bootstrap and Dirichlet posterior"),
    "square-and-add of both intervals": message("square-and-add of both intervals"),
    "bias-corrected, conservative normal": message("bias-corrected, conservative normal"),
    "score interval of a mean": message("score interval of a mean"),
    "misses under guessing (Bonferroni)": message("misses under guessing (Bonferroni)"),
    "estimator": message("estimator trained here"),
    "factory": message("classifier made by a factory and trained here"),
    "predictions": message("saved predictions"),
    "passed": message("passed"),
    "failed": message("failed"),
    "inconclusive": message("inconclusive"),
    "not_applicable": message("not applicable"),
    "error": message("error"),
    "critical": message("critical"),
    "high": message("high"),
    "medium": message("medium"),
    "low": message("low"),
    "approved": message("Approved"),
    "rejected": message("Rejected"),
    "needs_review": message("Needs review"),
    "not_judged": message("Not judged"),
}
"""The field's names and the harness's own words, by their keys in the record."""

WORD_PLACES = frozenset({"metric", "severity", "split", "splits", "status", "verdict"})
"""Places of a message whose values are keys of `WORDS`, not data."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBER_SPEC = re.compile(r"\+?,?(?:\.[0-9]{1,2})?[%defg]?\Z")
_DIGITS = 6


def languages() -> tuple[str, ...]:
    """Return the languages that a report can be written in, sorted."""
    folders = (folder.name for folder in resources.files("llmops_audit.locale").iterdir() if folder.is_dir())
    return tuple(sorted({SOURCE_LANGUAGE, *(name for name in folders if _catalogue_file(name).is_file())}))


def read_catalogue(language: str) -> dict[str, str]:
    """Return the catalogue of a language: English sentence -> translation, empty where it has none yet."""
    from babel.messages.pofile import read_po

    with _catalogue_file(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {entry.id: str(entry.string) for entry in catalogue if isinstance(entry.id, str) and entry.id}


def translator(language: str) -> Translate:
    """Return the function that translates an English sentence.

    A sentence that the catalogue lacks, such as one of a plug-in's own, stays English.

    Raises
    ------
    AuditError
        Where there is no catalogue of the language.
    """
    if language not in languages():
        raise AuditError("language", "is not available", f"one of {', '.join(languages())}", repr(language))
    if language == SOURCE_LANGUAGE:
        return str
    catalogue = _cached_catalogue(language)
    return lambda text: catalogue.get(text) or text


def render(message: Message, translate: Translate) -> str:
    """Write a message in the language of `translate`.

    Only plain places (``{rows}``) and simple number formats (``{share:.1%}``, ``{x:.3f}``, ``{rows:,}``) are
    filled, so that a message can reach into nothing. A message that asks for more, or lacks a value, is shown
    as its id: a report never fails on a sentence.
    """
    try:
        return _fill(translate(message.id), message.values, translate)
    except (KeyError, TypeError, ValueError):
        return message.id


def word(key: str, translate: Translate) -> str:
    """Return the field's name for a key of the record; an unknown key is shown with its underscores opened."""
    known = WORDS.get(key)
    return key.replace("_", " ") if known is None else translate(known.id)


def _fill(text: str, values: Mapping[str, Scalar | tuple[Scalar, ...] | Message], translate: Translate) -> str:
    parts: list[str] = []
    for literal, name, spec, conversion in Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if conversion or not _NAME.match(name) or not _NUMBER_SPEC.match(spec or ""):
            raise ValueError(name)
        value = values[name]
        if isinstance(value, Message):
            parts.append(render(value, translate))
            continue
        items = value if isinstance(value, tuple) else (value,)
        if name in WORD_PLACES:
            items = tuple(word(item, translate) if isinstance(item, str) else item for item in items)
        parts.append(translate(SEPARATOR.id).join(_written(item, spec or "", translate) for item in items))
    return "".join(parts)


def _written(value: Scalar, spec: str, translate: Translate) -> str:
    # The catalogue's sentences are found by the name `_`.
    _ = translate
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if spec:
        return format(value, spec)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, f".{_DIGITS}g")
    return str(value)


def _catalogue_file(language: str) -> Traversable:
    return resources.files("llmops_audit.locale").joinpath(language, "LC_MESSAGES", "llmops_audit.po")


@cache
def _cached_catalogue(language: str) -> dict[str, str]:
    return read_catalogue(language)
