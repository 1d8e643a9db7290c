"""From a generative model and its prompts to what the checks may know of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from auditkit.data.batch import Batch
from auditkit.data.datasets import Dataset
from auditkit.errors import ConfigurationError, DataError
from auditkit.evidence.aims import Aims
from auditkit.evidence.prompts import questions_of, refuse_columns
from auditkit.evidence.subject import Subject
from auditkit.generation.answering import answered
from auditkit.generation.idle_settings import refuse_idle
from auditkit.generation.probes import refuse_probes
from auditkit.generation.refused_settings import refuse_settings
from auditkit.generation.settings import GenerationSettings
from auditkit.generation.trial import try_judges
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.subjects import Probed

_TRIED = 2
"""Prompts that are answered for the identity of the model: enough to tell two apart, and quick."""


def probe_generator(
    model: WrappedGenerator,
    dataset: Dataset,
    settings: GenerationSettings,
    *,
    seed: int,
    aims: Aims,
    batch_size: int,
) -> Probed:
    """Check schema and first batch of every split, ask the model once, and describe the subject.

    Raises:
        DataError, ConfigurationError, ModelError: whatever the first batch shows to be wrong,
            before any long pass.
    """
    refuse_settings(settings)
    refuse_idle(settings)
    dataset.check()
    if dataset.columns.label is not None:
        raise ConfigurationError(
            "data.label is declared, and the model answers with text.",
            mend="Name the column of right answers under generation.columns.references.",
        )
    refuse_probes(settings.probes)
    batches = {name: _first_batch(dataset, name, batch_size) for name in dataset.splits}
    for batch in batches.values():
        refuse_columns(batch, settings.columns)
    capabilities = model.capabilities
    subject = Subject(
        views=(),
        splits=tuple(dataset.splits),
        columns=dataset.columns,
        present=capabilities.present,
        differentiable=capabilities.differentiable,
        reasons=capabilities.reasons,
        seed=seed,
        aims=aims,
        generation=settings,
    )
    return Probed(subject, {}, (), _answers(model, batches, settings, seed))


def _first_batch(dataset: Dataset, split: str, batch_size: int) -> Batch:
    source = dataset.splits[split]
    for fragment in source.fragments():
        for batch in source.batches(fragment, batch_size):
            return batch
    raise DataError(
        f"The split {split!r} has no rows.", mend="Give data with at least one row for each split."
    )


def _answers(
    model: WrappedGenerator,
    batches: Mapping[str, Batch],
    settings: GenerationSettings,
    seed: int,
) -> str:
    """Digest of the greedy answers to the first prompts, on which those who judge are tried.

    Raises:
        ConfigurationError: a function of the user's fails on them, or an encoder cannot be read.
    """
    found = hashlib.sha256()
    if not settings.columns.spoken:
        questions = questions_of(batches["evaluation"], settings, seed)[:_TRIED]
        asked = Asked(samples=0, max_tokens=settings.sampling.max_tokens)
        prompts = [Prompt(one.id, one.given) for one in questions]
        answers = [one.greedy for one in answered(model, prompts, asked)]
        try_judges(questions, answers, settings)
        for one in answers:
            found.update(one.text.encode(errors="surrogatepass"))
    return f"sha256:{found.hexdigest()}"


__all__ = ["probe_generator"]
