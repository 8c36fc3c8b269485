"""What kinds of personal data, confidence and details of findings are called."""

from __future__ import annotations

from llmops_audit.analysis import unsearched
from llmops_audit.personal_data import KINDS
from llmops_audit.record import Message, message, values_at

__all__ = ["CONFIDENCE", "UNSEARCHED", "WORDS"]

CONFIDENCE: dict[str, Message] = {
    "confirmed": message("confirmed"),
    "likely": message("likely"),
    "suspected": message("suspected"),
}
"""Confidence of a hit."""

UNSEARCHED: dict[str, Message] = {
    "names": message("names"),
    "postal_addresses": message("postal addresses"),
    "descriptions_of_persons": message("descriptions of persons"),
    "numbers_in_words": message("numbers written in words"),
    "images": message("images"),
}
"""What the search has no rule for."""

WORDS: dict[str, Message] = {
    **values_at({name: kind.title for name, kind in KINDS.items()}, "kind", "kinds"),
    **values_at({"identifying": message("identifying")}, "kinds"),
    **values_at(CONFIDENCE, "confidence"),
    **values_at(UNSEARCHED, "kinds", "not_searched_for"),
    **unsearched.WORDS,
    "personal_data": message("personal data"),
    "personal_data_rows": message("rows with personal data"),
    "personal_data_rate": message("rows with personal data per 1,000"),
    "personal_data_overlap": message("personal values that training rows share with this split"),
    "personal_data_in_model": message("personal data in the model"),
    "model_texts": message("texts in the model"),
    "unread_attributes": message("attributes that could not be searched"),
    "max_values_compared": message("most values that are compared"),
    "not_searched_for": message("not searched for"),
    "false_alarms": message("flagged of 100,000 texts in which none was expected"),
    "false_alarms_at_most": message("flagged of 100,000 such texts, at most (95 %)"),
    "kind": message("kind"),
    "kinds": message("kinds"),
    "confidence": message("confidence"),
}
"""All that findings and tables of the check name."""
