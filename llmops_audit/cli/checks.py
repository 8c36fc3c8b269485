"""`llmops-audit checks`: what is installed, and a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["PageLanguage", "checks_app"]

checks_app = typer.Typer(
    help="The checks that are installed, their pages, and new ones.", no_args_is_help=True, rich_markup_mode=None
)

PageLanguage = Annotated[str, typer.Option(metavar="en|zh", help="Language.")]


@checks_app.command("list")
def list_checks() -> None:
    """List the checks that are installed."""
    from llmops_audit.check.registry import provided

    for name, found in provided().items():
        typer.echo(f"{name:<14} {found.check.page.title}  [{found.distribution} {found.version}]")


@checks_app.command("show")
def show_check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A check.")], language: PageLanguage = "en"
) -> None:
    """Show the page of a check, and its settings with their defaults."""
    from llmops_audit.check.registry import provided
    from llmops_audit.cli.screen import check_page
    from llmops_audit.errors import PluginError

    known = provided()
    if name not in known:
        raise PluginError(f"check '{name}'", "is not installed", f"one of {', '.join(known)}")
    typer.echo(check_page(name, known[name].check, language))


@checks_app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the check, such as text_length.")],
    folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of your own checks; by default audit_checks, which is made."),
    ] = None,
) -> None:
    """Write a check to start from, with its page and its test.

    It works as it is: it limits the share of missing values in each column. Change it from there. In the source tree of
    llmops-audit, without --folder, it becomes a check of the project itself.
    """
    from llmops_audit.cli.new_check import new_check

    written = new_check(name, folder)
    for path in (written.module, written.test):
        typer.echo(f"wrote {path}")
    for path, sentences in written.catalogues.items():
        typer.echo(f"wrote {path}: {sentences} sentences have no translation yet")
    if written.catalogues:
        typer.echo("next: change the check, fill in the translations (a test names what is missing), make readme")
    else:
        place = written.module.parent.as_posix()
        typer.echo(f'next: in the spec, plugins = ["{place}/"] (a path relative to the spec) and [checks.{name}]')
    typer.echo(f"test: python -m pytest {written.test}")
