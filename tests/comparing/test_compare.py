"""Planted versions: a better one, a worse one, one that is the same; groups that lose."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import auditkit
from auditkit.comparing import MEASURES, asked, compare
from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.models.head import Head, Outputs, Task
from auditkit.versions import comparison_to_plain
from tests.comparing.versions_made import kept, two, version
from tests.sample_pairs import rows_of

SALT = bytes(range(32))


@pytest.mark.parametrize(
    ("wins", "losses", "n", "word", "code"),
    [
        (60, 20, 1000, "better", 0),
        (20, 60, 1000, "worse", 1),
        (3, 3, 3000, "within the margin", 0),
        (12, 9, 300, "inconclusive", 3),
        (0, 0, 3000, "within the margin", 0),
    ],
)
def test_the_word_and_what_the_command_line_returns(
    wins: int, losses: int, n: int, word: str, code: int
) -> None:
    found = compare(*two(wins, losses, n))
    assert (found.word, found.exit_code) == (word, code)
    (head,) = found.heads
    assert (head.whole.wins, head.whole.losses) == (wins, losses)
    assert head.whole.gain.value == pytest.approx((wins - losses) / n)
    assert head.whole.gained.value == pytest.approx(wins / n)
    assert head.whole.lost.value == pytest.approx(losses / n)
    assert f"version B alone is right about {wins}" in head.answer[1]
    assert found.after.rows == n
    json.dumps(comparison_to_plain(found), allow_nan=False)


def test_a_version_that_is_better_for_all_may_be_worse_for_a_group() -> None:
    n = 2000
    groups = np.where(np.arange(n) < 200, "few", "many")
    before, after = two(150, 0, n, groups={"sex": groups})
    rows = after.kept[0].rows
    truth = rows.target
    hurt = np.where(np.arange(n) < 200, 1 - truth, truth)
    worse = replace(rows, prediction=hurt, outputs=0.1 + 0.8 * hurt[:, None].astype(float))
    earlier = before.kept[0].rows
    wrong = np.where(np.arange(n) >= 1000, 1 - truth, truth)
    poor = replace(earlier, prediction=wrong, outputs=0.1 + 0.8 * wrong[:, None].astype(float))
    found = compare(version("a", kept(poor)), version("b", kept(worse)))
    assert found.word == "better"
    assert found.exit_code == 0
    words = {part.title: part.word for part in found.heads[0].parts}
    assert words["sex=few"] == "worse"
    assert words["sex=many"] == "better"
    assert "But it is worse in sex=few." in found.answer


def test_groups_of_fewer_than_five_are_not_told_nor_given_away() -> None:
    n = 300
    groups = np.array(["few"] * 3 + ["some"] * 20 + ["many"] * 277)
    found = compare(*two(30, 5, n, groups={"town": groups}))
    parts = {part.title: part for part in found.heads[0].parts}
    for hidden in ("town=few", "town=some"):
        part = parts[hidden]
        assert (part.gain.value, part.gain.rows, part.wins, part.losses) == (None, 0, None, None)
        assert part.word == "inconclusive"
    assert parts["town=many"].gain.rows == 277
    assert "numbers about fewer than 5 are not kept" in parts["town=few"].gain.reason


def test_clusters_widen_the_interval_and_too_few_say_nothing() -> None:
    n = 1000
    rows = compare(*two(60, 20, n)).heads[0].whole.gain
    # Whole clusters win and lose.
    many = np.repeat(np.arange(100, dtype=np.uint64), 10)
    clustered = compare(*two(60, 20, n, clusters=many)).heads[0]
    width = rows.interval.high - rows.interval.low
    assert clustered.whole.gain.interval.high - clustered.whole.gain.interval.low > 1.5 * width
    assert "McNemar's test does not hold" in clustered.answer[1]
    few = compare(*two(60, 20, n, clusters=np.repeat(np.arange(5, dtype=np.uint64), 200)))
    assert few.word == "inconclusive"
    assert "There are 5 clusters" in few.answer


def regressions(error: float, n: int = 500, **more: float) -> tuple:
    rng = np.random.default_rng(0)
    target, noise = rng.normal(size=n), rng.normal(size=n)
    head = Head("", Task.REGRESSION)
    one = rows_of(target + noise, target, head)
    other = rows_of(target + error * noise + more.get("shift", 0.0), target, head)
    return version("a", kept(one)), version("b", kept(other))


def test_numbers_are_compared_by_their_errors_and_the_margin_is_a_hundredth_of_them() -> None:
    found = compare(*regressions(0.8))
    (head,) = found.heads
    assert (found.word, head.measure, head.whole.wins) == ("better", "Mean absolute error", None)
    assert head.whole.margin == pytest.approx(0.01 * 0.8, rel=0.1)
    assert compare(*regressions(1.001)).word == "within the margin"
    assert compare(*regressions(1.3)).word == "worse"
    assert compare(*regressions(0.8), measure="squared_error").heads[0].measure.endswith("d error")


def test_the_measure_and_the_margin_are_the_users() -> None:
    before, after = two(30, 10, 1000)
    assert compare(before, after).word == "better"
    assert compare(before, after, margin=0.05).word == "within the margin"
    found = compare(before, after, measure="brier")
    assert found.heads[0].measure == "Brier score"
    assert [definition["id"] for definition, _ in found.heads[0].others] == [
        "comparison.accuracy_gain", "comparison.log_loss_gain",
    ]  # fmt: skip
    for margin in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match="expected a number that is not negative"):
            compare(before, after, margin=margin)
    with pytest.raises(ConfigurationError, match="no measure 'f1'") as caught:
        compare(before, after, measure="f1")
    assert all(name in caught.value.mend for name in MEASURES)
    with pytest.raises(ModelError, match="Nothing can be compared by pinball"):
        compare(before, after, measure="pinball")


def test_what_only_one_version_declares_is_not_compared() -> None:
    before, after = two(30, 10, 1000)
    bare = Head("", Task.BINARY, Outputs.PROBABILITIES)
    rows = before.kept[0].rows
    found = compare(version("a", kept(rows_of(rows.outputs, rows.target, bare))), after)
    (head,) = found.heads
    assert head.measure == "Log loss"
    assert head.whole.wins is None


def test_of_several_outputs_the_worst_counts_and_each_is_told() -> None:
    n = 1000
    before, after = (one.kept[0].rows for one in two(60, 20, n))
    same = rows_of(before.outputs, before.target, prediction=before.prediction)

    def named(rows, name: str):
        head = replace(rows.view.head, name=name)
        key = replace(rows.view.key, head=name)
        return kept(replace(rows, view=replace(rows.view, head=head, key=key)))

    found = compare(
        version("a", named(before, "good"), named(after, "bad"), named(same, "even")),
        version("b", named(after, "good"), named(before, "bad"), named(same, "even")),
    )
    assert {head.title: head.whole.word for head in found.heads} == {
        "good": "better", "bad": "worse", "even": "within the margin",
    }  # fmt: skip
    assert (found.word, found.exit_code) == ("worse", 1)
    assert found.answer.endswith("So it is in 1 of 3 outputs: bad.")


def test_figures_hold_every_part_that_was_measured() -> None:
    groups = {"sex": np.where(np.arange(1000) % 3 == 0, "f", "m")}
    gains, flips = compare(*two(60, 20, 1000, groups=groups)).heads[0].figures
    assert (gains.kind, flips.kind) == ("gains", "discordance")
    assert [row["name"] for row in gains.data["rows"]] == [
        "all rows", "sex=f", "sex=m", "class 0", "class 1",
    ]  # fmt: skip
    assert gains.data["rows"][0]["margin"] == 0.01
    assert (flips.data["rows"][0]["won"], flips.data["rows"][0]["lost"]) == (60, 20)


class Line(nn.Module):
    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([weight]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs[:, 0] * self.weight


def test_two_models_are_run_on_the_same_rows() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=800), "id": np.arange(800)})
    frame["y"] = (frame["x"] + 0.3 * rng.normal(size=800) > 0).astype(int)
    data = auditkit.dataset(evaluation=frame, label="y", features=["x"], row_id="id")

    def version_of(weight: float):
        model = auditkit.wrap(Line(weight), task="binary", outputs="logits", decision={})
        return asked(model, data, name=f"weight {weight}", salt=SALT)

    good, bad = version_of(4.0), version_of(-4.0)
    assert compare(bad, good).word == "better"
    assert compare(good, bad).word == "worse"
    with pytest.raises(ModelError, match="are the same model"):
        compare(good, version_of(4.0))


def test_weights_are_said_to_be_left_out() -> None:
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 40), "y": np.arange(40) % 2, "w": 2.0})
    data = auditkit.dataset(evaluation=frame, label="y", features=["x"], weight="w")
    versions = []
    for weight in (1.0, -1.0):
        model = auditkit.wrap(Line(weight), task="binary", outputs="logits", decision={})
        versions.append(asked(model, data, name=str(weight), salt=SALT))
    notes = compare(*versions).notes
    assert notes == ("Rows declare a weight; every row counts once in this comparison.",)


@pytest.mark.parametrize(("wins", "losses"), [(60, 20), (12, 9), (3, 3), (0, 25)])
def test_the_other_way_round_it_is_the_other_way_round(wins: int, losses: int) -> None:
    before, after = two(wins, losses, 1000)
    turned = {"better": "worse", "worse": "better"}
    there, back = compare(before, after), compare(after, before)
    assert back.word == turned.get(there.word, there.word)
    gains = [one.heads[0].whole.gain for one in (there, back)]
    assert gains[1].interval.low == pytest.approx(-gains[0].interval.high)
    assert gains[1].interval.high == pytest.approx(-gains[0].interval.low)


def test_data_without_labels_are_refused() -> None:
    frame = pd.DataFrame({"x": np.zeros(20)})
    data = auditkit.dataset(evaluation=frame, features=["x"])
    model = auditkit.wrap(Line(1.0), task="binary", outputs="logits", decision={})
    with pytest.raises(DataError, match="the model: no evaluation row has a label"):
        asked(model, data, name="x", salt=SALT)
