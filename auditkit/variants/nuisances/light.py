"""Nuisances that lie over a whole image: its light, a channel, the tone of its ground."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.variants.nuisances.nuisance import Nuisance
from auditkit.variants.nuisances.scale import Case, deviation, ratio


def _mean(images: Tensor) -> Tensor:
    return images.mean(dim=(1, 2, 3), keepdim=True)


def brightness(images: Tensor, nuisance: Nuisance) -> Tensor:
    """The mean of each image, shape (n, 1)."""
    del nuisance
    return _mean(images).flatten(1)


def brightened(case: Case) -> Tensor:
    """The amount is added everywhere."""
    return case.inputs + case.step("by")


def usually_bright(case: Case) -> Tensor:
    """Each image has the sample's mean brightness."""
    return case.inputs + (case.aim - _mean(case.inputs))


def contrast(images: Tensor, nuisance: Nuisance) -> Tensor:
    """The standard deviation of each image, shape (n, 1)."""
    del nuisance
    return deviation(images, (1, 2, 3)).flatten(1)


def contrasted(case: Case) -> Tensor:
    """Each number's distance from its image's mean is multiplied."""
    mean, own = _mean(case.inputs), deviation(case.inputs, (1, 2, 3))
    changed = mean + float(case.nuisance["factor"]) * (case.inputs - mean)
    return torch.where(own > 0, changed, case.inputs)


def usually_contrasted(case: Case) -> Tensor:
    """Each image has the sample's mean deviation, about its own mean; one without any stays."""
    mean, own = _mean(case.inputs), deviation(case.inputs, (1, 2, 3))
    changed = mean + (case.inputs - mean) * ratio(case.aim, own)
    return torch.where(own > 0, changed, case.inputs)


def _channel(images: Tensor, nuisance: Nuisance) -> Tensor:
    place = nuisance["channel"]
    if place >= images.shape[1]:
        raise ConfigurationError(
            f"The nuisance {nuisance} is of channel {place}, and the images have "
            f"{images.shape[1]}, counted from 0.",
            mend="Give the place of one of them.",
        )
    return images[:, place]


def channel_levels(images: Tensor, nuisance: Nuisance) -> Tensor:
    """Mean and standard deviation of the channel in each image, shape (n, 2)."""
    one = _channel(images, nuisance).flatten(1)
    return torch.cat([one.mean(dim=1, keepdim=True), deviation(one, (1,))], dim=1)


def channel_moved(case: Case) -> Tensor:
    """One channel is multiplied and shifted."""
    one, place = _channel(case.inputs, case.nuisance), case.nuisance["channel"]
    step = case.step("by").expand(1, case.inputs.shape[1], 1, 1)[:, place]
    return _with_channel(case, float(case.nuisance["factor"]) * one + step)


def usual_channel(case: Case) -> Tensor:
    """The channel has the sample's mean level and deviation in each image."""
    one = _channel(case.inputs, case.nuisance)
    mean, own = one.mean(dim=(1, 2), keepdim=True), deviation(one, (1, 2))
    return _with_channel(case, case.aim[0] + (one - mean) * ratio(case.aim[1], own))


def _with_channel(case: Case, one: Tensor) -> Tensor:
    changed = case.inputs.clone()
    changed[:, case.nuisance["channel"]] = one
    return changed


def tone(images: Tensor, nuisance: Nuisance) -> Tensor:
    """The median of the outermost pixels of each channel, shape (n, channels)."""
    del nuisance
    edges = (images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1])
    return torch.cat(edges, dim=-1).median(dim=-1).values


def _ground(case: Case) -> tuple[Tensor, Tensor]:
    """The tone of each image's ground, and which pixels are of it."""
    own = tone(case.inputs, case.nuisance)[:, :, None, None]
    near = (case.inputs - own).abs() <= case.step("within")
    return own, near.all(dim=1, keepdim=True)


def toned(case: Case) -> Tensor:
    """The ground of each image has the tone: all pixels near the tone of the image's edge."""
    _, ground = _ground(case)
    return torch.where(ground, case.value("tone"), case.inputs)


def usually_toned(case: Case) -> Tensor:
    """The ground of each image is moved to the sample's mean tone."""
    own, ground = _ground(case)
    return torch.where(ground, case.inputs + (case.aim.reshape(1, -1, 1, 1) - own), case.inputs)
