"""The command line: the only package that prints and exits."""

from llmops_audit.cli.commands import app, main

__all__ = ["app", "main"]
