"""Versions run on their data, and two of them set beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from auditkit import __version__
from auditkit.checks.paired.gains import Gain
from auditkit.checks.paired.numbers import discordance
from auditkit.checks.paired.standing import Standing
from auditkit.comparing.pairing import UNWEIGHTED, Version, paired
from auditkit.comparing.parts import definition, measures, of_all, of_parts, unmet
from auditkit.comparing.standings import worded
from auditkit.comparing.words import NAMES, among, answer_of, answer_together, figures
from auditkit.data.datasets import EVALUATION, Dataset
from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.evidence.engine import LocalEngine, Options
from auditkit.evidence.kept_outcomes import kept_needs, kept_outcomes
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.plan import make_plan
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from auditkit.versions import ComparedHead, ComparedPart, ComparedVersion, VersionComparison

_WORST = (Standing.WORSE, Standing.INCONCLUSIVE, Standing.WITHIN, Standing.BETTER)


# Seven parameters: what is run, what it is called, and how.
def asked(
    model: WrappedModel,
    data: Dataset,
    *,
    name: str,
    salt: bytes,
    where: str = "the model",
    batch_size: int = 1024,
    quiet: bool = True,
) -> Version:
    """A version of a model, run on its evaluation data.

    Args:
        model: from `auditkit.wrap` or `auditkit.stored_predictions`.
        data: of which the evaluation split is read.
        name: what the version is called.
        salt: by which rows are named, at least 32 bytes; the same for both versions.
        where: what errors call it.
        batch_size: units given to the model at once.
        quiet: no progress bar.

    Raises:
        AuditkitError: whatever of model or data the user can mend.
        DataError: no row has a label that an output could be set beside.
    """
    only = Dataset({EVALUATION: data[EVALUATION]}, data.columns)
    with model.opened():
        probed = probe(model, only, seed=0, batch_size=batch_size)
        plan = make_plan(kept_needs(probed.subject, salt), probed.subject)
        options = Options(batch_size=batch_size, edges=probed.edges, quiet=quiet)
        evidence = LocalEngine().run(plan, probed.subject, model, only, options)
        digest = model.digest()
    kept = kept_outcomes(evidence, probed.subject, salt) if plan.splits else []
    if not kept:
        raise DataError(
            f"{where}: no evaluation row has a label that an output could be set beside.",
            mend="Declare data.label; the outputs of custom heads can't be compared yet.",
        )
    notes = () if data.columns.weight is None else (UNWEIGHTED,)
    return Version(name, where, digest, only[EVALUATION].digest(), tuple(kept), notes)


def compare(
    before: Version, after: Version, *, margin: float | None = None, measure: str | None = None
) -> VersionComparison:
    """Whether a version is better than the one before it, on the rows that both answered.

    The outputs together, the groups and classes of one output, and its other measures are each a
    family, any of which is wrongly called better with a probability of at most .05, or worse, or
    within the margin (`auditkit.comparing.standings`). Intervals are of 90 % and not adjusted.

    Args:
        before: A.
        after: B, which is judged.
        margin: a difference that does not matter, in the unit of the measure; by default .01, of
            errors of numbers a hundredth of what A errs.
        measure: what leads, one of `auditkit.comparing.MEASURES`; by default accuracy where
            classes are predicted, else the log loss, of numbers the absolute error.

    Raises:
        ConfigurationError: no such measure, or a margin that is negative or no number.
        AuditkitError: the two can't be paired; see `auditkit.comparing.pairing.paired`.
    """
    if margin is not None and not (margin >= 0 and math.isfinite(margin)):
        raise ConfigurationError(
            f"The margin is {margin}; expected a number that is not negative.",
            mend="Give the difference that does not matter to you.",
        )
    pairs, notes = paired(before, after)
    led = [(pair, gains) for pair in pairs if (gains := measures(pair, measure))]
    notes += [f"{_called(pair)}: {unmet(pair)}" for pair in pairs if not measures(pair, measure)]
    if not led:
        raise ModelError(
            f"Nothing can be compared{'' if measure is None else f' by {measure}'}: "
            f"{unmet(pairs[0])}",
            mend="Declare the model's outputs and decision, or choose another measure.",
        )
    # What leads in each output is one family: with several, one of them is wrong more easily.
    wholes = worded([of_all(pair, gains[:1], margin)[0] for pair, gains in led])
    heads = tuple(
        _head(pair, gains, whole, margin) for (pair, gains), whole in zip(led, wholes, strict=True)
    )
    word = min((Standing(whole.word) for whole in wholes), key=_WORST.index)
    return VersionComparison(
        before=_shown(before, pairs),
        after=_shown(after, pairs),
        heads=heads,
        word=word.value,
        answer=answer_together(word, heads),
        notes=tuple(notes),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
    )


def _shown(version: Version, pairs: Sequence[PairedRows]) -> ComparedVersion:
    rows = max(map(len, pairs))
    return ComparedVersion(version.name, version.where, version.model, version.data, rows)


def _head(
    pair: PairedRows, gains: Sequence[Gain], whole: ComparedPart, margin: float | None
) -> ComparedHead:
    leading, *others = gains
    parts = of_parts(pair, leading, margin)
    answer = [answer_of(whole, leading)]
    if whole.wins is not None:
        answer.append(discordance(pair, NAMES))
    answer += among(parts)
    title = str(pair.view.key)
    return ComparedHead(
        title=title,
        measure=leading.of,
        definition=definition(leading),
        answer=tuple(answer),
        whole=whole,
        parts=parts,
        others=tuple(
            # A margin in the unit of the leading measure means nothing in that of another.
            zip(map(definition, others), of_all(pair, others, None), strict=True)
        ),
        figures=tuple(figures(pair, leading, whole, parts)),
    )


def _called(pair: PairedRows) -> str:
    return f"The output {pair.view.key} was not compared" if str(pair.view.key) else "Not compared"
