"""Identity terms (she, he; 她, 他; …): lexicons, finding them in texts, and exchanging those of two groups.

Lexicons are the files ``*.toml`` beside this one; `llmops_audit.analysis.counterfactual.lexicon_files` says how they
are read.
"""

from llmops_audit.analysis.counterfactual.finding import Mention
from llmops_audit.analysis.counterfactual.lexicon import Attribute, Lexicon, Swap
from llmops_audit.analysis.counterfactual.swapping import Swapped

__all__ = ["Attribute", "Lexicon", "Mention", "Swap", "Swapped"]
