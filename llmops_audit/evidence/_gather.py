"""Map over batches, and add."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from llmops_audit.evidence.base import Batch, Evidence, Plan

__all__ = ["evidence_type", "gather"]


@cache
def evidence_type(name: str) -> type[Evidence]:
    """Return the evidence type that an input's name stands for: ``"personal_data"`` is `PersonalData`."""
    module = importlib.import_module(f"llmops_audit.evidence.{name}")
    found: type[Evidence] = getattr(module, name.title().replace("_", ""))
    return found


def gather(batches: Iterable[Batch], plan: Plan, names: Iterable[str], jobs: int = 1) -> dict[str, Evidence]:
    """Sum up evidence over batches.

    Parameters
    ----------
    batches : iterable of Batch
        Read once, a few at a time.
    plan : Plan
    names : iterable of str
        Evidence by the names of inputs.
    jobs : int
        Processes; through joblib, so that its registered backends (Dask, Ray, Spark) serve as well.

    Returns
    -------
    dict
        Name to evidence. It does not depend on `jobs` or on how the rows were cut into batches.
    """
    wanted = tuple(names)
    total = {name: evidence_type(name).empty(plan) for name in wanted}
    for part in _mapped(batches, plan, wanted, jobs):
        total = {name: total[name] + part[name] for name in wanted}
    return total


def _mapped(
    batches: Iterable[Batch], plan: Plan, names: tuple[str, ...], jobs: int
) -> Iterator[Mapping[str, Evidence]]:
    if jobs == 1:
        return (_evidence(batch, plan, names) for batch in batches)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1)
    results: Iterator[Mapping[str, Evidence]] = parallel(delayed(_evidence)(batch, plan, names) for batch in batches)
    return results


def _evidence(batch: Batch, plan: Plan, names: tuple[str, ...]) -> dict[str, Evidence]:
    return {name: evidence_type(name).of(batch, plan) for name in names}
