"""Wall time of the tutorial's audit beside a bare ``import evidently`` and beside the tutorial's bare steps.

Run: ``python benchmarks/tutorial_audit.py``. All are measured in turn, in one run;
the medians and their ratios are printed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
SPEC = Path(__file__).parent.parent / "examples" / "tutorial"
STEPS = """
import numpy as np, pandas as pd, seaborn as sns, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
np.random.seed(42)
data = pd.DataFrame({"text": ["Sentence " + str(i) for i in range(1000)], "label": np.random.randint(0, 2, size=1000)})
a, b, y, z = train_test_split(data["text"], data["label"], test_size=0.2, random_state=42)
v = CountVectorizer()
model = LogisticRegression(random_state=42).fit(v.fit_transform(a), y)
predicted = model.predict(v.transform(b))
accuracy_score(z, predicted)
sns.heatmap(confusion_matrix(z, predicted), annot=True, fmt="d")
plt.savefig("matrix.svg")
"""


def _commands(folder: Path) -> dict[str, list[str]]:
    text = (SPEC / "audit.toml").read_text(encoding="utf-8")
    (folder / "sentences.csv").write_bytes((SPEC / "sentences.csv").read_bytes())
    (folder / "with.toml").write_text(text, encoding="utf-8")
    (folder / "without.toml").write_text(text.replace("[checks.drift]", ""), encoding="utf-8")
    audit = [sys.executable, "-m", "llmops_audit", "run"]
    return {
        "import evidently": [sys.executable, "-c", "import evidently"],
        "audit with drift": [*audit, "with.toml", "--output", "with"],
        "bare steps": [sys.executable, "-c", STEPS],
        "audit without drift": [*audit, "without.toml", "--output", "without"],
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        commands = _commands(Path(name))
        seconds: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(ROUNDS):
            for what, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, cwd=name, capture_output=True, check=False)
                seconds[what].append(time.perf_counter() - start)
    median = {what: statistics.median(values) for what, values in seconds.items()}
    for what, value in median.items():
        print(f"{what:<22} {value:6.2f} s  (median of {ROUNDS})")
    for audit, bare in (("audit with drift", "import evidently"), ("audit without drift", "bare steps")):
        print(f"{audit} / {bare}: {median[audit] / median[bare]:.2f}")


if __name__ == "__main__":
    main()
