"""Grad-CAM: where the last convolution saw what speaks for the output (Selvaraju et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from auditkit.explain.chunks import fitting
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import asker, joined, marked, slices
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import finite
from auditkit.explain.methods.hooking import INPUT, hookless
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.layers import find_layer

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_MODES = ("linear", "bilinear", "trilinear")
_LARGEST = len(_MODES)

WARNING = (
    "Grad-CAM shows what the last convolution saw, at its coarse grid: it is blind to small "
    "markers, and the most stable of maps all the same."
)


@dataclass(frozen=True)
class _Place:
    """Where on the inputs a map of the layer lies.

    Attributes:
        index: which input.
        axes: of it, counted with that of the units, the space that the layer looks along.
    """

    index: int
    axes: tuple[int, ...]


def grad_cam(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The layer's channels, each by its mean gradient, added up; negative sums are cut off.

    The map is interpolated to the input, and the channels there share it equally.

    Args:
        target: what is explained.
        settings: layer and chunk are read; without a layer it is the last convolution.

    Raises:
        ConfigurationError: the settings name a layer that there is not.
    """
    from captum.attr import LayerGradCam

    def step(size: int) -> Maps | NotExplainable:
        layer, first = _looked_at(target, settings.layer)
        if isinstance(layer, str):
            return NotExplainable(layer)
        cams: list[tuple[Tensor, ...]] = []
        for part in slices(target, size):
            found = LayerGradCam(asker(part), layer).attribute(
                marked(part.inputs),
                additional_forward_args=(part.every,),
                attribute_to_layer_input=settings.layer.startswith(INPUT),
                relu_attributions=True,
            )
            cams.append((found.detach(),))
        cam = joined(cams)[0]
        if len(cam) != target.units:
            return NotExplainable("The first axis of the layer is not that of the units.")
        place = _place(target, cam, first)
        if isinstance(place, str):
            return NotExplainable(place)
        inputs = [torch.zeros(tensor.shape) for tensor in target.inputs]
        inputs[place.index] = _laid_out(cam, target.inputs[place.index].shape, place.axes)
        return finite(tuple(inputs), gradients=1)

    if reason := hookless(target):
        return NotExplainable(reason)
    return attempted("Grad-CAM", target, step, settings.chunk or fitting(target))


def _looked_at(target: Target, named: str) -> tuple[nn.Module | str, nn.Module | None]:
    """The layer or why there is none, and the first convolution that is used, if any is."""
    assert target.module is not None
    used: list[nn.Module] = []
    parts = [part for part in target.module.modules() if isinstance(part, _CONVOLUTIONS)]
    handles = [part.register_forward_hook(lambda part, _, __: used.append(part)) for part in parts]
    one = target.every[:1]
    try:
        with torch.no_grad():
            target.value(tuple(tensor[one] for tensor in target.inputs), one)
    finally:
        for handle in handles:
            handle.remove()
    first = used[0] if used else None
    if named:
        find_layer(target.module, named)
        return target.module.get_submodule(named.removeprefix(INPUT)), first
    if not used:
        return _no_convolution(target.module), None
    if used.count(used[-1]) > 1:
        return "The model uses its last convolution more than once; name another layer.", first
    return used[-1], first


def _no_convolution(module: nn.Module) -> str:
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return (
            "Grad-CAM looks at a convolution, and what is inside a scripted or traced part of the "
            "model is out of its reach."
        )
    return "Grad-CAM looks at a convolution, and the model uses none."


def _place(target: Target, cam: Tensor, first: nn.Module | None) -> _Place | str:
    """On which input, and along which axes of it, the map of a layer lies; or why on none."""
    space = cam.ndim - 2
    if not 1 <= space <= _LARGEST or cam.shape[1] != 1:
        shape = list(cam.shape[2:])
        return f"The layer gives no map along an input: the rest of its shape is {shape}."
    fitting_inputs = [index for index, tensor in enumerate(target.inputs) if tensor.ndim > space]
    if len(fitting_inputs) != 1:
        return f"The map could lie on {len(fitting_inputs)} of the model's inputs."
    index = fitting_inputs[0]
    tensor = target.inputs[index]
    if space > 1 or tensor.ndim == 2:
        return _Place(index, tuple(range(tensor.ndim - space, tensor.ndim)))
    axis = _along(target, tensor.shape, int(getattr(first, "in_channels", 0)))
    if axis is None:
        return "Along which axis of the input the layer looks cannot be told."
    return _Place(index, (axis,))


def _along(target: Target, shape: torch.Size, channels: int) -> int | None:
    """Which axis of [n, a, b] a convolution with so many channels looks along."""
    if len(shape) != 3:
        return None
    steps_first = shape[2] == channels
    if target.tokens is not None or (steps_first and target.medium == "series"):
        return 1
    if shape[1] == channels:
        return 2
    return 1 if steps_first else None


def _laid_out(cam: Tensor, shape: torch.Size, axes: tuple[int, ...]) -> Tensor:
    """A map [n, 1, …] at the size of an input, shared equally by the axes it does not lie along."""
    size = [shape[axis] for axis in axes]
    mode = _MODES[len(axes) - 1]
    large = functional.interpolate(cam.float(), size=size, mode=mode, align_corners=False)
    kept = [shape[axis] if axis in (0, *axes) else 1 for axis in range(len(shape))]
    broad = large.reshape(kept)
    return broad.expand(shape) * (broad.numel() / shape.numel())


GRAD_CAM = Method(
    name="grad_cam",
    title="Grad-CAM",
    family=Family.ACTIVATION,
    source="Selvaraju et al., ICCV 2017, arXiv 1610.02391",
    attribute=grad_cam,
    warning=WARNING,
)
