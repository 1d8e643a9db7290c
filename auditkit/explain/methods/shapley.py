"""Shapley values of regions against a baseline: by random orders, and by regression.

Both share out the change of the output from the baseline among the regions; what a region gets is
its mean part over all orders in which regions could come in. A missing region is replaced by the
baseline, not by what usually goes with the others: these are baseline Shapley values.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.methods.asking import CHUNK, asker, joined, slices
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.completeness import changed, completeness, finite
from auditkit.explain.methods.drawing import drawing
from auditkit.explain.methods.feature_ablation import feature_ablation
from auditkit.explain.methods.spreading import spread
from auditkit.explain.regions import Regions, regions
from auditkit.explain.target import NotExplainable, Target, Tensors

_ENDS = 2
"""Forwards at the input and at the baseline, by which the sum is checked."""


def shapley_sampling(target: Target, settings: Settings) -> Maps | NotExplainable:
    """The mean part of each region over `settings.samples` random orders (Castro et al. 2009).

    The map of a unit adds up to the change of its output, however few the orders.

    Args:
        target: what is explained.
        settings: seed, samples, regions and chunk are read.
    """
    from captum.attr import ShapleyValueSampling

    cut = regions(target, settings.regions)

    def step(size: int) -> Maps:
        parts: list[Tensors] = []
        for unit in slices(target, 1):
            with drawing(unit, settings.seed):
                parts.append(
                    ShapleyValueSampling(asker(unit)).attribute(
                        unit.inputs,
                        baselines=unit.baseline,
                        additional_forward_args=(unit.every,),
                        feature_mask=cut.masks,
                        n_samples=settings.samples,
                        perturbations_per_eval=size,
                    )
                )
        return _maps(target, cut, parts, size, 1 + settings.samples * cut.count)

    return attempted("Shapley sampling", target, step, settings.chunk or CHUNK)


def kernel_shap(target: Target, settings: Settings) -> Maps | NotExplainable:
    """A weighted regression on random coalitions of regions (Lundberg and Lee, NIPS 2017).

    There are `settings.samples` times as many coalitions as regions.

    Args:
        target: what is explained.
        settings: seed, samples, regions and chunk are read.
    """
    from captum.attr import KernelShap

    cut = regions(target, settings.regions)
    if cut.count == 1:  # there is no coalition to draw
        return feature_ablation(target, settings)
    count = settings.samples * cut.count

    def step(size: int) -> Maps:
        parts: list[Tensors] = []
        for unit in slices(target, 1):
            method = KernelShap(asker(unit))
            method.interpretable_model = _Regression()
            with drawing(unit, settings.seed):
                shares = method.attribute(
                    unit.inputs,
                    baselines=unit.baseline,
                    additional_forward_args=(unit.every,),
                    feature_mask=cut.masks,
                    n_samples=count,
                    perturbations_per_eval=size,
                    return_input_shape=False,
                )[0]
            pairs = zip(cut.masks, unit.inputs, strict=True)
            parts.append(tuple(_at(shares, mask, one) for mask, one in pairs))
        return _maps(target, cut, parts, size, count)

    return attempted("Kernel SHAP", target, step, settings.chunk or CHUNK)


def _maps(target: Target, cut: Regions, parts: list[Tensors], size: int, forwards: int) -> Maps:
    values = spread(joined(parts), cut, target)
    gap = completeness(target, values, changed(target, target.baseline, size)).gap
    return finite(values, gap=gap, forwards=forwards + _ENDS)


def _at(shares: Tensor, mask: Tensor, one: Tensor) -> Tensor:
    """What each number's region counts, in the shape of an input and as precise."""
    return shares[mask.cpu()].to(one.dtype).expand(one.shape)


class _Regression:
    """Weighted least squares with an intercept, in the place of Captum's from scikit-learn."""

    def __init__(self) -> None:
        self._shares = torch.zeros(0)

    def fit(self, loader: Any) -> None:
        """From coalitions [k, regions], outputs [k] and weights [k] in one batch."""
        present, outputs, weights = (tensor.cpu().double() for tensor in loader.dataset.tensors)
        root = weights.sqrt()[:, None]
        design = torch.cat([present, torch.ones_like(root)], dim=1)
        if not bool(outputs.isfinite().all()):
            self._shares = torch.full((1, present.shape[1]), torch.nan)
            return
        # Rank may be short of the regions where few coalitions are drawn.
        found = torch.linalg.lstsq(design * root, outputs[:, None] * root, driver="gelsd").solution
        self._shares = found[:-1].T

    def representation(self) -> Tensor:
        """[1, regions] what each counts."""
        return self._shares


_WARNING = (
    "Missing regions are replaced by the baseline: in correlated data such inputs may not occur."
)

SHAPLEY_SAMPLING = Method(
    name="shapley_sampling",
    title="Shapley sampling",
    family=Family.PERTURBATION,
    source="Castro, Gómez and Tejada 2009, doi 10.1016/j.cor.2008.04.004",
    attribute=shapley_sampling,
    needs_gradient=False,
    warning=_WARNING,
)

KERNEL_SHAP = Method(
    name="kernel_shap",
    title="Baseline Shapley values (kernel SHAP)",
    family=Family.PERTURBATION,
    source="Lundberg and Lee, NIPS 2017, arXiv 1705.07874",
    attribute=kernel_shap,
    needs_gradient=False,
    warning=_WARNING,
)
