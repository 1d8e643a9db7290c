"""Selection among the first k and exposure by group, against a slow twin and simulated truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from auditkit.checks import Findings
from auditkit.checks.bias.ranking import ranking_findings, ranking_metrics, ranking_needs
from auditkit.checks.ranking_table import (
    exposure_ratio,
    least_variance,
    summed,
    summed_of_each,
)
from auditkit.checks.reading import Reading
from auditkit.data import Group, dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.evidence.hashing import hashes
from auditkit.measurement import REST, Estimate, Measurement, Slice, Status
from auditkit.statistics import estimates
from auditkit.statistics.clustered import ClusteredRate, clustered_ratio
from auditkit.statistics.rankings import places
from auditkit.subjects import probe
from tests.checks.audits import BINARY, found, inside, outside, stored, value

GROUPS = (Group("sex", "sex", "M"), Group("town", "town"))


def lists(n: int = 120, seed: int = 0, penalty: float = 0.0) -> pd.DataFrame:
    """Lists of 5 to 25 candidates; women's scores are lower by a penalty."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 26, n)
    rows = int(sizes.sum())
    sex = rng.choice(["F", "M"], rows)
    odds = rng.normal(size=rows) - penalty * (sex == "F")
    return pd.DataFrame(
        {
            "score": (1 / (1 + np.exp(-odds))).round(2),
            "y": rng.integers(0, 2, rows),
            "sex": sex,
            "town": rng.choice(["north", "south"], rows),
            "search": np.repeat([f"search {i}" for i in range(n)], sizes),
        }
    )


def measured(frame: pd.DataFrame, model: Any = None, seed: int = 0, **roles: Any) -> Findings:
    roles = {"groups": GROUPS, "query": "search", "top": 4, **roles}
    data = dataset(evaluation=frame, label="y", features=("score",), **roles)
    model = model or stored(**BINARY)
    with model.opened():
        subject = probe(model, data, seed=seed, batch_size=512).subject
        plan = make_plan(ranking_needs(subject), subject)
        options = Options(batch_size=256, seed=seed, quiet=True)
        evidence = LocalEngine().run(plan, subject, model, data, options)
    return ranking_findings(subject, Reading(subject, evidence, "evaluation"))


def twin(frame: pd.DataFrame, top: int = 4, seed: int = 0) -> pd.DataFrame:
    """Place by place, list by list."""
    ties = hashes(np.arange(len(frame)), seed)
    parts = []
    for _, part in frame.assign(tie=ties).groupby("search"):
        ordered = part.sort_values(["score", "tie"], ascending=[False, True])
        place = np.arange(1, len(ordered) + 1)
        parts.append(ordered.assign(selected=place <= top, exposure=1 / np.log2(1 + place)))
    return pd.concat(parts)


def test_as_a_slow_twin_counts() -> None:
    frame = lists(penalty=0.5)
    result, slow = measured(frame, intersections=(("sex", "town"),)), twin(frame)
    for sex in "FM":
        of = slow[slow["sex"] == sex]
        one = found(result, "bias.selection_rate_at_k", {"sex": sex})
        assert one.value == pytest.approx(of["selected"].mean(), abs=1e-12)
        assert one.rows == len(of)
        assert one.units == of["search"].nunique()
        assert one.share == pytest.approx(len(of) / len(frame))
        assert one.reason == "k = 4; equal scores are ordered by a keyed hash."
        exposed = found(result, "bias.exposure", {"sex": sex})
        assert exposed.value == pytest.approx(of["exposure"].mean(), abs=1e-12)
    means = slow.groupby("sex")[["selected", "exposure"]].mean()
    women, men = {"sex": "F"}, {"sex": "M"}
    for metric, expected in (
        ("bias.impact_ratio_at_k", means.loc["F", "selected"] / means.loc["M", "selected"]),
        (
            "bias.selection_rate_at_k_difference",
            means.loc["F", "selected"] - means.loc["M", "selected"],
        ),
        ("bias.exposure_ratio", means.loc["F", "exposure"] / means.loc["M", "exposure"]),
    ):
        assert found(result, metric, women, men).value == pytest.approx(expected, abs=1e-12)
        assert found(result, metric, women, REST).value == pytest.approx(expected, abs=1e-12)
    joint = slow.groupby(["sex", "town"])["exposure"].mean()
    one = found(result, "bias.exposure", {"sex": "F", "town": "north"})
    assert one.value == pytest.approx(joint["F", "north"], abs=1e-12)


def test_a_penalty_fails_and_fair_lists_pass() -> None:
    women, men = {"sex": "F"}, {"sex": "M"}
    unfair, fair = measured(lists(400, penalty=0.8)), measured(lists(600, seed=1))
    for metric in ("bias.impact_ratio_at_k", "bias.exposure_ratio"):
        assert outside(found(unfair, metric, women, men), 0.8, 1.25)
        assert inside(found(fair, metric, women, men), 0.8, 1.25)
    assert inside(found(fair, "bias.selection_rate_at_k_difference", women, men), -0.1, 0.1)


def test_every_metric_is_measured_and_declared() -> None:
    result = measured(lists())
    declared = {metric.id for metric in ranking_metrics()}
    assert {m.key.metric for m in result.measurements} == declared
    keys = [m.key for m in result.measurements]
    assert len(set(keys)) == len(keys)
    for one in result.measurements:
        assert one.status is Status.MEASURED
        assert one.interval.low < one.value < one.interval.high


def test_ties_are_broken_by_the_hash_and_the_seed() -> None:
    frame = lists().assign(score=0.5)
    for seed in (0, 7):
        slow = twin(frame, seed=seed)
        of = slow[slow["sex"] == "F"]
        one = found(measured(frame, seed=seed), "bias.selection_rate_at_k", {"sex": "F"})
        assert one.value == pytest.approx(of["selected"].mean(), abs=1e-12)


def test_batches_do_not_matter() -> None:
    """Lists that two batches share are whole all the same."""
    frame = lists().sample(frac=1, random_state=0).reset_index(drop=True)
    one = found(measured(frame), "bias.exposure", {"sex": "F"})
    slow = twin(frame)
    assert one.value == pytest.approx(slow[slow["sex"] == "F"]["exposure"].mean(), abs=1e-12)


def test_clusters_are_the_units() -> None:
    frame = lists()
    frame["shop"] = frame["search"].str[-1]
    one = found(measured(frame, cluster="shop"), "bias.exposure_ratio", {"sex": "F"}, {"sex": "M"})
    assert one.units == 10
    assert one.estimate.parameters["df"] == 9
    frame["shop"] = frame["search"].str[-1].astype(int) % 9
    few = found(measured(frame, cluster="shop"), "bias.exposure_ratio", {"sex": "F"}, {"sex": "M"})
    assert few.status is Status.TOO_FEW
    assert few.reason.startswith("There are 9 clusters with items of a group")


def test_too_few_lists_or_people() -> None:
    few = measured(lists(9))
    for one in few.measurements:
        assert one.status is Status.TOO_FEW
        assert (one.value, one.estimate) == (None, None)
    assert few.measurements[0].reason.startswith("There are 9 lists with items of a group; an")
    frame = lists()
    frame.loc[:2, "town"] = "tiny"
    tiny = found(measured(frame), "bias.exposure", {"town": "tiny"})
    assert tiny.status is Status.TOO_FEW
    assert tiny.reason.startswith("town=tiny has too few rows; numbers about fewer than 5")


def test_nobody_selected() -> None:
    frame = lists()
    frame.loc[frame["sex"] == "F", "score"] = 0.0
    frame.loc[frame["sex"] == "M", "score"] = 0.1 + 0.8 * frame["score"]
    frame.loc[frame.groupby("search").head(1).index, ["sex", "score"]] = ["M", 0.9]
    result = measured(frame, top=1)
    men_always = frame.groupby("search")["sex"].agg(lambda part: "M" in set(part)).all()
    assert men_always
    ratio = found(result, "bias.impact_ratio_at_k", {"sex": "F"}, {"sex": "M"})
    assert (ratio.value, ratio.interval.low) == (0, 0)
    assert ratio.interval.high > 0.01
    to_none = found(result, "bias.impact_ratio_at_k", {"sex": "M"}, {"sex": "F"})
    assert to_none.status is Status.UNDEFINED
    assert to_none.reason == "Selection rate at k of sex=F is 0: a ratio cannot divide by it."
    rate = found(result, "bias.selection_rate_at_k", {"sex": "F"})
    assert (rate.value, rate.interval.low) == (0, 0)
    assert rate.interval.high > 0.01  # of 120 lists, however many women are in them
    assert (
        found(result, "bias.selection_rate_at_k_difference", {"sex": "F"}, {"sex": "M"}).value < 0
    )


def test_where_there_are_no_lists_or_groups_nothing_is_needed() -> None:
    frame = lists(20)
    for roles in ({"query": None}, {"groups": ()}):
        roles = {"groups": GROUPS, "query": "search", **roles}
        data = dataset(evaluation=frame, label="y", features=("score",), **roles)
        with stored(**BINARY).opened() as model:
            subject = probe(model, data, seed=0, batch_size=512).subject
        assert list(ranking_needs(subject)) == []


def test_only_scores_order_a_list() -> None:
    frame = lists(20).assign(label="a")
    frame.loc[::2, "label"] = "b"
    model = stored(["score", "y"], task="multiclass", outputs="values", classes=("a", "b"))
    data = dataset(evaluation=frame, label="label", features=("score", "y"), groups=GROUPS,
                   query="search")  # fmt: skip
    with model.opened():
        subject = probe(model, data, seed=0, batch_size=512).subject
    assert list(ranking_needs(subject)) == []


def test_a_sample_of_lists_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.checks.bias.ranking.MOST_ROWS", 1000)
    frame = lists(200)
    one = found(measured(frame), "bias.exposure", {"sex": "F"})
    assert "A random sample of " in one.reason
    assert one.reason.endswith(f"of {len(frame):,} rows, drawn by a keyed hash of their ids.")
    assert one.share is None
    assert one.rows < 1000


def _simulated(rng: np.random.Generator, n: int = 60) -> np.ndarray:
    """States of lists whose scores have a part that the women of a list share."""
    sizes = rng.integers(6, 20, n)
    lists_ = np.repeat(np.arange(n), sizes)
    woman = rng.random(len(lists_)) < 0.4
    score = rng.normal(size=len(lists_)) - 0.3 * woman + 0.7 * rng.normal(size=n)[lists_] * woman
    return _states(lists_, woman.astype(int), score, 4)


def _few(rng: np.random.Generator, shift: float, n: int = 60) -> np.ndarray:
    """States of lists of 20, every fifth of which holds one item of the group."""
    lists_ = np.repeat(np.arange(n), 20)
    one = np.zeros(20 * n, dtype=int)
    held = rng.choice(n, n // 5, replace=False)
    one[20 * held + rng.integers(0, 20, n // 5)] = 1
    return _states(lists_, one, rng.normal(size=20 * n) + shift * one, 4)


def _states(lists_: np.ndarray, groups: np.ndarray, score: np.ndarray, top: int) -> np.ndarray:
    place = places(lists_, score, np.arange(len(lists_)))
    values = summed_of_each(place, top, np.ones(len(place)))
    return summed(lists_ % 64, groups, 2, values)


def _estimates(states: np.ndarray) -> tuple[Estimate, Estimate]:
    """The ratios of selection at k and of exposure of group 1 over group 0."""
    one, reference = states[:, 1], states[:, 0]
    rates = [ClusteredRate(side[:, 2], side[:, 1]) for side in (one, reference)]
    everyone = states.sum(axis=(0, 1))
    least = [least_variance(side, everyone) for side in (one, reference)]
    return clustered_ratio(*rates), exposure_ratio(one, reference, least)


def _covering(rng: np.random.Generator, times: int, draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """How often the 95 % intervals of both ratios lie above, and below, what is true."""
    total = sum(draw(rng, n=4000).sum(axis=0) for _ in range(5))
    true = [(total[1, p] / total[1, 1]) / (total[0, p] / total[0, 1]) for p in (2, 3)]
    missed = np.zeros(2)
    for _ in range(times):
        for place, one in enumerate(_estimates(draw(rng))):
            low, high = estimates.bounds(one, 0.025)
            missed[place] += not low <= true[place] <= high
    return missed


def test_coverage() -> None:
    """The 95 % interval of the ratios, 60 lists; 400 repetitions have an error of 1.1 %."""
    for missed in _covering(np.random.default_rng(3), 400, _simulated):
        hits = 400 - int(missed)
        ends = beta.ppf([0.025, 0.975], [hits, hits + 1], [400 - hits + 1, 400 - hits])
        assert ends[0] <= 0.98, hits
        assert ends[1] >= 0.93, hits


@pytest.mark.parametrize("shift", [0.0, 2.0, 3.0])
def test_coverage_of_few_items(shift: float) -> None:
    """Twelve items, most of them among the first: that they agree must not look certain."""
    missed = _covering(np.random.default_rng(4), 250, lambda rng, n=60: _few(rng, shift, n))
    assert (missed / 250 <= 0.1).all(), missed


def test_all_of_a_few_among_the_first_is_no_certainty() -> None:
    frame = pd.DataFrame(
        {
            "score": np.random.default_rng(5).random(1200) * 0.9,
            "y": np.arange(1200) % 2,
            "sex": "M",
            "search": np.repeat(np.arange(60), 20).astype(str),
        }
    )
    frame.loc[20 * np.arange(12), ["sex", "score"]] = ["F", 0.95]
    result = measured(frame, top=19, groups=GROUPS[:1])
    one = found(result, "bias.impact_ratio_at_k", {"sex": "F"}, {"sex": "M"})
    assert one.value == pytest.approx(1.053, abs=0.001)
    assert one.interval.low < 0.95
    exposed = found(result, "bias.exposure_ratio", {"sex": "F"}, {"sex": "M"})
    assert exposed.interval.high / exposed.interval.low > 1.2


def test_items_count_with_their_weights() -> None:
    frame = lists(penalty=0.5)
    frame["w"] = np.random.default_rng(6).lognormal(0, 1.5, len(frame))
    result, slow = measured(frame, weight="w"), twin(frame)
    means = {}
    for sex in "FM":
        of = slow[slow["sex"] == sex]
        means[sex] = [np.average(of[name], weights=of["w"]) for name in ("selected", "exposure")]
        for name, mean in zip(("selection_rate_at_k", "exposure"), means[sex], strict=True):
            assert value(result, f"bias.{name}", {"sex": sex}) == pytest.approx(mean, rel=1e-12)
    for place, name in enumerate(("impact_ratio_at_k", "exposure_ratio")):
        ratio = value(result, f"bias.{name}", {"sex": "F"}, {"sex": "M"})
        assert ratio == pytest.approx(means["F"][place] / means["M"][place], rel=1e-12)
    plain = found(measured(frame), "bias.impact_ratio_at_k", {"sex": "F"}, {"sex": "M"}).interval
    drawn = found(result, "bias.impact_ratio_at_k", {"sex": "F"}, {"sex": "M"}).interval
    assert drawn.high / drawn.low > plain.high / plain.low


def test_lists_that_span_clusters_are_not_made_more() -> None:
    """Three lists are three units at most, whatever cluster their items have."""
    frame = lists(3).assign(person=lambda table: np.arange(len(table)))
    for one in measured(frame, cluster="person").measurements:
        assert (one.status, one.value) == (Status.TOO_FEW, None)
        assert one.units <= 3
        assert "3 sets of lists that share a cluster with items of a group" in one.reason
        assert one.reason.endswith("declare a cluster that holds whole lists.")


def test_what_lists_and_clusters_connect_is_one_unit() -> None:
    frame = lists(120)
    number = frame["search"].str.split().str[-1].astype(int)
    # Each list shares its first item's person with the next, in parts of six lists.
    frame["person"] = np.arange(len(frame))
    first = ~number.duplicated()
    frame.loc[first, "person"] = 10_000 + number[first] // 6
    one = found(measured(frame, cluster="person"), "bias.exposure", {"sex": "F"})
    assert (one.status, one.units) == (Status.MEASURED, 20)


def test_slices_are_those_of_groups() -> None:
    result = measured(lists())
    one: Measurement = found(result, "bias.exposure", {"sex": "F"})
    assert one.key.slice == Slice.of(sex="F")
    assert one.key.label == ""
