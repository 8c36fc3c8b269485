"""Personal data: a catalogue of kinds, finding them in texts, and masking what was found."""

from llmops_audit.personal_data.catalogue import KINDS
from llmops_audit.personal_data.finder import CANDIDATE, Span, find
from llmops_audit.personal_data.kinds import Confidence, Form, Kind
from llmops_audit.personal_data.masking import mask

__all__ = ["CANDIDATE", "KINDS", "Confidence", "Form", "Kind", "Span", "find", "mask"]
