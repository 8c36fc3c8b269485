"""Every group metric with every interval against Fairlearn's MetricFrame on the rows: seconds, memory, in one run.

Run: ``python benchmarks/group_metrics.py [ROWS]``; by default a million rows with two attributes. MetricFrame gets the
same metrics (without its bootstrap), once an attribute and once for the intersection; ours starts from the rows too.
Each side runs in a process of its own: ours five times (the median counts), MetricFrame once, since it is slow.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from statistics import median
from typing import Any

ROWS = 1_000_000
REPEATS = 5


def _drawn(rows: int) -> tuple[Any, ...]:
    import numpy as np

    rng = np.random.default_rng(0)
    sex, race = rng.choice(["F", "M"], rows), rng.choice(list("abcde"), rows)
    label = rng.integers(0, 2, rows)
    return sex, race, label, np.where(rng.random(rows) < 0.8, label, 1 - label)


def ours(rows: int) -> dict[str, float]:
    """Time the evidence, and everything that the fairness check says of the groups."""
    import numpy as np

    from llmops_audit.analysis.fairness.grouping import Handling, figure, grouped
    from llmops_audit.check.inputs import Policy, Task
    from llmops_audit.evidence.base import Plan
    from llmops_audit.evidence.outcomes import Outcomes
    from llmops_audit.testing import batch

    sex, race, label, answer = _drawn(rows)
    plan = Plan((0, 1), ("sex", "race"))
    task = Task(labels=(0, 1), positive=1, groups=("sex", "race"))
    policy = Policy(confidence=0.95)
    held = batch("test", {"sex": sex, "race": race}, label=label.tolist(), prediction=answer.tolist())
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        outcomes = Outcomes.of(held, plan)
        found = figure(grouped(outcomes, None, task, 1, 2, Handling(30)), task, policy, "test", 1, 0.8)
        seconds.append(time.perf_counter() - start)
    numbers = sum(len(one.estimates) + 2 * len(one.gaps) for one in found.groupings)
    accuracy = next(e.value for e in found.groupings[0].estimates if e.metric == "accuracy")
    return {"seconds": median(seconds), "numbers": numbers, "check": accuracy or np.nan}


def theirs(rows: int) -> dict[str, float]:
    """Time MetricFrame on the rows."""
    import pandas as pd
    from fairlearn import metrics as fairlearn
    from sklearn import metrics as sklearn

    sex, race, label, answer = _drawn(rows)
    functions = {
        "selection_rate": fairlearn.selection_rate, "accuracy": sklearn.accuracy_score,
        "true_positive_rate": fairlearn.true_positive_rate, "false_positive_rate": fairlearn.false_positive_rate,
        "true_negative_rate": fairlearn.true_negative_rate, "false_negative_rate": fairlearn.false_negative_rate,
        "precision": sklearn.precision_score, "f1": sklearn.f1_score, "mcc": sklearn.matthews_corrcoef,
    }  # fmt: skip
    both = pd.DataFrame({"sex": sex, "race": race})
    start = time.perf_counter()
    frames = [
        fairlearn.MetricFrame(metrics=functions, y_true=label, y_pred=answer, sensitive_features=both[names])
        for names in (["sex"], ["race"], ["sex", "race"])
    ]
    seconds = time.perf_counter() - start
    numbers = sum(frame.by_group.size for frame in frames)
    return {"seconds": seconds, "numbers": numbers, "check": float(frames[0].by_group["accuracy"].iloc[0])}


def main() -> None:
    """Measure both and print their ratio; with ``--child`` one of them."""
    if sys.argv[1:2] == ["--child"]:
        found = {"ours": ours, "theirs": theirs}[sys.argv[2]](int(sys.argv[3]))
        kilobyte = 1 if sys.platform == "darwin" else 1024
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobyte
        print(json.dumps(found))
        return
    rows = int(sys.argv[1]) if sys.argv[1:] else ROWS
    results = {}
    for side in ("ours", "theirs"):
        command = [sys.executable, __file__, "--child", side, str(rows)]
        results[side] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        one = results[side]
        print(
            f"{side:>7}: {one['seconds']:8.2f} s for {one['numbers']:,.0f} numbers"
            f"{' with intervals' if side == 'ours' else ' without intervals'}, {one['peak'] / 1e6:,.0f} MB at the peak"
        )
    assert abs(results["ours"]["check"] - results["theirs"]["check"]) < 1e-12
    print(f"  ratio: {results['theirs']['seconds'] / results['ours']['seconds']:.0f}")


if __name__ == "__main__":
    main()
