"""Two models, or two versions of one, on the same labelled rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.evidence.row_losses import row_loss
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate
from auditkit.statistics.absence import too_few
from auditkit.statistics.clustered_pairs import clustered_paired_difference
from auditkit.statistics.estimates import exact_paired_difference
from auditkit.statistics.paired import mcnemar


@dataclass(frozen=True, eq=False)
class PairedRows:
    """What two models answered for the same rows, in the same order.

    Attributes:
        first: of the model that is judged.
        second: of what it is compared with. True outcomes, groups and clusters are the first's.

    Raises:
        ValueError: they are not of the same rows.
    """

    first: OutcomeRows
    second: OutcomeRows

    def __post_init__(self) -> None:
        if not np.array_equal(self.first.keys, self.second.keys):
            raise ValueError("the two are not of the same rows in the same order")

    @classmethod
    def joined(cls, first: OutcomeRows, second: OutcomeRows) -> PairedRows | str:
        """The rows that both answered, found by their keys; or the reason why there are none."""
        _, left, right = np.intersect1d(first.keys, second.keys, return_indices=True)
        if not len(left):
            return "The two have no labelled row in common."
        pair = cls(first.part(left), second.part(right))
        if changed := int((pair.first.target != pair.second.target).sum()):
            return (
                f"The true outcome of {changed:,} of {len(left):,} rows is another one for the "
                "first than for the second, so that the two are not judged alike."
            )
        return pair

    def __len__(self) -> int:
        return len(self.first)

    @property
    def view(self) -> View:
        """The output, as the first model declares it."""
        return self.first.view

    @property
    def sample(self) -> Sample:
        """What a number about all of these rows rests on."""
        return self.first.sample

    def part(self, chosen: np.ndarray) -> PairedRows:
        """Some of the rows, by a mask or by their positions."""
        return PairedRows(self.first.part(chosen), self.second.part(chosen))

    @property
    def wins(self) -> np.ndarray:
        """Which rows only the first is right about, bool of shape (n,)."""
        won: np.ndarray = self.first.correct & ~self.second.correct
        return won

    @property
    def losses(self) -> np.ndarray:
        """Which rows only the second is right about, bool of shape (n,)."""
        lost: np.ndarray = self.second.correct & ~self.first.correct
        return lost

    @property
    def p_value(self) -> float | None:
        """McNemar's exact p-value, one-sided, of what is seen: that one is right more often.

        None where rows come in clusters, of which the test knows nothing.
        """
        if self.first.clusters is not None:
            return None
        fewer, more = sorted((int(self.wins.sum()), int(self.losses.sum())))
        return mcnemar(more, fewer, "greater")


def accuracy_gain(pair: PairedRows) -> Estimate:
    """Accuracy of the first minus that of the second; agrees with McNemar's exact test.

    Raises:
        NoEstimateError: no rows, or a few clusters hold most of them.
        ValueError: one predicts no class; or clusters are declared, and fewer than two blocks hold
            rows.
    """
    if not len(pair):
        raise too_few("There is no unit to measure on.")
    wins, losses, blocks = pair.wins, pair.losses, pair.first.blocks
    if blocks is None:
        return exact_paired_difference(int(wins.sum()), int(losses.sum()), len(pair))
    won, lost, units = (np.bincount(blocks, of, BLOCKS) for of in (wins, losses, None))
    return clustered_paired_difference(won, lost, units, pair.sample.units)


def loss_gain(name: str, pair: PairedRows) -> Estimate:
    """A mean loss of the second minus that of the first (Student; with clusters the jackknife).

    Args:
        name: of `auditkit.evidence.row_losses.ROW_LOSSES`.
        pair: the rows.

    Raises:
        NoEstimateError: fewer than two rows, or a few clusters hold most of them.
        ValueError: as of `row_loss`; or clusters are declared, and fewer than two blocks hold rows.
    """
    return mean_of(row_loss(name, pair.second) - row_loss(name, pair.first), pair.first)


def only_first_right(pair: PairedRows) -> Estimate:
    """The share of rows that only the first is right about."""
    return share_of(pair.wins, pair.first)


def only_second_right(pair: PairedRows) -> Estimate:
    """The share of rows that only the second is right about."""
    return share_of(pair.losses, pair.first)


__all__ = ["PairedRows", "accuracy_gain", "loss_gain", "only_first_right", "only_second_right"]
