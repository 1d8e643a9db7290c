"""If the model answered with sets, would they hold the truth as often as promised?

Half of the rows set the threshold, the other half says how often the sets hold the true class, or
the intervals the true number. What is judged is the coverage of this one threshold, with the
interval of a share: a model whose sets fail here would have failed its users.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.conformal.figure import figure
from auditkit.checks.conformal.halves import Halves, Trial
from auditkit.checks.conformal.methods import drawn, methods_of
from auditkit.checks.conformal.numbers import absent_numbers, numbers_of
from auditkit.checks.conformal.parts import MAX_CLASSES, GroupTrial, class_coverage
from auditkit.checks.estimation import MIN_KEPT
from auditkit.checks.groups import groups_need
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Metric
from auditkit.models.head import Task

_BASICS = "Vovk, Gammerman and Shafer 2005; Lei et al. 2018"


def _share(name: str, title: str, definition: str, direction: Direction, source: str) -> Metric:
    return Metric(f"conformal.{name}", title, definition, "share", direction, 0, 1, source)


METRICS = (
    _share(
        "coverage",
        "Coverage",
        "Share of held-out units whose conformal set or interval, calibrated on the other half, "
        "holds the truth.",
        Direction.HIGHER,
        _BASICS,
    ),
    Metric(
        id="conformal.set_size",
        title="Set size",
        definition="Mean number of classes in a conformal set.",
        unit="classes",
        direction=Direction.LOWER,
        low=0,
        source="Sadinle, Lei and Wasserman 2019",
    ),
    Metric(
        id="conformal.interval_width",
        title="Interval width",
        definition="Mean width of a conformal interval.",
        unit="units of the target",
        direction=Direction.LOWER,
        low=0,
        source="Romano, Patterson and Candès 2019",
    ),
    _share(
        "empty_share",
        "Empty sets",
        "Share of conformal sets that hold no class at all.",
        Direction.LOWER,
        "Romano, Sesia and Candès 2020",
    ),
    _share(
        "singleton_share",
        "Sets of one class",
        "Share of conformal sets that hold one class, as a plain decision does.",
        Direction.HIGHER,
        "Sadinle, Lei and Wasserman 2019",
    ),
    _share(
        "class_coverage",
        "Coverage of a class",
        "Share of held-out units of the class whose LAC set, with a threshold for each class, "
        "holds it.",
        Direction.HIGHER,
        "Vovk et al. 2003 (Mondrian); Sadinle, Lei and Wasserman 2019",
    ),
    _share(
        "group_coverage",
        "Coverage of a group",
        "Share of held-out units of the group whose conformal set or interval, with one threshold "
        "for all units, holds the truth.",
        Direction.HIGHER,
        "Romano, Barber, Sabatti and Candès 2020",
    ),
    _share(
        "group_conditional_coverage",
        "Coverage of a group by its own threshold",
        "Share of held-out units of the group whose conformal set or interval, with a threshold "
        "from the group's own units, holds the truth.",
        Direction.HIGHER,
        "Romano, Barber, Sabatti and Candès 2020",
    ),
    Metric(
        id="conformal.consistency",
        title="p-value of the number of covered units",
        definition="Chance that so few units or fewer are covered if both halves are exchangeable: "
        "the beta-binomial law of the number.",
        unit="share",
        direction=Direction.NONE,
        low=0,
        high=1,
        source="Vovk 2012; Angelopoulos and Bates 2023",
        gateable=False,
    ),
)


def _views(subject: Subject) -> tuple[View, ...]:
    return tuple(
        view for view in subject.main_views if view.classifies or view.task is Task.REGRESSION
    )


def _fit(view: View) -> bool:
    """Whether a view can answer with sets or intervals."""
    return view.task is Task.REGRESSION or view.probabilistic


def _unmet(subject: Subject) -> str:
    views = _views(subject)
    if not views:
        return "No output gives the probability of a class or predicts a number."
    if not any(_fit(view) for view in views):
        return NO_PROBABILITIES
    return subject.unlabelled


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _views(subject):
        if _fit(view):
            yield SplitNeed(EVALUATION, outcome_need(subject, view))
    for attributes in subject.slicings:
        yield SplitNeed(EVALUATION, groups_need(attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    return Findings.together(_of_view(subject, evidence, view) for view in _views(subject))


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
    if not _fit(view):
        return absent_numbers(view, NO_PROBABILITIES, nothing)
    rows = outcome_rows(evidence, outcome_need(subject, view), view, EVALUATION)
    if isinstance(rows, str):
        return absent_numbers(view, rows, nothing)
    halves = Halves.of(drawn(rows, subject.seed), subject.aims.coverage)
    trials = [Trial(method, halves) for method in methods_of(view)]
    found = [one for trial in trials for one in numbers_of(trial)]
    classifies = view.task is not Task.REGRESSION
    if classifies and not halves.lack:
        found += class_coverage(trials[0])
    for attributes in subject.slicings:
        within = GroupTrial(trials[0], subject, evidence[EVALUATION], attributes)
        found += within.measurements()
    pictured = classifies and not halves.lack and len(halves.held_out.rows) >= MIN_KEPT
    return Findings(
        tuple(found), (figure(halves, trials),) if pictured else (), tuple(_notes(view))
    )


def _notes(view: View) -> Iterator[str]:
    if len(view.classes) > MAX_CLASSES and view.task is Task.MULTICLASS:
        of = f" of {view.key}" if str(view.key) else ""
        yield (
            f"The coverage of single classes{of} was measured for the {MAX_CLASSES} with the most "
            f"held-out units, of {len(view.classes):,} classes."
        )


CHECK = Check(
    name="conformal",
    question="If the model answered with sets, would they hold the truth as often as promised?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Both halves are of one data set: whether the sets of a later time or another place hold "
        "the truth as often was not tested.",
        "Within classes and groups only one method was measured (LAC for classes, CQR or residuals "
        "for numbers), and no further slices were looked at.",
        "Every row counts alike, whatever weight is declared.",
        "The penalty of RAPS was fixed beforehand; a tuned one may give smaller sets.",
    ),
)
