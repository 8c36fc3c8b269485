"""How intervals and p-values were computed, by the name that a finding gives."""

from __future__ import annotations

from llmops_audit.record import Message, message

__all__ = ["METHODS"]

METHODS: dict[str, Message] = {
    "census": message("census"),
    "Clopper-Pearson": message("Clopper-Pearson"),
    "melded Clopper-Pearson intervals": message("melded Clopper-Pearson intervals"),
    "Tango score": message("Tango score"),
    "square-and-add of both intervals": message("square-and-add of both intervals"),
    "score interval of a mean": message("score interval of a mean"),
    "bias-corrected, conservative normal": message("bias-corrected, conservative normal"),
    "misses under guessing (Bonferroni)": message("misses under guessing (Bonferroni)"),
    "wider of DeLong and Newcombe": message("wider of DeLong and Newcombe"),
    "wider of DeLong and Newcombe, rows corrected for cross-validation": message(
        "wider of DeLong and Newcombe, rows corrected for cross-validation"
    ),
    "wider of logit and Clopper-Pearson": message("wider of logit and Clopper-Pearson"),
    "wider of bootstrap and Dirichlet posterior": message("wider of bootstrap and Dirichlet posterior"),
    "wider of paired bootstrap and Dirichlet posterior": message("wider of paired bootstrap and Dirichlet posterior"),
}
