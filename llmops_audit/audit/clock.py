"""Seconds by stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

__all__ = ["Clock"]


@dataclass
class Clock:
    """Times the stages of an audit.

    Attributes
    ----------
    listener : callable
        Called with the name of each stage as it starts.
    seconds : dict of str to float
        By stage.
    """

    listener: Callable[[str], None] = lambda stage: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        self.listener(name)
        start = perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - start, 3)
