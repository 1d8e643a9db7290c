"""Nuisances of sound and of series: loudness, a constant tone, a constant offset."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances.nuisance import APPLIED, Nuisance
from auditkit.variants.nuisances.scale import Case, Scale, ratio


def usual_of_waves(waves: Tensor, nuisance: Nuisance) -> Tensor | None:
    """What of each unit would be brought to the sample's mean, shape (n, 1).

    Of `gain` the root mean square, of `offset` the mean; None of `hum`, which is taken out of each
    unit by itself.
    """
    if nuisance.kind == "hum":
        return None
    flat = waves.float().flatten(1)
    level = flat.square().mean(dim=1).sqrt() if nuisance.kind == "gain" else flat.mean(dim=1)
    return level[:, None]


def intervened_waves(
    waves: Tensor,
    nuisance: Nuisance,
    direction: str,
    input_range: InputRange | None = None,
    usual: Tensor | None = None,
) -> Tensor:
    """Sound or series with a nuisance put in or taken out, unit by unit.

    `gain` multiplies; taken out, each unit has the sample's mean root mean square. `offset` adds;
    taken out, each unit has the sample's mean. `hum` adds a sine of a period of so many steps;
    taken out, what each channel holds of that period (by least squares on its sine and cosine) is
    gone.

    Args:
        waves: floating-point, (n, steps) or with channels; they are left as they are.
        nuisance: of one of these kinds; the `axis` of a hum is that of time, and may be left out
            where there is but one beside the units.
        direction: `applied` or `removed`.
        input_range: between which ends the numbers lie; None where that is not declared.
        usual: the mean of `usual_of_waves` over the sample, shape (1,), where that has a value.

    Raises:
        ConfigurationError: a hum has no such axis, or fewer steps than one period.

    Example:
        >>> loud = Nuisance.of({"kind": "gain", "factor": 2})
        >>> intervened_waves(torch.ones(1, 3), loud, "applied").tolist()
        [[2.0, 2.0, 2.0]]
    """
    working = waves.float() if waves.dtype.itemsize < 4 else waves
    case = Case(working, nuisance, Scale.of(working, nuisance, input_range), usual)
    act = (_APPLY if direction == APPLIED else _REMOVE)[nuisance.kind]
    return case.scale.within(act(case)).to(waves.dtype)


def _axis(case: Case) -> int:
    axis, axes = case.nuisance["axis"], case.inputs.ndim
    if axis is None and axes == 2:
        return 1
    place = 0 if axis is None else axis % axes if -axes < axis < axes else 0
    if place == 0:
        said = "does not say which axis is time" if axis is None else f"is along axis {axis}"
        raise ConfigurationError(
            f"The nuisance {case.nuisance} {said}, and the inputs have the shape "
            f"{tuple(case.inputs.shape)}.",
            mend="Give the place of the axis of time as axis.",
        )
    return int(place)


def _louder(case: Case) -> Tensor:
    return case.inputs * float(case.nuisance["factor"])


def _usually_loud(case: Case) -> Tensor:
    axes = tuple(range(1, case.inputs.ndim))
    own = case.inputs.square().mean(dim=axes, keepdim=True).sqrt()
    return case.inputs * ratio(case.aim, own)


def _offset(case: Case) -> Tensor:
    return case.inputs + _amount(case, "by")


def _usually_centred(case: Case) -> Tensor:
    axes = tuple(range(1, case.inputs.ndim))
    return case.inputs + (case.aim - case.inputs.mean(dim=axes, keepdim=True))


def _amount(case: Case, setting: str) -> Tensor:
    # Of waveforms (n, steps) the second axis is time, and no channels.
    step = case.step(setting)
    return step.reshape(1, 1) if case.inputs.ndim == 2 else step


def _waves(case: Case) -> tuple[Tensor, Tensor]:
    """Sine and cosine of the period, in the shape of one unit along the axis of time."""
    axis = _axis(case)
    steps, period = case.inputs.shape[axis], float(case.nuisance["period"])
    if steps < period:
        raise ConfigurationError(
            f"The nuisance {case.nuisance} has a period of {period:g} steps, and the inputs have "
            f"{steps} steps.",
            mend="Give a shorter period, or the axis of time.",
        )
    places = torch.arange(steps, dtype=torch.float64) * (2 * math.pi / period)
    shape = [1] * case.inputs.ndim
    shape[axis] = steps
    sine, cosine = (one.reshape(shape).to(case.inputs) for one in (places.sin(), places.cos()))
    return sine, cosine


def _humming(case: Case) -> Tensor:
    sine, _ = _waves(case)
    return case.inputs + _amount(case, "amplitude") * sine


def _without_hum(case: Case) -> Tensor:
    axis, (sine, cosine) = _axis(case), _waves(case)
    # The two are not quite orthogonal over a part of a period: the normal equations, solved.
    ss, cc, sc = ((a * b).sum() for a, b in ((sine, sine), (cosine, cosine), (sine, cosine)))
    of_sine = (case.inputs * sine).sum(dim=axis, keepdim=True)
    of_cosine = (case.inputs * cosine).sum(dim=axis, keepdim=True)
    determinant = ss * cc - sc * sc
    first = (of_sine * cc - of_cosine * sc) / determinant
    second = (of_cosine * ss - of_sine * sc) / determinant
    return case.inputs - first * sine - second * cosine


_Act = Callable[[Case], Tensor]
_APPLY: Mapping[str, _Act] = {"gain": _louder, "hum": _humming, "offset": _offset}
_REMOVE: Mapping[str, _Act] = {
    "gain": _usually_loud,
    "hum": _without_hum,
    "offset": _usually_centred,
}
