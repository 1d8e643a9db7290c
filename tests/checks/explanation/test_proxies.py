"""Whether a leading input tells who somebody is: planted, clean, and what cannot be traced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks.explanation.needs import columns_behind
from auditkit.data import dataset
from auditkit.measurement import Status
from auditkit.models import wrap
from tests.checks.audits import found, inside, outside
from tests.checks.explained import explaining, figures

METRIC = "explanation.proxy_association"


def people(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    woman = rng.random(n) < 0.5
    town = np.where(rng.random(n) < 0.8, woman, rng.random(n) < 0.5)  # mostly tells the sex
    return pd.DataFrame(
        {
            "town": np.where(town, "Aix", "Ulm"),
            "pay": rng.normal(size=n),
            "age": rng.integers(18, 80, n),
            "sex": np.where(woman, "F", "M"),
            "y": rng.integers(0, 2, n),
            "person": np.arange(n) // 3,
        }
    )


def prepared(rows: pd.DataFrame) -> torch.Tensor:
    columns = [rows["town"] == "Aix", rows["town"] == "Ulm", rows["pay"], rows["age"] / 40 - 1]
    return torch.tensor(np.stack(columns, axis=1).astype(np.float32))


NAMES = ("Town: Aix", "Town: Ulm", "pay", "years")


def model_of(*weights: float, preprocess=prepared):
    layer = nn.Linear(len(weights), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
    return wrap(layer, task="binary", outputs="logits", device="cpu", preprocess=preprocess)


def data_of(frame: pd.DataFrame, features=("town", "pay", "age"), **roles: object):
    return dataset(evaluation=frame, label="y", features=features, **{"groups": ("sex",), **roles})


def test_a_proxy_is_found_among_the_leading_inputs() -> None:
    result = explaining(model_of(3.0, -2.0, 1.0, 0.5), data_of(people()), NAMES)
    proxy = found(result, METRIC, label="Town: Aix × sex")
    assert outside(proxy, 0.0, 0.7)
    assert 0.7 < proxy.interval.low < proxy.value < 0.85
    assert proxy.units == 3000
    assert "Of the column town, which the input Town: Aix is made of" in proxy.reason
    clean = found(result, METRIC, label="pay × sex")
    assert inside(clean, 0.0, 0.1)
    # A column once, at its highest rank.
    labels = {m.key.label for m in result.measurements if m.key.metric == METRIC}
    assert labels == {"Town: Aix × sex", "pay × sex"}
    assert (
        "Whether years stands in for a declared attribute was not measured: no column of the table "
        "has a name that it begins with."
    ) in result.notes


def test_proxies_are_drawn_in_the_order_of_the_ranking() -> None:
    result = explaining(model_of(3.0, -2.0, 1.0, 0.5), data_of(people()), NAMES)
    (figure,) = figures(result, "proxies_among_top")
    rows = figure.data["rows"]
    assert figure.data["n"] == 3000
    assert [(row["feature"], row["rank"]) for row in rows] == [("Town: Aix", 1), ("pay", 3)]
    ranked = found(result, "explanation.mean_attribution", label="pay").value
    assert rows[1]["attribution"] == pytest.approx(ranked)
    proxy = found(result, METRIC, label="Town: Aix × sex")
    assert (rows[0]["association"], rows[0]["low"]) == (proxy.value, proxy.interval.low)


def test_an_attribute_that_is_an_input_is_no_proxy_but_said() -> None:
    def coded(rows: pd.DataFrame) -> torch.Tensor:
        columns = [rows["sex"] == "F", rows["pay"]]
        return torch.tensor(np.stack(columns, axis=1).astype(np.float32))

    model = model_of(2.0, 1.0, preprocess=coded)
    result = explaining(model, data_of(people(), ("sex", "pay")), ("sex=F", "pay"))
    assert [m.key.label for m in result.measurements if m.key.metric == METRIC] == ["pay × sex"]
    assert (
        "The model goes by sex itself: the input sex=F ranks 1 of those that matter most."
        in result.notes
    )
    (figure,) = figures(result, "proxies_among_top")
    itself = figure.data["rows"][0]
    assert (itself["association"], itself["low"], itself["high"]) == (1.0, None, None)


def test_the_columns_of_a_model_without_a_preprocess_are_its_inputs() -> None:
    result = explaining(model_of(1.0, 0.1, preprocess=None), data_of(people(), ("pay", "age")), ())
    assert inside(found(result, METRIC, label="pay × sex"), 0.0, 0.1)
    assert found(result, METRIC, label="age × sex").status is Status.MEASURED


def test_inputs_that_no_column_is_known_of() -> None:
    result = explaining(model_of(3.0, -2.0, 1.0, 0.5), data_of(people()), ("a", "b", "c", "d"))
    nothing = found(result, METRIC)
    assert nothing.status is Status.NOT_APPLICABLE
    assert "declare model.feature_names" in nothing.reason
    assert not figures(result, "proxies_among_top")


def test_clusters_are_the_units() -> None:
    frame = people()
    for column in ("town", "pay", "age", "sex"):
        frame[column] = frame.groupby("person")[column].transform("first")
    model = model_of(3.0, -2.0, 1.0, 0.5)
    naive, clustered = (
        found(
            explaining(model, data_of(frame, cluster=one), NAMES), METRIC, label="Town: Aix × sex"
        )
        for one in (None, "person")
    )
    assert naive.value == pytest.approx(clustered.value)
    assert (naive.units, clustered.units) == (3000, 1000)
    widths = [m.interval.high - m.interval.low for m in (naive, clustered)]
    assert widths[1] > 1.4 * widths[0]


def test_unknown_groups_are_left_out() -> None:
    frame = people()
    frame.loc[frame["town"] == "Aix", "sex"] = None
    result = explaining(model_of(3.0, -2.0, 1.0, 0.5), data_of(frame), NAMES)
    one = found(result, METRIC, label="Town: Aix × sex")
    # In what is left there is one town alone.
    assert one.status is Status.UNDEFINED
    assert one.reason == "An association needs two levels with units on either side."
    assert inside(found(result, METRIC, label="pay × sex"), 0.0, 0.15)


def test_without_groups_nothing_is_said() -> None:
    result = explaining(model_of(3.0, -2.0, 1.0, 0.5), data_of(people(), groups=()), NAMES)
    assert METRIC not in {m.key.metric for m in result.measurements}


@pytest.mark.parametrize(
    ("name", "column"),
    [("marital_status=Married", "marital-status"), ("AGE", "age"), ("age group: old", "age group"),
     ("ages", None), ("", None), ("x", None)],
)  # fmt: skip
def test_names_and_columns(name: str, column: str | None) -> None:
    columns = ("marital-status", "age", "age group", "marital", "***")
    assert columns_behind([name], columns).get(name) == column
