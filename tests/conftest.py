"""Settings and fixtures that all tests share."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Never flaky: the same examples in every run, and no deadline on a busy machine.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]


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
    f"{'win money now' if i % 2 else 'see you at noon'} {'abc'[i % 3]},{i % 2},{'FM'[i // 2 % 2]},{i % 2}"
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
