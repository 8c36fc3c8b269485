"""Identity terms (she, he; 她, 他; …): lexicons, finding them in texts, and exchanging those of two groups.

Lexicons are the files ``*.toml`` beside this one; `llmops_audit.identity_terms.files` says how they are read.
"""

from llmops_audit.identity_terms.finding import Mention
from llmops_audit.identity_terms.lexicon import Attribute, Lexicon, Swap
from llmops_audit.identity_terms.swapping import Swapped

__all__ = ["Attribute", "Lexicon", "Mention", "Swap", "Swapped"]
