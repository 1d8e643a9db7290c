"""The model asked again: the same units each time, other inputs, and nothing left changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.data import Dataset, dataset
from auditkit.evidence import Evidence, LocalEngine, Options, SplitNeed, Subject, make_plan
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.needs import CORRECT, CountNeed
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed
from auditkit.models import stored_predictions, wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from auditkit.variants.variant import (
    DROPOUT,
    IMAGE_CORRUPTIONS,
    PLAIN,
    SHIFTS,
    TABLE_CORRUPTIONS,
    Variant,
    attack,
    member,
)

UNITS = 300


class _Images(torch.utils.data.Dataset[Any]):
    """Images whose upper half is bright (class 1) or dark."""

    def __init__(self, n: int = UNITS, channels: int = 1) -> None:
        generator = torch.Generator().manual_seed(0)
        self.labels = torch.arange(n) % 2
        self.images = torch.rand(n, channels, 8, 8, generator=generator) * 0.4
        self.images[:, :, :4] += 0.3 * self.labels[:, None, None, None]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Any:
        return self.images[index], self.labels[index], {"side": "ab"[index % 3 == 0]}


def _network() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2)
    )
    return network.eval()


def _images(**declared: Any) -> tuple[WrappedModel, Dataset]:
    options = {"inputs": {"medium": "image", "range": (0, 1)}, **declared}
    model = wrap(
        _network(), task="multiclass", outputs="logits", classes=("dark", "bright"),
        device="cpu", **options,
    )  # fmt: skip
    return model, dataset(evaluation=_Images(), outside=_Images(40), groups=("side",))


def _table() -> tuple[WrappedModel, Dataset]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=UNITS), "town": rng.choice(["n", "s"], UNITS)})
    frame["y"] = (frame["x"] > 0).astype(int)

    def encoded(rows: pd.DataFrame) -> torch.Tensor:
        return torch.tensor(rows["x"].to_numpy(np.float32))[:, None]

    network = nn.Linear(1, 1)
    with torch.no_grad():
        network.weight.fill_(3.0)
        network.bias.zero_()
    model = wrap(
        network, task="binary", outputs="logits", preprocess=encoded, device="cpu",
        decision={"threshold": 0.5},
    )  # fmt: skip
    return model, dataset(evaluation=frame, label="y", features=("x", "town"))


def asked(
    case: tuple[WrappedModel, Dataset],
    variants: Sequence[Variant],
    split: str = "evaluation",
    **options: Any,
) -> list[AnsweredRows | str]:
    model, data = case
    needs = [AnswerNeed("", variant, **options) for variant in variants]
    subject, evidence = _evidence(model, data, [SplitNeed(split, need) for need in needs])
    (view,) = subject.main_views
    return [answered(evidence, need, view, split) for need in needs]


def _evidence(
    model: WrappedModel, data: Dataset, needs: Sequence[SplitNeed], batch_size: int = 64
) -> tuple[Subject, Evidence]:
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=batch_size)
        plan = make_plan(needs, probed.subject)
        options = Options(batch_size=batch_size, edges=probed.edges, quiet=True)
        return probed.subject, LocalEngine().run(plan, probed.subject, model, data, options)


def rows(found: AnsweredRows | str) -> AnsweredRows:
    assert isinstance(found, AnsweredRows), found
    return found


def test_plain_answers_are_those_of_the_model() -> None:
    (found,) = asked(_images(), [PLAIN])
    found = rows(found)
    images, network = _Images(), _network()
    with torch.no_grad():
        expected = network(images.images).numpy()
    assert found.outputs.shape == (1, UNITS, 2)
    assert found.drawn == ""
    # Rows come in the order of their hashes.
    one, other = (np.sort(outputs, axis=0) for outputs in (found.outputs[0], expected))
    np.testing.assert_allclose(one, other, atol=1e-5)
    outcomes = found.outcomes
    right = (expected.argmax(axis=1) == images.labels.numpy()).mean()
    assert outcomes.correct.mean() == pytest.approx(right)
    assert sorted(np.unique(found.groups["side"])) == ["a", "b"]


def test_every_variant_asks_about_the_same_units_in_the_same_order() -> None:
    variants = [PLAIN, *IMAGE_CORRUPTIONS, attack("fgsm", 0.1), attack("pgd", 0.1), DROPOUT, SHIFTS]
    found = [rows(one) for one in asked(_images(), variants, sample=100)]
    for one in found:
        assert len(one) == 100
        np.testing.assert_array_equal(one.keys, found[0].keys)
        np.testing.assert_array_equal(one.target, found[0].target)
        np.testing.assert_array_equal(one.held_out, found[0].held_out)
    changed = [not np.array_equal(one.outputs[0], found[0].outputs[0]) for one in found[1:]]
    assert all(changed)
    assert found[0].drawn.startswith("A random sample of 100 of 300 rows")


def test_answers_do_not_depend_on_the_batches() -> None:
    model, data = _images()
    needs = [AnswerNeed("", one, 100) for one in (PLAIN, Variant("noise", 2.0), attack("pgd", 0.1))]
    asked_of = [SplitNeed("evaluation", need) for need in needs]
    results = [_evidence(model, data, asked_of, size)[1]["evaluation"] for size in (7, 300)]
    for need in needs:
        one, other = (result.answers[need].outputs for result in results)
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_an_attack_finds_errors_that_noise_of_its_size_does_not() -> None:
    torch.manual_seed(0)
    images, network = _Images(), _network()
    network.train()
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(60):
        loss = nn.functional.cross_entropy(network(images.images), images.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    optimiser.zero_grad()
    network.eval()
    before = [parameter.clone() for parameter in network.parameters()]
    model = wrap(
        network, task="multiclass", outputs="logits", classes=("dark", "bright"), device="cpu",
        inputs={"medium": "image", "range": (0, 1)},
    )  # fmt: skip
    case = model, dataset(evaluation=images)
    plain, noisy, fgsm, pgd = (
        rows(one).outcomes.correct.mean()
        for one in asked(
            case, [PLAIN, Variant("noise", 1.0), attack("fgsm", 0.2), attack("pgd", 0.2)]
        )
    )
    assert plain > 0.95
    assert noisy > plain - 0.1
    assert fgsm < plain - 0.4
    assert pgd <= fgsm + 0.02
    after = list(network.parameters())
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert not any(parameter.grad is not None for parameter in after)


def test_dropout_drops_in_every_repeat_and_leaves_no_trace() -> None:
    model, data = _images()
    state = torch.get_rng_state()
    (found,) = asked((model, data), [DROPOUT])
    found = rows(found)
    assert found.outputs.shape == (20, UNITS, 2)
    assert (found.outputs.std(axis=0) > 0).any(axis=1).mean() > 0.95
    assert torch.equal(state, torch.get_rng_state())
    assert not any(part.training for part in model.module.modules())
    again = rows(asked((model, data), [DROPOUT])[0])
    np.testing.assert_array_equal(found.outputs, again.outputs)
    np.testing.assert_allclose(found.mean_probabilities.sum(axis=1), 1)


def test_a_member_answers_for_itself() -> None:
    torch.manual_seed(5)
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    plain, found, none = asked(_images(members=[other]), [PLAIN, member(0), member(1)])
    assert not np.allclose(rows(plain).outputs, rows(found).outputs)
    assert none == "There is no such member of an ensemble."


def test_cells_of_a_table_are_damaged_before_the_preprocess() -> None:
    plain, *damaged = (rows(one) for one in asked(_table(), [PLAIN, *TABLE_CORRUPTIONS]))
    assert plain.outcomes.correct.all()
    accuracies = [one.outcomes.correct.mean() for one in damaged]
    # Half of the shuffled or imputed cells keep the right sign by chance.
    for level, accuracy in zip((0.1, 0.3, 0.5) * 2, accuracies, strict=True):
        assert accuracy == pytest.approx(1 - level / 2, abs=0.07)


def test_a_table_of_tensors_is_damaged_by_column() -> None:
    torch.manual_seed(0)
    items = torch.utils.data.TensorDataset(torch.randn(UNITS, 3), torch.arange(UNITS) % 2)
    model = wrap(
        nn.Linear(3, 2), task="multiclass", outputs="logits", classes=("0", "1"), device="cpu",
        inputs={"medium": "table"},
    )  # fmt: skip
    plain, shuffled = asked((model, dataset(evaluation=items)), [PLAIN, TABLE_CORRUPTIONS[-1]])
    assert not np.allclose(rows(plain).outputs, rows(shuffled).outputs)
    # Shuffling moves numbers between rows: the mean of a linear output stays.
    np.testing.assert_allclose(
        rows(plain).outputs.mean(axis=1), rows(shuffled).outputs.mean(axis=1), atol=1e-5
    )


def test_an_outside_split_has_neither_outcomes_nor_groups() -> None:
    model, data = _images()
    (found,) = asked((model, data), [PLAIN], "outside", layer=model.layer)
    found = rows(found)
    assert found.target is None
    assert found.groups == {}
    assert found.embedding is not None
    assert found.embedding.shape == (40, 8)
    with pytest.raises(ValueError, match="no true outcomes"):
        _ = found.outcomes


NO_RANGE = "declare model.inputs.range for it"


def _late_outside() -> tuple[WrappedModel, Dataset]:
    """Only the last image lies outside the range: the first batch shows nothing of it."""
    images = _Images()
    images.images[-1] += 1
    return _images()[0], dataset(evaluation=images)


@pytest.mark.parametrize(
    ("case", "variant", "reason"),
    [
        (lambda: _images(inputs={"medium": "image"}), Variant("noise", 1.0), NO_RANGE),
        (lambda: _images(inputs={}), attack("pgd", 0.1), NO_RANGE),
        (lambda: _late_outside(), Variant("blur", 1.0), "outside the declared range"),
        (_table, Variant("noise", 1.0), "no images"),
        (_table, DROPOUT, "no dropout layer"),
        (_table, Variant("contrast", 1.0), "no images"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(case: Any, variant: Variant, reason: str) -> None:
    (found,) = asked(case(), [variant])
    assert isinstance(found, str)
    assert reason in found
    assert found.endswith(".")


def test_stored_predictions_are_read_and_not_asked_again() -> None:
    frame = pd.DataFrame({"p": np.linspace(0, 1, 60), "y": np.arange(60) % 2})
    model = stored_predictions({"score": "p"}, task="binary", outputs="probabilities")
    plain, damaged = asked(
        (model, dataset(evaluation=frame, label="y", features=("p",))),
        [PLAIN, TABLE_CORRUPTIONS[0]],
    )
    assert sorted(rows(plain).mean_probabilities[:, 1]) == pytest.approx(sorted(frame["p"]))
    assert damaged == "Only stored predictions are audited; the model is not here to be asked."


def test_large_inputs_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.evidence.sample.MAX_BYTES", 50 * 64 * 4)
    (found,) = asked(_images(), [PLAIN])
    assert len(rows(found)) == 50


def test_facts_survive_the_way_between_workers() -> None:
    from auditkit.evidence.merging import from_bytes, merge, to_bytes

    model, data = _table()
    need = AnswerNeed("", PLAIN, 80)
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=64)
        plan = make_plan([SplitNeed("evaluation", need)], probed.subject)
        options = Options(batch_size=64, edges=probed.edges, quiet=True)
        whole = LocalEngine().run(plan, probed.subject, model, data, options)["evaluation"]
    split_plan = plan.splits["evaluation"]
    read = from_bytes(to_bytes(replace(whole, answers={}), split_plan), split_plan)
    assert read.sample is not None
    pd.testing.assert_frame_equal(read.sample.facts.frame, whole.sample.facts.frame)
    assert torch.equal(read.sample.facts.targets[""], whole.sample.facts.targets[""])
    both = merge(read, replace(read, rows=0))
    assert both.sample is not None
    assert len(both.sample.facts.frame) == len(both.sample) == 80


# The same rule, and nothing that a model does to its inputs.


class _Rows(torch.utils.data.Dataset[Any]):
    """Rows of inputs of any shape, each with its target."""

    def __init__(self, inputs: Sequence[torch.Tensor], targets: Sequence[Any]) -> None:
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> Any:
        return self.inputs[index], self.targets[index]


STEPS = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])


def _drawn_steps(*columns: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return STEPS[torch.randint(5, (200, *columns), generator=generator)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize(
    ("scores", "declared"),
    [
        (_drawn_steps(), {"task": "binary", "outputs": "probabilities", "threshold": 0.7}),
        (_drawn_steps().logit(), {"task": "binary", "outputs": "logits", "threshold": 0.7}),
        (_drawn_steps(), {"task": "binary", "outputs": "values", "threshold": 0.3}),
        (_drawn_steps(), {"task": "binary", "outputs": "probabilities", "rule": "argmax"}),
        (
            torch.stack([1 - _drawn_steps(), _drawn_steps()], dim=1),
            {"task": "binary", "outputs": "probabilities", "threshold": 0.7},
        ),
        (
            torch.stack([-_drawn_steps().logit(), _drawn_steps().logit()], dim=1) / 2,
            {"task": "binary", "outputs": "logits", "threshold": 0.3},
        ),
        (
            torch.stack([1 - _drawn_steps(), _drawn_steps()], dim=1),
            {"task": "binary", "outputs": "probabilities", "rule": "argmax"},
        ),
        (
            _drawn_steps(3),
            {"task": "multilabel", "outputs": "probabilities", "threshold": 0.7},
        ),
        (
            _drawn_steps(3).round(decimals=0) + 0.1 * _drawn_steps(3, seed=1).logit(),
            {"task": "multiclass", "outputs": "logits"},
        ),
        (_drawn_steps(3), {"task": "multiclass", "outputs": "logits"}),
    ],
)  # fmt: skip
def test_the_sample_is_decided_as_the_pass_is(
    scores: torch.Tensor, declared: dict[str, Any], dtype: torch.dtype
) -> None:
    """Scores on the very step, where a rounding more or less is another class."""
    said = dict(declared)
    several = said["task"] in ("multilabel", "multiclass")
    rule = {name: said.pop(name) for name in ("threshold", "rule") if name in said}
    names = ("a", "b", "c") if several else ("0", "1")
    generator = torch.Generator().manual_seed(7)
    shape = (200, 3) if said["task"] == "multilabel" else (200,)
    highest = 3 if said["task"] == "multiclass" else 2
    targets = torch.randint(highest, shape, generator=generator)
    model = wrap(
        lambda given: given.to(dtype), classes=names, device="cpu", decision=rule or None, **said
    )
    data = dataset(evaluation=_Rows(scores, targets))
    need = AnswerNeed("")
    subject = _subject(model, data)
    counts = {view.key: CountNeed(view.key, (CORRECT,)) for view in subject.main_views}
    needs = [SplitNeed("evaluation", one) for one in (need, *counts.values())]
    subject, evidence = _evidence(model, data, needs, 64)
    for view in subject.main_views:
        found = rows(answered(evidence, need, view, "evaluation"))
        passed = evidence["evaluation"].count(counts[view.key]).values
        assert found.outcomes.correct.sum() == passed[1]
        assert len(found) == passed.sum() == 200


def _subject(model: WrappedModel, data: Dataset) -> Subject:
    with model.opened():
        return probe(model, data, seed=0, batch_size=64).subject


class _Halving(nn.Module):
    """Writes to its input; its dropout drops nearly nothing."""

    def __init__(self, drop: float = 1e-7) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(drop), nn.Linear(64, 2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images.mul_(0.5))


def test_a_model_may_write_to_its_inputs() -> None:
    model = wrap(
        _Halving(), task="multiclass", outputs="logits", classes=("dark", "bright"), device="cpu",
        inputs={"medium": "image", "range": (0, 1)},
    )  # fmt: skip
    plain, drops, shifts, fgsm, again = asked(
        (model, dataset(evaluation=_Images())),
        [PLAIN, DROPOUT, SHIFTS, attack("fgsm", 1e-5), replace(PLAIN, repeats=1)],
    )
    with torch.no_grad():
        expected = _Halving().eval()(_Images().images.clone()).numpy()
    order = np.argsort(rows(plain).outputs[0][:, 0])
    np.testing.assert_allclose(
        rows(plain).outputs[0][order], expected[np.argsort(expected[:, 0])], atol=1e-6
    )
    for repeat in rows(drops).outputs:
        np.testing.assert_allclose(repeat, rows(plain).outputs[0], atol=1e-6)
    np.testing.assert_allclose(rows(fgsm).outputs, rows(plain).outputs, atol=1e-3)
    np.testing.assert_array_equal(rows(again).outputs, rows(plain).outputs)
    spread = np.abs(rows(shifts).outputs - rows(plain).outputs)
    assert spread.mean(axis=(1, 2)).max() < 3 * spread.mean(axis=(1, 2)).min()


def test_a_backward_pass_that_fails_is_a_reason() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = _network()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.inner(images).sigmoid().mul_(2)

    model = wrap(
        InPlace(), task="multiclass", outputs="logits", classes=("dark", "bright"), device="cpu",
        inputs={"medium": "image", "range": (0, 1)},
    )  # fmt: skip
    data = dataset(evaluation=_Images())
    plain, fgsm = asked((model, data), [PLAIN, attack("fgsm", 0.1)])
    assert len(rows(plain)) == UNITS
    assert isinstance(fgsm, str)
    assert "The backward pass of the model failed" in fgsm
    need = AttributionNeed("")
    _, evidence = _evidence(model, data, [SplitNeed("evaluation", need)])
    found = evidence["evaluation"].attributions[need].maps
    assert "inplace operation" in found["integrated_gradients"].reason
    assert found["feature_ablation"].shown.all()  # which asks for no gradient


def test_no_more_units_are_given_at_once_than_in_the_pass() -> None:
    sizes: list[int] = []

    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = _network()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            sizes.append(len(images))
            return self.inner(images)

    model = wrap(
        Counting(), task="multiclass", outputs="logits", classes=("dark", "bright"), device="cpu",
        inputs={"medium": "image", "range": (0, 1)},
    )  # fmt: skip
    needs = [AnswerNeed("", variant) for variant in (PLAIN, SHIFTS, attack("pgd", 0.1))]
    data = dataset(evaluation=_Images())
    _evidence(model, data, [SplitNeed("evaluation", need) for need in needs], batch_size=16)
    assert max(sizes) == 16


def test_of_many_repeats_fewer_units_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.evidence.asking.MAX_BYTES", 20 * 2 * 4 * 50)
    plain, drops = (rows(one) for one in asked(_images(), [PLAIN, DROPOUT]))
    assert (len(plain), len(drops)) == (UNITS, 50)
    np.testing.assert_array_equal(drops.keys, plain.keys[:50])
    assert plain.drawn == ""
    assert drops.drawn == (
        "A random sample of 50 of 300 rows, drawn by a keyed hash of their ids. No more than 50 "
        "were asked about, for the size of their outputs."
    )
    every = np.stack(list(drops.each_probabilities()))
    np.testing.assert_allclose(drops.mean_probabilities, every.mean(axis=0))


def test_inputs_of_several_widths_are_not_asked_about() -> None:
    """As texts are padded: each batch to the longest of its own."""

    def padded(parts: Any) -> Any:
        inputs, targets = zip(*parts, strict=True)
        return nn.utils.rnn.pad_sequence(inputs, batch_first=True), torch.tensor(targets)

    inputs = [torch.ones(3 + index // 20) for index in range(100)]
    loader = torch.utils.data.DataLoader(
        _Rows(inputs, [index % 2 for index in range(100)]), batch_size=20, collate_fn=padded
    )
    model = wrap(
        lambda given: given.sum(dim=1), task="binary", outputs="logits", device="cpu",
        decision={"threshold": 0.5},
    )  # fmt: skip
    needs = [AnswerNeed(""), AttributionNeed("")]
    found = _evidence(
        model, dataset(evaluation=loader), [SplitNeed("evaluation", one) for one in needs], 20
    )[1]["evaluation"]
    reasons = {found.answers[needs[0]].reason, found.attributions[needs[1]].reason}
    (reason,) = reasons
    assert reason.startswith("No sample could be drawn. The inputs of batches differ in shape")
    assert found.rows == 100


def test_that_no_sample_could_be_drawn_survives_the_way_between_workers() -> None:
    from auditkit.evidence.merging import from_bytes, merge, to_bytes

    model, data = _table()
    plan = make_plan([SplitNeed("evaluation", AnswerNeed(""))], _subject(model, data))
    whole = _evidence(model, data, [SplitNeed("evaluation", AnswerNeed(""))])[1]["evaluation"]
    split_plan = plan.splits["evaluation"]
    lost = replace(whole, answers={}, sample=None, undrawn="No sample.")
    read = from_bytes(to_bytes(lost, split_plan), split_plan)
    assert read.undrawn == "No sample."
    both = merge(replace(whole, answers={}), read)
    assert (both.sample, both.undrawn) == (None, "No sample.")


def test_shifts_need_images_and_no_range() -> None:
    class Bytes(_Images):
        def __getitem__(self, index: int) -> Any:
            return (self.images[index] * 255).byte(), self.labels[index]

    class Scaling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = _network()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.inner(images.float() / 255)

    model = wrap(
        Scaling(), task="multiclass", outputs="logits", classes=("dark", "bright"), device="cpu",
        inputs={"medium": "image"},
    )  # fmt: skip
    data = dataset(evaluation=Bytes())
    shifts, noise, fgsm = asked((model, data), [SHIFTS, Variant("noise", 1.0), attack("fgsm", 0.1)])
    assert rows(shifts).outputs.shape == (8, UNITS, 2)
    assert noise == "The images that the model is given are no floating-point numbers."
    assert fgsm == "What the model is given is not one tensor of floating-point numbers."


def test_a_callable_that_takes_a_frame_is_asked_about_rows_of_it() -> None:
    _, data = _table()

    def scored(frame: pd.DataFrame) -> np.ndarray:
        frame["town"] = "nowhere"  # as careless as a model may be
        return (3 * frame["x"]).to_numpy()

    model = wrap(scored, task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu")
    plain, shuffled, noise, fgsm = asked(
        (model, data),
        [PLAIN, TABLE_CORRUPTIONS[-1], Variant("noise", 1.0), attack("fgsm", 0.1)],
    )
    assert rows(plain).outcomes.correct.all()
    assert rows(shuffled).outcomes.correct.mean() == pytest.approx(0.75, abs=0.07)
    assert noise == "What the model is given is not one tensor of images."
    assert isinstance(fgsm, str)


def test_autoattack_is_asked_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Inverting:
        """Stands for the package: an attack that turns images upside down."""

        def __init__(self, *_: Any, **__: Any) -> None:
            self.apgd, self.apgd_targeted = SimpleNamespace(), SimpleNamespace()

        def run_standard_evaluation(self, flat: torch.Tensor, *_: Any, **__: Any) -> Any:
            return flat.flip(1), None

    stand = ModuleType("pyautoattack")
    stand.AutoAttack = Inverting  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyautoattack", stand)
    plain, auto = (rows(one) for one in asked(_images(), [PLAIN, attack("autoattack", 0.5)]))
    with torch.no_grad():
        expected = _network()(_Images().images.flip(2, 3)).numpy()
    np.testing.assert_allclose(
        np.sort(auto.outputs[0], axis=0), np.sort(expected, axis=0), atol=1e-5
    )
    assert plain.stuck is None
    assert auto.stuck is not None
    assert auto.stuck.shape == (UNITS,)
