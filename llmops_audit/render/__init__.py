"""Views of a record. They read the record alone: no data, no model, no check."""

from llmops_audit.render.html import render_html

__all__ = ["render_html"]
