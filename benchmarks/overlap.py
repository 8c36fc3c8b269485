"""Rows seen in training: found against truth by brute force, the error of the sample, the rule, and the cost.

Run: ``python -m benchmarks.overlap [ROWS]``; by default 200,000 training and as many test rows, half as many texts.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa

from llmops_audit.analysis.near_duplicates import near_rows, near_texts
from llmops_audit.audit import predicted_rows, prepare, run, sweep
from llmops_audit.audit.near_rows import MOST_TRAINING, NearWatch
from llmops_audit.audit.other_leaks import LeakWatch
from llmops_audit.audit.seen_rows import TrainedHere, WithSavedRows, saved_rows
from llmops_audit.evidence._contents import SKETCH, KnownContents, MetContents, content_hashes
from llmops_audit.record import Record

ROWS = 200_000
SHARES = (0.0, 0.01, 0.1, 0.5, 1.0)
NUMBERS, CATEGORIES = 18, 2
FEATURES = [*(f"x{i}" for i in range(NUMBERS)), *(f"c{i}" for i in range(CATEGORIES))]
WORDS = 5000
SAMPLE = 10_000
REPEATS = 5
FEW, MANY = 0.005, 0.3

SHALLOW = {"estimator": "sklearn.tree:DecisionTreeClassifier", "parameters": {"max_depth": 8, "random_state": 1}}
"""It trains fast, so that comparing is a large share of the audit."""

LINEAR = {
    "vectorizer": "sklearn.feature_extraction.text:CountVectorizer",
    "estimator": "sklearn.linear_model:LogisticRegression",
}
SAVED = {"predictions": "guess"}
TREE = {"estimator": "sklearn.tree:DecisionTreeClassifier", "parameters": {"random_state": 1}}
Spent = defaultdict[str, float]
Frames = tuple[pd.DataFrame, pd.DataFrame]


def tables(rows: int, share: float, seed: int) -> Frames:
    """Make training rows, and test rows of which a share repeats some of them, up to ten times each."""
    rng = np.random.default_rng(seed)

    def made(n: int) -> pd.DataFrame:
        frame = pd.DataFrame({f"x{i}": rng.normal(size=n).round(6) for i in range(NUMBERS)})
        for i in range(CATEGORIES):
            frame[f"c{i}"] = rng.choice(["red", "green", "blue"], n)
        frame["x0"] = frame["x0"].where(rng.random(n) > 0.05)
        guess = frame["x1"] + frame["x2"] > 0
        return frame.assign(y=(frame["x1"] + frame["x2"] + rng.normal(size=n) > 0).astype(int), guess=guess.astype(int))

    train, new = made(rows), made(rows)
    seen = rng.random(rows) < share
    few = train.iloc[rng.integers(0, max(1, rows // 10), rows)].reset_index(drop=True)
    new.loc[seen] = few.loc[seen]
    return train, new


def texts(rows: int, share: float, seed: int, near: float = 0.3) -> Frames:
    """Make texts of 40 to 120 words; a share of the test's repeats, and another has one to six words changed."""
    rng = np.random.default_rng(seed)
    weight = 1 / (np.arange(WORDS) + 20)
    words = np.array([f"w{i}" for i in range(WORDS)], dtype=object)

    def made(n: int) -> list[list[str]]:
        length = rng.integers(40, 121, n)
        drawn = words[rng.choice(WORDS, int(length.sum()), p=weight / weight.sum())].tolist()
        ends = np.cumsum(length).tolist()
        return [drawn[end - size : end] for end, size in zip(ends, length.tolist(), strict=True)]

    train, test = made(rows), made(rows)
    kind = rng.random(rows)
    for i in np.flatnonzero(kind < share + near).tolist():
        test[i] = list(train[int(rng.integers(rows))])
        for at in rng.integers(0, len(test[i]), 0 if kind[i] < share else int(rng.integers(1, 7))).tolist():
            test[i][at] = f"w{int(rng.integers(WORDS))}"
    return tuple(  # type: ignore[return-value]
        pd.DataFrame(
            {"text": [" ".join(tokens) for tokens in part], "y": [int(len(set(tokens) & HINTS) > 1) for tokens in part]}
        )
        for part in (train, test)
    )


HINTS = frozenset(f"w{i}" for i in range(0, 60, 3))
"""Words of which two make the label."""


def truth(train: pd.DataFrame, test: pd.DataFrame) -> int:
    """Count by brute force: the rows of the test whose values, one by one, are those of a training row."""
    known = set(train[FEATURES].fillna(-1e9).itertuples(index=False, name=None))
    return sum(row in known for row in test[FEATURES].fillna(-1e9).itertuples(index=False, name=None))


def compared(rows: int, share: float, seed: int) -> tuple[int, int, float, float, int]:
    """Return the rows that are seen by brute force and by hashes, a sample's share and its error, and what it met."""
    train, test = tables(rows, share, seed)
    trained, tested = (
        content_hashes(pa.Table.from_pandas(part[FEATURES], preserve_index=False), FEATURES) for part in (train, test)
    )
    if trained is None or tested is None:
        raise AssertionError
    found = MetContents.of(tested, KnownContents.of(trained, None)).seen
    sample = KnownContents.of(tested, 0, min(SKETCH, max(1, rows // 20)))
    n, met, error = MetContents.of(trained, sample).share_of(sample)
    return truth(train, test), found, met / n, error, met


def exact(rows: int) -> Iterator[str]:
    """Compare the exact count and that of a sample with brute force, at several shares."""
    for share in SHARES:
        true, found, estimate, error, met = compared(rows, share, 7)
        yield (
            f"share {true / rows:.4f}: brute force {true:,}, exact {found:,}, sample {estimate:.4f} "
            f"(stated {'under' if not met else 'sd'} {error:.4f})"
        )


def sketch(runs: int = 40) -> Iterator[str]:
    """Compare the spread of the sample's share over runs with the stated deviation: 200,000 contents, 100:1 and 1:1."""
    for share in (0.01, 0.1, 0.5):
        errors, stated = [], []
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            contents = rng.integers(0, 2**63, ROWS).astype(np.uint64)
            seen = rng.random(ROWS) < share
            known = KnownContents.of(contents, 0)
            n, met, error = MetContents.of(contents[seen], known).share_of(known)
            errors.append(met / n - seen.mean())
            stated.append(error or 0.0)
        yield (
            f"share {share}: mean error {np.mean(errors):+.5f}, its spread {np.std(errors):.5f}, "
            f"stated {np.mean(stated):.5f}, largest {np.abs(errors).max():.5f}"
        )


def similarity(texts: list[str], others: list[str]) -> np.ndarray[Any, Any]:
    """Return the largest Jaccard similarity of each text to another, by counting all shared runs of three words."""
    from scipy.sparse import csr_matrix

    tokens = [text.split() for text in (*texts, *others)]
    words = pd.factorize(np.array([word for one in tokens for word in one], dtype=object))[0].astype(np.int64)
    of = np.repeat(np.arange(len(tokens)), [len(one) for one in tokens])
    runs = (words[:-2] * WORDS + words[1:-1]) * WORDS + words[2:]
    kept = of[:-2] == of[2:]
    pairs = np.unique(np.column_stack([of[:-2][kept], pd.factorize(runs[kept])[0]]), axis=0)
    every = csr_matrix((np.ones(len(pairs), np.int32), pairs.T), shape=(len(tokens), int(pairs[:, 1].max()) + 1))
    sizes, n = np.bincount(pairs[:, 0], minlength=len(tokens)), len(texts)
    shared = (every[:n] @ every[n:].T).tocoo()
    largest = np.zeros(n)
    np.maximum.at(largest, shared.row, shared.data / (sizes[shared.row] + sizes[n + shared.col] - shared.data))
    return largest


def near(rows: int) -> Iterator[str]:
    """Compare pairs of texts, and of rows of a table, with brute force over the samples that an audit compares."""
    train, test = texts(rows, 0.05, 3)
    trained, tested = train["text"][:MOST_TRAINING].tolist(), test["text"][:SAMPLE].tolist()
    start = time.perf_counter()
    found = np.array(sorted({i for i, _ in near_texts(tested, trained)}))
    seconds = time.perf_counter() - start
    alike = similarity(tested, trained)
    wanted = np.flatnonzero((alike >= 0.8) & (alike < 1))
    hit = np.isin(wanted, found)
    yield (
        f"texts {len(tested):,} x {len(trained):,}: truth {len(wanted):,}, found {len(found):,}, recall "
        f"{hit.mean():.4f}, precision {np.isin(found, wanted).mean():.4f}, {seconds:.1f} s"
    )
    for low, high in ((0.8, 0.85), (0.85, 0.9), (0.9, 1.0)):
        inside = (alike[wanted] >= low) & (alike[wanted] < high)
        yield f"  similarity {low} to {high}: {int(inside.sum()):,} texts, recall {hit[inside].mean():.4f}"
    one, other = tables(rows, 0.05, 3)
    one, other = one[:MOST_TRAINING], other[:SAMPLE].copy()
    rng = np.random.default_rng(5)
    planted = rng.random(len(other)) < 0.1
    copies = one.iloc[rng.integers(0, len(one), int(planted.sum()))]
    other.loc[planted, FEATURES] = copies[FEATURES].to_numpy()
    numbers = [f"x{i}" for i in range(NUMBERS)]
    moved = other.loc[planted, numbers].to_numpy(dtype=float) * (1 + rng.normal(0, 1e-4, (int(planted.sum()), NUMBERS)))
    other.loc[planted, numbers] = moved
    kept, whole = (
        pa.Table.from_pandas(part[FEATURES].astype(dict.fromkeys(numbers, float)), preserve_index=False)
        for part in (other, one)
    )
    start = time.perf_counter()
    pairs = {i for i, _ in near_rows(kept, whole, FEATURES) or []}
    seconds = time.perf_counter() - start

    def digits(part: pd.DataFrame) -> list[tuple[Any, ...]]:
        return [
            tuple("" if v != v else v if isinstance(v, str) else f"{v + 0.0:.2e}" for v in row)
            for row in part[FEATURES].itertuples(index=False, name=None)
        ]  # fmt: skip

    known = set(digits(one))
    equal = set(one[FEATURES].fillna(-1e9).itertuples(index=False, name=None))
    mine = other[FEATURES].fillna(-1e9).itertuples(index=False, name=None)
    true = {
        i for i, (row, plain) in enumerate(zip(digits(other), mine, strict=True)) if row in known and plain not in equal
    }
    hits = len(pairs & true)
    yield (
        f"tables {len(other):,} x {len(one):,}: {int(planted.sum()):,} planted, truth {len(true):,}, "
        f"found {len(pairs):,}, recall {hits / max(1, len(true)):.4f}, precision {hits / max(1, len(pairs)):.4f}, "
        f"{seconds:.2f} s"
    )


@contextmanager
def timed() -> Iterator[Spent]:
    """Add up the seconds that an audit spends on comparing, by part."""
    spent: Spent = defaultdict(float)

    def whole(name: str, called: Callable[..., Any], *, inside: str | None = None) -> Callable[..., Any]:
        @wraps(called)
        def measured(*args: Any, **named: Any) -> Any:
            start, before = time.perf_counter(), spent[inside] if inside else 0.0
            try:
                return called(*args, **named)
            finally:
                spent[name] += time.perf_counter() - start - ((spent[inside] - before) if inside else 0.0)

        return measured

    def own(name: str, noting: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Measure a generator without what it waits for."""

        def steps(rows: Iterable[Any], sign: int) -> Iterator[Any]:
            found = iter(rows)
            while True:
                start = time.perf_counter()
                batch = next(found, None)
                spent[name] += sign * (time.perf_counter() - start)
                if batch is None:
                    return
                yield batch

        @wraps(noting)
        def measured(self: Any, *args: Any) -> Iterator[Any]:
            return steps(noting(self, *args[:-1], steps(args[-1], -1)), 1)

        return measured

    def patch(owner: Any, name: str, value: Any) -> mock._patch[Any]:
        return mock.patch.object(owner, name, value)

    again = whole("judging again", sweep._without_seen_rows)
    with (
        patch(TrainedHere, "of", whole("hashing and comparing", TrainedHere.of)),
        patch(TrainedHere, "noting", own("hashing and comparing", TrainedHere.noting)),
        patch(WithSavedRows, "noting", own("hashing and comparing", WithSavedRows.noting)),
        patch(predicted_rows, "saved_rows", whole("reading inputs first", saved_rows)),
        patch(NearWatch, "noting", own("sampling", NearWatch.noting)),
        patch(NearWatch, "found", whole("nearly alike", NearWatch.found)),
        patch(LeakWatch, "noting", own("other leaks", LeakWatch.noting)),
        patch(LeakWatch, "found", whole("other leaks", LeakWatch.found)),
        patch(sweep, "_without_seen_rows", again),
    ):
        yield spent


def audited(frames: Frames, model: dict[str, Any], inputs: dict[str, Any]) -> tuple[Record, float, Spent]:
    """Audit, and return the record, the seconds of all, and those of comparing by part."""
    spec = {
        "audit": {"name": "overlap", "version": "1"},
        "data": {"train": "train.csv", "test": "test.csv", "label": "y", **inputs},
        "model": model,
        "checks": {"accuracy": {}, "pii": {}},
    }
    prepared = prepare(spec, dict(zip(("train", "test"), frames, strict=True)))
    with timed() as spent:
        start = time.perf_counter()
        record = run(prepared)
        return record, time.perf_counter() - start, spent


CASES: dict[str, tuple[Callable[[int, float, int], Frames], dict[str, Any], dict[str, Any], float]] = {
    "table, trained here": (tables, SHALLOW, {"features": FEATURES}, 1),
    "table, saved": (tables, SAVED, {"features": FEATURES}, 1),
    "texts, trained here": (partial(texts, near=0.02), LINEAR, {"text": "text"}, 0.5),
}


def cost(rows: int, repeats: int) -> Iterator[str]:
    """Return the share of comparing in an audit: the median over repeats, each of which is one run."""
    for name, (make, model, inputs, size) in CASES.items():
        for share in (FEW, MANY):
            frames, shares, seconds, parts = make(int(rows * size), share, 1), [], [], []
            for _ in range(repeats):
                _, whole, spent = audited(frames, model, inputs)
                again = spent["judging again"]
                shares.append((sum(spent.values()) - again) / (whole - again))
                seconds.append(whole)
                parts.append(
                    {part: spent[part] / (whole - again) for part in spent if part != "judging again"}
                    | {"again": again / (whole - again)}
                )
            middle = {part: statistics.median(one.get(part, 0.0) for one in parts) for part in parts[0]}
            shown = ", ".join(f"{part} {value:.1%}" for part, value in middle.items() if part != "again")
            yield (
                f"{name}, {int(rows * size):,} + {int(rows * size):,}, {share:.1%} seen, {repeats} x: audit "
                f"{statistics.median(seconds):.1f} s; comparing {statistics.median(shares):.1%} ({shown}); judging "
                f"again adds {middle['again']:.1%}"
            )


def rule(runs: int = 8) -> Iterator[str]:
    """Audit random labels in files that repeat."""
    for copies in (2, 3, 5, 10):
        values, without, decisions = [], [], Counter[str]()
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            rows = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd")).assign(y=rng.integers(0, 2, 400))
            spec = {
                "audit": {"name": "rule", "version": "1", "seed": seed},
                "data": {"path": "rows.csv", "label": "y", "features": list("abcd")},
                "model": TREE,
                "checks": {"accuracy": {}},
            }
            record = run(prepare(spec, {"path": pd.concat([rows] * copies, ignore_index=True)}))
            finding = record.findings()["accuracy.balanced_accuracy[against=chance]"]
            values.append(float(str(finding.value)))
            if (other := finding.details.get("value_without_seen_rows")) is not None:
                without.append(float(str(other)))
            decisions[record.decision.status.value] += 1
        again = f"{np.mean(without):.3f} in {len(without)}" if without else "too few rows are left in all"
        yield f"{copies} x: {np.mean(values):.3f} on all rows; trained once more {again}; {dict(decisions)}"


def report(rows: int) -> Iterator[str]:
    """Measure, and yield lines to print."""
    parts: dict[str, Callable[[], Iterator[str]]] = {
        f"Seen rows, {rows:,} + {rows:,}, {NUMBERS} numbers and {CATEGORIES} categories": lambda: exact(rows),
        f"The sample of {SKETCH:,} contents": sketch,
        "Nearly alike": lambda: near(min(rows, MOST_TRAINING)),
        "Random labels in a file that repeats": rule,
        "Cost, small": lambda: cost(rows // 10, REPEATS),
        "Cost, large": lambda: cost(rows, 1),
    }
    for title, lines in parts.items():
        start = time.perf_counter()
        yield title
        yield from lines()
        yield f"  {time.perf_counter() - start:.0f} s"


def main() -> None:
    """Measure and print."""
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS):
        print(line, flush=True)


if __name__ == "__main__":
    main()
