"""How much can be answered, if errors among the answers must stay rare?

Half of the rows choose the threshold of confidence below which the model would abstain; the other
half says how much is answered then, and how often that is wrong. A threshold keeps its promise for
units like these: other inputs, or another share of hard ones, may break it. Of clusters it is a
promise about one row drawn from each; where all rows of the other half break it, a note says so.
"""

from __future__ import annotations

from auditkit.checks.abstention.figures import curve_figure, group_figures
from auditkit.checks.abstention.halves import AbstentionHalves
from auditkit.checks.abstention.numbers import nothing, numbers_of, of_groups
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.confidence.check import (
    confident_rows,
    judged_views,
    outcome_needs,
    unconfident,
)
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.evidence.collected import Evidence
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Figure, Measurement, Metric

_METHOD = "Geifman and El-Yaniv 2017; Angelopoulos et al. 2025 (Learn then Test)"
_INTERVAL = "interval of Wilson 1927"

METRICS = (
    Metric(
        id="abstention.threshold",
        title="Threshold of confidence",
        definition="The confidence above which units are answered: the lowest found on one half of "
        "the rows that keeps the error among the answers (of clusters, among one row drawn from "
        "each) at most the aim, with the confidence asked for.",
        unit="share",
        direction=Direction.NONE,
        low=0,
        high=1,
        source=_METHOD,
        gateable=False,
    ),
    Metric(
        id="abstention.coverage",
        title="Share answered",
        definition="Share of the held-out units whose confidence is above the threshold that was "
        "chosen on the other half.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=f"{_METHOD}; {_INTERVAL}",
    ),
    Metric(
        id="abstention.error",
        title="Error among the answers",
        definition="Share of wrong ones among the held-out units that are answered.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"El-Yaniv and Wiener 2010; {_INTERVAL}",
    ),
    Metric(
        id="abstention.group_coverage",
        title="Share of a group answered",
        definition="Share of the group's held-out units whose confidence is above the threshold, "
        "which is the same for all.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=f"Jones et al. 2021; {_INTERVAL}",
    ),
    Metric(
        id="abstention.group_error",
        title="Error among a group's answers",
        definition="Share of wrong ones among the group's held-out units that are answered.",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=f"Jones et al. 2021; {_INTERVAL}",
    ),
)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in judged_views(subject))


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    split = evidence[EVALUATION]
    rows = confident_rows(subject, evidence, view)
    if isinstance(rows, str):
        return Findings(tuple(nothing(view, rows, sampled=split.sampled)))
    halves = AbstentionHalves.of(rows, subject.aims)
    found: list[Measurement] = list(numbers_of(halves))
    figures: list[Figure | None] = [curve_figure(halves, found)]
    for attributes in subject.slicings:
        groups = OutcomeGroups(halves.held_out, subject, split, attributes)
        within = list(of_groups(halves, groups))
        figures += group_figures(halves, groups, within)
        found += within
    of = f" of {view.key}" if str(view.key) else ""
    broken = (f"The threshold to abstain by{of}: {halves.breach}",) if halves.breach else ()
    return Findings(tuple(found), tuple(one for one in figures if one is not None), broken)


CHECK = Check(
    name="abstention",
    question="How much can be answered, if errors among the answers must stay rare?",
    metrics=METRICS,
    unmet=unconfident,
    needs=outcome_needs,
    measure=_measure,
    not_tested=(
        "The threshold keeps its promise for units like these, all together: not for every group, "
        "and not for inputs of another kind or a later time.",
        "Only the confidence itself was tried as the score to abstain by. Every row counts alike, "
        "whatever weight is declared.",
        "Where a cluster is declared, what is promised is for one row drawn from each cluster that "
        "has rows among those kept: all rows together may err more often, where those of large "
        "clusters do. The error among the answers counts every row.",
    ),
)
