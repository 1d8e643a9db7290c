"""The corridor: what an audit comes to, and what it leaves behind."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

import auditkit
from auditkit.auditing import Settings
from auditkit.checks import registry
from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.policy import load_waivers
from auditkit.records import open_store
from tests.worlds import Identity, data, people, scorer


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people(6000)


def _run(frame: pd.DataFrame, **options: object) -> auditkit.Run:
    return auditkit.audit(scorer(), data(frame), quiet=True, **options)


def test_a_fair_model_passes(frame: pd.DataFrame) -> None:
    run = _run(frame)
    assert run.verdict == "pass"
    assert run.exit_code == 0


def test_an_unfair_model_fails_and_the_reason_names_the_group() -> None:
    run = _run(people(6000, ratio=0.5))
    assert run.verdict == "fail"
    assert run.exit_code == 1
    (failed,) = [v for v in run.judgement.verdicts if v.status == "fail" and v.blocks]
    assert failed.requirement == "group-ratio"
    assert "group=b" in failed.reason


def test_few_people_neither_pass_nor_fail() -> None:
    run = _run(people(120))
    assert run.verdict == "inconclusive"
    assert run.exit_code == 3
    (open_one,) = [v for v in run.judgement.verdicts if v.blocks]
    assert open_one.units_to_decide is not None
    assert open_one.units_to_decide > 120


def test_a_limited_audit_cannot_pass(frame: pd.DataFrame) -> None:
    run = _run(frame, limit=3000)
    assert run.verdict == "inconclusive"
    assert all(m.sampled for m in run.record.measurements if m.value is not None)
    assert "limit" in run.record.not_tested[0]


def test_without_a_policy_nothing_is_judged(frame: pd.DataFrame) -> None:
    run = _run(frame, policy=None)
    assert run.verdict is None
    assert run.judgement is None
    assert run.exit_code == 0


def test_measurements_are_a_table_with_intervals(frame: pd.DataFrame) -> None:
    table = _run(frame).measurements
    accuracy = table[table["metric"] == "performance.accuracy"].iloc[0]
    truth = ((frame["score"] >= 0.5) == (frame["y"] == 1)).mean()
    assert accuracy["value"] == pytest.approx(truth)
    assert accuracy["low"] < truth < accuracy["high"]
    assert accuracy["units"] == 6000


def test_every_number_has_n_and_an_interval_or_a_reason(frame: pd.DataFrame) -> None:
    for measurement in _run(frame, policy=None).record.measurements:
        if measurement.value is None:
            assert measurement.reason
        else:
            assert measurement.units > 0
            assert measurement.interval is not None or measurement.reason


def test_the_same_audit_again_returns_the_stored_verdict(tmp_path, frame: pd.DataFrame) -> None:
    first = _run(frame, store=tmp_path / "store")
    again = _run(frame, store=tmp_path / "store")
    assert again.stored
    assert again.record == first.record
    assert len(open_store(tmp_path / "store").runs()) == 1


def test_a_second_look_is_judged_more_strictly(tmp_path) -> None:
    looks = [
        _run(people(6000, seed=seed), store=tmp_path / "store").judgement for seed in (1, 2, 3)
    ]
    assert [judgement.look for judgement in looks] == [1, 2, 3]
    levels = [{v.alpha for v in judgement.verdicts if v.alpha} for judgement in looks]
    # alpha / (k (k + 1))
    assert [max(found) for found in levels] == pytest.approx([0.05 / 2, 0.05 / 6, 0.05 / 12])


def test_a_policy_first_seen_after_the_data_is_exploratory(tmp_path, frame: pd.DataFrame) -> None:
    early = _run(frame, store=tmp_path / "store")
    late = _run(frame, store=tmp_path / "store", policy="employment-us")
    assert not early.judgement.exploratory
    assert late.judgement.exploratory


def test_a_check_that_breaks_off_yields_failed_measurements(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, failures = registry.load_checks()

    def broken(subject: object, evidence: object) -> None:
        raise RuntimeError("boom")

    changed = tuple(
        dataclasses.replace(check, measure=broken) if check.name == "calibration" else check
        for check in checks
    )
    monkeypatch.setattr("auditkit.auditing.load_checks", lambda names=None: (changed, failures))
    run = _run(frame)
    failed = [m for m in run.record.measurements if m.status == "failed"]
    (calibration,) = [check for check in checks if check.name == "calibration"]
    assert {m.key.metric for m in failed} == {metric.id for metric in calibration.metrics}
    assert "boom" in failed[0].reason


def test_a_check_that_cannot_be_loaded_is_noted() -> None:
    door = EntryPoint("stranger", "no_such_package:CHECK", registry.GROUP)
    checks, failures = registry.load_checks(doors=[door])
    assert checks == ()
    assert "stranger" in failures[0]
    assert "did not run" in failures[0]


def test_the_model_leaves_as_it_came(frame: pd.DataFrame) -> None:
    module = Identity()
    module.train()
    state = torch.get_rng_state()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    auditkit.audit(scorer(module), data(frame), quiet=True)
    assert module.training
    assert module.scale.requires_grad
    assert module.scale.grad is None
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


class _NanLater(Identity):
    """Healthy on the first batch, and not afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.batches += 1
        scores = super().forward(inputs)
        return scores if self.batches < 4 else scores * float("nan")


def test_outputs_that_become_nan_abort_and_store_nothing(tmp_path, frame: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="not finite"):
        auditkit.audit(scorer(_NanLater()), data(frame), store=tmp_path / "store", quiet=True)
    assert open_store(tmp_path / "store").runs() == []


def test_a_class_that_the_model_does_not_know(frame: pd.DataFrame) -> None:
    strange = frame.assign(y=frame["y"].where(frame.index != 4321, 7))
    with pytest.raises(DataError, match=r"1 target .* is 7, .*row: 4321"):
        _run(strange)


def test_a_group_with_three_people_is_listed_not_lost(frame: pd.DataFrame) -> None:
    few = frame.assign(group=frame["group"].where(frame.index >= 3, "tiny"))
    run = _run(few)
    assert run.verdict == "pass"
    assert any("tiny" in sentence for sentence in run.judgement.small_groups)
    rates = [
        m
        for m in run.record.measurements
        if m.key.metric == "bias.selection_rate" and dict(m.key.slice.conditions)["group"] == "tiny"
    ]
    assert [m.status for m in rates] == ["too_few"]
    assert rates[0].value is None
    # Nor does anything in the record say how few they are.
    assert (rates[0].rows, rates[0].units, rates[0].share) == (0, 0, 4 / len(few))
    levels = run.record.data["splits"]["evaluation"]["groups"]["group"]["levels"]
    assert levels["tiny"] == "fewer than 5"
    assert "tiny has too few rows" in rates[0].reason


def test_interrupted_in_the_middle_nothing_is_stored(
    tmp_path, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Identity):
        calls = 0

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            Interrupted.calls += 1
            if Interrupted.calls == 4:
                raise KeyboardInterrupt
            return super().forward(inputs)

    module = Interrupted()
    module.train()
    with pytest.raises(KeyboardInterrupt):
        auditkit.audit(scorer(module), data(frame), store=tmp_path / "store", quiet=True)
    assert module.training
    assert open_store(tmp_path / "store").runs() == []


def test_settings_and_their_fields_are_the_same(frame: pd.DataFrame) -> None:
    by_settings = auditkit.audit(scorer(), data(frame), settings=Settings(name="x", quiet=True))
    assert by_settings.record.name == "x"


def test_stored_predictions_are_audited_without_a_model(frame: pd.DataFrame) -> None:
    model = auditkit.stored_predictions(
        {"score": "score"}, task="binary", outputs="probabilities", decision={"favourable": "1"}
    )
    here, stored = _run(frame), auditkit.audit(model, data(frame), quiet=True)
    assert stored.verdict == "pass"
    for name in ("performance.accuracy", "bias.impact_ratio", "calibration.squared_error"):
        values = [_values(run, name) for run in (here, stored)]
        assert values[0] == pytest.approx(values[1], abs=1e-6)
    explained = stored.measurements.query("metric.str.startswith('explanation')", engine="python")
    assert set(explained["status"]) == {"not_applicable"}


def _values(run: auditkit.Run, metric: str) -> list[float]:
    table = run.measurements
    return table.loc[table["metric"] == metric, "value"].tolist()


def test_nothing_changes_between_seeds_but_what_is_drawn(frame: pd.DataFrame) -> None:
    one, other = (_run(frame, policy=None, seed=seed).measurements for seed in (0, 1))
    drawn = one["metric"].str.startswith("bias.calibration_error")  # its error is bootstrapped
    exact = one["metric"].str.startswith(("performance", "bias")) & ~drawn
    pd.testing.assert_frame_equal(one[exact], other[exact])


def test_training_data_bring_overfitting_and_drift(frame: pd.DataFrame) -> None:
    run = auditkit.audit(scorer(), data(frame, people(6000, seed=9)), quiet=True)
    gaps = run.measurements.query("metric == 'overfitting.accuracy_gap'")
    assert gaps["low"].iloc[0] < 0 < gaps["high"].iloc[0]
    drift = run.measurements.query("metric == 'drift.total_variation'")
    # The feature called score, the model's score beside it, and the label.
    assert set(drift["label"]) == {"score", "score (2)", "noise", "group", "label"}
    assert (drift["high"] < 0.1).all()


# What is not the same audit is not served from the store. Each pair differs in one thing.


def _store_of(frame: pd.DataFrame, tmp_path: Path, **options: object) -> auditkit.Run:
    return _run(frame, store=tmp_path / "store", **options)


def test_another_model_is_not_served_the_verdict(tmp_path: Path, frame: pd.DataFrame) -> None:
    def closure(network: torch.nn.Module) -> auditkit.WrappedModel:
        return auditkit.wrap(
            lambda inputs: network(torch.tensor(inputs.to_numpy("float32"))),
            task="binary",
            outputs="probabilities",
            decision={"favourable": "1"},
        )

    class Contrary(Identity):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return 1 - super().forward(inputs)

    runs = [
        auditkit.audit(closure(network), data(frame), store=tmp_path / "store", quiet=True)
        for network in (Identity(), Contrary())
    ]
    assert [run.stored for run in runs] == [False, False]
    accuracies = [_values(run, "performance.accuracy")[0] for run in runs]
    assert accuracies[0] == pytest.approx(1 - accuracies[1])
    assert any("further look" in note for note in runs[0].record.notes)


def test_swapped_splits_are_not_served_the_verdict(tmp_path: Path) -> None:
    both = pd.concat([people(3000).assign(fold="x"), people(3000, seed=1).assign(fold="y")])
    path = tmp_path / "both.csv"
    both.to_csv(path, index=False)

    def of(training: str, evaluation: str) -> auditkit.Run:
        split = {"column": "fold", "values": {"training": training, "evaluation": evaluation}}
        dataset = auditkit.dataset(
            data=path,
            split=split,
            label="y",
            features=["score", "noise"],
            groups={"group": {"column": "group", "reference": "a"}},
        )
        return auditkit.audit(scorer(), dataset, store=tmp_path / "store", quiet=True)

    assert [of("x", "y").stored, of("y", "x").stored, of("x", "y").stored] == [False, False, True]


def test_torch_data_are_known_by_too_little_to_be_served(tmp_path: Path) -> None:
    inputs, labels = torch.rand(400, 2), torch.randint(0, 2, (400,))
    model = scorer()
    runs = [
        auditkit.audit(
            model,
            auditkit.dataset(evaluation=torch.utils.data.TensorDataset(inputs, targets)),
            store=tmp_path / "store",
            policy=None,
            quiet=True,
        )
        for targets in (labels, labels)
    ]
    assert [run.stored for run in runs] == [False, False]
    assert runs[0].record.digests["data"].startswith("manifest:")


def test_stored_numbers_are_judged_with_the_waivers_of_today(tmp_path: Path) -> None:
    unfair = people(6000, ratio=0.5)
    first = _store_of(unfair, tmp_path)
    assert first.verdict == "fail"
    (failed,) = [v for v in first.judgement.verdicts if v.blocks]
    today = datetime.now(UTC).date()
    path = tmp_path / "waivers.yaml"
    digests = {name: first.record.digests[name] for name in ("model", "data", "policy")}
    path.write_text(
        yaml.safe_dump(
            {
                "waivers": [
                    {
                        "id": "w1",
                        "requirement": failed.requirement,
                        "slice": {"group": "b"},
                        "digests": digests,
                        "worst": 0.3,
                        "asked_by": "Ann",
                        "approved_by": "Ben",
                        "reason": "A trial of a month.",
                        "given": today.isoformat(),
                        "until": (today + timedelta(days=30)).isoformat(),
                    }
                ]
            }
        )
    )
    waived = _store_of(unfair, tmp_path, waivers=load_waivers(path))
    assert waived.stored
    assert waived.verdict == "waived"
    assert waived.exit_code == 0
    without = _store_of(unfair, tmp_path)
    assert without.stored
    assert without.verdict == "fail"


def test_settings_and_options_together_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(ConfigurationError, match="seed"):
        auditkit.audit(scorer(), data(frame), settings=Settings(), seed=3)


def test_a_check_that_cannot_say_what_it_needs_fails_alone(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, failures = registry.load_checks()

    def broken(subject: object) -> str:
        raise RuntimeError("boom")

    changed = tuple(
        dataclasses.replace(check, unmet=broken) if check.name == "drift" else check
        for check in checks
    )
    monkeypatch.setattr("auditkit.auditing.load_checks", lambda names=None: (changed, failures))
    run = _run(frame)
    assert run.verdict == "pass"
    assert {m.status for m in run.record.measurements if m.key.metric.startswith("drift")} == {
        "failed"
    }


def test_a_model_that_answers_otherwise_is_not_served_the_verdict(
    tmp_path: Path, frame: pd.DataFrame
) -> None:
    class Switched(Identity):
        contrary = False

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            scores = super().forward(inputs)
            return 1 - scores if self.contrary else scores

    good, bad = Switched(), Switched()
    bad.contrary = True  # no parameter, no buffer: the digest of the model is the same
    runs = [
        auditkit.audit(scorer(module), data(frame), store=tmp_path / "store", quiet=True)
        for module in (good, bad, good)
    ]
    assert len({run.record.digests["model"] for run in runs}) == 1
    assert [run.stored for run in runs] == [False, False, True]
    assert [_values(run, "performance.accuracy")[0] > 0.5 for run in runs] == [True, False, True]


def test_measuring_without_judging_is_a_look(tmp_path: Path) -> None:
    for seed in (1, 2):
        _store_of(people(2000, seed=seed), tmp_path, policy=None)
    assert _store_of(people(2000, seed=3), tmp_path).judgement.look == 3


def test_a_few_heavy_clusters_are_not_many() -> None:
    table = people(2000)
    # One cluster of 1,900 rows and a hundred of one row each.
    table["person"] = [0] * 1900 + list(range(1, 101))
    dataset = auditkit.dataset(
        table,
        label="y",
        features=["score", "noise"],
        groups={"group": {"column": "group", "reference": "a"}},
        cluster="person",
    )
    run = auditkit.audit(scorer(), dataset, quiet=True)
    ratios = run.measurements.query("metric == 'bias.impact_ratio'")
    assert set(ratios["status"]) == {"too_few"}
    assert "A few clusters hold most of the units" in ratios["reason"].iloc[0]
    assert run.verdict == "inconclusive"


def test_checks_that_cannot_measure_leave_a_record_all_the_same() -> None:
    run = auditkit.audit(
        scorer(), data(people(50)), policy=None, checks=("overfitting",), quiet=True
    )
    assert {m.status.value for m in run.record.measurements} == {"not_applicable"}
    assert run.record.data["groups"]["group"]["levels"] == []


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_that_no_generator_takes_is_refused(seed: object) -> None:
    with pytest.raises(ConfigurationError, match=f"The seed is {seed!r}; expected a whole number"):
        Settings(seed=seed)
