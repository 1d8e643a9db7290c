"""Trees that tell two kinds apart: they have not seen the units that they score."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditkit.learners.telling_apart import MOST_FITTED, boosted_scores


def test_what_can_only_be_known_by_heart_is_not_known() -> None:
    rng = np.random.default_rng(0)
    features, positive = rng.normal(size=(1000, 5)), rng.random(1000) < 0.5
    scores = boosted_scores(features, positive, rng.random(1000) < 0.5)
    assert abs(roc_auc_score(positive, scores) - 0.5) < 0.06


def test_a_pattern_is_found_in_both_halves() -> None:
    rng = np.random.default_rng(0)
    features, held_out = rng.normal(size=(1000, 2)), rng.random(1000) < 0.5
    positive = features[:, 0] * features[:, 1] + 0.2 * rng.normal(size=1000) > 0
    scores = boosted_scores(features, positive, held_out)
    for half in (held_out, ~held_out):
        assert roc_auc_score(positive[half], scores[half]) > 0.9


def test_each_half_is_scored_by_the_other_alone() -> None:
    rng = np.random.default_rng(0)
    features, held_out = rng.normal(size=(400, 2)), np.arange(400) % 2 == 0
    positive = features[:, 0] > 0
    turned = np.where(held_out, ~positive, positive)
    scores, other = (boosted_scores(features, one, held_out) for one in (positive, turned))
    assert np.array_equal(scores[held_out], other[held_out])
    assert not np.array_equal(scores[~held_out], other[~held_out])


def test_of_many_units_the_first_are_fitted_on() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3 * MOST_FITTED, 1))
    positive, held_out = np.arange(len(features)) % 2 == 0, np.arange(len(features)) % 4 < 2
    changed = features.copy()
    changed[2 * MOST_FITTED :] += 5
    first = np.arange(2 * MOST_FITTED)
    scores, other = (boosted_scores(one, positive, held_out) for one in (features, changed))
    assert np.array_equal(scores[first], other[first])


def test_a_half_of_one_kind_is_refused() -> None:
    positive = np.arange(40) < 20
    with pytest.raises(ValueError, match="lacks one of the two kinds"):
        boosted_scores(np.zeros((40, 1)), positive, positive)
