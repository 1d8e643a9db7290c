"""From a model and its data to what the checks may know of them, before anything is collected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from auditkit.data.batch import Batch, Source
from auditkit.data.datasets import Dataset
from auditkit.data.sources import OUTSIDE
from auditkit.data.training_logs import TrainingLog
from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.evidence.aims import Aims
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.retraining import Retraining
from auditkit.evidence.runner import BatchRunner
from auditkit.evidence.slice_levels import bin_labels, frequent_labels, labels_of_values
from auditkit.evidence.subject import Labels, Subject, views_of
from auditkit.explain.wishes import Wishes
from auditkit.models.medium import Medium
from auditkit.models.wrapped import WrappedModel
from auditkit.variants.nuisances import BUILT_IN, Nuisance
from auditkit.variants.nuisances.fitting import refuse_unfit

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Edges = Mapping[str, tuple[float, ...] | None]
_EDGE_ROWS = 50_000
_BINS = 16
_MAX_STREAMS = 200
_FEWEST_NAMED = 50
"""In fewer rows text may well occur once without being a name."""


_USUAL = Aims()
_WISHES = Wishes()
_RETRAINING = Retraining()
_COST = CostWishes()


@dataclass(frozen=True)
class Probed:
    """What the first batch shows.

    Attributes:
        subject: what is audited.
        edges: stream → edges of its bins, None for a categorical one.
        notes: sentences: what of the data is left out.
        answers: digest of the model's outputs for the first batch of each split: two models with
            the same parameters may still differ in what they do.
    """

    subject: Subject
    edges: Edges
    notes: tuple[str, ...] = ()
    answers: str = ""


def probe(
    model: WrappedModel,
    dataset: Dataset,
    *,
    seed: int,
    batch_size: int,
    feature_names: tuple[str, ...] = (),
    aims: Aims = _USUAL,
    nuisances: tuple[Nuisance, ...] | None = None,
    wishes: Wishes = _WISHES,
    retraining: Retraining = _RETRAINING,
    cost: CostWishes = _COST,
    file_bytes: int | None = None,
    training_log: TrainingLog | None = None,
) -> Probed:
    """Check schema and first batch of every split, run the model once, and describe the subject.

    Raises:
        DataError, ModelError: whatever the first batch shows to be wrong, before any long pass.
    """
    dataset.check()
    batches = {name: _first_batch(dataset, name, batch_size) for name in dataset.splits}
    unit_metrics: dict[str, tuple[str, ...]] = {}
    answers = hashlib.sha256()
    for batch in batches.values():
        found = _try(model, batch, answers)
        unit_metrics |= found if batch.targets is not None else {}
    _refuse_inputs(model, batches["evaluation"])
    edges, levels = _binning(dataset, batches, model.answer_columns)
    capabilities = model.capabilities
    medium = _medium(model, batches["evaluation"])
    views = tuple(
        view for head in model.heads for view in views_of(head, unit_metrics.get(head.name, ()))
    )
    subject = Subject(
        views=views,
        splits=tuple(dataset.splits),
        columns=dataset.columns,
        streams=tuple(edges),
        feature_names=feature_names or _names_of_columns(model, batches["evaluation"]),
        present=capabilities.present,
        differentiable=capabilities.differentiable,
        layer=model.layer,
        reasons=capabilities.reasons,
        seed=seed,
        slice_levels=levels,
        labels=_labels(dataset, batches),
        medium=medium,
        input_range=model.inputs.range is not None,
        members=len(model.members),
        aims=aims,
        wishes=wishes,
        retraining=retraining,
        cost=cost,
        file_bytes=file_bytes,
        training_log=training_log,
        nuisances=_nuisances(model, batches["evaluation"], nuisances, medium),
    )
    return Probed(subject, edges, _left_out(batches, edges), f"sha256:{answers.hexdigest()}")


def _labels(dataset: Dataset, batches: Mapping[str, Batch]) -> Labels:
    """Of which rows the true outcome is known, as the declaration and the first batches say."""
    columns, evaluation = dataset.columns, batches["evaluation"]
    # The first items of torch data may all be without a target where that is declared.
    if columns.labelled is not None and (columns.label is not None or evaluation.frame is None):
        return Labels.SOME
    judged = [batch for name, batch in batches.items() if name != OUTSIDE]
    if all(batch.targets is not None for batch in judged):
        return Labels.ALL
    return Labels.NONE if evaluation.targets is None else Labels.SOME


def _medium(model: WrappedModel, batch: Batch) -> str:
    """What an input is, as declared; else as the data know it."""
    if model.inputs.medium is not None:
        return model.inputs.medium.value
    return batch.medium or ("" if batch.frame is None else Medium.TABLE.value)


def _names_of_columns(model: WrappedModel, batch: Batch) -> tuple[str, ...]:
    """The names of the model's inputs, where these are the columns of a table."""
    if batch.frame is None or not model.takes_columns:
        return ()
    return tuple(map(str, batch.frame.columns))


def _nuisances(
    model: WrappedModel, batch: Batch, given: tuple[Nuisance, ...] | None, medium: str
) -> tuple[Nuisance, ...]:
    """What ought not to matter: what the user names, else what is built in for the medium.

    Raises:
        ConfigurationError: what the user names does not fit the inputs of the first batch.
    """
    if given is None:
        return BUILT_IN.get(medium, ()) if model.inputs.range is not None else ()
    if given and model.capabilities.present:
        prepared = model.prepare(batch.inputs)
        for nuisance in given:
            refuse_unfit(nuisance, medium, batch.frame, prepared, model.inputs.range)
    return given


def _first_batch(dataset: Dataset, split: str, batch_size: int) -> Batch:
    source = dataset.splits[split]
    for fragment in source.fragments():
        for batch in source.batches(fragment, batch_size):
            return batch
    raise DataError(
        f"The split {split!r} has no rows.", mend="Give data with at least one row for each split."
    )


def _left_out(batches: Mapping[str, Batch], edges: Edges) -> tuple[str, ...]:
    frame = batches["training"].frame if "training" in batches else None
    if frame is None or len(frame.columns) <= len(edges):
        return ()
    return (
        f"Drift was measured for the first {len(edges)} of {len(frame.columns)} features only.",
    )


def _try(model: WrappedModel, batch: Batch, answers: Hash) -> dict[str, tuple[str, ...]]:
    """Run one batch and digest the answers; the names of the unit metrics of each head."""
    answered = BatchRunner(model).run(batch)
    for name, head in sorted(answered.heads.items()):
        answers.update(name.encode())
        for value in (head.raw, *head.unit_metrics.values()):
            if isinstance(value, torch.Tensor):
                answers.update(value.detach().double().cpu().numpy().tobytes())
    _add_members(model, batch, answers)
    return {name: tuple(head.unit_metrics) for name, head in answered.heads.items()}


def _add_members(model: WrappedModel, batch: Batch, answers: Hash) -> None:
    """Digest what the other members of an ensemble answer; one that cannot, by its reason."""
    for member in model.members:
        try:
            with member.opened():
                found = member.predict(batch.inputs)
        except ModelError as error:
            answers.update(error.problem.encode())
            continue
        for value in found.values():
            if isinstance(value, torch.Tensor):
                answers.update(value.detach().double().cpu().numpy().tobytes())


def _refuse_inputs(model: WrappedModel, batch: Batch) -> None:
    """Refuse a declaration of the inputs that the first batch contradicts.

    Raises:
        ConfigurationError: they are no images, or have another number of channels than the range.
        DataError: they lie outside the declared range.
    """
    prepared = model.prepare(batch.inputs)
    if isinstance(prepared, tuple | list) and len(prepared) == 1:
        prepared = prepared[0]
    if not isinstance(prepared, torch.Tensor):
        return
    if model.inputs.medium is Medium.IMAGE and prepared.ndim != 4:
        raise ConfigurationError(
            f"The inputs are declared as images, and have the shape {tuple(prepared.shape)}; "
            "expected (units, channels, height, width).",
            mend="Declare another medium, or let preprocess return this shape.",
        )
    if model.inputs.range is not None and prepared.is_floating_point():
        model.inputs.range.refuse_outside(prepared)


def _binning(
    dataset: Dataset, batches: Mapping[str, Batch], answers: frozenset[str]
) -> tuple[Edges, dict[str, tuple[str, ...]]]:
    """Bins of every table feature, and the levels by which slices are searched for.

    They come from the first rows of the training data, or of the evaluation data where there are no
    others. Bins may be any that are fixed before the counting; those of equal size see a shift
    best.
    """
    split = "training" if "training" in dataset.splits else "evaluation"
    tabular = batches[split].frame is not None
    # Reading so many images would be dear: for them the first batch must do.
    first = _first_batches(dataset.splits[split]) if tabular else [batches[split]]
    edges: dict[str, tuple[float, ...] | None] = {}
    levels: dict[str, tuple[str, ...]] = {}
    if tabular:
        head = pd.concat([batch.frame for batch in first if batch.frame is not None])
        for name in list(head.columns)[:_MAX_STREAMS]:
            found = edges[str(name)] = _column_edges(head[name])
            if str(name) not in answers and _makes_slices(head[name], found):
                levels[f"feature:{name}"] = _levels(head[name], found)
    for name in first[0].groups:
        met = pd.concat([pd.Series(batch.groups[name].astype(object)) for batch in first])
        levels[f"group:{name}"] = frequent_labels(met)
    return edges, levels


def _levels(column: pd.Series, edges: tuple[float, ...] | None) -> tuple[str, ...]:
    return frequent_labels(labels_of_values(column)) if edges is None else bin_labels(edges)


def _makes_slices(column: pd.Series, edges: tuple[float, ...] | None) -> bool:
    """Whether rows have values in common: lists in a cell cannot be told apart, and ids are none.

    Text that mostly occurs once names rows; a slice by it would be all rows but a few.
    """
    if not all(pd.api.types.is_hashable(value) for value in column.dropna().head(1)):
        return False
    named = edges is None and len(column) >= _FEWEST_NAMED
    return not named or column.nunique() <= len(column) / 2


def _first_batches(source: Source) -> list[Batch]:
    found: list[Batch] = []
    for fragment in source.fragments():
        for batch in source.batches(fragment, _EDGE_ROWS):
            found.append(batch)
            if sum(map(len, found)) >= _EDGE_ROWS:
                return found
    return found


def _column_edges(column: pd.Series) -> tuple[float, ...] | None:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    quantiles = np.quantile(numbers, np.arange(1, _BINS) / _BINS)
    return tuple(float(edge) for edge in np.unique(quantiles))
