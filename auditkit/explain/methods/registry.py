"""All attribution methods, in the order in which people are shown them."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.explain.gradients import INPUT_X_GRADIENT, INTEGRATED_GRADIENTS, SALIENCY
from auditkit.explain.method import Method
from auditkit.explain.methods.deep_lift import DEEP_LIFT, DEEP_LIFT_SHAP
from auditkit.explain.methods.feature_ablation import FEATURE_ABLATION
from auditkit.explain.methods.grad_cam import GRAD_CAM
from auditkit.explain.methods.gradient_shap import GRADIENT_SHAP
from auditkit.explain.methods.lrp import LRP
from auditkit.explain.methods.occlusion import OCCLUSION
from auditkit.explain.methods.shapley import KERNEL_SHAP, SHAPLEY_SAMPLING
from auditkit.explain.methods.smooth_grad import SMOOTH_GRAD

_ALL = (
    INTEGRATED_GRADIENTS,
    SALIENCY,
    INPUT_X_GRADIENT,
    SMOOTH_GRAD,
    GRADIENT_SHAP,
    DEEP_LIFT,
    DEEP_LIFT_SHAP,
    LRP,
    GRAD_CAM,
    OCCLUSION,
    FEATURE_ABLATION,
    SHAPLEY_SAMPLING,
    KERNEL_SHAP,
)

METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}
"""Name → method.

>>> from auditkit.explain.method import Settings
>>> from auditkit.explain.target import targeting
>>> from auditkit.models import wrap
>>> import torch
>>> model = wrap(torch.nn.Linear(2, 1, bias=False), task="regression")
>>> with targeting(model, torch.ones(1, 2), model.heads[0]) as target:
...     found = METHODS["occlusion"](target, Settings())
>>> torch.equal(found.values[0].round(decimals=4), model.module.weight.data.round(decimals=4))
True
"""
