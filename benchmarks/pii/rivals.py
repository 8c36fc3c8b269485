"""Run Presidio's pattern recognisers on texts: a script for an interpreter that has presidio-analyzer and spaCy.

It takes JSON from standard input (``texts``, and ``entities``, or null for all) and gives JSON back: seconds of
processor time, spans by text with Presidio's score, and the release. It imports nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

WARM_UP = 50


def _analyzer():  # type: ignore[no-untyped-def]
    """Return an engine without a model: a blank pipeline, with each word as its lemma, so that context works."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

    # Nothing is fetched: the list of domains that ships with the package is used.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

    @Language.component("words_as_lemmas")
    def words_as_lemmas(doc):  # type: ignore[no-untyped-def]
        for token in doc:
            token.lemma_ = token.lower_
        return doc

    class Blank(SpacyNlpEngine):
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.load()

        def load(self) -> None:
            self.nlp = {"en": spacy.blank("en")}
            self.nlp["en"].add_pipe("words_as_lemmas")

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])


def main() -> None:
    order = json.load(sys.stdin)
    texts, entities = order["texts"], order["entities"]
    engine = _analyzer()
    for text in texts[:WARM_UP]:
        engine.analyze(text, language="en", entities=entities)
    start = time.process_time()
    results = [engine.analyze(text, language="en", entities=entities) for text in texts]
    seconds = time.process_time() - start
    spans = [[[one.start, one.end, one.entity_type, one.score] for one in found] for found in results]
    print(json.dumps({"seconds": seconds, "spans": spans, "version": version("presidio_analyzer")}))


if __name__ == "__main__":
    main()
