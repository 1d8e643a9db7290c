"""Fitted scores learn what is there, nothing that is not, and never look where they may not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auditkit.generation.evidence import Hidden
from auditkit.generation.generations import Generations
from auditkit.generation.parts import PARTS
from auditkit.generation.scores.cross_fitting import FOLDS, cross_fitted
from auditkit.generation.scores.fitted import FITTED, fitted_scores
from auditkit.generation.scores.registry import SCORES
from auditkit.generation.scores.score import NotScored, Values
from tests.generation.made import material, population, wrong_of

NAMES = ("linear_probe", "semantic_entropy_probe", "ensemble")


def fitted(generations: Generations, **changed: np.ndarray) -> dict[str, Values]:
    masks = {
        "wrong": wrong_of(generations),
        "judged": np.ones(len(generations), dtype=bool),
        "fit": ~generations.held_out,
        **changed,
    }
    found = fitted_scores(material(generations), **masks)
    assert not [one for one in found.values() if isinstance(one, NotScored)], found
    return found  # type: ignore[return-value]


def test_planted_signals_are_learnt_and_their_absence_is_not() -> None:
    for informative in (True, False):
        generations = population(400, per_cluster=2, seed=2, width=64, informative=informative)
        wrong, fit = wrong_of(generations), ~generations.held_out
        for name, values in fitted(generations).items():
            if not informative and name == "ensemble":
                continue  # agreement with the answer does know it: see test_registry
            for rows in (fit, ~fit):
                auc = roc_auc_score(wrong[rows], values[rows])
                assert auc > 0.9 if informative else abs(auc - 0.5) < 0.13, name


def test_the_probe_is_a_pipeline_of_scikit_learn() -> None:
    generations = population(200, seed=3)
    wrong, fit = wrong_of(generations), ~generations.held_out
    kept = [row.hidden[1] for row in generations.rows]
    states = np.stack([np.append(one.prompt, one.answer) for one in kept]).astype(float)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=1000))
    peer.fit(states[fit], wrong[fit])
    expected = peer.decision_function(states[~fit])
    np.testing.assert_allclose(fitted(generations)["linear_probe"][~fit], expected, atol=1e-4)


def test_every_cluster_is_told_by_a_fit_without_it() -> None:
    """States name the cluster, labels are by chance: whoever saw the cluster knows its label."""
    rng = np.random.default_rng(4)
    clusters = np.repeat(rng.permutation(40), 10).astype(np.uint64)
    columns = np.eye(40)[clusters.astype(int)] + 0.01 * rng.normal(size=(400, 40))
    positive = (rng.random(40) < 0.5)[clusters.astype(int)]
    every = np.ones(400, dtype=bool)
    honest = cross_fitted(columns, positive, every, clusters, 1.0)
    rows = cross_fitted(columns, positive, every, np.arange(400, dtype=np.uint64), 1.0)
    assert roc_auc_score(positive, honest) < 0.65
    assert roc_auc_score(positive, rows) > 0.95  # cut by rows instead: a leak


def test_rows_beside_those_fitted_on_are_told_without_their_cluster() -> None:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(40), 2).astype(np.uint64)
    columns, positive = rng.normal(size=(80, 3)), np.arange(80) % 4 < 2
    fit = np.arange(80) % 2 == 0  # one of two in each cluster
    columns[~fit] = columns[fit]
    found = cross_fitted(columns, positive, fit, clusters, 1.0)
    np.testing.assert_allclose(found[~fit], found[fit])


def test_outcomes_of_other_rows_are_not_looked_at() -> None:
    generations = population(160, seed=6)
    wrong, fit = wrong_of(generations), ~generations.held_out
    judged = np.arange(160) % 5 > 0
    turned = np.where(fit & judged, wrong, ~wrong)
    first = fitted(generations, judged=judged)
    second = fitted(generations, judged=judged, wrong=turned)
    for name in NAMES:
        assert (first[name] == second[name]).all()


def test_the_probe_of_semantic_entropy_asks_for_no_labels() -> None:
    generations = population(160, seed=7)
    none = np.zeros(160, dtype=bool)
    found = fitted_scores(material(generations), none, none, ~generations.held_out)
    assert isinstance(found["semantic_entropy_probe"], np.ndarray)
    few = NotScored("At least 20 independent prompts are needed to fit it on; there are 0.")
    assert found["linear_probe"] == found["ensemble"] == few


def test_the_order_of_prompts_says_nothing() -> None:
    generations = population(160, per_cluster=2, seed=8)
    order = np.random.default_rng(8).permutation(160)
    first = fitted(generations)
    shuffled = replace(generations, rows=tuple(generations.rows[one] for one in order))
    for name, values in fitted(shuffled).items():
        np.testing.assert_allclose(values, first[name][order], atol=1e-6)


def test_features_that_do_not_vary_are_no_trouble() -> None:
    generations = population(100, seed=9)
    still = Hidden(*(np.full(8, 3.3, "f2"),) * 2, np.zeros((10, 8), "f2"))
    rows = tuple(replace(row, hidden={1: still}) for row in generations.rows)
    probe = fitted(replace(generations, rows=rows))["linear_probe"]
    assert np.ptp(probe[generations.held_out]) < 1e-12


def test_too_few_are_refused_with_the_reason() -> None:
    generations = population(100, per_cluster=3, seed=10)
    wrong, fit = wrong_of(generations), ~generations.held_out
    judged, mostly = np.ones(100, dtype=bool), material(generations)
    few = NotScored("At least 20 independent prompts are needed to fit it on; there are 17.")
    assert fitted_scores(mostly, wrong, judged, fit)["linear_probe"] == few
    generations = population(100, seed=10)
    one_kind = NotScored(
        f"At least {FOLDS} independent prompts with wrong answers are needed to fit it on, and as "
        "many without."
    )
    fit = ~generations.held_out
    for kind in (np.zeros(100, dtype=bool), np.ones(100, dtype=bool)):
        found = fitted_scores(material(generations), kind, judged, fit)
        assert found["linear_probe"] == found["ensemble"] == one_kind


def test_what_is_lacking_is_said() -> None:
    made = population(100, seed=11)
    rows = tuple(
        replace(row, hidden={}, samples=(), verification=None) if place < 3 else row
        for place, row in enumerate(made.rows)
    )
    generations = replace(made, rows=rows)
    every = np.ones(100, dtype=bool)
    found = fitted_scores(material(generations), wrong_of(generations), every, ~made.held_out)
    assert found["linear_probe"] == NotScored("Of 100 prompts 3 have no hidden states.")
    assert found["semantic_entropy_probe"] == NotScored(
        "Of 100 prompts 3 have fewer than 2 samples."
    )
    assert isinstance(found["ensemble"], np.ndarray)  # of perplexity and entropy alone
    silent = tuple(replace(row, greedy=replace(row.greedy, entropies=None)) for row in rows)
    generations = replace(made, rows=silent)
    found = fitted_scores(material(generations), wrong_of(generations), every, ~made.held_out)
    assert found["ensemble"] == NotScored("Only 1 of its 5 members can be had of these answers.")


def test_nobody_to_fit_on_and_nobody_at_all() -> None:
    generations = population(40, seed=12)
    none = np.zeros(40, dtype=bool)
    found = fitted_scores(material(generations), wrong_of(generations), ~none, none)
    assert found["semantic_entropy_probe"] == NotScored("There are no prompts to fit it on.")
    nobody = np.zeros(0, dtype=bool)
    found = fitted_scores(material(Generations(())), nobody, nobody, nobody)
    assert found["linear_probe"] == NotScored("There are no prompts.")
    with pytest.raises(ValueError, match="of 40 prompts something is told of shape"):
        fitted_scores(material(generations), none[:3], none, none)


def test_the_table_says_what_each_is() -> None:
    assert tuple(one.name for one in FITTED) == NAMES
    assert not {one.name for one in SCORES} & set(NAMES)
    for one in FITTED:
        assert all((one.title, one.source, one.definition.endswith(".")))
        assert one.parts <= set(PARTS)
