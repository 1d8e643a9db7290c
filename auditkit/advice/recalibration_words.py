"""What an advice on recalibration says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from auditkit.advice.adviser import Cause
from auditkit.advice.numbers import points, share, signed
from auditkit.advice.recalibration_fits import Recalibration
from auditkit.advice.recalibration_outcomes import CONFIDENCE_GAP, SQUARED_ERROR, Outcomes
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, Slice
from auditkit.models.head import Task

CAUTION = (
    "Recalibration changes the probability of every row at once. Whatever is decided by a fixed "
    "threshold on a probability changes with it, and a better average can hide a group whose "
    "probabilities become worse: look at the groups before anybody applies it. What is shown here "
    "was fitted on a part of the data that this audit judges, so that whoever recalibrates must "
    "fit on other rows, and audit the recalibrated model again."
)
FEW_FOR_ISOTONIC = 1000
_NAMES = {SQUARED_ERROR: "squared calibration error", CONFIDENCE_GAP: "confidence gap"}


def number(value: float) -> str:
    """A squared error or a loss to four decimals.

    >>> number(0.01234), number(-0.0004), number(-0.00001)
    ('0.0123', '−0.0004', '0.0000')
    """
    text = f"{value:.4f}".replace("-", "−")
    return text if text.strip("−0.") else "0.0000"


def _gap(value: float) -> str:
    return f"{signed(value)} points"


_WRITTEN: dict[str, Callable[[float], str]] = {SQUARED_ERROR: number, CONFIDENCE_GAP: _gap}


def found_sentences(causes: Sequence[Cause]) -> tuple[str, ...]:
    """What was found, and what is asked for, a sentence for each cause."""
    return tuple(map(_found, causes))


def _found(cause: Cause) -> str:
    write = _WRITTEN[cause.key.metric]
    low, high = cause.region
    wanted = [f"at least {write(low)}"] if math.isfinite(low) else []
    wanted += [f"at most {write(high)}"] if math.isfinite(high) else []
    about = ""
    if cause.key.metric == SQUARED_ERROR and cause.value > 0:
        about = f", a typical distance of {points(math.sqrt(cause.value))}"
    return (
        f"The {_NAMES[cause.key.metric]} is {write(cause.value)}{about}; {cause.asked_by} "
        f"{' and '.join(wanted)}."
    )


def spanned(measured: Measurement, write: Callable[[float], str] = number, unit: str = "") -> str:
    """A number with its interval, or that it is unknown and why."""
    if measured.value is None:
        return f"an unknown amount ({measured.reason.rstrip('.')})"
    interval, of = measured.interval, f" {unit}" if unit else ""
    value = f"{write(measured.value)}{of}"
    if interval is None or math.isinf(interval.low) or math.isinf(interval.high):
        return value
    return f"{value} (90 % interval {write(interval.low)} to {write(interval.high)})"


def chosen_sentence(one: Recalibration, ways: Sequence[Recalibration], outcomes: Outcomes) -> str:
    """What the recommended option would come to, and which come as close as chance allows."""
    before = outcomes.squared_error(outcomes.today).value
    after = outcomes.squared_error(one.forecast).value
    alike = [
        other.title
        for other in ways
        if other is not one and outcomes.alike(one.forecast, other.forecast)
    ]
    close = " and ".join(map(named, alike))
    return (
        f"{one.title} helps most. Fitted on one half of the rows, on the other half it brings the "
        f"squared calibration error from {_known(before)} to {_known(after)}: a fall of "
        f"{spanned(outcomes.error_fall(one.forecast))}, with a fall of the log loss of "
        f"{spanned(outcomes.loss_fall(one.forecast), unit='nats')}."
        + (f" Its distance in log loss to {close} is within chance." if close else "")
    )


def named(title: str) -> str:
    """A title in the middle of a sentence; only Platt is a name.

    >>> named("Isotonic regression"), named("Platt scaling")
    ('isotonic regression', 'Platt scaling')
    """
    return title if title.startswith("Platt") else f"{title[:1].lower()}{title[1:]}"


def _known(value: float | None) -> str:
    return "an unknown number" if value is None else number(value)


NONE_HELPS = (
    "None of these helps beyond chance: on the half that they were not fitted on, no fall of the "
    "squared calibration error is certain. What is wrong may lie in the ranking, which no "
    "recalibration mends, or there are too few rows to tell."
)


def accuracy_sentence(options: Sequence[Recalibration], outcomes: Outcomes) -> str:
    """What recalibration does to decisions."""
    if outcomes.rows.prediction is None:
        return "No decision is declared, so that what becomes of decisions cannot be said."
    if not outcomes.moves:
        return (
            "The class predicted stays the same under each of them, and so does accuracy "
            f"({share(outcomes.accuracy(outcomes.today).value)}); only its confidence changes."
        )
    changes = "; ".join(
        f"{named(one.title)} would decide {outcomes.moved(one.forecast):,} of "
        f"{len(outcomes.rows):,} rows otherwise, and change accuracy by "
        f"{spanned(outcomes.accuracy_change(one.forecast), signed, 'points')}"
        for one in options
    )
    return (
        f"With the declared decision on the recalibrated probability, {changes}. A threshold that "
        "is moved likewise keeps decisions as they are today under temperature scaling, and under "
        "Platt scaling with a slope above zero."
    )


def group_sentence(one: Recalibration, outcomes: Outcomes) -> str:
    """What becomes of the groups under an option; "" where there are none."""
    if not outcomes.groups:
        return ""
    gaps = {
        group: (outcomes.gap(outcomes.today, group), outcomes.gap(one.forecast, group))
        for group in outcomes.groups
    }
    known = {
        group: (before.value, after.value)
        for group, (before, after) in gaps.items()
        if before.value is not None and after.value is not None
    }
    if not known:
        return ""
    worst = max(known, key=lambda group: abs(known[group][1]))
    before, after = gaps[worst]
    worse = [group for group, (old, new) in known.items() if abs(new) > abs(old)]
    return (
        f"By group, the confidence gap furthest from zero under {named(one.title)} would be that "
        f"of {worst}: {spanned(after, signed, 'points')}, today "
        f"{spanned(before, signed, 'points')}. {_worse(worse, len(known))}"
    )


def _worse(groups: Sequence[Slice], known: int) -> str:
    if not groups:
        return f"None of {known} groups measured would lie further from zero than today."
    first = "; ".join(str(group) for group in groups[:5])
    more = f" and {len(groups) - 5} more" if len(groups) > 5 else ""
    return f"Further from zero than today, of {known} groups measured: {first}{more}."


def cost_sentences(outcomes: Outcomes) -> tuple[str, str]:
    """What recalibration costs, and what it leaves as it is."""
    ranking = "which class is predicted stays as it is, whether right or wrong."
    if outcomes.rows.view.task is Task.BINARY:
        ranking = (
            "temperature scaling leaves the order of the probabilities as it is, Platt scaling "
            "does so or turns it round, and isotonic regression makes some rows equal."
        )
    return (
        "It costs labelled rows that neither training nor an audit has used, and it must be fitted "
        "again after each retraining, and where the data drift.",
        f"It does not mend the ranking: {ranking}",
    )


def limits_of(outcomes: Outcomes, subject: Subject) -> Iterator[str]:
    """What the numbers leave open."""
    fitted, unit = outcomes.fitted, "rows" if outcomes.fitted.clusters is None else "clusters"
    yield (
        f"Fitted on {fitted.rows:,} rows and measured on {len(outcomes.rows):,} others, halves of "
        f"the {unit} drawn by a hash. The intervals are about these fits: other rows would give "
        "somewhat different ones."
    )
    yield (
        "An option helps where the lower bound of the fall of its squared calibration error lies "
        "above zero, at a one-sided error of .05 that the options share, and its log loss does not "
        "rise beyond chance. Of those that help, the one is named whose fall of the log loss has "
        "the highest lower bound."
    )
    if outcomes.rows.drawn:
        yield f"{outcomes.rows.drawn.rstrip('.')}, so that these numbers differ from the audit's."
    if fitted.rows < FEW_FOR_ISOTONIC:
        yield (
            f"Isotonic regression follows chance where it is fitted on fewer than about "
            f"{FEW_FOR_ISOTONIC:,} rows."
        )
    if outcomes.small:
        yield (
            f"{outcomes.small:,} group{'s are' if outcomes.small > 1 else ' is'} too small for a "
            "gap of their own on the held-out half."
        )
    columns = subject.columns
    if columns.weight is not None:
        yield f"Every row counts once: the weights in {columns.weight!r} are not used."
    if columns.labelled is not None:
        yield (
            f"True outcomes are known of {columns.labelled} alone: every number here is of them "
            "and not of everybody."
        )
