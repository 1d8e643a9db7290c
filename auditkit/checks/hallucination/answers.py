"""What the answers are worth, of all prompts and of groups: wrong, refused, contradicted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.estimation import MIN_KEPT, estimated, telling, undefined
from auditkit.checks.hallucination.judged import AnswerGroups, Judged
from auditkit.checks.hallucination.keys import NOT_JUDGED, key_of, not_applicable
from auditkit.evidence.row_estimates import bounded_mean_of, share_of
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.scores.absence import without_classes
from auditkit.generation.scores.score import NotScored
from auditkit.measurement import Estimate, Measurement, Slice


def of_all(found: Judged) -> Iterator[Measurement]:
    """The numbers of all prompts together."""
    rows = found.rows
    yield estimated(key_of("judged"), partial(_share, found.judged, rows), rows.sample)
    yield estimated(key_of("refusal_rate"), partial(_share, _refused(rows), rows), rows.sample)
    yield _error_rate(rows)
    yield _disagreement(found)
    yield _confidently_wrong(found)
    yield found.verification


def of_groups(
    found: Judged, everybody: AnswerGroups, answered: AnswerGroups
) -> Iterator[Measurement]:
    """How often each group gets a wrong answer, or none.

    Args:
        found: the answers to all prompts.
        everybody: groups among all prompts.
        answered: groups among those whose answer is right or wrong.
    """
    refused = _refused(found.rows)
    for where in everybody.groups.samples:
        yield estimated(
            key_of("refusal_rate", where),
            partial(_in_group, refused, everybody, where),
            everybody.groups.sample(where),
        )
    wrong = answered.rows.wrong
    for where in answered.groups.samples:
        key = key_of("error_rate", where)
        if found.judged.any():
            made = partial(_in_group, wrong, answered, where)
            yield estimated(key, made, answered.groups.sample(where))
        else:
            yield not_applicable(key, NOT_JUDGED, answered.rows)


def _share(flags: np.ndarray, rows: AnswerRows) -> Estimate:
    if len(rows) < MIN_KEPT:
        raise telling("There are too few prompts")
    return share_of(flags, rows)


def _refused(rows: AnswerRows) -> np.ndarray:
    refused: np.ndarray = rows.outcomes == Outcome.REFUSED
    return refused


def _error_rate(rows: AnswerRows) -> Measurement:
    key, answered = key_of("error_rate"), rows.part(rows.answered)
    if (rows.outcomes == Outcome.UNJUDGED).all():
        return not_applicable(key, NOT_JUDGED, rows)
    return estimated(key, partial(_wrong_share, answered), answered.sample)


def _wrong_share(answered: AnswerRows) -> Estimate:
    if not len(answered):
        raise undefined("No answer is right or wrong: all that were judged are refusals.")
    if len(answered) < MIN_KEPT:
        raise telling("Too few answers are right or wrong")
    return share_of(answered.wrong, answered)


def _disagreement(found: Judged) -> Measurement:
    key, values = key_of("disagreement"), found.scores["self_consistency"]
    if isinstance(values, NotScored):
        return not_applicable(key, values.reason, found.rows)
    return estimated(key, partial(_mean, values, found.rows), found.rows.sample)


def _mean(values: np.ndarray, rows: AnswerRows) -> Estimate:
    if len(rows) < MIN_KEPT:
        raise telling("There are too few prompts")
    return bounded_mean_of(values, rows, 0, 1)


def _confidently_wrong(found: Judged) -> Measurement:
    key, rows = key_of("confidently_wrong"), found.rows
    if not found.judged.any():
        return not_applicable(key, NOT_JUDGED, rows)
    if reason := without_classes(found.material, least=2):
        return not_applicable(key, reason, rows)
    wrong = rows.part(rows.wrong)
    return estimated(
        key, partial(_unanimous_share, unanimous(found)[rows.wrong], wrong), wrong.sample
    )


def unanimous(found: Judged) -> np.ndarray:
    """Of which prompts all samples mean the same as the greedy answer, bool of shape (n,).

    Only of material that has classes.
    """
    assert found.material.classes is not None
    return np.array([not one.any() for one in found.material.classes.of])


def _unanimous_share(agreed: np.ndarray, wrong: AnswerRows) -> Estimate:
    if not len(wrong):
        raise undefined("No answer is wrong.")
    if len(wrong) < MIN_KEPT:
        raise telling("Too few answers are wrong")
    return share_of(agreed, wrong)


def _in_group(flags: np.ndarray, groups: AnswerGroups, where: Slice) -> Estimate:
    groups.refuse_few(where)
    members = groups.members(where)
    return share_of(flags[members], groups.rows.part(members))


__all__ = ["of_all", "of_groups", "unanimous"]
