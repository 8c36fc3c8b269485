"""Views of a record. They read the record alone: no data, no model, no check."""

from llmops_audit.render.html import render_html
from llmops_audit.render.ll144 import bias_audit_of, render_ll144

__all__ = ["bias_audit_of", "render_html", "render_ll144"]
