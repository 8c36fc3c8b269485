"""The parts of the page: what each simulates, in words and in cells, and the code that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import families, plan
from .cells import AnyCell, Counts
from .checks import SIMULATED
from .plan import Runs, Step
from .results import Kind, Line, PartResult
from .stamps import stamp
from .world import World
from .worlds import WORLDS

Simulate = Callable[[Sequence[AnyCell]], Mapping[str, Counts]]
HERE = Path(__file__).parent
GATE = ("llmops_audit.check.family", "llmops_audit.audit.gate", "llmops_audit.audit.runner")


@dataclass(frozen=True)
class Part:
    """A part of the page, which is simulated by itself.

    Attributes
    ----------
    title : str
    text : str
        What is simulated.
    modules : tuple of str
        Whose code, with all that it imports, decides in its audits.
    files : tuple of str
        Of this folder, which draw and count.
    steps : callable
        From the number of runs and what simulates to cells; limits that lie by the width of an interval need pilots.
    """

    title: str
    text: str
    modules: tuple[str, ...]
    files: tuple[str, ...]
    steps: Callable[[Runs, Simulate], list[Step]]

    def stamp(self) -> str:
        """Return the digest of the code that it shows."""
        return stamp(self.modules, (HERE / file for file in self.files))

    def result(self, runs: Runs, simulate: Simulate) -> PartResult:
        """Simulate it."""
        before = self.stamp()
        steps = self.steps(runs, simulate)
        counts = simulate([step.cell for step in steps])
        lines = tuple(Line.of(step.title, step.kind, step.barred, counts[step.cell.name]) for step in steps)
        return PartResult(before, lines)


def _null(runs: Runs, simulate: Simulate) -> list[Step]:
    return plan.null(runs)


def _good(runs: Runs, simulate: Simulate) -> list[Step]:
    pilots = plan.grid_pilots(runs)
    found = simulate(list(pilots.values()))
    return plan.good({world: found[cell.name] for world, cell in pilots.items()}, runs)


def _limits(runs: Runs, simulate: Simulate) -> list[Step]:
    pilots = plan.pilots(runs)
    found = simulate(list(pilots.values()))
    widths = {world: found[cell.name] for world, cell in pilots.items()}
    return [*plan.sure(widths, runs), *plan.singly(widths, runs)]


def _alone(name: str, runs: Runs, simulate: Simulate) -> list[Step]:
    widths = Counts()
    if plan.needs_pilot(name):
        cell = plan.grid_pilots(runs)[World()]
        widths = simulate([cell])[cell.name]
    return [*plan.alone(name, runs), *plan.ladder(name, widths, runs)]


def _families(runs: Runs, simulate: Simulate) -> list[Step]:
    kinds = {True: Kind.BAD, False: Kind.EDGE}
    return [
        # No bar is for a rule that is no longer there.
        Step(title, cell, Kind.SHOWN if cell.rule == families.BEFORE else kinds[cell.missed])
        for title, cell in families.cells(runs.families)
    ]


def _of_users(name: str, runs: Runs, simulate: Simulate) -> list[Step]:
    return [step for world in WORLDS[name] for step in world.steps(name, runs, simulate)]


def _drawn(title: str, text: str, steps: Callable[[Runs, Simulate], list[Step]], *checks: str) -> Part:
    modules = (*(f"checks.{name}" for name in checks), *GATE)
    return Part(title, text, modules, ("cells.py", "checks.py", "plan.py", "world.py"), steps)


def _users(name: str, title: str, text: str) -> Part:
    checks = {check for world in WORLDS[name] for check in world.checks}
    modules = (
        "llmops_audit.audit",
        "llmops_audit.evidence",
        "llmops_audit.data",
        *sorted(f"checks.{c}" for c in checks),
    )
    return Part(title, text, modules, ("cells.py", "audits.py", "users.py", "worlds.py"), partial(_of_users, name))


_ONE_CLASSIFIER = (
    "The training rows are the same in all audits, so that these audit one classifier; all other rows are drawn anew."
)

_ALONE_TEXT = (
    "One check alone, so that it has the whole error rate for itself. First nothing is wrong: {truth} Then something "
    "is more and more wrong, at 1,000 rows, labels 1:1, two groups and default settings."
)

PARTS: dict[str, Part] = {
    "texts": _users(
        "texts", "Texts of two labels, with telephone numbers, three regions and labelled live rows",
        "3,000 messages to train on and 1,000 labelled live ones; one in fifty holds a telephone number, three in ten "
        "mention a man or a woman. Bag of words and logistic regression, trained by each audit on rows of its own. All "
        "checks run with default settings (accuracy, calibration, counterfactual, drift, fairness, pii, proxies), and "
        "minima of accuracy and balanced accuracy. Their half-widths allow for the spread between the classifiers: "
        "where the values of pilot audits vary by more than an interval says, 1.96 of their standard deviations count. "
        "This is the world of the bar: at least 90% of good systems end in 0.",
    ),
    "seven": _users(
        "seven", "Texts of seven labels",
        "The same messages of seven labels, 2,000 to test on, with a minimum of accuracy in each region in the place "
        "of the four-fifths rule. " + _ONE_CLASSIFIER,
    ),
    "labels": _users(
        "labels", "Forty labels",
        "Saved answers on 3,000 rows of forty labels; the most frequent has fourteen times the rows of the rarest.",
    ),
    "trees": _users(
        "trees", "Trees and forests",
        "Four features, three regions, 3,000 rows to train on and 4,000 to test on; a decision tree of depth 4, and a "
        "forest of 20 trees of depth 6, both trained by the audit. " + _ONE_CLASSIFIER,
    ),
    "windows": _users(
        "windows", "Live rows of six months, without and with a change",
        "Four features and a time, 4,000 test rows and 2,400 labelled live rows of the six months that follow. Windows "
        "of time are looked at as by default. The limit of drift is the default.",
    ),
    "units": _users(
        "units", "Several rows of each person",
        "Five rows of each of 800 persons to test on (4,000 rows), which look alike: a person's own part is 36% of the "
        "variance that tells nothing. The spec names the person as the unit.",
    ),
    "refusals": _users(
        "refusals", "Outputs that are no label",
        "Saved outputs on 4,000 rows of three groups; one in twenty is a refusal, in all groups alike. The spec limits "
        "refusals and sets a minimum of accuracy.",
    ),
    "live": _users(
        "live", "Labelled live rows, and a limit on the loss",
        "Saved answers and scores on 4,000 test rows and 2,000 live rows of three groups; the spec limits the loss of "
        "accuracy from test to live.",
    ),
    "counterfactual": _users(
        "counterfactual", "Words for men and women, swapped",
        "The messages of two labels, of which three in ten mention a man or a woman; in the training rows the mentions "
        "tell a little of the label, so that the classifier learns a little bias. One check alone. "
        + _ONE_CLASSIFIER,
    ),
    "proxies": _users(
        "proxies", "A feature that tells the region",
        "Four features, one of which differs between regions or does not. One check alone.",
    ),
    "requirements": _users(
        "requirements", "About 3, 12 and 40 requirements",
        "Saved answers and exact scores of a classifier that does not look at groups, which are equally large. With 3 "
        "requirements: the calibration error, a ratio of selection rates, and a minimum of accuracy in each group. "
        "With 12: the requirements on accuracy, and for each attribute the ratio and limits on three differences; with "
        "40, limits on five. One of the requirements is missed, all others are met; where there are 12 or 40, no bar "
        "of approvals or rejections holds by the rule of ten, and the columns show what is reached.",
    ),
    "null": _drawn(
        "Whole audits in which nothing is wrong",
        "Every minimum of accuracy is exactly the truth; accuracy, calibration, drift, fairness and regression run "
        "together. Evidence is drawn as such: the classifier sees one number, normal around one centre for each label.",
        _null, *plan.together(),
    ),
    "good": _drawn(
        "Good systems, by rows, rare labels and groups",
        "The same worlds, with minima two half-widths below the truth. Where a label is rare or a group has few rows, "
        "nobody can tell whether groups are treated alike, and the audit asks for review: no bar is set here.",
        _good, *plan.together(),
    ),
    "limits": _drawn(
        "Two half-widths from every limit, and from one alone",
        "Whole audits of 1,000 rows, labels 1:1, two groups. Every limit (three minima of accuracy and one limit of "
        "each other check) lies two half-widths of its interval from the truth, or more where that is its default. "
        "Where one check alone is worse, no bar is set: a rejection is corrected for all that is judged.",
        _limits, *plan.together(),
    ),
    "families": Part(
        "The correction, before and today",
        f"Requirements on shares of {families.ROWS:,} independent rows each, in {families.CHECKS} checks, one of which "
        "holds half of them. Before: the error rate was split evenly over the checks, and within a check over its "
        "requirements. Today: all requirements of the audit are one family, rejected by Holm's method. No bar of "
        "power is set: the two rules are compared.",
        ("llmops_audit.check.family", "llmops_audit.check.verdicts", "llmops_audit.audit.gate"),
        ("families.py", "cells.py"), _families,
    ),
    **{
        name: _drawn(f"The check {name} alone", _ALONE_TEXT.format(truth=one.truth), partial(_alone, name), name)
        for name, one in SIMULATED.items()
    },
}  # fmt: skip
"""By name, in the order of the page."""


def stale(results: Mapping[str, PartResult]) -> list[str]:
    """Return the names of parts whose stamp is not that of today's code, and of those that were never simulated."""
    return [name for name, part in PARTS.items() if name not in results or results[name].stamp != part.stamp()]
