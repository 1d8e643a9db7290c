"""Are there enough data? What the last doubling of the training data brought, and what n decides.

A gate reads the gain of the last doubling, a paired measurement. What another doubling would bring
is an extrapolation, which nothing is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import BETWEEN, EVALUATION, Check, Findings
from auditkit.checks.data_sufficiency.counts import CLASS, GROUP, count_needs, counted
from auditkit.checks.data_sufficiency.curve import Curve, curve_of, figure_of, told
from auditkit.checks.data_sufficiency.ladder import (
    HEAD,
    TOO_SMALL,
    WHOLE,
    Climbed,
    climbed,
    ladder_needs,
    ladder_of,
    no_ladder,
)
from auditkit.checks.data_sufficiency.losses import LOSSES, Loss, losses_of
from auditkit.checks.data_sufficiency.widths import METRICS, width_needs, widths
from auditkit.checks.estimation import NoEstimateError, Sample, absent, estimated
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Measurement, MeasurementKey, Metric, Status
from auditkit.statistics.crossed import CrossedMean

_SOURCE = "learning curves, Viering and Loog 2023; paired mean over units and draws, Satterthwaite"
_MOST_CURVES = 6


def _doubling(ladder: str, loss: Loss) -> Metric:
    who = "the model's last layer, on frozen features," if ladder == HEAD else "the model"
    by = "whole minus half" if loss.hits else "half minus whole"
    of = " on frozen features" if ladder == HEAD else ""
    return Metric(
        id=f"data_sufficiency.{ladder}_{loss.name}",
        title=f"{loss.title}: gain of the last doubling{of}",
        definition=f"{loss.title} on the same evaluation units after {who} was taught on the whole "
        f"and on half of the training sample, {by}, as a mean over draws: near zero, more "
        "such data would not help much.",
        unit=loss.unit,
        direction=Direction.LOWER,
        low=-1 if loss.hits else None,
        high=1 if loss.hits else None,
        source=_SOURCE,
    )


def _extrapolated(loss: Loss) -> Metric:
    return Metric(
        id=f"data_sufficiency.extrapolated_{loss.name}",
        title=f"{loss.title}: extrapolated gain of the next doubling",
        definition="Fall of the mean loss that a power law through the ladder of training sizes "
        "says of twice the training data: an extrapolation, never judged.",
        unit=loss.unit,
        direction=Direction.LOWER,
        low=0,
        source="a n^−b + c, Hestness et al. 2017",
        gateable=False,
    )


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield from width_needs(subject)
    yield from count_needs(subject)
    yield from ladder_needs(subject)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    ladders = Findings.together(
        _ladder(subject, evidence, view, first=place < _MOST_CURVES)
        for place, view in enumerate(subject.main_views)
    )
    return Findings.together((ladders, counted(subject, evidence), widths(subject, evidence)))


def _ladder(subject: Subject, evidence: Evidence, view: View, *, first: bool) -> Findings:
    """The gains of one view; its curve too, if it is among the first."""
    ladder, losses = ladder_of(subject), losses_of(view)
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    found = [
        absent(_key(f"{name}_{loss.name}", view), Status.NOT_APPLICABLE, reason, nothing)
        for name in (WHOLE, HEAD)
        for loss in losses
        if (reason := no_ladder(subject, name) or str(loss.unmet(view)))
    ]
    met = [loss for loss in losses if not loss.unmet(view)]
    if not met or no_ladder(subject, ladder.name):
        return Findings(tuple(found))
    climb = climbed(evidence, subject, view, ladder)
    curves = {loss.name: _curve(climb, loss) for loss in met}
    for loss in met:
        found += [_gain(climb, loss, nothing), _beyond(climb, loss, curves[loss.name], nothing)]
    curve = curves[met[0].name] if first else None
    figures = () if curve is None else (figure_of(climb, met[0], curve),)
    return Findings(tuple(found), figures, _lacking(climb))


def _key(name: str, view: View) -> MeasurementKey:
    return MeasurementKey(
        f"data_sufficiency.{name}", split=BETWEEN, head=view.key.head, label=view.key.label
    )


def _gain(climb: Climbed, loss: Loss, nothing: Sample) -> Measurement:
    key = _key(f"{climb.ladder.name}_{loss.name}", climb.view)
    try:
        _, whole = climb.last
        gain = climb.gain(loss)
    except NoEstimateError as none:
        return absent(key, none.status, str(none), nothing)
    except ValueError as refused:
        return absent(key, Status.UNDEFINED, f"No gain can be had: {refused}.", nothing)
    rows = whole.rows[0]
    reason = f"{_taught(climb, gain)} {rows.drawn}".strip()
    return estimated(key, lambda: gain.estimate, rows.sample, reason)


def _taught(climb: Climbed, gain: CrossedMean) -> str:
    half, whole = climb.last
    who = "A linear head on frozen features" if climb.ladder.frozen else "The model"
    beyond = "; of the layers below it says nothing" if climb.ladder.frozen else ""
    return (
        f"{who} was taught on {whole.size:,.0f} of {climb.there:,} training units and on "
        f"{half.size:,.0f}, in {gain.draws} draws{beyond}. {100 * gain.share_of_draws:.0f} % of "
        "the squared error lies in the draws, which more evaluation units would not lessen."
    )


def _curve(climb: Climbed, loss: Loss) -> Curve | None:
    try:
        return curve_of(climb, loss)
    except ValueError:  # the gain of the same losses says why
        return None


def _beyond(climb: Climbed, loss: Loss, curve: Curve | None, nothing: Sample) -> Measurement:
    key = _key(f"extrapolated_{loss.name}", climb.view)
    sample = climb.taught[-1].rows[0].sample if climb.taught else nothing
    if curve is None or sample.lack:
        reason = sample.lack or "Without the largest size, or with few units, there is no curve."
        return absent(key, Status.TOO_FEW, reason, nothing)
    if curve.law is None:
        reason = (
            "A curve is drawn on only where four sizes or more were taught, since it must be "
            "tried on one that it has not seen."
        )
        return absent(key, Status.UNDEFINED, reason, sample)
    return Measurement(
        key,
        Status.MEASURED,
        curve.gain,
        units=sample.units,
        rows=sample.rows,
        reason=told(curve, frozen=climb.ladder.frozen),
        sampled=sample.sampled,
    )


_SOME = "Some steps of the ladder of training sizes are missing."


def _lacking(climb: Climbed) -> tuple[str, ...]:
    """What a reviewer must know of steps that are missing: a training of the user's that failed
    is no small thing, even where no requirement asks for it."""
    missing = (step for step in climb.steps if isinstance(step, str) and step != TOO_SMALL)
    reasons = dict.fromkeys(missing)
    last = any(isinstance(step, str) for step in climb.steps[:2])
    if last and climb.ladder.frozen:
        return ()  # the gain says why there is none; nobody had asked for a training
    what = "What the last doubling brought is not known." if last else _SOME
    return tuple(f"{what} {reason}" for reason in reasons)


CHECK = Check(
    name="data_sufficiency",
    question="Are there enough data?",
    metrics=(
        *(_doubling(ladder, loss) for ladder in (WHOLE, HEAD) for loss in LOSSES),
        *(_extrapolated(loss) for loss in LOSSES),
        CLASS,
        GROUP,
        *METRICS,
    ),
    unmet=lambda subject: subject.unlabelled,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "The ladder draws from one training sample; what data of other kinds, places or times "
        "would bring was not tested.",
        "Where the training sample is a part of the training data, the last doubling of the whole "
        "may bring less than that of the sample.",
        "A ladder of the last layer on frozen features says nothing of how many data the layers "
        "below it want.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
