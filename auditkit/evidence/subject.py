"""What is audited, as the checks see it: outputs, splits, groups and capabilities, but no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from auditkit.data.columns import Columns
from auditkit.data.sources import OUTSIDE
from auditkit.data.training_logs import TrainingLog
from auditkit.evidence.aims import Aims
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.retraining import Retraining
from auditkit.explain.wishes import Wishes
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Slice
from auditkit.models.head import Head, Task
from auditkit.variants.nuisances import Nuisance


@dataclass(frozen=True, order=True)
class ViewKey:
    """One output looked at in one way: a head, and a class of it where one is singled out."""

    head: str
    label: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.head, self.label) if part)


@dataclass(frozen=True)
class View:
    """One binary, multiclass, regression or custom question about one head.

    A multilabel head is one binary view for each of its labels; a multiclass head is one view of
    its confidence and, up to `MAX_ONE_VS_REST` classes, a binary view for each class against the
    rest, from which the class's AUC is taken.

    Attributes:
        key: head and label.
        task: how the view's units are judged: binary, multiclass, regression or custom.
        head: the declaration of the head.
        index: column of the head's output that the view is of; None for all of it.
        classes: labels that target and prediction can take, in the order of their codes.
        one_vs_rest: True for one class of a multiclass head.
        values: names of the unit metrics of a custom head.
    """

    key: ViewKey
    task: Task
    head: Head
    index: int | None
    classes: tuple[str, ...]
    one_vs_rest: bool = False
    values: tuple[str, ...] = ()

    @property
    def classifies(self) -> bool:
        """Whether the view is of a whole decision between classes, not of one against the rest."""
        return self.task in (Task.BINARY, Task.MULTICLASS) and not self.one_vs_rest

    @property
    def decides(self) -> bool:
        """Whether a predicted class is defined: by argmax, or by a declared threshold."""
        return self.head.task is Task.MULTICLASS or self.head.decision is not None

    @property
    def probabilistic(self) -> bool:
        """Whether the scores are probabilities."""
        return self.head.probabilistic

    @property
    def favourable(self) -> int | None:
        """The code of the favourable class; None where no decision or no such class is declared.

        Of a multilabel head, the label that is declared favourable is so by its presence; the
        others have no favourable class.
        """
        decision = self.head.decision
        if not self.classifies or decision is None or decision.favourable is None:
            return None
        if self.head.task is Task.MULTILABEL:
            return 1 if decision.favourable == self.key.label else None
        return self.classes.index(decision.favourable)


MAX_ONE_VS_REST = 20


class Kind(StrEnum):
    """What kind of model is audited."""

    PREDICTOR = "predictor"
    GENERATOR = "generator"


class Labels(StrEnum):
    """Of which rows the true outcome is known."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


NO_LABEL = (
    "No label is declared, so there is no true outcome to compare outputs with; declare data.label "
    "for it."
)


def views_of(head: Head, unit_metrics: tuple[str, ...] = ()) -> tuple[View, ...]:
    """The views of a head; `unit_metrics` are the names that a custom head returned.

    Example:
        >>> head = Head("", Task.MULTICLASS, classes=("cat", "dog", "owl"))
        >>> [(view.key.label, view.task.value) for view in views_of(head)]
        [('', 'multiclass'), ('cat', 'binary'), ('dog', 'binary'), ('owl', 'binary')]
    """
    whole = ViewKey(head.name)
    if head.task is Task.MULTILABEL or (head.task is Task.REGRESSION and len(head.classes) > 1):
        single = Task.BINARY if head.task is Task.MULTILABEL else Task.REGRESSION
        classes = ("absent", "present") if single is Task.BINARY else ()
        return tuple(
            View(ViewKey(head.name, label), single, head, index, classes)
            for index, label in enumerate(head.classes)
        )
    views = [View(whole, head.task, head, None, head.classes, values=unit_metrics)]
    if head.task is Task.MULTICLASS and len(head.classes) <= MAX_ONE_VS_REST:
        views += [
            View(ViewKey(head.name, label), Task.BINARY, head, index, ("rest", label), True)
            for index, label in enumerate(head.classes)
        ]
    return tuple(views)


@dataclass(frozen=True)
class Subject:
    """What a check may know before anything is collected.

    Attributes:
        views: outputs, in the order of the heads.
        splits: names of the splits that there are; `evaluation` always, `training` and `outside`
            perhaps.
        columns: the declared roles of the data's columns.
        streams: table features that are compared between splits.
        feature_names: names of the columns of the model's input; () where there are none.
        present: whether the model itself is here (False for stored predictions).
        differentiable: whether gradients reach the inputs.
        layer: the model's layer that can be looked into; "" where there is none, and `reasons` says
            why under `embeds`.
        reasons: capability → why the model lacks it.
        seed: of everything drawn at random.
        labels: of which rows the true outcome is known.
        medium: what an input is, as of `auditkit.models.medium`; "" where that is not known.
        input_range: whether it is declared between which ends the inputs lie.
        members: how many further members of an ensemble there are.
        aims: what the user wants of the model's confidence.
        wishes: which explanations the user wants.
        retraining: how the model may be trained again.
        cost: what of the model's cost is wanted.
        file_bytes: size of the file that the model came from; None where it came from none.
        training_log: what was logged while the model was trained; None where no log is given.
        nuisances: what ought not to matter to the model: named by the user, or those built in.
        generation: what is wanted of a generative model, which has no views; None of a model that
            predicts.
        slice_levels: axis by which slices are searched for (`feature:age`, `group:sex`) → its
            levels, fixed before the pass.
    """

    views: tuple[View, ...]
    splits: tuple[str, ...]
    columns: Columns
    streams: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    present: bool = True
    differentiable: bool = True
    layer: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    slice_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Labels = Labels.ALL
    medium: str = ""
    input_range: bool = False
    members: int = 0
    aims: Aims = field(default_factory=Aims)
    nuisances: tuple[Nuisance, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    retraining: Retraining = field(default_factory=Retraining)
    cost: CostWishes = field(default_factory=CostWishes)
    file_bytes: int | None = None
    training_log: TrainingLog | None = None
    generation: GenerationSettings | None = None

    @property
    def kind(self) -> Kind:
        """Whether it predicts or generates."""
        return Kind.PREDICTOR if self.generation is None else Kind.GENERATOR

    @property
    def unlabelled(self) -> str:
        """Why nothing that rests on labels is measured; "" where there are labels."""
        return NO_LABEL if self.labels is Labels.NONE else ""

    @property
    def clustered(self) -> bool:
        """Whether the independent unit is a declared cluster rather than a row."""
        return self.columns.cluster is not None

    @property
    def main_views(self) -> tuple[View, ...]:
        """The views that stand for a head or label, without single classes against the rest."""
        return tuple(view for view in self.views if not view.one_vs_rest)

    @property
    def slicings(self) -> list[tuple[str, ...]]:
        """The declared attributes, each alone, and the declared intersections."""
        alone = [(declared.name,) for declared in self.columns.groups]
        return alone + [tuple(sorted(names)) for names in self.columns.intersections]

    def within(self, split: str) -> Subject:
        """The subject as one split knows it: outside the model's kind, rows are inputs alone."""
        if split != OUTSIDE:
            return self
        return replace(self, columns=self.columns.inputs_alone, labels=Labels.NONE)

    def reference(self, attributes: tuple[str, ...]) -> Slice | None:
        """The declared reference group; None where one of the attributes has none."""
        declared = self.columns.references
        levels = {name: level for name in attributes if (level := declared[name]) is not None}
        return Slice.of(levels) if len(levels) == len(attributes) else None

    def view(self, key: ViewKey) -> View:
        """The view with this key.

        Raises:
            KeyError: there is none.
        """
        for view in self.views:
            if view.key == key:
                return view
        raise KeyError(key)
