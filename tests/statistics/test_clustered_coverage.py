"""Simulated coverage of clustered and weighted rates: a smoke test of the benchmark."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from auditkit.measurement import Estimate
from auditkit.statistics.clustered import clustered_ratio
from auditkit.statistics.estimates import proportion, proportion_ratio
from auditkit.statistics.jackknife import design_effect
from benchmarks import clustered_rates
from benchmarks.coverage import Experiment, Goal, covering, run

SETTINGS = {
    "ratios": (
        ("Clustered ratio, groups apart", "40 alike clusters, p 0.16 and 0.2"),
        ("Clustered ratio, groups apart", "200 alike clusters, p 0.5 and 0.5"),
        ("Clustered ratio, groups apart", "200 unequal clusters, p 0.16 and 0.2"),
        ("Clustered ratio, groups equal", "20 alike clusters, p 0.5 and 0.5"),
        ("Clustered ratio, groups equal", "200 mixed clusters, p 0.16 and 0.2"),
        ("Clustered ratio, groups varying", "20 mixed clusters, p 0.16 and 0.2"),
        ("Clustered ratio, groups varying", "200 unequal clusters, p 0.5 and 0.5"),
    ),
    "differences": (
        ("Clustered difference, groups apart", "40 mixed clusters, p 0.5 and 0.5"),
        ("Clustered difference, groups varying", "20 alike clusters, p 0.16 and 0.2"),
    ),
    "proportions": (
        ("Clustered rate", "40 unequal clusters, p 0.2"),
        ("Clustered rate", "20 alike clusters, p 0.5"),
        ("Clustered rate", "200 mixed clusters, p 0.05"),
    ),
    "blocks": (
        ("Effective counts", "15 clusters, own rates Beta(1.0, 2.3)"),
        ("Effective counts", "64 clusters, own rates Beta(15.0, 35.0)"),
        ("Jackknife", "64 clusters, own rates Beta(1.0, 2.3)"),
    ),
    "weights": (("Weighted rate", "n 200, hits weigh × 4.0"),),
    "weighted-clusters": (("Weighted and clustered ratio", "200 clusters"),),
}


def chosen(group: str) -> list[Experiment]:
    found = {(one.group, one.setting): one for one in clustered_rates.GROUPS[group]()}
    return [found[names] for names in SETTINGS[group]]


@pytest.mark.parametrize(
    "experiment",
    [one for group in SETTINGS for one in chosen(group)],
    ids=lambda one: f"{one.group}: {one.setting}",
)
def test_rates_touch_their_goals(experiment: Experiment) -> None:
    for what, rate in run(experiment, 400).items():
        assert rate.meets(experiment.goals[what]), (what, rate.value, rate.interval)


def test_blocks_of_a_squared_error_cover() -> None:
    experiment = list(clustered_rates.GROUPS["blocks"]())[-1]
    (rate,) = run(experiment, 60).values()
    assert rate.meets((0.85, 1.0))


# What the estimates replace, and why: the same simulations find it wanting.


def missed(setting: str, truth: float, draw, goal: Goal = clustered_rates.GOAL) -> bool:
    (rate,) = run(covering("Replaced", setting, truth, draw, goal=goal), 400).values()
    return not rate.meets(goal)


def test_groups_of_the_same_clusters_are_not_independent() -> None:
    world = clustered_rates.World(clustered_rates.alike, 200, (0.5, 0.5), "equal")

    def independent(generator: np.random.Generator) -> Estimate:
        one, reference = world.drawn(generator)
        return proportion_ratio(*one.effective, *reference.effective, df=one.df)

    assert missed("independent", 1.0, independent)
    assert not missed("joint", 1.0, lambda generator: clustered_ratio(*world.drawn(generator)))


def test_few_large_clusters_are_not_as_many_as_there_are() -> None:
    draw = partial(clustered_rates.one_rate, sizes=clustered_rates.unequal, clusters=40, rate=0.2)

    def plain(generator: np.random.Generator) -> Estimate:
        rate = draw(generator)
        effect = design_effect(rate.hits, rate.units)
        return proportion(rate.hits.sum() / effect, rate.total / effect)

    assert missed("design effect", 0.2, plain)


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr("sys.argv", ["x", "--repetitions", "20", "--only", "weighted-clusters"])
    clustered_rates.main(clustered_rates.GROUPS, clustered_rates.__doc__)
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("| Weighted and clustered")]) == 2
    assert "20 repetitions, seed 0" in lines[-1]
