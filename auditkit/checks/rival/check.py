"""Is the model better than a simple one? Logistic regression and gradient boosting beside it.

Both are taught on the training split, and all are asked about the same evaluation units: what is
judged is the difference on these, unit by unit, and never two scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from auditkit.checks.check import EVALUATION, TRAINING, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import groups_need
from auditkit.checks.paired.gains import ACCURACY, FLIPS, GAINS, Gain, gains_of, leading
from auditkit.checks.paired.numbers import (
    Part,
    discordance,
    flipped,
    gained,
    group_parts,
    whole,
)
from auditkit.checks.paired.standing import Standing, standing
from auditkit.checks.rival.figures import figures
from auditkit.checks.rival.matches import RIVALS, Match, matches, trial_of, unmatched, views
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import Subject
from auditkit.evidence.tried import trial_needs
from auditkit.measurement import Measurement, MeasurementKey, Slice, Status
from auditkit.statistics.absence import MIN_KEPT

_NAMES = ("the model", "the rival")
METRICS = (
    *(gain.metric("rival", *_NAMES) for gain in GAINS),
    *(flip.metric("rival", *_NAMES) for flip in FLIPS),
)


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so no simple model can be taught beside this one; declare "
            "data.training to compare them."
        )
    if subject.unlabelled:
        return subject.unlabelled
    if not views(subject):
        return (
            "What a custom output means is known to its unit_metrics alone, so that no simple "
            "model can be taught it."
        )
    return "" if any(not unmatched(one) for one in views(subject)) else unmatched(views(subject)[0])


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in views(subject):
        if not unmatched(view):
            needs = [trial_of(subject, view, rival) for rival in RIVALS]
            yield from trial_needs(subject, view, *needs)
    for declared in subject.columns.groups:
        yield SplitNeed(EVALUATION, groups_need((declared.name,)))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    found: list[Measurement] = []
    met: list[Match] = []
    notes: list[str] = []
    for view in views(subject):
        for match in matches(subject, evidence, view):
            met.append(match)
            of_match = list(_of_match(match, subject, evidence))
            found += of_match
            notes += _no_worse(match, of_match)
    return Findings(tuple(found), tuple(figures(met, found)), tuple(notes))


def _no_worse(match: Match, found: Sequence[Measurement]) -> Iterator[str]:
    """What a reviewer must see: a simple model does as well, by what is judged first."""
    gain = leading(match.view)
    if gain is None or isinstance(match.pair, str):
        return
    key = _key(gain.name, match)
    first = next(one for one in found if one.key == key)
    if first.interval is None:
        return
    word = standing(first.interval, gain.margin(match.pair))
    if word in (Standing.WORSE, Standing.WITHIN):
        than = "better than" if word is Standing.WORSE else "as good as"
        of = f" for {match.view.key}" if str(match.view.key) else ""
        yield (
            f"A simple model, {match.rival}, is {than} the model{of}: ask whether the model is "
            "worth what it costs."
        )


def _of_match(match: Match, subject: Subject, evidence: Evidence) -> Iterator[Measurement]:
    if isinstance(match.pair, str):
        yield from _absent(match, match.pair, evidence)
        return
    for gain in gains_of(match.view):
        key = _key(gain.name, match)
        if reason := gain.unmet(match.view):
            yield absent(key, Status.NOT_APPLICABLE, reason, Sample(0))
        else:
            yield _of_all(gain, match.pair, key, match)
    if match.view.classifies and match.view.decides:
        yield from (flipped(one, whole(match.pair), _key(one.name, match)) for one in FLIPS)
    yield from _of_groups(match, match.pair, subject, evidence)


def _of_all(gain: Gain, pair: PairedRows, key: MeasurementKey, match: Match) -> Measurement:
    found = gained(gain, whole(pair), key, match.names)
    if found.status is not Status.MEASURED:
        return found
    told = gain.name == ACCURACY and len(pair) >= MIN_KEPT
    counted = discordance(pair, match.names) if told else ""
    said = (found.reason, counted, match.lesson)
    return replace(found, reason=" ".join(text for text in said if text))


def _of_groups(
    match: Match, pair: PairedRows, subject: Subject, evidence: Evidence
) -> Iterator[Measurement]:
    gain = leading(match.view)
    if gain is None:
        return
    for declared in subject.columns.groups:
        parts = group_parts(pair, subject, evidence[EVALUATION], declared.name)
        yield from (_of_group(gain, match, where, part) for where, part in parts)


def _of_group(gain: Gain, match: Match, where: Slice, part: Part) -> Measurement:
    return gained(gain, part, _key(gain.name, match, where), match.names)


def _absent(match: Match, reason: str, evidence: Evidence) -> Iterator[Measurement]:
    """Why nothing is measured against a rival."""
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    for gain in gains_of(match.view):
        said = gain.unmet(match.view) or reason
        yield absent(_key(gain.name, match), Status.NOT_APPLICABLE, said, nothing)


def _key(number: str, match: Match, where: Slice | None = None) -> MeasurementKey:
    return MeasurementKey(
        f"rival.{number}",
        Slice() if where is None else where,
        split=EVALUATION,
        head=match.view.key.head,
        label=match.label,
    )


CHECK = Check(
    name="rival",
    question="Is the model better than a simple one, and worth what it costs?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "The rivals are scikit-learn's, with few choices made for them: a rival that somebody "
        "takes trouble with may be better, and no rival shows that a deep model is needed.",
        "They are taught on at most 10,000 units, where inputs are no table on at most 2,000, and "
        "asked about as many; on wide data of many classes boosting grows fewer trees.",
        "Where a rival stands on the model's own embedding, it shows what the last layers add, and "
        "nothing of a model that learns from the inputs by itself.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
