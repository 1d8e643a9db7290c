"""Decisions to be compared by group: those of the income example on its census table."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from auditkit.assembly import build_model
from auditkit.configuration import read_configuration
from auditkit.configured_code import Code
from auditkit.dataset_assembly import build_dataset

INCOME = Path(__file__).parents[2] / "examples" / "income" / "audit.yaml"


@cache
def census() -> pd.DataFrame:
    """The table with `y_true`, `y_pred` and `score` of the example's model."""
    configuration = read_configuration(INCOME)
    code = Code(INCOME.parent, allowed=True)
    model, _ = build_model(configuration.model, code)
    source = build_dataset(configuration.data, code)["evaluation"]
    parts = []
    with model.opened(), torch.no_grad():
        for fragment in source.fragments():
            for batch in source.batches(fragment, 8192):
                (answer,) = model.forward(model.prepare(batch.inputs)).values()
                found = batch.frame.copy()
                found["score"] = answer.reshape(len(batch)).double().numpy()
                found["y_true"] = np.asarray(batch.targets)
                parts.append(found)
    table = pd.concat(parts, ignore_index=True)
    table["y_true"] = (table["y_true"].astype(str).str.strip() == ">50K").astype(int)
    table["y_pred"] = (table["score"] >= 0.5).astype(int)
    return table
