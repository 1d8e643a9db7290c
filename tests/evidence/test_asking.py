"""The model asked again: the same units each time, other inputs, and nothing left changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.data import Dataset, dataset
from auditkit.evidence import Evidence, LocalEngine, Options, SplitNeed, Subject, make_plan
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.needs import AnswerNeed
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


@pytest.mark.parametrize(
    ("case", "variant", "reason"),
    [
        (lambda: _images(inputs={"medium": "image"}), Variant("noise", 1.0), NO_RANGE),
        (lambda: _images(inputs={}), attack("pgd", 0.1), NO_RANGE),
        (lambda: _images(inputs={"range": (0, 0.5)}), Variant("blur", 1.0), "outside the declared"),
        (lambda: _images(inputs={"range": ([0, 0], [1, 1])}), SHIFTS, "has 2 channels"),
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
