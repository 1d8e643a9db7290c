"""What do the outputs depend on, and can the explanation itself be trusted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.metrics import (
    CONVERGENCE_METRICS,
    FEATURE_METRICS,
    GROUP_METRICS,
    PROXY_METRICS,
    REGION_METRICS,
    TEST_METRICS,
)
from auditkit.checks.explanation.needs import group_needs, proxy_needs
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import AttributionNeed
from auditkit.evidence.subject import Subject
from auditkit.explain.trust.exclusions import NEVER_EXCLUDED
from auditkit.models.head import Task

# torch and Captum are loaded when something is explained, not when checks are listed.
if TYPE_CHECKING:
    from auditkit.explain import Explanation, NotExplainable

METRICS = (
    *CONVERGENCE_METRICS,
    *FEATURE_METRICS,
    *GROUP_METRICS,
    *PROXY_METRICS,
    *REGION_METRICS,
    *TEST_METRICS,
)


def _heads(subject: Subject) -> tuple[str, ...]:
    explained = [view for view in subject.main_views if view.task is not Task.CUSTOM]
    return tuple(dict.fromkeys(view.key.head for view in explained))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for head in _heads(subject):
        yield SplitNeed(EVALUATION, AttributionNeed(head, subject.wishes, subject.medium))
    for counted in (*group_needs(subject), *proxy_needs(subject)):
        yield SplitNeed(EVALUATION, counted)


def _unmet(subject: Subject) -> str:
    if not subject.present:
        return "Only stored predictions are audited; the model is not here to be explained."
    return "" if _heads(subject) else "A custom output has no single number to explain."


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    from auditkit.checks.explanation.pictures import kept_note

    collected = evidence[EVALUATION]
    wanted = [need for need in collected.attributions if need.head in _heads(subject)]
    found = Findings.together(
        _of_head(need, collected.attributions[need], subject, collected) for need in wanted
    )
    return replace(found, notes=(*found.notes, *kept_note(found.figures)))


def _of_head(
    need: AttributionNeed,
    found: Explanation | NotExplainable,
    subject: Subject,
    evidence: SplitEvidence,
) -> Findings:
    from auditkit.checks.explanation.convergence import convergence, unmeasured
    from auditkit.checks.explanation.features import features
    from auditkit.checks.explanation.groups import by_groups
    from auditkit.checks.explanation.pictures import pictures
    from auditkit.checks.explanation.proxies import proxies
    from auditkit.checks.explanation.reasons import reasons
    from auditkit.checks.explanation.regions import regions
    from auditkit.checks.explanation.tests import trials
    from auditkit.explain import NotExplainable

    if isinstance(found, NotExplainable):
        nobody = ExplainedUnits(need.head, Sample(0, sampled=evidence.sampled), None, {})
        names = tuple(metric.id.partition(".")[2] for metric in METRICS)
        return Findings(tuple(unmeasured(nobody, found.reason, names)))
    units = ExplainedUnits.of(need, len(found), evidence)
    return Findings.together(
        [
            Findings(tuple(convergence(units, found))),
            trials(units, found),
            features(units, found, subject),
            by_groups(units, found, subject, evidence),
            proxies(units, found, subject, evidence),
            pictures(units, found, subject, evidence),
            regions(units, found, subject),
            reasons(units, found, subject, evidence),
        ]
    )


CHECK = Check(
    name="explanation",
    question="What do the outputs depend on?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        *NEVER_EXCLUDED,
        "Explanations were tested on a sample; the map of another unit may be wrong.",
    ),
)
