"""Does the model know when it is wrong? How well its confidence ranks its errors."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.confidence.figure import figure
from auditkit.checks.confidence.numbers import (
    RANKINGS,
    SURE,
    confidently_wrong,
    key_of,
    of_groups,
    rankings,
)
from auditkit.checks.confidence.probes import (
    NoProbe,
    Probe,
    answer_needs,
    asked_probes,
    plain_probes,
)
from auditkit.checks.estimation import absent
from auditkit.checks.groups import groups_need
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.scores import NO_DECISION, NO_PROBABILITIES
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Metric, Status

METRICS = (
    Metric(
        id="confidence.error_auroc",
        title="AUROC of errors",
        definition="Probability that a random unit that is right has the higher confidence than "
        "one that is wrong, ties counted half; .5 says nothing, below it confidence misleads.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source="Hendrycks and Gimpel 2017; intervals of DeLong et al. 1988 and Newcombe 2006",
    ),
    Metric(
        id="confidence.aurc",
        title="Area under the risk–coverage curve",
        definition="Mean, over units drawn at random, of the error among all units that are at "
        "least as confident.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Geifman, Uziel and El-Yaniv 2019; interval by influence, Zhou et al. 2024",
    ),
    Metric(
        id="confidence.excess_aurc",
        title="Excess area under the risk–coverage curve",
        definition="The area under the risk–coverage curve less that of the best possible order: "
        "what a better confidence could mend without fewer errors.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Geifman, Uziel and El-Yaniv 2019",
    ),
    Metric(
        id="confidence.confidently_wrong",
        title="Confident errors",
        definition="Share of all units that are wrong though the predicted class has a "
        f"probability of at least {SURE:g}.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="interval of Wilson 1927",
    ),
)


def judged_views(subject: Subject) -> tuple[View, ...]:
    """The views whose units are right or wrong, each with a confidence or the reason why not."""
    return tuple(view for view in subject.main_views if view.classifies)


def lack_of_confidence(view: View) -> str:
    """Why a view has no confidence in a decision; "" if it has."""
    if not view.decides:
        return NO_DECISION
    return "" if view.probabilistic else NO_PROBABILITIES


def unconfident(subject: Subject) -> str:
    """Why no view of a subject has outcomes beside its confidence; "" if one has."""
    views = judged_views(subject)
    if not views:
        return "No output decides between classes."
    lacks = [lack_of_confidence(view) for view in views]
    return lacks[0] if all(lacks) else subject.unlabelled


def outcome_needs(subject: Subject) -> Iterator[SplitNeed]:
    """Rows of every view with a confidence, and the groups that they are in."""
    for view in judged_views(subject):
        if not lack_of_confidence(view):
            yield SplitNeed(EVALUATION, outcome_need(subject, view))
    for attributes in subject.slicings:
        yield SplitNeed(EVALUATION, groups_need(attributes))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield from outcome_needs(subject)
    for view in judged_views(subject):
        if not lack_of_confidence(view):
            yield from (SplitNeed(EVALUATION, need) for need in answer_needs(subject, view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in judged_views(subject))


def confident_rows(subject: Subject, evidence: Evidence, view: View) -> OutcomeRows | str:
    """The rows of a view with their confidence, or the reason why there are none."""
    if reason := lack_of_confidence(view):
        return reason
    return outcome_rows(evidence, outcome_need(subject, view), view, EVALUATION)


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    rows = confident_rows(subject, evidence, view)
    if isinstance(rows, str):
        nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
        names = (*RANKINGS, "confidently_wrong")
        keys = [key_of(name, view) for name in names]
        return Findings(tuple(absent(key, Status.NOT_APPLICABLE, rows, nothing) for key in keys))
    every = [*plain_probes(rows), *asked_probes(subject, evidence, view)]
    probes = [one for one in every if isinstance(one, Probe)]
    found = [confidently_wrong(rows)]
    for probe in every:
        if isinstance(probe, NoProbe):
            keys = [key_of(name, view, probe.name) for name in RANKINGS]
            status = Status.NOT_APPLICABLE
            found += [absent(key, status, probe.reason, rows.sample) for key in keys]
        else:
            found += rankings(probe)
    for attributes in subject.slicings:
        groups = OutcomeGroups(rows, subject, evidence[EVALUATION], attributes)
        found += of_groups(probes[0], groups)
    picture = figure(probes)
    return Findings(tuple(found), () if picture is None else (picture,))


CHECK = Check(
    name="confidence",
    question="Does the model know when it is wrong?",
    metrics=METRICS,
    unmet=unconfident,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Whether confidence falls on inputs of another kind than these was not tested here.",
        "Within groups only the confidence itself was measured, and no further slices were looked "
        "at. Every row counts alike, whatever weight is declared.",
    ),
)
