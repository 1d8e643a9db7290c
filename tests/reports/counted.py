"""What an audit of a small table keeps: its states, and what the check of bias said beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from auditkit.checks import Findings
from auditkit.data import Group
from auditkit.models.wrapped import WrappedModel
from auditkit.recording import states_of
from tests.checks.audits import CHECKS, DECIDING, collected, data_of, scored, stored

GROUPS = (Group("sex", "sex", "M"), Group("race", "race", "a"))
CONTROLS = (Group("hours", "hours", cuts=(20, 40)),)
ROLES: dict[str, Any] = {
    "groups": GROUPS,
    "intersections": (("sex", "race"),),
    "controls": CONTROLS,
}


_DECISION = {"rule": "threshold", "threshold": 0.5, "favourable": "1"}
_HEAD = {"name": "", "task": "binary", "outputs": "probabilities", "classes": ["0", "1"]}
MODEL = {"heads": [{**_HEAD, "decision": _DECISION}]}
DATA = {"groups": {"sex": {"reference": "M"}, "race": {"reference": "a"}}, "cluster": None}
"""How a record describes the model and the data."""


def people(n: int = 4000, seed: int = 0, rare: int = 0) -> pd.DataFrame:
    """Rows with two groups, a control, weights and clusters; `rare` women of race `d`."""
    rng = np.random.default_rng(seed)
    table = scored(
        n,
        seed,
        sex=rng.choice(["F", "M"], n, p=[0.4, 0.6]),
        race=rng.choice(list("abc"), n, p=[0.6, 0.25, 0.15]),
        hours=rng.integers(5, 60, n),
        weight=rng.uniform(0.3, 4, n),
        person=rng.integers(0, n // 8, n),
    )
    table.loc[: rare - 1, ["sex", "race"]] = ["F", "d"]
    return table.assign(chosen=(table["score"] >= 0.5).astype(int))


def audited(
    table: pd.DataFrame, model: WrappedModel | None = None, **roles: Any
) -> tuple[Findings, Mapping[str, bytes]]:
    """What the check of bias finds in it, and the states that a record of it keeps."""
    check = CHECKS["bias"]
    model = model or stored(**DECIDING)
    subject, evidence = collected(check, model, data_of(table, **{**ROLES, **roles}))
    return check.measure(subject, evidence), states_of(evidence)
