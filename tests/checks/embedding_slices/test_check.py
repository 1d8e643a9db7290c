"""A gathering of errors that was planted is found and confirmed; where there is none, none is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import beta
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.embedding_slices.embeddings import embedding_need
from auditkit.evidence.needs import FOLD
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.statistics import estimates
from tests.checks.audits import CHECKS, collected, data_of, findings, found, inside

BLOBS = 8
FEATURES = tuple(f"x{i}" for i in range(5))
PLANTED = 3


class Says(nn.Module):
    """Answers by its second input, and passes all of them through a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Identity()
        self.head = nn.Linear(5, 1)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[0.0, 1, 0, 0, 0]]))
            self.head.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def model(**declared: Any) -> Any:
    declared = {"task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}, **declared}
    return wrap(Says(), device="cpu", layer="body", **declared)


def gathered(n: int = 3000, seed: int = 0, *, planted: float = 0.4, other: float = 0.1):
    """Blobs of units, one of which is got wrong more often."""
    rng = np.random.default_rng(seed)
    blob = rng.integers(0, BLOBS, n)
    centres = np.random.default_rng(9).normal(size=(BLOBS, 5)) * 4
    frame = pd.DataFrame(centres[blob] + rng.normal(size=(n, 5)), columns=FEATURES)
    wrong = rng.random(n) < np.where(blob == PLANTED, planted, other)
    said = frame["x1"].to_numpy() >= 0
    frame["price"] = frame["x1"] + rng.normal(size=n) * np.where(wrong, 4.0, 1.0)
    planted_in = np.where(blob == PLANTED, "yes", "no")
    return frame.assign(y=(said ^ wrong).astype(int), blob=blob, planted=planted_in)


def search(frame: pd.DataFrame, of: Any = None, **roles: Any) -> Findings:
    roles = {"features": FEATURES, "groups": ("planted",), **roles}
    return findings("embedding_slices", of or model(), data_of(frame, **roles))


def confirmed(result: Findings) -> float:
    (count,) = [m for m in result.measurements if m.key.metric == "embedding_slices.confirmed"]
    assert count.estimate is None
    return float(count.value or 0)


def test_a_planted_gathering_is_found_and_told() -> None:
    frame = gathered()
    result = search(frame)
    assert confirmed(result) >= 1
    first = found(result, "embedding_slices.error_difference", label="cluster 1")
    assert first.value == pytest.approx(0.3, abs=0.1)
    assert first.estimate.method == "newcombe"
    assert first.reason.endswith("planted yes (100 %, 12 % of all).")
    error = found(result, "embedding_slices.error", label="cluster 1")
    assert inside(error, 0.25, 0.55)
    note = result.notes[0]
    assert note == (
        "Units that are alike to the model err more often: cluster 1 of the layer's output has an "
        f"error that is {first.value:.3g} (90 % interval {first.interval.low:.3g} to "
        f"{first.interval.high:.3g}, n = {error.rows:,}) above that of all others, on rows that "
        f"were not searched. {first.reason}"
    )
    # A policy's "every group" must not come to speak of clusters.
    assert not any(m.key.slice.conditions or m.key.reference for m in result.measurements)
    (figure,) = result.figures
    assert figure.kind == "group_rates"
    assert figure.data["rows"][0]["group"] == "cluster 1"
    assert "Cluster 1: It is mostly" in figure.caption


def test_the_numbers_are_of_the_half_that_was_not_searched() -> None:
    frame = gathered()
    data = data_of(frame, features=FEATURES, groups=("planted",))
    check = CHECKS["embedding_slices"]
    subject, evidence = collected(check, model(), data)
    log = evidence["evaluation"].row_log(embedding_need(subject, subject.views[0]))
    held_out = log.codes(FOLD) == 1
    one = found(
        check.measure(subject, evidence), "embedding_slices.error_difference",
        label="cluster 1",
    )  # fmt: skip
    assert one.rows == int(held_out.sum())
    numbers = one.estimate.parameters
    assert numbers["n1"] + numbers["n2"] == held_out.sum()


def test_clean_data_have_no_confirmed_gathering() -> None:
    times = 100
    clean = sum(
        confirmed(search(gathered(900, seed, planted=0.1), groups=())) == 0 for seed in range(times)
    )
    # The goal is 95 %: the 95 % Clopper-Pearson interval of the rate must reach it.
    assert beta.ppf(0.975, clean + 1, times - clean) >= 0.95, clean
    assert clean >= 95


def test_power() -> None:
    """.4 against .1 in an eighth of 3,000 rows is hardly ever missed."""
    hits = [confirmed(search(gathered(3000, seed), groups=())) for seed in range(1, 11)]
    assert all(hits), hits


def test_mean_errors() -> None:
    regression = model(task="regression", outputs="values", decision=None)
    frame = gathered().assign(y=lambda f: f["price"])
    result = search(frame, regression)
    first = found(result, "embedding_slices.error_difference", label="cluster 1")
    assert confirmed(result) >= 1
    assert estimates.bounds(first.estimate, 0.05)[0] > 0
    assert first.estimate.method == "independent_difference"
    assert result.figures[0].data["unit"] == ""


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_clusters_are_the_units(task: str) -> None:
    """Each person's units lie together and are all wrong or all right: that is no gathering."""
    of = model() if task == "binary" else model(task=task, outputs="values", decision=None)
    by_person, by_row = [], []
    for seed in range(6):
        frame = of_persons(seed, task)
        by_person.append(confirmed(search(frame, of, cluster="person", groups=())))
        by_row.append(confirmed(search(frame, of, groups=())))
    assert by_person == [0] * 6
    # Taken for independent rows they are.
    assert sum(map(bool, by_row)) >= 3, by_row


def of_persons(seed: int, task: str) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(150), 20)
    places = 3 * rng.normal(size=(150, 5))
    frame = pd.DataFrame(
        places[person] + rng.normal(size=(len(person), 5)), columns=FEATURES
    ).assign(person=person)
    wrong = (rng.random(150) < 0.2)[person]
    if task == "binary":
        return frame.assign(y=((frame["x1"] >= 0) ^ wrong).astype(int))
    return frame.assign(y=frame["x1"] + 3 * wrong)


def test_too_few_rows_or_clusters() -> None:
    few = search(gathered(150))
    one = found(few, "embedding_slices.error")
    assert one.status is Status.TOO_FEW
    assert one.reason.endswith("rows; a search needs 100.")
    frame = gathered(900).assign(person=np.arange(900) % 19)
    one = found(search(frame, cluster="person"), "embedding_slices.confirmed")
    assert one.status is Status.TOO_FEW
    assert one.reason == (
        "There are 19 clusters of rows; a search on one half and a second look at the other need "
        "20."
    )


def test_nothing_found_says_so() -> None:
    result = search(gathered(900, planted=0.1))
    one = found(result, "embedding_slices.error_difference")
    assert (one.status, one.value) == (Status.UNDEFINED, None)
    assert one.reason == "No cluster errs more than the others on the half that was searched."
    assert result.figures == ()


def test_a_layer_that_is_never_called() -> None:
    class Skips(Says):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x)

    of = wrap(
        Skips(), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        layer="body",
    )  # fmt: skip
    one = found(search(gathered(400), of), "embedding_slices.confirmed")
    assert one.status is Status.NOT_APPLICABLE
    assert one.reason.startswith("The layer 'body' took no part")
