"""Rates by group: Fairlearn's, computed on the table of outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score

from llmops_audit.evidence.outcomes import WEIGHT_UNIT, Outcomes
from llmops_audit.task import Task

__all__ = ["RATES", "Count", "Rate", "group_counts", "group_rates"]

Rate = Literal["selection_rate", "true_positive_rate", "false_positive_rate", "accuracy"]
RATES: tuple[Rate, ...] = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")

Count = tuple[float, float]
"""Effective number of rows that count for a rate, and of rows that it is taken over."""


def group_counts(found: Outcomes, name: str, group: str, task: Task) -> dict[Rate, Count]:
    """Count what each rate of one group rests on.

    Parameters
    ----------
    found : Outcomes
    name, group : str
        Group column and value.
    task : Task
        Without a positive label there is accuracy alone.

    Returns
    -------
    dict
        Rate to (rows that count, rows that it is taken over), effective numbers where rows are weighted.
    """
    table = found.table(task.labels, {name: group})
    labels = len(task.labels)
    cells = np.ones((labels, labels + 1), dtype=bool)
    counts: dict[Rate, Count] = {"accuracy": table.share(np.eye(labels, labels + 1, dtype=bool), cells)}
    if task.positive is not None:
        place = task.labels.index(task.positive)
        selected, positive = np.zeros_like(cells), np.zeros_like(cells)
        selected[:, place], positive[place] = True, True
        counts["selection_rate"] = table.share(selected, cells)
        counts["true_positive_rate"] = table.share(selected, positive)
        counts["false_positive_rate"] = table.share(selected, ~positive)
    return counts


def group_rates(
    found: Outcomes, name: str, task: Task, counts: Mapping[str, Mapping[Rate, Count]]
) -> dict[str, dict[Rate, float | None]]:
    """Compute the rates of every group by Fairlearn, on the table of counts weighted by its rows.

    Parameters
    ----------
    found : Outcomes
        With at least one labelled row.
    name : str
        Group column.
    task : Task
    counts : mapping
        Group to `group_counts`.

    Returns
    -------
    dict
        Group to rate to value, exactly Fairlearn's on the rows; None where there is no row to take it over.
    """
    rows = [
        (label, prediction, cell[2][found.groups.index(name)], tally.weight * WEIGHT_UNIT)
        for cell, tally in sorted(found.cells.items(), key=repr)
        for label, prediction in [cell[:2]]
        if label is not None
    ]
    labels, predictions, groups, weights = (list(column) for column in zip(*rows, strict=True))
    places = {label: i for i, label in enumerate(task.labels)}
    by_name: dict[Rate, Any] = {"accuracy": accuracy_score}
    frames = [(by_name, [places[x] for x in labels], [places.get(x, -1) for x in predictions])]
    if task.positive is not None:
        binary: dict[Rate, Any] = {
            "selection_rate": selection_rate,
            "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate,
        }
        frames.append(
            (
                binary,
                [int(x == task.positive) for x in labels],
                [int(x == task.positive) for x in predictions],
            )
        )
    rates: dict[str, dict[Rate, float | None]] = {group: dict.fromkeys(RATES) for group in counts}
    for metrics, truth, answers in frames:
        frame = MetricFrame(
            metrics=metrics, y_true=truth, y_pred=answers, sensitive_features=groups,
            sample_params={metric: {"sample_weight": weights} for metric in metrics},
        )  # fmt: skip
        for group in counts:
            for rate in metrics:
                # Fairlearn says 0 where there is no row to take a rate over.
                if counts[group][rate][1] > 0:
                    rates[group][rate] = float(frame.by_group.loc[group, rate])
    return rates
