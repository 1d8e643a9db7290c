"""AutoAttack, by the package pyautoattack where it is installed.

Source: Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks", ICML 2020. Of its four attacks the two by gradients are run, APGD-CE and
APGD-T: the two others need many times their time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.models.borrowing import random_states_kept
from auditkit.models.gradients import differentiating
from auditkit.models.input_range import InputRange
from auditkit.variants.attacks import Attacked, UnitScale, without_gradient
from auditkit.variants.variant import Variant
from auditkit.variants.victim import Victim, no_backward

_TARGETS = 9  # classes that APGD-T aims at, at most, as in the standard version
_SEEDS = 2**32


def autoattacked(
    victim: Victim,
    inputs: Tensor,
    target: Tensor,
    variant: Variant,
    input_range: InputRange,
    seed: int,
) -> Attacked:
    """Inputs that AutoAttack's APGD-CE and APGD-T found within an L-infinity ball.

    Each attack starts with the units that the ones before it left right. Right is here the class
    with the highest score, whatever the head's decision rule is; units that are wrong from the
    start are left as they are. APGD-T needs four classes: with fewer, APGD-CE runs alone.

    Args:
        victim, inputs, target, input_range: see `auditkit.variants.attacks.attacked`.
        variant: `attack("autoattack", …)`.
        seed: of the random starts. They depend on the batch, too: give the same units at once.

    Returns:
        As of `attacked`; a unit counts as stuck where there is no gradient at its plain input.

    Raises:
        ConfigurationError: pyautoattack is not installed; or see `attacked`.
        DataError: see `attacked`.
        ModelError: see `attacked`.
        ValueError: the variant is another attack.
    """
    if variant.name != "autoattack":
        raise ValueError(f"{variant} is not AutoAttack")
    package = _package()
    stuck = without_gradient(victim, inputs, target, input_range)
    with differentiating(), random_states_kept(), _trace_kept():
        scale = UnitScale.of(inputs, input_range)
        if len(inputs) == 0:
            return scale.found(scale.shares, stuck)
        truth = victim.true_classes(inputs, target)
        attack = _arranged(package, victim, scale, variant.level, seed)
        # Flat: pyautoattack takes inputs of three axes for a single one.
        try:
            shares, _ = attack.run_standard_evaluation(
                scale.shares.float().flatten(1), truth, batch_size=len(inputs)
            )
        except RuntimeError as error:  # as torch raises it in the user's backward pass
            raise no_backward(error) from error
        return scale.found(shares.reshape(scale.shares.shape).to(scale.shares.dtype), stuck)


def _package() -> Any:
    try:
        return import_module("pyautoattack")
    except ImportError as error:
        raise ConfigurationError(
            "The attack 'autoattack' needs the package pyautoattack, which cannot be imported.",
            mend="Install it with pip install auditkit-torch[autoattack], or ask for 'pgd'.",
        ) from error


def _arranged(package: Any, victim: Victim, scale: UnitScale, radius: float, seed: int) -> Any:
    classes = len(victim.head.classes)
    shape = scale.shares.shape[1:]

    def logits(flat: Tensor) -> Tensor:
        shares = flat.reshape(-1, *shape).to(scale.shares.dtype)
        return victim.logits(victim.forward(scale.back(shares)))

    attack = package.AutoAttack(
        logits,
        attacks=["apgd-ce", "apgd-t"] if classes > 3 else ["apgd-ce"],
        device=scale.shares.device,
        eps=radius,
        norm="Linf",
        seed=seed % _SEEDS,
        version="custom",
    )
    # As in its standard version.
    attack.apgd.n_restarts = 1
    attack.apgd_targeted.n_target_classes = min(_TARGETS, classes - 1)
    return attack


@contextmanager
def _trace_kept() -> Iterator[None]:
    """pyautoattack sets a trace function, and takes away whatever was there before."""
    held = sys.gettrace()
    try:
        yield
    finally:
        sys.settrace(held)
