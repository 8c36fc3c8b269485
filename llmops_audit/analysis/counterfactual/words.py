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
    "female": message("women"),
    "male": message("men"),
    "transgender": message("transgender"),
    "cisgender": message("cisgender"),
    "american": message("american"),
    "british": message("british"),
    "chinese": message("chinese"),
    "foreign": message("foreign"),
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
