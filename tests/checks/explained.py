"""The check `explanation` on a model and its data, as the user wishes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.checks import Findings
from auditkit.data import Dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.explain import Wishes
from auditkit.measurement import Figure
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from tests.checks.audits import CHECKS

CHECK = CHECKS["explanation"]


def explaining(
    model: WrappedModel, data: Dataset, feature_names: tuple[str, ...] = (), **wishes: Any
) -> Findings:
    """What the check finds."""
    wanted = Wishes(**{"methods": ("integrated_gradients",), "tested": 0, **wishes})
    with model.opened():
        probed = probe(
            model, data, seed=0, batch_size=256, feature_names=feature_names, wishes=wanted
        )
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=256, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
        return CHECK.measure(probed.subject, evidence)


def figures(found: Findings, kind: str) -> list[Figure]:
    return [figure for figure in found.figures if figure.kind == kind]


def numbers_in(value: Any) -> Iterator[float]:
    """Every number in the data of a figure."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers_in(part)
    elif isinstance(value, int | float):
        yield float(value)
