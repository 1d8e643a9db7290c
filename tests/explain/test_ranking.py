"""Features by importance, with intervals and the agreement of halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auditkit.errors import ConfigurationError
from auditkit.explain import Explanation, Maps, Settings, magnitudes, rank_features
from auditkit.explain.ranking import _spearman


@given(hnp.arrays(np.float64, (9, 4), elements=st.floats(-100, 100)))
def test_values_and_intervals_are_scipys(values) -> None:
    found = {feature.name: feature for feature in rank_features(values, "abcd").features}
    for name, column in zip("abcd", np.abs(values).T, strict=True):
        feature = found[name]
        assert feature.value == pytest.approx(column.mean())
        se = scipy.stats.sem(column)
        if se > 1e-9:
            low, high = scipy.stats.t.interval(0.9, 8, column.mean(), se)
            assert (feature.interval.low, feature.interval.high) == pytest.approx((low, high))
            assert feature.interval.method == "student"


def test_the_largest_comes_first_whatever_its_sign() -> None:
    found = rank_features(np.array([[1.0, -5.0, 2.0], [1.0, 7.0, -2.0]]), ["a", "b", "c"])
    assert [(feature.name, feature.rank) for feature in found.features] == [
        ("b", 1),
        ("c", 2),
        ("a", 3),
    ]
    assert found.units == 2


def test_equal_features_share_their_rank() -> None:
    found = rank_features(np.array([[1.0, 1.0, 5.0], [3.0, 3.0, 5.0]]), ["b", "a", "c"])
    assert [(feature.name, feature.rank) for feature in found.features] == [
        ("c", 1),
        ("a", 2.5),
        ("b", 2.5),
    ]


def test_one_unit_has_no_interval() -> None:
    feature = rank_features(np.array([[1.0, 2.0]]), ["a", "b"]).features[0]
    assert (feature.value, feature.estimate, feature.interval) == (2, None, None)


def test_a_clear_ranking_is_stable_and_a_random_one_is_not() -> None:
    generator = np.random.default_rng(0)
    noise = generator.exponential(size=(200, 8))
    clear = rank_features(noise * 3.0 ** np.arange(8), list("abcdefgh"))
    assert clear.stability > 0.95
    assert clear.top_stability > 0.9
    random = rank_features(noise, list("abcdefgh"))
    assert abs(random.stability) < 0.5
    assert random.top_stability < 0.8


def test_the_splits_are_repeatable() -> None:
    values = np.random.default_rng(1).normal(size=(30, 5))
    assert rank_features(values, "abcde") == rank_features(values, "abcde")
    assert (
        rank_features(values, "abcde").stability != rank_features(values, "abcde", seed=1).stability
    )


@pytest.mark.parametrize(
    "values", [np.ones((3, 5)), np.random.default_rng(0).normal(size=(50, 1)), np.zeros((9, 4))]
)
def test_stability_is_undefined_where_nothing_can_be_compared(values) -> None:
    found = rank_features(values, [str(i) for i in range(values.shape[1])])
    assert np.isnan(found.stability)
    assert np.isnan(found.top_stability)


@given(hnp.arrays(np.float64, (2, 6), elements=st.integers(-3, 3)))
def test_spearmans_correlation_is_scipys(halves) -> None:
    if all(np.ptp(half) > 0 for half in halves):
        expected = scipy.stats.spearmanr(halves[0], halves[1]).statistic
        assert _spearman(halves[0], halves[1]) == pytest.approx(expected)
    else:
        assert np.isnan(_spearman(halves[0], halves[1]))


@pytest.mark.parametrize(
    ("values", "names", "said"),
    [
        (np.zeros((0, 2)), "ab", r"expected \[n, 2\] values"),
        (np.zeros((2, 3)), "ab", r"got \(2, 3\)"),
        (np.array([[1.0, np.nan], [1.0, 2.0]]), "ab", "1 of 2 units have no finite values"),
    ],
)
def test_what_cannot_be_ranked_is_refused(values, names, said) -> None:
    with pytest.raises(ValueError, match=said):
        rank_features(values, names)


def attributions(*values, names=("",), medium="", tokens=None, varied=None, shown=None):
    n = len(values[0])
    every = torch.ones(n, dtype=torch.bool) if shown is None else shown
    maps = {"saliency": Maps(values, every)}
    index = torch.zeros(n, dtype=torch.int64)
    return Explanation(names, maps, index, medium, tokens, varied, Settings())


def test_columns_are_features() -> None:
    found = magnitudes(attributions(torch.tensor([[1.0, -2.0]])), ["age", "hours"])
    assert found.names == ("age", "hours")
    assert found.values.tolist() == [[1, 2]]
    assert magnitudes(attributions(torch.ones(3, 2))).names == ("input 0", "input 1")
    with pytest.raises(ConfigurationError, match="has 1 names; the model takes 2 features"):
        magnitudes(attributions(torch.ones(3, 2)), ["age"])


def test_steps_of_a_series_are_added_up() -> None:
    series = torch.tensor([[[1.0, 2.0], [-3.0, 4.0]]])
    assert magnitudes(attributions(series), ["a", "b"]).values.tolist() == [[4, 6]]


def test_several_inputs_keep_their_names() -> None:
    found = magnitudes(
        attributions(torch.ones(3, 2), torch.ones(3), names=("table", "dose")), ["ignored"]
    )
    assert found.names == ("table, input 0", "table, input 1", "dose")
    assert found.values.shape == (3, 3)


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 3, 5, 32), (2, 3, 2, 9, 8)])
def test_images_become_a_grid(shape) -> None:
    image = torch.randn(shape, dtype=torch.float64)
    found = magnitudes(attributions(image))
    rows, columns = min(8, shape[-2]), min(8, shape[-1])
    assert found.values.shape == (2, rows * columns)
    assert len(set(found.names)) == rows * columns
    np.testing.assert_allclose(found.values.sum(1), image.abs().flatten(1).sum(1))


def test_cells_of_the_grid_are_where_they_say() -> None:
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 4, 27] = -2.0
    found = magnitudes(attributions(image))
    cell = found.names[int(found.values[0].argmax())]
    assert cell == "rows 3–6, columns 24–27"


def test_sound_becomes_stretches_of_time() -> None:
    found = magnitudes(attributions(torch.ones(2, 100), medium="audio"))
    assert len(found.names) == 16
    assert found.names[0] == "samples 0–6"
    assert found.names[-1].endswith("–99")
    np.testing.assert_allclose(found.values.sum(1), 100)


def test_tokens_are_named_where_at_least_five_units_hold_them() -> None:
    tokens = torch.tensor([[1, 7, 7], [1, 7, 8], [1, 7, 9], [1, 7, 9], [1, 7, 9]])
    varied = tokens != 1
    values = torch.ones(5, 3, 2)
    values[0, 2] = -1.0
    found = magnitudes(attributions(values, tokens=tokens, varied=varied))
    assert found.names == ("token 7",)
    assert found.values[:, 0].tolist() == [4, 2, 2, 2, 2]
    assert found.signed[:, 0].tolist() == [0, 2, 2, 2, 2]


def test_tokens_of_withheld_maps_do_not_count_among_the_five() -> None:
    tokens = torch.full((6, 1), 7)
    varied = torch.ones(6, 1, dtype=torch.bool)
    shown = torch.arange(6) < 4
    found = attributions(torch.ones(6, 1, 3), tokens=tokens, varied=varied, shown=shown)
    assert magnitudes(found).names == ()


def test_the_numbers_of_a_plain_gradient_do_not_cancel_within_a_token() -> None:
    values = torch.tensor([3.0, -3.0]).expand(5, 1, 2)
    tokens, varied = torch.full((5, 1), 7), torch.ones(5, 1, dtype=torch.bool)
    found = attributions(values, tokens=tokens, varied=varied)
    (maps,) = found.maps.values()
    for method, expected in (("saliency", 6.0), ("integrated_gradients", 0.0)):
        asked = replace(found, maps={method: maps})
        np.testing.assert_array_equal(magnitudes(asked).values, np.full((5, 1), expected))


def test_signs_are_kept_beside_sizes() -> None:
    found = magnitudes(attributions(torch.tensor([[[1.0, -2.0], [-3.0, -4.0]]])))
    assert found.values.tolist() == [[4, 6]]
    assert found.signed.tolist() == [[-2, -6]]


def test_units_whose_map_may_not_be_shown_have_no_number() -> None:
    found = magnitudes(attributions(torch.ones(2, 3), shown=torch.tensor([True, False])))
    assert np.isnan(found.values[1]).all()
    assert not np.isnan(found.values[0]).any()


def test_maps_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="there are no maps of occlusion"):
        magnitudes(attributions(torch.ones(2, 3)), method="occlusion")
