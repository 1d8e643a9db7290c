"""Several methods asked about the same units, and what they said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from auditkit.errors import ConfigurationError, ModelError
from auditkit.explain.decided import decided
from auditkit.explain.gradients import gradient_maps
from auditkit.explain.method import Maps, Method, Settings
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.target import NotExplainable, Target, targeting
from auditkit.explain.trust.averages import Groups
from auditkit.explain.trust.budget import Budget
from auditkit.explain.trust.tested import Progress, tested
from auditkit.explain.trust.trust_result import TrustResult
from auditkit.explain.trust.verdict import WITHHELD
from auditkit.explain.wishes import DEFAULT_METHODS
from auditkit.models.head import Head
from auditkit.models.wrapped import WrappedModel

_TOGETHER = ("integrated_gradients", "saliency", "input_x_gradient")
_USUAL = Settings()


@dataclass(frozen=True, eq=False)
class Trial:
    """How explanations are tested.

    Attributes:
        units: on how many of them, the first.
        gradients: what the tests may cost for a unit, over all methods; see `Budget`.
        groups: int64 [n], which units belong together; None if all are independent.
        progress: is told of each step; of those of the methods first, then of those of the tests.
    """

    units: int = 32
    gradients: float = 250.0
    groups: Groups | None = None
    progress: Progress | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Attributions of n units, on the CPU.

    Attributes:
        names: of the input tensors: keys of a dict, positions of a tuple, "" for the only one.
        maps: method → its maps, or why there are none; in the order asked for.
        index: int64 [n], which class, label or number of each unit was explained.
        medium: what an input is, as declared; "" where that is not known.
        tokens: the ids behind embeddings, int64 [n, positions]; None where there are none.
        varied: bool [n, positions], which of the tokens are explained; None where there are none.
        settings: how the methods were run.
        value: float64 [n], the explained number of each unit; None where it was not kept.
        decision: int64 [n], which of the head's classes is decided for each unit; None where
            nothing is decided, see `auditkit.explain.decided`.
        copies: the first few units explained again with noise, see `auditkit.explain.copies`; ()
            where that was not asked for.
        tested: method → what the tests say of it; {} where nothing was tested.
    """

    names: tuple[str, ...]
    maps: Mapping[str, Maps | NotExplainable]
    index: Tensor
    medium: str
    tokens: Tensor | None
    varied: Tensor | None
    settings: Settings
    value: Tensor | None = None
    decision: Tensor | None = None
    copies: tuple[Explanation, ...] = ()
    tested: Mapping[str, TrustResult] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def chosen(self) -> str:
        """The method of rankings and pictures; "" if there is none.

        It is the first that was not found wanting where it was tested and shows at least half of
        its maps, since the few units that a method can explain are unlike the others; else the
        first that shows any.
        """
        trusted = [name for name in self.maps if self._trusted(name)]
        most = (name for name in trusted if _shows(self.maps[name], _MOST))
        return next(most, next(iter(trusted), ""))

    def _trusted(self, method: str) -> bool:
        found = self.tested.get(method)
        return _shows(self.maps[method]) and (found is None or found.trust.label != WITHHELD)

    @property
    def reason(self) -> str:
        """Why no method shows any map; "" if one does."""
        if self.chosen:
            return ""
        name, maps = next(iter(self.maps.items()))
        if isinstance(maps, NotExplainable):
            return maps.reason
        return maps.withheld if not _shows(maps) else self.tested[name].trust.reason


def explained(
    model: WrappedModel,
    inputs: Any,
    head: Head,
    targets: Tensor | None = None,
    *,
    methods: Sequence[str] = DEFAULT_METHODS,
    baseline: Any = None,
    settings: Settings = _USUAL,
    medium: str = "",
    trial: Trial | None = None,
    then: Callable[[Target, Explanation], None] | None = None,
) -> Explanation | NotExplainable:  # a model, its inputs, and how to explain it
    """Ask several methods about one output of some units.

    Args:
        model, inputs, head, targets, baseline, medium: see `auditkit.explain.target.targeting`.
        methods: names of `auditkit.explain.methods.METHODS`.
        settings: how they are run.
        trial: on how many of the units the methods themselves are tested; None for none.
        then: is called with the target, still open, and what was found.

    Returns:
        What each method said; or the reason why nothing can be explained, by any.

    Raises:
        ConfigurationError: there is no such method, or none was asked for.
        ModelError: the model could not take the inputs, or its outputs contradict the head.
        ValueError: inputs or baseline don't fit each other.

    Example:
        >>> import torch
        >>> from auditkit.models import wrap
        >>> model = wrap(torch.nn.Linear(3, 1), task="regression")
        >>> found = explained(model, torch.rand(4, 3), model.heads[0], methods=["saliency"])
        >>> found.maps["saliency"].values[0].shape
        torch.Size([4, 3])
    """
    asked = chosen_methods(methods)
    with targeting(model, inputs, head, targets, baseline=baseline, medium=medium) as target:
        if isinstance(target, NotExplainable):
            return target
        outputs = target.everything()
        found = Explanation(
            target.names,
            _asked(target, asked, settings, None if trial is None else trial.progress),
            target.index.cpu(),
            target.medium,
            None if target.tokens is None else target.tokens.cpu(),
            _varied(target),
            settings,
            target.of_index(outputs, target.every).double().cpu(),
            decided(target, outputs),
        )
        if trial is not None and trial.units:
            found = replace(found, tested=_put_to_test(target, asked, found, trial))
        if then is not None:
            then(target, found)
    return found


def _put_to_test(
    target: Target, methods: Sequence[Method], found: Explanation, trial: Trial
) -> Mapping[str, TrustResult]:
    few = target.part(target.every[: trial.units])
    groups = None if trial.groups is None else trial.groups[: few.units]
    budget, worth = Budget(trial.gradients), [_worth(one, found, few.units) for one in methods]
    return tested(few, worth, found.settings, budget, groups=groups, progress=trial.progress)


def _worth(method: Method, found: Explanation, units: int) -> Method:
    """The method, or, where it shows none of the units to test on, one that only says why.

    What it would cost to make these maps again is left to the tests of the other methods.
    """
    maps = found.maps[method.name]
    if not isinstance(maps, Maps) or bool(maps.shown[:units].any()):
        return method
    reason = NotExplainable(maps.withheld or "The method shows none of its maps.")
    return replace(method, attribute=lambda _, __: reason)


def chosen_methods(names: Sequence[str]) -> tuple[Method, ...]:
    """Methods by their names, each once.

    Raises:
        ConfigurationError: there is no such method, or none was named.
    """
    if not names or isinstance(names, str):
        raise ConfigurationError(
            f"The attribution methods are {names!r}; expected a list of names.",
            mend=f"Name some of {', '.join(METHODS)}.",
        )
    if unknown := [name for name in names if name not in METHODS]:
        raise ConfigurationError(
            f"There is no attribution method {unknown[0]!r}; there are {', '.join(METHODS)}.",
            mend="Mend the name.",
        )
    return tuple(METHODS[name] for name in dict.fromkeys(names))


def _asked(
    target: Target, methods: Sequence[Method], settings: Settings, progress: Progress | None
) -> dict[str, Maps | NotExplainable]:
    found: dict[str, Maps | NotExplainable] = {}
    together: Mapping[str, Maps] | NotExplainable | None = None
    for done, method in enumerate(methods):
        if progress is not None:  # of long texts this takes longer than all tests
            progress(done, len(methods), f"{method.title} of {target.units} units")
        if method.name in _TOGETHER and "integrated_gradients" in [one.name for one in methods]:
            together = _pass(target, settings) if together is None else together
            found[method.name] = (
                together if isinstance(together, NotExplainable) else together[method.name]
            )
        else:
            found[method.name] = attributed(method, target, settings)
    return found


def _pass(target: Target, settings: Settings) -> Mapping[str, Maps] | NotExplainable:
    """Three methods out of one pass."""
    if target.obstacle:
        return NotExplainable(target.obstacle)
    try:
        return gradient_maps(target, settings)
    except ModelError as error:
        return NotExplainable(f"No gradient could be taken: {error.problem}")


def attributed(method: Method, target: Target, settings: Settings) -> Maps | NotExplainable:
    """The maps of one method; what the model refuses becomes the reason why there are none."""
    try:
        return method(target, settings)
    except ModelError as error:
        return NotExplainable(f"{method.title} could not be computed: {error.problem}")


def _varied(target: Target) -> Tensor | None:
    """Which tokens differ between input and baseline: the others are special, or padding."""
    if target.tokens is None:
        return None
    return (target.inputs[0] != target.baseline[0]).any(dim=-1).cpu()


_MOST = 0.5


def _shows(maps: Maps | NotExplainable, share: float = 0.0) -> bool:
    """Whether a method shows any of its maps, and at least such a share of them."""
    if not isinstance(maps, Maps) or not bool(maps.shown.any()):
        return False
    return float(maps.shown.double().mean()) >= share
