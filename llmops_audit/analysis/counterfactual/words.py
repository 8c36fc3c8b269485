"""What attributes, groups and details of findings are called."""

from __future__ import annotations

from llmops_audit.record import Message, message, values_at

__all__ = ["ATTRIBUTES", "GROUPS", "WORDS"]

ATTRIBUTES: dict[str, Message] = {
    "age": message("age"),
    "disability": message("disability"),
    "ethnicity": message("ethnicity"),
    "gender": message("gender"),
    "names": message("names"),
    "nationality": message("nationality"),
    "orientation": message("orientation"),
    "region": message("region"),
    "religion": message("religion"),
}
"""Attributes that the lexicons name."""

GROUPS: dict[str, Message] = {
    "old": message("old"),
    "young": message("young"),
    "disabled": message("disabled"),
    "not disabled": message("not disabled"),
    "arab": message("Arab"),
    "asian": message("Asian"),
    "black": message("Black"),
    "hispanic": message("Hispanic"),
    "white": message("White"),
    "han": message("Han"),
    "hui": message("Hui"),
    "mongol": message("Mongol"),
    "tibetan": message("Tibetan"),
    "uyghur": message("Uyghur"),
    "female": message("women"),
    "male": message("men"),
    "transgender": message("transgender"),
    "cisgender": message("cisgender"),
    "american": message("American"),
    "british": message("British"),
    "chinese": message("Chinese"),
    "foreign": message("foreign"),
    "french": message("French"),
    "german": message("German"),
    "indian": message("Indian"),
    "japanese": message("Japanese"),
    "korean": message("Korean"),
    "mexican": message("Mexican"),
    "russian": message("Russian"),
    "bisexual": message("bisexual"),
    "gay": message("gay"),
    "straight": message("straight"),
    "beijing": message("Beijing"),
    "guangdong": message("Guangdong"),
    "henan": message("Henan"),
    "northeast": message("northeast"),
    "shandong": message("Shandong"),
    "shanghai": message("Shanghai"),
    "sichuan": message("Sichuan"),
    "xinjiang": message("Xinjiang"),
    "local": message("local"),
    "outsider": message("outsider"),
    "north": message("north"),
    "south": message("south"),
    "rural": message("rural"),
    "urban": message("urban"),
    "atheist": message("atheist"),
    "buddhist": message("Buddhist"),
    "christian": message("Christian"),
    "hindu": message("Hindu"),
    "jewish": message("Jewish"),
    "muslim": message("Muslim"),
}
"""Groups of these attributes."""

WORDS: dict[str, Message] = {
    **values_at(ATTRIBUTES, "identity"),
    **values_at(GROUPS, "from", "to", "identities"),
    "flip_rate": message("flip rate"),
    "score_shift": message("score shift"),
    "swapped_texts": message("texts that a swap changed"),
    "small_pairs": message("pairs of groups with few texts"),
    "flips": message("flips"),
    "towards": message("flips to the positive label"),
    "away": message("flips from the positive label"),
    "both": message("texts that name both"),
    "mean_shift": message("mean shift"),
    "pairs": message("pairs of groups"),
    "lexicon": message("lexicon"),
    "lexicon_digest": message("digest of the lexicon"),
    "seed": message("seed"),
    "identity": message("identity"),
    "from": message("from"),
    "to": message("to"),
}
"""All that findings and tables of the check name."""
