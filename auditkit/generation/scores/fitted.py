"""All scores that are fitted on answers known to be right or wrong, or on other scores."""

from __future__ import annotations

from auditkit.generation.scores import ensemble, probes
from auditkit.generation.scores.score import Material, NotScored, Values
from auditkit.generation.scores.supervised import FittedScore, Lesson, Mask

FITTED: tuple[FittedScore, ...] = (*probes.SCORES, *ensemble.SCORES)


def fitted_scores(
    material: Material, wrong: Mask, judged: Mask, fit: Mask
) -> dict[str, Values | NotScored]:
    """Every fitted score of every prompt, or why there is none; in the order of `FITTED`.

    Scores are log-odds. On the rows fitted on they are out of fold, so that a calibrator can be
    fitted on the same rows.

    Args:
        material: n prompts.
        wrong: whether each greedy answer is wrong, shape (n,).
        judged: whether that is known, shape (n,).
        fit: the half that may be fitted on, shape (n,); clusters are not cut.

    Raises:
        ValueError: masks of another length.
    """
    lesson = Lesson(*(_mask(one, len(material)) for one in (wrong, judged, fit)))
    return {one.name: one.compute(material, lesson) for one in FITTED}


def _mask(given: Mask, n: int) -> Mask:
    if given.shape != (n,):
        raise ValueError(f"of {n} prompts something is told of shape {given.shape}")
    return given.astype(bool)


__all__ = ["FITTED", "fitted_scores"]
