"""The command line: the only module that prints and exits."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_audit.cli import NEEDS_REVIEW, NOT_JUDGED
from llmops_audit.cli.checks import PageLanguage, checks_app
from llmops_audit.cli.options import DEFAULT, Formats, Page, Root, formats_of, page_of, root_of
from llmops_audit.errors import AuditError
from llmops_audit.errors.redaction import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from llmops_audit.errors import Problem
    from llmops_audit.record import Record

__all__ = ["app", "run_command"]

app = typer.Typer(
    name="llmops-audit",
    help="Decides whether a classifier may ship: audits it, writes a report, and ends with the gate's exit code.",
    epilog="Exit codes: 0 approved, 1 rejected, 2 not judged (an error), 3 needs review.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(checks_app, name="checks")

frameworks_app = typer.Typer(
    help="The laws, standards and guides that a report can be read against.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(frameworks_app, name="frameworks")

MAX_SUMMARY = 1024 * 1024
"""Bytes of a job's summary beyond which GitHub drops all of it."""

SpecPath = Annotated[Path, typer.Argument(metavar="[audit.toml]", help="The spec.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where the output goes; by default reports/NAME-VERSION."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"llmops-audit {version('llmops-audit')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    spec: SpecPath = Path("audit.toml"),
    output: Output = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Processes that read and count.")] = 1,
    format: Formats = DEFAULT,
    root: Root = None,
) -> None:
    """Audit a classifier and end with the gate's exit code."""
    from llmops_audit.audit import Clock, audited, prepare
    from llmops_audit.record.canonical import canonical
    from llmops_audit.record.folder import prepare as prepare_output
    from llmops_audit.record.folder import write
    from llmops_audit.render.formats import file_names, known, require

    formats, root = formats_of(format), root_of(root, spec)
    require(formats)
    prepared = prepare(spec)
    folder = output or Path("reports") / f"{prepared.spec.audit.name}-{prepared.spec.audit.version}"
    prepare_output(folder, file_names())
    progress = _console(stderr=True)
    with progress.status("starting") as status:
        clock = Clock(lambda stage: status.update(stage))
        found = audited(prepared, jobs=jobs, clock=clock, reports=folder.parent)
        record = found.record
        status.update("report")
        reports, problems = _rendered_each(record, formats, root)
        write(folder, {"record.json": canonical(record), **found.files, **reports}, file_names())
        _summarise(record, root)
    if problems:
        missing = [known()[id].file for id in formats if known()[id].file not in reports]
        _say_what_is_missing(folder, ["record.json", *found.files, *reports], missing)
        raise AuditError.of(problems)
    # Who reads the screen may have gone away; the decision stands.
    with suppress(BrokenPipeError, SystemExit):
        _show(record, folder, tuple(reports) or ("record.json",), root)
    raise typer.Exit(record.decision.exit_code)


@app.command()
def init(
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="More files.", show_default=False)
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Data to write the spec for: one file, or a file for each split, named like train.csv and test.csv, "
            "or given as train=FILE, test=FILE, live=FILE.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")] = Path("audit.toml"),
    columns: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Names of all columns, of files without a header.")
    ] = None,
    fit: Annotated[bool, typer.Option(help="Cross-validate the training rows, to propose minima.")] = True,
) -> None:
    """Write a commented audit.toml that already runs."""
    from llmops_audit.cli.init import starter
    from llmops_audit.cli.screen import columns_table

    names = None if columns is None else [name.strip() for name in columns.split(",")]
    with _console(stderr=True).status("reading"):
        started = starter([*(data or ()), *(more or ())], output, columns=names, fit=fit)
    console = _console()
    if started.columns:
        console.print(columns_table(started.columns))
    for note in started.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    for path in started.files:
        console.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"next: llmops-audit run {output}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def render(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A record.json, or the folder that holds it.")],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the report goes; by default beside the record."),
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="en|zh", help="Language; by default the record's.")] = None,
    format: Formats = DEFAULT,
    page: Page = None,
    root: Root = None,
) -> None:
    """Render the files of a record again, without the data."""
    from llmops_audit.record.canonical import content_of, parse
    from llmops_audit.record.folder import of_record, write
    from llmops_audit.render.formats import file_names

    formats, root = formats_of(format) if page is None else (page_of(page),), root_of(root)
    path = record / "record.json" if record.is_dir() else record
    content = content_of(path, str(path))
    found = parse(content, str(path))
    folder = output or path.parent
    files = _rendered(found, formats, language, root)
    # They join the files that the folder holds of the same record.
    write(folder, {**of_record(folder, content, file_names()), "record.json": content, **files}, file_names())
    for name in files:
        _console().print(f"wrote {folder / name}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def overview(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with reports under it.")],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")] = Path("overview.html"),
    language: PageLanguage = "en",
) -> None:
    """Show all records under a folder on one page.

    Systems with their versions and decisions over time, key numbers with intervals and limits, and limits that changed.
    Records that cannot be read are named on the page. Exit code 2 where none can be read.
    """
    from llmops_audit.cli.overview_file import write_overview

    found = write_overview(folder, output, language)
    for one in found.unreadable:
        typer.echo(f"warning: {printable(one.place)}: {printable(one.why)}", err=True)
    _console().print(f"wrote {output}: {len(found.records)} records", highlight=False, markup=False, soft_wrap=True)


@app.command()
def pii(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, and folders with all below them.")],
    format: Annotated[
        str,
        typer.Option(metavar="text|jsonl|hashes", help="A line for each hit; hashes: the lines of an allow-list."),
    ] = "text",
    allow_list: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of salted hashes of values to leave out.")
    ] = None,
    encoding: Annotated[str, typer.Option(metavar="NAME", help="Encoding of text files.")] = "utf-8",
    skip: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column that need not be searched where it holds no text; repeatable."),
    ] = None,
) -> None:
    """Find personal data in files: the output says where it is, not what it is.

    Files that an audit can read, such as CSV and Parquet, are searched by cell, any other text by line. Row 0 is the
    header. In folders, hidden folders, binary files and links are skipped.

    Exit codes: 0 no confirmed or likely hit (suspected hits are shown), 1 at least one, 2 a path could not be read,
    whatever was found in the others, 3 no hit, but a column could not be searched: it holds images, durations or the
    like, and --skip does not name it.
    """
    from collections import Counter

    from llmops_audit.cli.pii import Counted, UnsearchedColumn, scan_files, settings_of, summary, written
    from llmops_audit.errors import Problem
    from llmops_audit.personal_data import Confidence

    counts: Counter[Confidence | Counted | type[UnsearchedColumn]] = Counter()
    entries: set[str] = set()
    failed = unread = False
    for event in scan_files(paths, settings_of(format, allow_list, encoding, skip or ())):
        if isinstance(event, Counted):
            counts[event] += 1
        elif isinstance(event, UnsearchedColumn):
            counts[UnsearchedColumn] += 1
            unread = unread or not event.skipped
            # In JSON Lines it is a line like others; in text and in an allow-list it stands beside the hits.
            typer.echo(written(event, format), err=format != "jsonl")
        elif isinstance(event, Problem):
            failed = True
            typer.echo(f"error: {printable(str(event))}", err=True)
        else:
            counts[event.confidence] += 1
            # An allow-list names each value once.
            if not event.entry or event.entry not in entries:
                entries.add(event.entry)
                typer.echo(written(event, format))
    typer.echo(summary(counts), err=True)
    found = counts[Confidence.CONFIRMED] + counts[Confidence.LIKELY] > 0
    raise typer.Exit(NOT_JUDGED if failed else int(found) or (NEEDS_REVIEW if unread else 0))


@app.command()
def schema(what: Annotated[str, typer.Argument(metavar="spec|record", help="Which schema.")]) -> None:
    """Print the JSON Schema of the spec or of the record."""
    import json

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode

    from llmops_audit.record import Record
    from llmops_audit.spec import Spec

    models: dict[str, type[BaseModel]] = {"spec": Spec, "record": Record}
    if what not in models:
        raise AuditError("schema", "unknown schema", f"one of {', '.join(models)}", repr(what))
    mode: JsonSchemaMode = "validation" if what == "spec" else "serialization"
    typer.echo(json.dumps(models[what].model_json_schema(mode=mode), indent=2, ensure_ascii=False))


@frameworks_app.command("list")
def list_frameworks(language: PageLanguage = "en") -> None:
    """List the frameworks: id, date from which it applies, title."""
    from llmops_audit.cli.screen import framework_line
    from llmops_audit.record.frameworks import known

    for one in known().values():
        typer.echo(framework_line(one, language))


@frameworks_app.command("show")
def show_framework(
    id: Annotated[str, typer.Argument(metavar="ID", help="A framework.")],
    language: PageLanguage = "en",
) -> None:
    """Show the clauses of a framework, and what of an audit answers each."""
    from llmops_audit.cli.screen import framework_page
    from llmops_audit.record.frameworks import framework

    typer.echo(framework_page(framework(id), language))


def _rendered(record: Record, formats: tuple[str, ...], language: str | None, root: str) -> dict[str, bytes]:
    from llmops_audit.render.formats import render_files

    return render_files(record, formats, language=language, root=root)


def _rendered_each(record: Record, formats: tuple[str, ...], root: str) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Return the files that could be rendered, and what was wrong with the others: no audit is lost by a print."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for format in formats:
        try:
            files |= _rendered(record, (format,), None, root)
        except AuditError as error:
            problems += error.problems
    return files, tuple(problems)


def _say_what_is_missing(folder: Path, written: Sequence[str], missing: Sequence[str]) -> None:
    names = f"{', '.join(written)}; not written: {', '.join(missing)}"
    typer.echo(f"wrote {printable(str(folder))}: {names}", err=True)
    typer.echo(f"Tip: llmops-audit render {printable(str(folder))} writes the rest, without the data.", err=True)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr)


def _summarise(record: Record, root: str) -> None:
    """Append the summary to GitHub's summary of the job; what goes wrong there changes no decision."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    from llmops_audit.record.folder import append
    from llmops_audit.render.formats import markdown

    language = record.audit.language
    texts = (markdown.render(record, language=language, root=root), markdown.brief(record, language))
    try:
        append(Path(file), texts, MAX_SUMMARY)
    except AuditError as error:
        typer.echo(f"warning: {error}", err=True)


def _show(record: Record, folder: Path, reports: tuple[str, ...], root: str) -> None:
    from llmops_audit.cli.run_screen import run_screen

    console = _console()
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    # What a record quotes may look like a command to the workflow that reads the screen.
    token = secrets.token_hex()
    if on_github:
        typer.echo(f"::stop-commands::{token}")
    for part in run_screen(record, folder, reports):
        console.print(part, soft_wrap=part.no_wrap)
    if on_github:
        from llmops_audit.render.github import workflow_commands

        commands = workflow_commands(record, language=record.audit.language, root=root)
        typer.echo("\n".join((f"::{token}::", *commands)))


# The library's own errors of usage share this base, wherever a version of it keeps the class.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def run_command() -> int:
    """Run the command line and return the exit code; whatever goes wrong is 2, never 1, which is a verdict."""
    try:
        code: int = app(standalone_mode=False, prog_name="llmops-audit") or 0
        return code
    except AuditError as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {printable(line)}", err=True)
    except _UsageError as error:
        error.show()  # type: ignore[attr-defined]
    except (typer.Abort, SystemExit):
        typer.echo("error: stopped before there was a decision", err=True)
    except Exception as error:  # noqa: BLE001 - the last boundary: an unforeseen failure is never a verdict
        from llmops_audit.errors.redaction import safe_text

        typer.echo(f"error: llmops-audit failed: {safe_text(error)}", err=True)
        typer.echo("Tip: please report this, with the spec and without the data.", err=True)
    return NOT_JUDGED
