"""Krippendorff's alpha, against published examples and simulated raters."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.agreement import Agreement, nominal_alpha

GAP = -1
BINARY = ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
"""Krippendorff (2011), section A: alpha .095."""
NOMINAL = ([0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0], [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3])
"""Section B: alpha .692."""
MANY = (
    [0, 1, 2, 2, 1, 0, 3, 0, 1, GAP, GAP, GAP],
    [0, 1, 2, 2, 1, 1, 3, 0, 1, 4, GAP, 2],
    [GAP, 2, 2, 2, 1, 2, 3, 1, 1, 4, 0, GAP],
    [0, 1, 2, 2, 1, 3, 3, 0, 1, 4, 0, GAP],
)
"""Section C: four observers with gaps; alpha .743, and the last unit says nothing."""


def alpha(*raters: list[int]) -> Agreement:
    return nominal_alpha(np.stack([np.array(one) for one in raters], axis=1))


@pytest.mark.parametrize(
    ("raters", "published", "units"), [(BINARY, 0.095, 10), (NOMINAL, 0.692, 12), (MANY, 0.743, 11)]
)
def test_published_examples(raters: tuple[list[int], ...], published: float, units: int) -> None:
    found = alpha(*raters)
    assert round(found.alpha, 3) == published
    assert found.units == units
    low, high = found.interval()
    assert low < found.alpha < high


def test_it_is_the_ratio_of_coincidences() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(-1, 3, size=(40, 3))
    coincidences = np.zeros((3, 3))
    for unit in labels:
        given = [int(one) for one in unit if one >= 0]
        for place, one in enumerate(given):
            for other in given[:place] + given[place + 1 :]:
                coincidences[one, other] += 1 / (len(given) - 1)
    margins = coincidences.sum(axis=0)
    n = margins.sum()
    observed = n - np.trace(coincidences)
    expected = (n**2 - (margins**2).sum()) / (n - 1)
    assert nominal_alpha(labels).alpha == pytest.approx(1 - observed / expected)


def test_names_and_order_of_raters_and_units_are_of_no_matter() -> None:
    labels = np.array(MANY).T
    shuffled = np.random.default_rng(1).permutation(labels)[:, ::-1]
    assert nominal_alpha(shuffled).alpha == pytest.approx(nominal_alpha(labels).alpha)
    renamed = np.where(labels < 0, labels, 4 - labels)
    assert nominal_alpha(renamed).alpha == pytest.approx(nominal_alpha(labels).alpha)


def test_agreement_on_everything_is_not_certain_of_it() -> None:
    found = alpha([0, 1] * 10, [0, 1] * 10)
    assert (found.alpha, found.split) == (1, 0)
    low, high = found.interval()
    # 1 - .025^(1/20) = .168 of units may be split; chance would split 20/39 of the pairs.
    assert low == pytest.approx(1 - 0.1684 / (20 / 39), abs=1e-3)
    assert high == 1


def test_opposite_labels_disagree_below_chance() -> None:
    found = alpha([0] * 6, [1] * 6)
    assert found.alpha < -0.8
    assert found.interval() == (-1, 1)  # no draw of units could show another alpha


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([[0, 1]] * 4, "4 units have two labels"),
        ([[0, GAP]] * 50, "0 units"),
        ([[1, 1]] * 20, "all labels are the same"),
        (np.zeros((0, 2), int), "0 units"),
        ([0, 1], "of shape"),
        ([[0.5, 1]] * 9, "codes"),
        ([[-2, 1]] * 9, "codes"),
    ],
)
def test_what_has_no_alpha(labels: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        nominal_alpha(labels)  # type: ignore[arg-type]


@pytest.mark.parametrize(("units", "share", "skill"), [(40, 0.7, 0.9), (100, 0.9, 0.95)])
def test_the_interval_covers_the_alpha_of_the_population(
    units: int, share: float, skill: float
) -> None:
    """Two raters who each see the truth with some skill."""
    rng = np.random.default_rng(11)
    seen = share * skill + (1 - share) * (1 - skill)
    truth = 1 - skill * (1 - skill) / (seen * (1 - seen))
    missed, repetitions = 0, 200
    for seed in range(repetitions):
        right = rng.random(units) < share
        labels = np.where(rng.random((units, 2)) < skill, right[:, None], ~right[:, None])
        low, high = nominal_alpha(labels.astype(int), seed=seed, repetitions=199).interval()
        missed += not low <= truth <= high
    assert missed <= 18  # of 10 expected; a chance of 1 % for more


def test_the_same_seed_gives_the_same_interval() -> None:
    first, again = alpha(*NOMINAL), alpha(*NOMINAL)
    assert first.interval() == again.interval()
    assert first.interval(0.8)[0] >= first.interval()[0]
