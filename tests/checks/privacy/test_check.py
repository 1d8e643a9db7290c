"""Membership attacks: a planted leak, its clean control, and when nothing is judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.utils.data import TensorDataset

from auditkit.checks import Findings
from auditkit.checks.privacy.blind import MARGIN
from auditkit.checks.privacy.check import CHECK
from auditkit.checks.privacy.numbers import FEWEST_TO_FAIL, FEWEST_TO_PASS
from auditkit.data import Group, dataset
from auditkit.evidence.retraining import Retraining
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.policy import Verdict, VerdictStatus, judge, policy_from_text
from auditkit.policy.scenarios import scenario
from tests.checks.audits import BINARY, data_of, findings, found, stored, value

AUC, CLASS_AUC, TNR, BLIND = (metric.id for metric in CHECK.metrics)
FAIL, PASS = VerdictStatus.FAIL, VerdictStatus.PASS
INCONCLUSIVE = VerdictStatus.INCONCLUSIVE


def _answered(n: int, seed: int, known: float = 0.0, shift: float = 0.0) -> pd.DataFrame:
    """Labels and probabilities of them; the model is surer by `known`, and x lies higher by shift.

    Args:
        n: rows.
        seed: of all.
        known: added to the log odds of the true class.
        shift: added to a feature.
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    margin = rng.normal(1 + known, 1.5, n)
    return pd.DataFrame(
        {
            "score": 1 / (1 + np.exp(-np.where(y == 1, margin, -margin))),
            "x": rng.normal(shift, 1, n),
            "xx": rng.normal(size=n),
            "y": y,
            "sex": rng.choice(["F", "M"], n),
            "person": rng.integers(0, n // 4, n),
        }
    )


def _of(members: pd.DataFrame, others: pd.DataFrame, **roles: Any) -> Findings:
    return findings("privacy", stored(**BINARY), data_of(others, members, **roles))


def _verdicts(
    measured: Findings | Sequence[Measurement], metric: str = AUC, limit: float = 0.6, **more: Any
) -> list[Verdict]:
    asked = "".join(f"    {name}: {text}\n" for name, text in more.items())
    policy = policy_from_text(
        "id: p\ntitle: P\nversion: '1'\ndescription: For a test.\nrequirements:\n  - id: m\n"
        f"    title: These attacks found no leak\n    metric: {metric}\n    at_most: {limit}\n"
        f"    basis: convention\n    explanation: Because.\n{asked}"
    )
    metrics = {one.id: one for one in CHECK.metrics}
    every = measured.measurements if isinstance(measured, Findings) else measured
    return list(judge(policy, every, metrics=metrics).verdicts)


def _statuses(*arguments: Any, **more: Any) -> set[VerdictStatus]:
    return {one.status for one in _verdicts(*arguments, **more)}


# --- what is found, and what is not ---------------------------------------------------------------


def test_a_planted_leak_fails_from_two_hundred_a_side() -> None:
    measured = _of(_answered(220, 0, known=3), _answered(220, 1))
    assert _statuses(measured) == {FAIL}
    assert value(measured, AUC, label="loss") > 0.8
    assert value(measured, AUC, label="learned") > 0.8
    assert found(measured, AUC, label="loss").units == 220


def test_a_clean_control_passes_from_a_thousand_and_never_below() -> None:
    for n, expected in ((1200, PASS), (900, INCONCLUSIVE)):
        measured = _of(_answered(n, 2), _answered(n, 3))
        verdicts = _verdicts(measured)
        assert {one.status for one in verdicts} == {expected}
        if expected is INCONCLUSIVE:
            assert "At least 1,000 units are needed" in verdicts[0].reason
            assert found(measured, AUC, label="loss").estimate is not None


def test_under_two_hundred_nothing_is_judged_however_large_the_leak() -> None:
    measured = _of(_answered(400, 0, known=6), _answered(150, 1))
    assert _statuses(measured) == {INCONCLUSIVE}
    one = found(measured, AUC, label="loss")
    assert (one.status, one.estimate, one.units) == (Status.MEASURED, None, 150)
    assert one.interval is not None
    assert "Nothing is judged of fewer than 200 independent units" in one.reason
    learned = found(measured, AUC, label="learned")
    assert (learned.status, learned.value) == (Status.TOO_FEW, None)


def test_the_loss_attack_is_the_area_under_the_curve_of_the_loss() -> None:
    members, others = _answered(300, 0, known=1), _answered(250, 1)
    truth = np.array([1] * 300 + [0] * 250)
    both = pd.concat([members, others])
    likelihood = np.where(both["y"] == 1, both["score"], 1 - both["score"])
    measured = _of(members, others)
    assert value(measured, AUC, label="loss") == pytest.approx(roc_auc_score(truth, likelihood))
    chosen = (both["y"] == 1).to_numpy()
    expected = roc_auc_score(truth[chosen], likelihood[chosen])
    assert value(measured, CLASS_AUC, label="loss · 1") == pytest.approx(expected)


def _by_heart(seed: int, n: int = 300) -> tuple[nn.Module, TensorDataset]:
    """A network that has learnt random labels by heart, and what it was trained on."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, 20, generator=generator)
    labels = torch.randint(0, 3, (n,), generator=generator)
    return _trained(inputs, labels, seed), TensorDataset(inputs, labels)


def _trained(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(inputs), targets).backward()
        optimiser.step()
    return network.eval()


def _wrapped(network: nn.Module) -> WrappedModel:
    return wrap(network, task="multiclass", outputs="logits", classes=("a", "b", "c"), device="cpu")


def test_a_network_that_knows_its_units_by_heart_gives_them_away_and_no_others() -> None:
    network, members = _by_heart(0)
    _, unseen = _by_heart(1)
    _, others = _by_heart(2)
    leaking = findings("privacy", _wrapped(network), dataset(evaluation=others, training=members))
    assert _statuses(leaking) == {FAIL}
    clean = findings("privacy", _wrapped(network), dataset(evaluation=others, training=unseen))
    assert _statuses(clean) == {INCONCLUSIVE}
    for name in ("loss", "learned"):
        one = found(clean, AUC, label=name)
        assert one.interval is not None
        assert one.interval.low < 0.5 < one.interval.high + 0.05


def test_reference_models_sharpen_the_attack() -> None:
    network, members = _by_heart(0, 240)
    _, others = _by_heart(1, 240)
    again = Retraining(_trained, references=4)
    measured = findings(
        "privacy", _wrapped(network), dataset(evaluation=others, training=members), retraining=again
    )
    names = {one.key.label for one in measured.measurements if one.key.metric == AUC}
    assert names == {"loss", "learned", "difficulty-calibrated loss", "LiRA", "RMIA"}
    for name in ("difficulty-calibrated loss", "LiRA", "RMIA"):
        assert value(measured, AUC, label=name) > 0.7
        # A unit that all references were taught on is left out: about one in sixteen.
        assert 200 < found(measured, AUC, label=name).units < 240


def test_references_find_nothing_where_there_is_nothing() -> None:
    network, _ = _by_heart(0, 240)
    _, unseen = _by_heart(1, 240)
    _, others = _by_heart(2, 240)
    measured = findings(
        "privacy", _wrapped(network), dataset(evaluation=others, training=unseen),
        retraining=Retraining(_trained, references=4),
    )  # fmt: skip
    for name in ("difficulty-calibrated loss", "LiRA", "RMIA"):
        one = found(measured, AUC, label=name)
        assert one.interval is not None
        assert one.interval.low - 0.03 < 0.5 < one.interval.high + 0.03


def test_a_reference_that_cannot_be_trained_is_a_reason() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        raise RuntimeError("no GPU")

    network, members = _by_heart(0, 240)
    measured = findings(
        "privacy", _wrapped(network), dataset(evaluation=_by_heart(1, 240)[1], training=members),
        retraining=Retraining(train, references=2),
    )  # fmt: skip
    one = found(measured, AUC, label="LiRA")
    assert one.status is Status.UNDEFINED
    assert "no GPU" in one.reason


# --- the blind baseline ---------------------------------------------------------------------------


def test_no_verdict_where_inputs_tell_the_splits_apart() -> None:
    measured = _of(_answered(600, 0, known=3, shift=1.0), _answered(600, 1))
    assert value(measured, BLIND) > 0.6
    verdicts = _verdicts(measured)
    assert {one.status for one in verdicts} == {INCONCLUSIVE}
    assert "not of one distribution" in verdicts[0].reason
    assert found(measured, AUC, label="loss").interval is not None


def test_of_many_features_the_last_one_is_looked_at_too() -> None:
    rng = np.random.default_rng(3)
    names = [f"feature {place}" for place in range(40)]
    sides = []
    for n, seed, shift in ((1000, 4, 0.0), (1000, 5, 2.0)):
        features = pd.DataFrame(rng.normal(size=(n, len(names))), columns=names)
        features[names[-1]] += shift
        sides.append(pd.concat([_answered(n, seed), features], axis=1))
    measured = _of(*sides, features=[*names, "score"])
    assert value(measured, BLIND) > 0.8
    assert found(measured, AUC, label="loss").estimate is None


def test_nor_where_labels_do() -> None:
    members, others = _answered(600, 0), _answered(600, 1)
    kept = others[(others["y"] == 1) | (np.arange(600) % 3 == 0)]
    measured = _of(members, kept)
    assert _statuses(measured) == {INCONCLUSIVE}
    assert "not of one distribution" in found(measured, AUC, label="loss").reason


def test_nor_where_it_cannot_be_known() -> None:
    members, others = _answered(1200, 0), _answered(1200, 1)
    alone = data_of(others, members, features=("score",))
    measured = findings("privacy", stored(**BINARY), alone)
    assert found(measured, BLIND).value is None
    assert _statuses(measured) == {INCONCLUSIVE}
    assert (
        "is not known, so that no verdict rests on this"
        in found(measured, AUC, label="loss").reason
    )


def test_a_shift_of_prepared_inputs_is_seen() -> None:
    network, members = _by_heart(0)
    inputs, labels = _by_heart(1)[1].tensors
    moved = TensorDataset(inputs + 0.4, labels)
    measured = findings("privacy", _wrapped(network), dataset(evaluation=moved, training=members))
    assert value(measured, BLIND) > 0.7
    assert _statuses(measured) == {INCONCLUSIVE}


def test_splits_of_one_distribution_keep_their_verdict() -> None:
    withheld = 0
    for seed in range(40):
        measured = _of(_answered(240, 2 * seed), _answered(240, 2 * seed + 1))
        blind = found(measured, BLIND)
        assert blind.interval is not None
        assert blind.interval.low < 0.5 + MARGIN + 0.03
        withheld += "not of one distribution" in found(measured, AUC, label="loss").reason
    assert withheld <= 3


# --- who is counted -------------------------------------------------------------------------------


def test_clusters_are_the_units() -> None:
    measured = _of(_answered(1200, 0, known=3), _answered(1200, 1), cluster="person")
    one = found(measured, AUC, label="loss")
    assert 250 < one.units <= 300
    assert one.rows == 1200
    assert _statuses(measured) == {FAIL}


def test_each_group_has_its_own_number() -> None:
    members, others = _answered(800, 0), _answered(800, 1)
    women = members["sex"] == "F"
    members.loc[women, "score"] = np.where(members.loc[women, "y"] == 1, 0.999, 0.001)
    measured = _of(members, others, groups=(Group("sex", "sex", "M"),))
    assert value(measured, AUC, {"sex": "F"}, label="loss") > 0.8
    assert value(measured, AUC, {"sex": "M"}, label="loss") < 0.6
    verdicts = {one.subject: one.status for one in _verdicts(measured, slices="groups")}
    assert {status for name, status in verdicts.items() if "sex=F" in name} == {FAIL}
    assert {status for name, status in verdicts.items() if "sex=M" in name} == {INCONCLUSIVE}


def test_three_people_are_not_told_of() -> None:
    members, others = _answered(300, 0), _answered(300, 1)
    for frame in (members, others):
        frame["town"] = ["tiny"] * 3 + ["north"] * 297
    members["village"] = ["here"] * 3 + ["there"] * 297
    others["village"] = ["here", "there"] * 150
    measured = _of(members, others, groups=("town", "village"))
    for where in ({"town": "tiny"}, {"village": "here"}):
        one = found(measured, AUC, where, label="loss")
        assert (one.status, one.value) == (Status.TOO_FEW, None)
        assert "3" not in one.reason
        assert (one.units, one.rows) == (0, 0)


def test_a_group_without_any_member_has_no_number() -> None:
    members, others = _answered(300, 0), _answered(300, 1)
    members["town"] = ["north", "east"] * 150
    others["town"] = np.where(others.index < 100, "south", "north")
    measured = _of(members, others, groups=("town",))
    one = found(measured, AUC, {"town": "south"}, label="loss")
    assert (one.status, one.reason) == (Status.TOO_FEW, "No member is of town=south.")


# --- the tail -------------------------------------------------------------------------------------


def test_the_tail_is_judged_from_ten_thousand_members() -> None:
    leaking = _of(_answered(10_500, 0, known=4), _answered(1000, 1))
    assert _statuses(leaking, metric=TNR, limit=0.02) == {FAIL}
    clean = _of(_answered(10_500, 0), _answered(10_500, 1))
    assert _statuses(clean, metric=TNR, limit=0.02) == {PASS}
    assert value(clean, TNR) < 0.004


def test_under_it_the_tail_is_shown_alone() -> None:
    measured = _of(_answered(2000, 0, known=4), _answered(1000, 1))
    one = found(measured, TNR)
    assert one.estimate is None
    assert one.interval is not None
    assert _statuses(measured, metric=TNR, limit=0.02) == {INCONCLUSIVE}
    few = found(_of(_answered(300, 0), _answered(300, 1)), TNR)
    assert few.status is Status.TOO_FEW
    assert "at least 1,000 units" in few.reason


# --- other kinds of output ------------------------------------------------------------------------


def test_of_numbers_the_squared_error_is_the_loss() -> None:
    rng = np.random.default_rng(0)

    def prices(spread: float) -> pd.DataFrame:
        score = rng.normal(size=400)
        frame = pd.DataFrame({"score": score, "x": rng.normal(size=400)})
        return frame.assign(y=score + rng.normal(0, spread, 400))

    members, others = prices(0.3), prices(1.5)
    measured = findings("privacy", stored(task="regression"), data_of(others, members))
    names = {one.key.label for one in measured.measurements if one.key.metric == AUC}
    assert names == {"loss"}
    losses = [(frame["y"] - frame["score"]) ** 2 for frame in (members, others)]
    truth = np.array([1] * 400 + [0] * 400)
    expected = roc_auc_score(truth, -np.concatenate(losses))
    assert value(measured, AUC, label="loss") == pytest.approx(expected)


def test_each_label_of_several_is_attacked() -> None:
    members, others = _answered(250, 0, known=3), _answered(250, 1)
    for frame in (members, others):
        frame["score2"], frame["z"] = frame["x"].rank(pct=True), frame["y"]
    model = stored(
        ["score", "score2"], task="multilabel", outputs="probabilities", classes=("cat", "dog")
    )
    measured = findings("privacy", model, data_of(others, members, label=("y", "z")))
    assert value(measured, AUC, label="cat · loss") > 0.8
    assert value(measured, AUC, label="dog · learned") < 0.7
    assert len([one for one in measured.measurements if one.key.metric == BLIND]) == 1


def _unmet(model: WrappedModel, **data: Any) -> str:
    from auditkit.subjects import probe

    with model.opened():
        subject: Subject = probe(model, data_of(**data), seed=0, batch_size=64).subject
    return CHECK.unmet(subject)


def test_what_cannot_be_attacked_is_said() -> None:
    frame = _answered(50, 0)
    assert "No training data are given" in _unmet(stored(**BINARY), frame=frame)
    no_label = _unmet(stored(**BINARY), frame=frame, training=frame, label=None)
    assert "No label is declared" in no_label
    values = stored(task="binary", outputs="values")
    assert "probabilities" in _unmet(values, frame=frame, training=frame)


def test_a_plan_knows_from_how_many_units_it_is_judged() -> None:
    planned = scenario(AUC)
    assert planned is not None
    assert (planned.least_to_fail, planned.least_to_pass) == (FEWEST_TO_FAIL, FEWEST_TO_PASS)


def test_words_promise_nothing() -> None:
    words = " ".join((*CHECK.not_tested, *(metric.definition for metric in CHECK.metrics)))
    assert "found no leak does not show that there is none" in words
    assert "is private" not in words


def test_pictures_tell_of_no_bin_of_few() -> None:
    measured = _of(_answered(300, 0, known=2), _answered(300, 1))
    assert [one.kind for one in measured.figures] == ["attack_roc", "group_rates", "separation"]
    curves, _, losses = measured.figures
    for row in losses.data["rows"]:
        for side in ("inside", "outside"):
            assert row[side] is None or row[side] == 0 or row[side] * 300 >= 4.99
    for row in curves.data["rows"]:
        assert min(row["false_positives"], row["true_positives"]) * 300 >= 4.99
