"""How well a probe of confidence ranks errors: its numbers about all units and about groups."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.confidence.probes import Probe, confidence
from auditkit.checks.estimation import estimated, telling, too_few
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import share_of
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.selective import aurc, excess_aurc, risk_coverage
from auditkit.statistics.sides import Sides

FEWEST = 5
"""Wrong units and right ones that a ranking of errors needs."""

SURE = 0.9
"""The confidence from which an error is one that nobody would look for."""

RANKINGS = ("error_auroc", "aurc", "excess_aurc")


def key_of(name: str, view: View, probe: str = "", where: Slice | None = None) -> MeasurementKey:
    """The key of a number of a probe; of the class of a multilabel head the label goes before."""
    label = ", ".join(part for part in (view.key.label, probe) if part)
    return MeasurementKey(
        f"confidence.{name}",
        where or Slice(),
        split=EVALUATION,
        head=view.key.head,
        label=label,
    )


def rankings(probe: Probe) -> Iterator[Measurement]:
    """How well a probe ranks errors, over all of its rows."""
    rows = probe.rows
    for name in RANKINGS:
        key = key_of(name, rows.view, probe.name)
        yield estimated(key, partial(_whole, name, probe), rows.sample, rows.drawn)


def _whole(name: str, probe: Probe) -> Estimate:
    wrong = int((~probe.rows.correct).sum())
    right = len(probe.rows) - wrong
    if min(wrong, right) < FEWEST:
        side, few = ("wrong", wrong) if wrong < FEWEST else ("right", right)
        raise too_few(
            f"Of {len(probe.rows):,} units {few} {'is' if few == 1 else 'are'} {side}; a ranking "
            f"of errors needs at least {FEWEST} that are wrong and {FEWEST} that are right."
        )
    return ranking(name, probe.values, probe.rows)


def ranking(name: str, values: np.ndarray, rows: OutcomeRows) -> Estimate:
    """One number of how well values rank errors.

    Args:
        name: one of `RANKINGS`.
        values: of each row, higher meaning more confident.
        rows: with at least two that are wrong and two that are right.

    Raises:
        ValueError: some values are not finite; or, but for `error_auroc`, rows come in clusters and
            fewer than two blocks hold them.
    """
    if broken := int((~np.isfinite(values)).sum()):
        raise ValueError(f"the probe is not finite for {broken:,} units")
    wrong = ~rows.correct
    if name == "error_auroc":
        return cautious_auc(Sides(values[~wrong], values[wrong], _units(rows, wrong)))
    curve = risk_coverage(values, wrong)
    return (aurc if name == "aurc" else excess_aurc)(curve, rows.blocks)


def _units(rows: OutcomeRows, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The clusters of the right rows and of the wrong ones."""
    if rows.clusters is None:
        return None
    ids = np.unique(rows.clusters, return_inverse=True)[1].astype(np.int64)
    return ids[~wrong], ids[wrong]


def confidently_wrong(rows: OutcomeRows) -> Measurement:
    """The share of all units that are wrong with a confidence of at least `SURE`."""
    return estimated(
        key_of("confidently_wrong", rows.view),
        lambda: share_of(_sure_errors(rows), rows),
        rows.sample,
        rows.drawn,
    )


def _sure_errors(rows: OutcomeRows) -> np.ndarray:
    errors: np.ndarray = ~rows.correct & (confidence(rows) >= SURE)
    return errors


def of_groups(probe: Probe, groups: OutcomeGroups) -> Iterator[Measurement]:
    """The numbers of the confidence within each group."""
    rows = groups.rows
    for where in groups.groups.samples:
        sample, members = groups.groups.sample(where), groups.members(where)
        own = Probe(probe.name, probe.values[members], rows.part(members))
        for name in RANKINGS[:2]:
            key = key_of(name, rows.view, probe.name, where)
            yield estimated(key, partial(_in_group, name, own, groups, where), sample, rows.drawn)
        key = key_of("confidently_wrong", rows.view, where=where)
        yield estimated(key, partial(_sure_in_group, own.rows, groups, where), sample, rows.drawn)


def _in_group(name: str, own: Probe, groups: OutcomeGroups, where: Slice) -> Estimate:
    groups.refuse_few(where)
    wrong = int((~own.rows.correct).sum())
    if min(wrong, len(own.rows) - wrong) < FEWEST:
        raise telling(f"{where} has too few units that are wrong, or too few that are right")
    return ranking(name, own.values, own.rows)


def _sure_in_group(rows: OutcomeRows, groups: OutcomeGroups, where: Slice) -> Estimate:
    groups.refuse_few(where)
    return share_of(_sure_errors(rows), rows)
