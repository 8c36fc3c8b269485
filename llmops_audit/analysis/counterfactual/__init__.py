"""Identity terms (she, he; 她, 他; …): lexicons, mentions in texts, and swaps between groups.

Lexicons are the files ``*.toml`` beside this one; `llmops_audit.analysis.counterfactual.lexicon_files` describes their
format.
"""

from llmops_audit.analysis.counterfactual.lexicon import IdentityAttribute, Lexicon, Swap
from llmops_audit.analysis.counterfactual.mentions import Mention
from llmops_audit.analysis.counterfactual.swapping import SwappedText

__all__ = ["IdentityAttribute", "Lexicon", "Mention", "Swap", "SwappedText"]
