"""Why a decision came out as it did: the few features that moved it most, and whether they stay.

Whoever is refused credit in the United States is owed the principal reasons; more than four are not
thought to help (12 CFR 1002.9(b)(2) and its official interpretation). What moved the score of a
model is a candidate for such a reason, not yet one: it says what the model went by, compared with a
baseline, and not what the applicant could change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from auditkit.errors import ConfigurationError, ModelError
from auditkit.explain.copies import DRAWS, noisy_copies
from auditkit.explain.decided import decision_of, sign_of
from auditkit.explain.explanation import Explanation, explained
from auditkit.explain.features import magnitudes
from auditkit.explain.method import Maps, Settings
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.head import Head
from auditkit.models.wrapped import WrappedModel

MOST = 4
FEWEST_COPIES = 5
_ENDS = (0.05, 0.95)


@dataclass(frozen=True)
class Reason:
    """One feature's part in one decision.

    Attributes:
        feature: its name.
        direction: `towards` what was decided, or `against` it; of a predicted number `towards` a
            larger one.
        share: of all that the features moved the decision, in either direction: from 0 to 1.
        low, high: between which ends the share lies in nine of ten copies with noise; None where
            fewer than five copies kept the decision.
        stability: in which share of the copies it is again among the first; None likewise.
    """

    feature: str
    direction: str
    share: float
    low: float | None
    high: float | None
    stability: float | None


@dataclass(frozen=True)
class Reasons:
    """The reasons of one decision.

    Attributes:
        decision: in words, such as "predicted refused".
        reasons: the largest first; () where `withheld` says why there are none.
        copies: how many copies with noise kept the decision.
        withheld: why there are no reasons, a full sentence; "" where there are.
    """

    decision: str
    reasons: tuple[Reason, ...]
    copies: int
    withheld: str = ""


def reasons_of(
    found: Explanation, head: Head, names: Sequence[str] = (), *, units: int, most: int = MOST
) -> tuple[Reasons, ...]:
    """The reasons of the first units, from their maps and those of their copies.

    Args:
        found: with a chosen method, and `copies` of these units.
        head: whose decisions.
        names: of the features, see `auditkit.explain.features.magnitudes`.
        units: how many decisions.
        most: reasons of each.

    Raises:
        ConfigurationError: another number of names than of features.
    """
    named = magnitudes(found, names)
    again = [magnitudes(copy, names, found.chosen).signed for copy in found.copies]
    copies = np.stack(again) if again else np.zeros((0, units, len(named.names)))
    maps = found.maps[found.chosen]
    assert isinstance(maps, Maps)  # or it would not have been chosen
    withheld = maps.withheld or "The map may not be shown."
    result = []
    for unit in range(min(units, len(found))):
        signed, decision = named.signed[unit], decision_of(found, head, unit)
        if not np.isfinite(signed).all():
            result.append(Reasons(decision, (), 0, withheld))
            continue
        kept = copies[:, unit][np.isfinite(copies[:, unit]).all(axis=1)]
        turned = signed * sign_of(found, head, unit)
        reasons = _reasons(named.names, turned, kept, most)
        nothing = "" if reasons else "No feature moved this decision."
        result.append(Reasons(decision, reasons, len(kept), nothing))
    return tuple(result)


def _reasons(
    names: Sequence[str], signed: np.ndarray, copies: np.ndarray, most: int
) -> tuple[Reason, ...]:
    """Of one decision.

    Args:
        names: of d features.
        signed: [d] towards the decision.
        copies: [copies, d], likewise but for the sign.
        most: how many.
    """
    shares = _shares(signed[None])[0]
    order = [int(place) for place in np.argsort(-shares, kind="stable")[:most] if shares[place] > 0]
    again = _shares(copies)
    first = np.argsort(-again, axis=1, kind="stable")[:, :most]
    enough = len(copies) >= FEWEST_COPIES
    found = []
    for place in order:
        share = float(shares[place])
        low, high = np.quantile(again[:, place], _ENDS).tolist() if enough else (share, share)
        found.append(
            Reason(
                names[place],
                "towards" if signed[place] > 0 else "against",
                share,
                min(low, share) if enough else None,
                max(high, share) if enough else None,
                float((first == place).any(axis=1).mean()) if enough else None,
            )
        )
    return tuple(found)


def _shares(signed: np.ndarray) -> np.ndarray:
    sizes = np.abs(signed)
    total = sizes.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0))


# Eight parameters: what is decided by which model, and how its reasons are found.
def reason_codes(
    model: WrappedModel,
    inputs: Any,
    head: str = "",
    feature_names: Sequence[str] = (),
    *,
    most: int = MOST,
    method: str = "integrated_gradients",
    baseline: Any = None,
    seed: int = 0,
) -> tuple[Reasons, ...]:
    """The reasons of decisions of a table model, for a pipeline that owes them to applicants.

    Each decision is explained by one method, and again in eight copies with noise that leaves it.
    A reason with a low stability should not be told as one. Explain several units at once where you
    can: the noise is scaled by what their features vary by (of a single unit, by their size).

    Args:
        model: a wrapped module.
        inputs: as the data give them: rows of a table, first axis the units.
        head: name of the output; "" for the only one.
        feature_names: of the model's inputs, after its preprocess, in their order; by default the
            columns of the table where there is no preprocess.
        most: reasons of each decision.
        method: a name of `auditkit.explain.methods.METHODS`.
        baseline: what a decision is compared with, as the model takes it (after preprocess): an
            input of one row, or one for each; zeros if None.
        seed: of the noise.

    Returns:
        The reasons of each unit, in order.

    Raises:
        ConfigurationError: there is no such head or method, or other names than features.
        ModelError: the model cannot be explained, or refuses the inputs.

    Example:
        >>> import torch
        >>> from auditkit.models import wrap
        >>> layer = torch.nn.Linear(3, 1)
        >>> layer.weight.data = torch.tensor([[1.0, -2.0, 0.1]])
        >>> decision = {"threshold": 0.5}
        >>> model = wrap(layer, task="binary", outputs="logits", decision=decision,
        ...              classes=("refused", "granted"))
        >>> rows = pd.DataFrame({"pay": [1.0, 2.0], "debt": [3.0, 0.5], "age": [1.0, 1.0]})
        >>> (first, second) = reason_codes(model, rows)
        >>> first.decision, [(one.feature, one.direction) for one in first.reasons[:2]]
        ('predicted refused', [('debt', 'towards'), ('pay', 'against')])
        >>> round(first.reasons[0].share, 3), first.reasons[0].stability
        (0.845, 1.0)
    """
    named = _head(model, head)
    names = tuple(feature_names)
    if not names and isinstance(inputs, pd.DataFrame) and model.takes_columns:
        names = tuple(map(str, inputs.columns))
    copies: list[Explanation] = []

    def again(target: Target, found: Explanation) -> None:
        copies.extend(noisy_copies(target, found, len(found), draws=DRAWS))

    with model.opened():
        found = explained(
            model,
            model.prepare(inputs),
            named,
            methods=[method],
            baseline=baseline,
            settings=Settings(seed=seed),
            then=again,
        )
    if isinstance(found, NotExplainable):
        raise ModelError(found.reason, mend=_MEND)
    if isinstance(maps := found.maps[method], NotExplainable):
        raise ModelError(maps.reason, mend=_MEND)
    return _all_of(found, copies, named, names, most)


_MEND = "Choose another method, or another model where reasons are owed."


def _all_of(
    found: Explanation,
    copies: Sequence[Explanation],
    head: Head,
    names: Sequence[str],
    most: int,
) -> tuple[Reasons, ...]:
    if not found.chosen:  # the method shows none of the maps
        return tuple(
            Reasons(decision_of(found, head, unit), (), 0, found.reason)
            for unit in range(len(found))
        )
    whole = replace(found, copies=tuple(copies))
    return reasons_of(whole, head, names, units=len(found), most=most)


def _head(model: WrappedModel, name: str) -> Head:
    for head in model.heads:
        if head.name == name or (not name and len(model.heads) == 1):
            return head
    known = ", ".join(repr(head.name) for head in model.heads)
    raise ConfigurationError(
        f"The model has no head {name!r}; it has {known}.", mend="Name one of these."
    )
