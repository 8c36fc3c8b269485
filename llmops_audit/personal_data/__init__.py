"""Personal data: a catalogue of kinds, the search for them in texts, and the masking of what was found."""

from llmops_audit.personal_data.finder import Span, find, find_in_array, masked, names_a_kind
from llmops_audit.personal_data.kinds import Confidence, Form, Kind
from llmops_audit.personal_data.masking import mask
from llmops_audit.personal_data.recognisers import KINDS

__all__ = ["KINDS", "Confidence", "Form", "Kind", "Span", "find", "find_in_array", "mask", "masked", "names_a_kind"]
