"""Personal data: a catalogue of kinds, finding them in texts, and masking what was found."""

from llmops_audit.personal_data.finder import Span, find, names_a_kind, scan
from llmops_audit.personal_data.kinds import Confidence, Form, Kind
from llmops_audit.personal_data.known_kinds import KINDS
from llmops_audit.personal_data.masking import mask

__all__ = ["KINDS", "Confidence", "Form", "Kind", "Span", "find", "mask", "names_a_kind", "scan"]
