"""Saliency, input × gradient and integrated gradients, out of one pass."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from auditkit.explain.memory import AT_ONCE, in_parts
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.completeness import moving
from auditkit.explain.path import PathIntegral, integrated
from auditkit.explain.target import Target, Tensors

_NO_GRADIENT = "The gradient has numbers that are not finite."
_NO_PATH = (
    "The gradient has numbers that are not finite somewhere on the way from the baseline to the "
    "input."
)


def gradient_maps(target: Target, settings: Settings) -> dict[str, Maps]:
    """The maps of `saliency`, `input_x_gradient` and `integrated_gradients`, for the last's price.

    Args:
        target: whose gradient can be taken.
        settings: tolerance and chunk.

    Raises:
        ModelError: no gradient reaches the inputs, or a single row does not fit into memory.
    """
    found = integrated(target, tolerance=settings.tolerance, chunk=settings.chunk)
    plain = _plain(found.saliency, 0.0)
    return {
        "saliency": plain,
        "input_x_gradient": _times_input(plain, target),
        "integrated_gradients": integrated_maps(found, settings.tolerance),
    }


def integrated_maps(found: PathIntegral, tolerance: float) -> Maps:
    """A path integral as maps, of which those that did not converge are withheld."""
    doubtful = ~found.converged
    said = ""
    if not bool(_finite(found.values).all()):
        said = _NO_PATH
    elif bool(doubtful.any()):
        said = (
            f"The integral had not converged with {int(found.gradients[doubtful].max())} "
            f"gradients: its estimated error is above {2 * tolerance:.0%}, or what it adds up to "
            f"is off by more than {tolerance:.0%}."
        )
    return Maps(
        found.values,
        found.converged,
        said,
        found.error,
        found.gap,
        gradients=float(found.gradients.double().mean()),
    )


def _plain(slopes: Tensors, gradients: float) -> Maps:
    """Gradients as maps; those that are not finite are withheld, and those that are zero."""
    finite = _finite(slopes)
    said = "" if bool(finite.all()) else _NO_GRADIENT
    return moving(Maps(slopes, finite, said, gradients=gradients))


def _finite(values: Tensors) -> Tensor:
    return torch.stack([one.flatten(1).isfinite().all(dim=1) for one in values]).all(dim=0)


def _times_input(plain: Maps, target: Target) -> Maps:
    inputs = (one.detach().cpu() for one in target.inputs)
    products = tuple(one * slope for one, slope in zip(inputs, plain.values, strict=True))
    return replace(plain, values=products)


def plain_gradients(target: Target, size: int) -> Tensors:
    """The gradient at the inputs, [n, …] for each of them, on the CPU.

    Args:
        target: whose gradient can be taken.
        size: rows to ask about at once, and fewer where memory ends.

    Raises:
        ModelError: no gradient reaches the inputs, or a single row does not fit into memory.
    """
    parts: list[Tensors] = []

    def ask(rows: Tensor) -> Tensor:
        value, slopes = target.gradient(tuple(one[rows] for one in target.inputs), rows)
        parts.append(tuple(slope.cpu() for slope in slopes))
        return value

    in_parts(ask, target.every, size)
    return tuple(map(torch.cat, zip(*parts, strict=True)))


def _saliency(target: Target, settings: Settings) -> Maps:
    return _plain(plain_gradients(target, settings.chunk or AT_ONCE), 1.0)


def _product(target: Target, settings: Settings) -> Maps:
    return _times_input(_saliency(target, settings), target)


def _integrated(target: Target, settings: Settings) -> Maps:
    return gradient_maps(target, settings)["integrated_gradients"]


SALIENCY = Method(
    "saliency",
    "Gradient",
    Family.GRADIENT,
    "Simonyan, Vedaldi and Zisserman 2014",
    _saliency,
)
INPUT_X_GRADIENT = Method(
    "input_x_gradient",
    "Input × gradient",
    Family.GRADIENT,
    "Shrikumar et al. 2016",
    _product,
    times_input=True,
)
INTEGRATED_GRADIENTS = Method(
    "integrated_gradients",
    "Integrated gradients",
    Family.PATH,
    "Sundararajan, Taly and Yan 2017",
    _integrated,
    times_input=True,
)
