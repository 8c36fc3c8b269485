"""What a check may name beside evidence: how sure it must be, what the data is about, the classifier itself, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from llmops_audit.record import Frozen, Label, Message, SeenRows
from llmops_audit.record.figures import Curves

if TYPE_CHECKING:
    from llmops_audit.check.subject import QueriedSubject
    from llmops_audit.personal_data.model_scan import ModelContents

__all__ = ["OTHER_INPUTS", "Baseline", "Inputs", "Policy", "Task"]


class Policy(Frozen):
    """How sure a check must be.

    Attributes
    ----------
    confidence : float
        Confidence of the interval that approval is decided on.
    decide : {"bound", "point"}
        ``"point"`` opts out: the value itself is compared with the limit.
    """

    confidence: float
    decide: Literal["bound", "point"] = "bound"

    @property
    def alpha(self) -> float:
        """The error rate of rejection, which all requirements of the audit share: 1 - confidence."""
        return 1 - self.confidence


class Task(Frozen):
    """What the data is about, as checks need to know it.

    Attributes
    ----------
    labels : tuple of label
        The fixed list, or the labels of train and test; sorted.
    positive : label, optional
        The label that precision, recall and selection rate refer to.
    text : str, optional
        Column of the text.
    features : tuple of str
        Feature columns.
    categorical : tuple of str
        Those that are categories: the others are numbers.
    groups : tuple of str
        Columns of sensitive attributes.
    trained_here : bool
        Whether the subject was trained by this audit; predictions on its training rows are then out-of-fold.
    seed : int
    unit : str, optional
        Column of the person or document that rows belong to; intervals then allow for their dependence.
    time : str, optional
        Column with the time of a row, in ISO 8601 or as a year or month.
    split_here : bool
        Whether the audit itself drew training and test rows at random from one part of the data.
    one_rule_feature : str or Message, optional
        Feature of the one-rule baseline, see `llmops_audit.analysis.one_rule`.
    """

    labels: tuple[Label, ...]
    positive: Label | None = None
    text: str | None = None
    features: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    trained_here: bool = False
    seed: int = 0
    unit: str | None = None
    time: str | None = None
    split_here: bool = False
    one_rule_feature: str | Message | None = None


class Baseline(Frozen):
    """The previous release, from its record.

    Attributes
    ----------
    name, version, digest : str
        Of its audit; the digest is that of its record.
    same_rows : bool
        Whether it was tested on the same bytes as the subject is.
    counts : tuple of tuple of int, (k, k + 1)
        Its confusion matrix on its test rows, with the labels of `Task`; the last column counts predictions that are no
        label.
    unchanged : bool
        Whether test rows, classifier and each prediction are those of this audit.
    scores_unchanged : bool
        Whether each score is as well.
    paired : tuple of (int, int), optional
        Test rows whose predictions its file holds, and all test rows; None where the file gave no pairs.
    no_pairs : Message, optional
        Why the file that its record names gave none.
    curves : tuple of Curves
        Its curves of the test rows: with the areas under them and the calibration error.
    bins : int, optional
        Bins of its calibration error; None where it has none.
    """

    name: str
    version: str
    digest: str
    same_rows: bool
    counts: tuple[tuple[int, ...], ...]
    unchanged: bool = False
    scores_unchanged: bool = False
    paired: tuple[int, int] | None = None
    no_pairs: Message | None = None
    curves: tuple[Curves, ...] = ()
    bins: int | None = None


class Inputs(Protocol):
    """The inputs that a check may name beside evidence: each property is one.

    The audit makes those that a check names; a type checker holds it to this list.
    """

    @property
    def baseline(self) -> Baseline | None:
        """The previous release; None where the spec names no record of it."""
        ...

    @property
    def data_protection(self) -> tuple[str, ...]:
        """Ids of the frameworks that the spec names and that are about the protection of personal data."""
        ...

    @property
    def importance(self) -> Mapping[str, float] | None:
        """The share of predictions that change when a column is shuffled, by column; None where it is unknown."""
        ...

    @property
    def model_contents(self) -> ModelContents | None:
        """Personal data of the training rows that the fitted model holds; None where nothing was trained here."""
        ...

    @property
    def policy(self) -> Policy:
        """How sure the check must be."""
        ...

    @property
    def seen_rows(self) -> Mapping[str, SeenRows]:
        """The rows that stand in the training rows as well, by split; none where there are no training rows.

        Where they are many, `outcomes`, `scores` and `pairs` hold what was judged without them under the key
        `llmops_audit.evidence.outcomes.without_seen_rows` of the split, unless `SeenRows.undecided` says why not.
        """
        ...

    @property
    def subject(self) -> QueriedSubject:
        """The classifier, for predictions of rows of the check's own making."""
        ...

    @property
    def task(self) -> Task:
        """What the data is about."""
        ...


OTHER_INPUTS = tuple(sorted(name for name, member in vars(Inputs).items() if isinstance(member, property)))
"""Names of the inputs that are no evidence."""
