"""Views of a record. They read the record alone: no data, no model, no check."""

from llmops_audit.render.csv_file import render_csv
from llmops_audit.render.formats import page, rendered
from llmops_audit.render.github import workflow_commands
from llmops_audit.render.gitlab import render_gitlab
from llmops_audit.render.html import render_html
from llmops_audit.render.junit import render_junit
from llmops_audit.render.ll144 import bias_audit_of, render_ll144
from llmops_audit.render.markdown import render_brief, render_markdown
from llmops_audit.render.sarif import render_github_sarif, render_sarif

__all__ = [
    "bias_audit_of",
    "page",
    "render_brief",
    "render_csv",
    "render_github_sarif",
    "render_gitlab",
    "render_html",
    "render_junit",
    "render_ll144",
    "render_markdown",
    "render_sarif",
    "rendered",
    "workflow_commands",
]
