"""The census table that xai ships, in a random order, and in halves.

It is found without importing the package, and checked by hash.
"""

import hashlib
import importlib.util
from pathlib import Path

import pandas as pd

_SHA256 = "9791f289391d1c169c52b0c325601d9e82f97eac620b7ac9fba381cb063da1af"


def shuffled() -> pd.DataFrame:
    """All 32,561 people."""
    package = importlib.util.find_spec("xai")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the table comes with xai: see examples/requirements-no-deps.txt")
    place = Path(package.submodule_search_locations[0]) / "data" / "census.csv"
    if hashlib.sha256(place.read_bytes()).hexdigest() != _SHA256:
        raise ValueError(f"{place} is not the file that this example was written for")
    table = pd.read_csv(place, skipinitialspace=True, index_col=0)
    return table.sample(frac=1, random_state=0, ignore_index=True)


def taught() -> pd.DataFrame:
    """The half that rivals are taught on."""
    table = shuffled()
    return table.iloc[: len(table) // 2]


def asked() -> pd.DataFrame:
    """The other half."""
    table = shuffled()
    return table.iloc[len(table) // 2 :]
