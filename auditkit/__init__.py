"""auditkit: audit and monitor trained PyTorch models.

Example, the whole way in five lines:

    model = auditkit.wrap(network, task="binary", outputs="logits", decision={"favourable": "1"})
    data = auditkit.dataset(
        frame, label="hired", features=["age", "score"], groups={"gender": {"reference": "male"}}
    )
    run = auditkit.audit(model, data, policy="baseline", store=".auditkit")
    run.verdict, run.measurements
    run.report("report.html")

Names are loaded on first use, so that a command that needs no torch loads none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from auditkit.collision import refuse_collision

refuse_collision()

__version__ = "0.1.0"

if TYPE_CHECKING:
    from auditkit.auditing import audit
    from auditkit.data import dataset
    from auditkit.errors import AuditkitError
    from auditkit.fairness import count_cube
    from auditkit.gating import gate
    from auditkit.models import (
        WrappedModel,
        load_model,
        stored_generations,
        stored_predictions,
        wrap,
        wrap_generator,
    )
    from auditkit.policy import Policy, load_policy
    from auditkit.records import open_store
    from auditkit.run import Run

__all__ = [
    "AuditkitError",
    "Policy",
    "Run",
    "WrappedModel",
    "audit",
    "count_cube",
    "dataset",
    "gate",
    "load_model",
    "load_policy",
    "open_store",
    "stored_generations",
    "stored_predictions",
    "wrap",
    "wrap_generator",
]

_HOMES = {
    "AuditkitError": "errors",
    "Policy": "policy",
    "Run": "run",
    "WrappedModel": "models",
    "audit": "auditing",
    "count_cube": "fairness",
    "dataset": "data",
    "gate": "gating",
    "load_model": "models",
    "load_policy": "policy",
    "open_store": "records",
    "stored_generations": "models",
    "stored_predictions": "models",
    "wrap": "models",
    "wrap_generator": "models",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
