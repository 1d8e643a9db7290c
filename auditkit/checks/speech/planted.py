"""What was written down of silence and noise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import absent, estimated
from auditkit.checks.speech.metrics import NOISE, SILENCE
from auditkit.checks.speech.words import heard_text
from auditkit.evidence import planted_sounds
from auditkit.evidence.asked import NotAsked
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import PlantedSoundNeed
from auditkit.evidence.planted_sounds import PlantedAnswers
from auditkit.measurement import Measurement, MeasurementKey, Status
from auditkit.statistics.estimates import exact_proportion


def of_planted(need: PlantedSoundNeed, evidence: Evidence) -> Iterator[Measurement]:
    """The share of silences and of noises with text; of noises also kind by kind."""
    said = evidence.asked.get(need)
    if not isinstance(said, PlantedAnswers):
        reason = said.reason if isinstance(said, NotAsked) else "No sounds were planted."
        for metric in (SILENCE, NOISE):
            key = MeasurementKey(metric.id, split=need.split)
            yield absent(key, Status.NOT_APPLICABLE, reason, Sample(0))
        return
    texts = np.array([heard_text(answer.text) for answer in said.answers], dtype=bool)
    kinds = np.array(said.kinds)
    silent = kinds == planted_sounds.SILENCE
    yield _share(MeasurementKey(SILENCE.id, split=need.split), texts[silent])
    yield _share(MeasurementKey(NOISE.id, split=need.split), texts[~silent])
    for kind in dict.fromkeys(kinds[~silent].tolist()):
        key = MeasurementKey(NOISE.id, split=need.split, label=kind)
        yield _share(key, texts[kinds == kind])


def _share(key: MeasurementKey, texts: np.ndarray) -> Measurement:
    estimate = partial(exact_proportion, int(texts.sum()), len(texts))
    return estimated(key, estimate, Sample(len(texts)))


__all__ = ["of_planted"]
