"""Which curves are one quantity on training and on validation data, by what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditkit.data.training_logs.curves import Curve

_TRAINING = ("train", "training", "trn")
_VALIDATION = ("validation", "valid", "val", "eval", "evaluation", "dev", "test")
"""In the order in which they are preferred where a log has several."""

_AGGREGATES = ("epoch", "step")
"""Said of a quantity, not part of its name: once an epoch is preferred to each step."""

_LOSSES = frozenset(("loss", "nll", "mse", "rmse", "mae", "perplexity", "error"))


@dataclass(frozen=True)
class Pair:
    """One quantity, on training and on validation data.

    Attributes:
        quantity: what it is called without either.
        training: its curve on training data; None where none was logged.
        validation: its curve on validation data.
    """

    quantity: str
    training: Curve | None
    validation: Curve

    @property
    def falls(self) -> bool:
        """Whether less of it is better, by its name."""
        return not _LOSSES.isdisjoint(self.quantity.split("_"))


@dataclass(frozen=True)
class _Named:
    """A curve's name taken apart; a lower rank is preferred."""

    side: str
    quantity: str
    rank: tuple[int, int]


def pairs_of(curves: Iterable[Curve]) -> tuple[Pair, ...]:
    """The quantities that were validated, in the order of their names.

    `train_loss` and `val_loss`, `loss` and `eval_loss`, `Loss/train` and `Loss/val`,
    `train/epoch_loss` and `validation/epoch_loss` belong together. A curve of neither side is taken
    as one of the training where no other is there.

    >>> one = [Curve(name, (1,), (), (0.5,)) for name in ("loss", "eval_loss", "lr")]
    >>> [(pair.quantity, pair.training.name, pair.validation.name) for pair in pairs_of(one)]
    [('loss', 'loss', 'eval_loss')]
    """
    known = [(curve, _named(curve.name)) for curve in curves if curve.values]
    return tuple(_pairs(known))


def _pairs(known: list[tuple[Curve, _Named]]) -> Iterator[Pair]:
    for quantity in sorted({named.quantity for _, named in known}):
        alike = [(curve, named) for curve, named in known if named.quantity == quantity]
        validation = _best(alike, "validation")
        if validation is not None and quantity:
            yield Pair(quantity, _best(alike, "training") or _best(alike, ""), validation)


def _best(alike: list[tuple[Curve, _Named]], side: str) -> Curve | None:
    """The preferred curve of one side."""
    found = [(named.rank, curve.name, curve) for curve, named in alike if named.side == side]
    return min(found, key=lambda one: one[:2])[2] if found else None


def _named(name: str) -> _Named:
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    sides = [word for word in words if word in _TRAINING or word in _VALIDATION]
    of_side = sides[0] if sides else ""
    kept = [word for word in words if word != of_side and word not in _AGGREGATES]
    side = "training" if of_side in _TRAINING else "validation" if of_side else ""
    place = _VALIDATION.index(of_side) if side == "validation" else 0
    rarity = 0 if "epoch" in words else 2 if "step" in words else 1
    return _Named(side, "_".join(kept), (place, rarity))
