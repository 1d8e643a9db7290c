"""Make series.csv beside this file: fifteen series of 203 steps, one value in each row.

They are read from the tables of statsmodels (all in the public domain), found without importing the
package and checked by hash: twelve quarterly series of the American economy, the water of the
Pacific and the carbon dioxide above Hawaii by month, the spots of the sun by year.
"""

import hashlib
import importlib.util
import io
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
STEPS = 203
_SHA256 = {
    "macrodata": "d93c0d3a7a77ef83c3af14e46032bb1d02ae3a512b22ab94159a8ca226fcf708",
    "elnino": "b647be00e0fd264be9764e317e6b963f35030014ecca2b21b204521716e463ad",
    "co2": "16695fa2786e53414e5a6b54767a3fdf5de99cfbc68617f69d1362d92776a92f",
    "sunspots": "f67889b1d9002cd5227f0e0ef54e35b419cdd85a31279adef6f73fb41e5c0a9b",
}


def _table(name: str) -> pd.DataFrame:
    package = importlib.util.find_spec("statsmodels")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the series come with statsmodels: pip install statsmodels")
    path = Path(package.submodule_search_locations[0]) / "datasets" / name / f"{name}.csv"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256[name]:
        raise ValueError(f"{path} is not the file that this example was written for")
    return pd.read_csv(io.BytesIO(content))


def series() -> dict[tuple[str, str], pd.Series]:
    """(name, kind) → the last 203 values of each series, of mean 0 and standard deviation 1."""
    economy = _table("macrodata").drop(columns=["year", "quarter"])
    months = _table("elnino").drop(columns="YEAR").stack()
    weeks = _table("co2")
    air = weeks.set_index(pd.to_datetime(weeks["date"].astype(str)))["co2"].resample("MS").mean()
    found = {(name, "economy"): economy[name] for name in economy}
    found["sea temperature", "nature"] = months
    found["carbon dioxide", "nature"] = air
    found["sunspots", "nature"] = _table("sunspots")["SUNACTIVITY"]
    ends = {key: values.tail(STEPS).reset_index(drop=True) for key, values in found.items()}
    return {key: (values - values.mean()) / values.std() for key, values in ends.items()}


if __name__ == "__main__":
    parts = [
        pd.DataFrame({"series": name, "kind": kind, "step": values.index, "value": values})
        for (name, kind), values in series().items()
    ]
    pd.concat(parts).to_csv(HERE / "series.csv", index=False)
    print(f"{len(parts)} series in {HERE / 'series.csv'}")
