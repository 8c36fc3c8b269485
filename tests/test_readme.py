"""The README is generated or compared: what it shows is what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmops_audit.check.registry import HARNESS_KEYS, provided
from llmops_audit.render.formats import known
from llmops_audit.spec import Spec, as_json

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def _printed(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "llmops_audit", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "110", "NO_COLOR": "1"},
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def _screen(folder: Path) -> str:
    text = _printed("run", "examples/tutorial/audit.toml", "--output", str(folder))
    return re.sub(r"Report:.*", "Report: reports/tutorial-1.0.0/report.html", text, flags=re.DOTALL)


def _help() -> str:
    commands = [[], ["run"], ["init"], ["render"], ["pii"], ["checks"], ["frameworks"], ["schema"]]
    return "\n\n".join(f"$ llmops-audit {' '.join([*c, '--help'])}\n{_printed(*c, '--help')}" for c in commands)


def _checks() -> str:
    rows = [f"| `{name}` | {found.check.page.title.partition(': ')[2]} |" for name, found in provided().items()]
    return "\n".join(["| check | question |", "|---|---|", *rows])


_WRITTEN = {
    "default": "by default",
    "format": "with `--format {id}`",
    "page": "by `render --page {id}`",
}


def _formats() -> str:
    rows = [
        f"| `{format.file}` | `{format.id}` | {_WRITTEN[format.written].format(id=format.id)} | {format.summary} |"
        for format in sorted(known().values(), key=lambda format: list(_WRITTEN).index(format.written))
    ]
    return "\n".join(["| file | format | written | what it is |", "|---|---|---|---|", *rows])


SECTIONS: dict[str, Callable[[Path], str]] = {
    "screen": lambda folder: f"```console\n$ llmops-audit run examples/tutorial/audit.toml\n{_screen(folder)}\n```",
    "checks": lambda _: _checks(),
    "formats": lambda _: _formats(),
    "help": lambda _: f"```console\n{_help()}\n```",
}
"""What each generated section of the README must hold; an audit writes into the folder."""


def _shown(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"the README has no section {name}"
    return found[1]


@pytest.mark.parametrize("name", SECTIONS)
def test_generated_sections_are_fresh(name: str, tmp_path: Path) -> None:
    """The screen, both tables and the help are what the program says and knows (`make readme` renews them)."""
    assert _shown(name) == SECTIONS[name](tmp_path / "out")


def test_the_spec_in_the_readme_is_valid() -> None:
    """The spec that is explained line by line is accepted, and its checks take their settings."""
    raw = tomllib.loads(_shown("spec").removeprefix("```toml\n").removesuffix("```"))
    Spec.model_validate_json(as_json(raw))
    for name, settings in raw["checks"].items():
        own = {key: value for key, value in settings.items() if key not in HARNESS_KEYS}
        provided()[name].check.validate(as_json(own))


def test_the_python_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example audits, approves, and writes a report."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(_shown("python").removeprefix("```python\n").removesuffix("```"), names)
    assert names["record"].approved
    assert (tmp_path / "report.html").read_bytes() == names["render_record"](names["record"], "html")


def test_what_the_readme_links_to_is_there() -> None:
    """Every relative link and picture of the README exists."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def renew() -> None:
    """Write the generated sections into the README."""
    import tempfile

    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, section in SECTIONS.items():
            content = section(Path(folder) / "out")
            text = re.sub(
                rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
                lambda found, new=content: f"{found[1]}{new}\n{found[2]}",
                text,
                flags=re.DOTALL,
            )
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
