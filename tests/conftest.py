"""Settings and fixtures that all tests share."""

from __future__ import annotations

import importlib.util
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Never flaky: the same examples in every run, and no deadline on a busy machine.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For `pytest --hypothesis-profile long`, which .ci/run --long asks for: other examples, and many more of them.
settings.register_profile("long", settings.get_profile("steady"), max_examples=1_000)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
QUARTERS = 4


def quarter_of(test: str) -> int:
    """Return which quarter a simulation belongs to: by its id alone, so that all machines agree."""
    return zlib.crc32(test.encode()) % QUARTERS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of a quarter of the simulations."""
    parser.addoption(
        "--quarter", type=int, choices=range(QUARTERS), help="of the tests marked slow, run this quarter (default: all)"
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which quarter runs."""
    quarter = config.getoption("quarter")
    return None if quarter is None else f"simulations: quarter {quarter} of 0 to {QUARTERS - 1}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the simulations of the other quarters."""
    quarter = config.getoption("quarter")
    if quarter is None:
        return
    others = [
        item for item in items if item.get_closest_marker("slow") is not None and quarter_of(item.nodeid) != quarter
    ]
    left_out = set(others)
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def data_folder() -> Path:
    """Folder of the real data sets; tests that need it are skipped where there is none."""
    named = os.environ.get("LLMOPS_AUDIT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real data: set LLMOPS_AUDIT_DATA to the folder of the data sets")
    return folder


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module that makes records to render, reachable whatever way pytest imports tests."""
    spec = importlib.util.spec_from_file_location("render_sample", Path(__file__).parent / "render" / "sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOOD_ROWS = "text,label,sex,told\n" + "\n".join(
    f"{'win money now' if i % 2 else 'see you at noon'} {'abc'[i % 3]} no{i},{i % 2},{'FM'[i // 2 % 2]},{i % 2}"
    for i in range(200)
)

GOOD_SPEC = """
[audit]
name = "small"
version = "1.0"

[data]
path = "rows.csv"
text = "text"
label = "label"

[model]
vectorizer = "sklearn.feature_extraction.text:CountVectorizer"
estimator = "sklearn.linear_model:LogisticRegression"

[checks.accuracy]
min = { accuracy = 0.8 }
"""


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write a spec and its data into a folder; the first argument replaces parts of the good spec."""

    def write(changes: dict[str, str] | None = None, rows: str = GOOD_ROWS, name: str = "rows.csv") -> Path:
        text = GOOD_SPEC
        for old, new in (changes or {}).items():
            assert old in text, f"{old!r} is not in the spec"
            text = text.replace(old, new)
        (tmp_path / name).write_text(rows, encoding="utf-8")
        spec = tmp_path / "audit.toml"
        spec.write_text(text, encoding="utf-8")
        return spec

    return write
