"""Makes the sample records reachable whatever way pytest imports tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module that makes records to render."""
    place = Path(__file__).with_name("sample.py")
    spec = importlib.util.spec_from_file_location("render_sample", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
