"""A nuisance put into a sample and taken out of it: what the model is given, and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from auditkit.data import Dataset, dataset
from auditkit.errors import ConfigurationError, DataError
from auditkit.evidence import LocalEngine, Options, SplitNeed, make_plan
from auditkit.evidence.answered import AnsweredRows, answered
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from auditkit.variants.nuisances import DIRECTIONS, Nuisance
from auditkit.variants.nuisances.images import intervened_images
from auditkit.variants.variant import PLAIN, intervention

UNITS = 300


class Rows(torch.utils.data.Dataset[Any]):
    """Inputs of any kind, with a target of zeros and ones."""

    def __init__(self, inputs: Any) -> None:
        self.inputs = inputs

    def __len__(self) -> int:
        return UNITS

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.inputs, dict):
            return {name: part[index] for name, part in self.inputs.items()}, index % 2
        return self.inputs[index], index % 2


class Telling(nn.Module):
    """Answers with what it is given, flattened: at most `width` numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs: Tensor) -> Tensor:
        found = inputs.flatten(1)[:, : self.width].float() * self.scale
        inputs.zero_()  # a model may write to its inputs
        return found


class Ids(nn.Module):
    """As `Telling`, of token ids with their mask."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return torch.cat([input_ids, attention_mask], dim=1).float()


def told(module: Any, width: int, **declared: Any) -> WrappedModel:
    classes = tuple(map(str, range(width)))
    return wrap(
        module, task="multiclass", outputs="logits", classes=classes, device="cpu", **declared
    )


def asked(
    model: WrappedModel,
    data: Dataset,
    nuisances: Sequence[Nuisance],
    batch_size: int = 64,
) -> dict[str, AnsweredRows | str]:
    """What was answered under each intervention, and without any."""
    variants = [PLAIN, *(intervention(one, way) for one in nuisances for way in DIRECTIONS)]
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=64, nuisances=tuple(nuisances))
        needs = [SplitNeed("evaluation", AnswerNeed("", one)) for one in variants]
        plan = make_plan(needs, probed.subject)
        options = Options(batch_size=batch_size, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
    view = probed.subject.main_views[0]
    return {
        str(one): answered(evidence, AnswerNeed("", one), view, "evaluation") for one in variants
    }


def of(**given: Any) -> Nuisance:
    return Nuisance.of(given)


def images() -> Tensor:
    drawn = torch.rand(UNITS, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    return 0.2 + 0.6 * drawn


MARK = of(kind="patch", rows=[0, 1], columns=[0, 2], value=1)
IMAGE = [MARK, of(kind="brightness", by=0.1), of(kind="blur"), of(kind="border", width=1, value=0)]


def test_the_model_is_given_what_the_nuisances_make_whatever_the_batch() -> None:
    given = images()
    model = told(Telling(16), 16, inputs={"medium": "image", "range": (0, 1)})
    found = asked(model, dataset(evaluation=Rows(given.clone())), IMAGE)
    plain = found["plain"]
    assert isinstance(plain, AnsweredRows)
    assert plain.untouched is None
    sampled = torch.from_numpy(plain.raw[0]).reshape(-1, 1, 4, 4)
    usual = sampled.mean(dim=(1, 2, 3)).mean()[None]
    for nuisance in IMAGE:
        for way in DIRECTIONS:
            answer = found[f"{nuisance} {way}"]
            if nuisance.kind == "blur" and way == "removed":
                assert answer == nuisance.irremovable
                continue
            assert isinstance(answer, AnsweredRows)
            level = usual if nuisance.kind == "brightness" else None
            expected = intervened_images(sampled, nuisance, way, model.inputs.range, level)
            np.testing.assert_allclose(answer.raw[0], expected.flatten(1).numpy(), atol=1e-6)
            assert answer.untouched is not None
            assert not answer.untouched.any()
    other = asked(model, dataset(evaluation=Rows(given.clone())), IMAGE, batch_size=17)
    for name, answer in found.items():
        twin = other[name]
        if isinstance(answer, AnsweredRows) and isinstance(twin, AnsweredRows):
            np.testing.assert_allclose(answer.raw, twin.raw, atol=1e-6)


def test_model_and_inputs_leave_as_they_came() -> None:
    given = images()
    before = given.clone()
    module = Telling(16).train()
    model = told(module, 16, inputs={"medium": "image", "range": (0, 1)})
    digest = model.digest()
    asked(model, dataset(evaluation=Rows(given)), IMAGE)
    assert torch.equal(given, before)
    assert model.digest() == digest
    assert module.training
    assert module.scale.grad is None


def test_units_that_bear_it_already_are_untouched() -> None:
    given = images()
    bear = torch.arange(UNITS) % 3 == 0
    given[bear, :, 0, :2] = 1
    model = told(Telling(16), 16, inputs={"medium": "image", "range": (0, 1)})
    answer = asked(model, dataset(evaluation=Rows(given)), [MARK])["patch applied"]
    assert isinstance(answer, AnsweredRows)
    assert answer.untouched is not None
    assert answer.untouched.sum() == bear.sum()
    assert (answer.part(answer.untouched).raw[0][:, :2] == 1).all()


def test_a_column_is_changed_before_the_preprocess() -> None:
    table = pd.DataFrame(
        {"ward": ["A", "B", "B"] * 100, "age": np.arange(300.0), "y": np.arange(300) % 2}
    )

    def prepared(frame: pd.DataFrame) -> Tensor:
        coded = frame["ward"].map({"A": 0.0, "B": 1.0, "C": 2.0})
        return torch.tensor(np.stack([coded, frame["age"]], axis=1), dtype=torch.float32)

    model = told(Telling(2), 2, preprocess=prepared)
    data = dataset(evaluation=table, label="y", features=("ward", "age"))
    ward = of(kind="column", column="ward", value="A")
    found = asked(model, data, [ward])
    applied, removed, plain = (
        found[name] for name in ("column applied", "column removed", "plain")
    )
    assert isinstance(applied, AnsweredRows)
    assert isinstance(removed, AnsweredRows)
    assert isinstance(plain, AnsweredRows)
    assert (applied.raw[0][:, 0] == 0).all()
    assert (removed.raw[0][:, 0] == 1).all()
    np.testing.assert_array_equal(applied.raw[0][:, 1], plain.raw[0][:, 1])
    assert applied.untouched is not None
    assert removed.untouched is not None
    np.testing.assert_array_equal(applied.untouched, plain.raw[0][:, 0] == 0)
    np.testing.assert_array_equal(removed.untouched, plain.raw[0][:, 0] == 1)


def test_a_column_of_tensors_is_named_by_its_place() -> None:
    given = torch.arange(2.0 * UNITS).reshape(UNITS, 2)
    model = told(Telling(2), 2, inputs={"medium": "table"})
    found = asked(model, dataset(evaluation=Rows(given)), [of(kind="column", column=1, value=-1)])
    applied, removed = found["column applied"], found["column removed"]
    assert isinstance(applied, AnsweredRows)
    assert isinstance(removed, AnsweredRows)
    assert (applied.raw[0][:, 1] == -1).all()
    assert np.unique(removed.raw[0][:, 1]).tolist() == [299.0]


def test_tokens_and_their_mask() -> None:
    ids = torch.tensor([[1, 9, 5, 0]]).repeat(UNITS, 1)
    given = {"input_ids": ids, "attention_mask": (ids > 0).long()}
    model = told(Ids(), 8, inputs={"medium": "text"})
    word = of(kind="token", token=9, pad=0)
    found = asked(model, dataset(evaluation=Rows(given)), [word])
    applied, removed = found["token applied"], found["token removed"]
    assert isinstance(applied, AnsweredRows)
    assert isinstance(removed, AnsweredRows)
    assert (applied.raw[0] == [1, 9, 9, 5, 1, 1, 1, 1]).all()
    assert (removed.raw[0] == [1, 5, 0, 0, 1, 1, 0, 0]).all()


@pytest.mark.parametrize("medium", ["audio", "series"])
def test_sounds_and_series(medium: str) -> None:
    given = torch.randn(UNITS, 8, generator=torch.Generator().manual_seed(2))
    model = told(Telling(8), 8, inputs={"medium": medium})
    found = asked(
        model, dataset(evaluation=Rows(given)), [of(kind="gain", factor=2), of(kind="offset", by=1)]
    )
    plain, loud, usual = (found[name] for name in ("plain", "gain applied", "gain removed"))
    assert isinstance(plain, AnsweredRows)
    assert isinstance(loud, AnsweredRows)
    assert isinstance(usual, AnsweredRows)
    np.testing.assert_allclose(loud.raw[0], 2 * plain.raw[0])
    loudness = np.sqrt((usual.raw[0] ** 2).mean(axis=1))
    np.testing.assert_allclose(loudness, loudness.mean(), rtol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "declared", "nuisance", "words"),
    [
        (images(), {"medium": "image"}, of(kind="gain", factor=2), "for inputs that are audio or"),
        (images(), {"medium": "table"}, MARK, "which is for inputs that are image; these are tab"),
        (images(), None, of(kind="channel", channel=1, by=1), "is of channel 1, and the images"),
        (images(), None, of(kind="brightness", by=1, of_range=True), "a share of a range that is"),
        (torch.ones(UNITS, 4), None, of(kind="column", column="x", value=1), "without names"),
        (torch.ones(UNITS, 4), None, of(kind="hum", period=9, amplitude=1), "a period of 9 steps"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_pass(
    inputs: Tensor, declared: Any, nuisance: Nuisance, words: str
) -> None:
    model = told(Telling(2), 2, inputs=declared)
    with pytest.raises(ConfigurationError) as refused:
        asked(model, dataset(evaluation=Rows(inputs)), [nuisance])
    assert words in refused.value.problem
    assert refused.value.mend


def test_tokens_of_what_is_no_text_are_refused() -> None:
    with pytest.raises(DataError, match="no token ids"):
        asked(told(Telling(2), 2), dataset(evaluation=Rows(images())), [of(kind="token", token=1)])


def test_a_later_batch_out_of_range_is_a_reason() -> None:
    given = images()
    given[200:] = 7
    model = told(Telling(16), 16, inputs={"medium": "image", "range": (0, 1)})
    answer = asked(model, dataset(evaluation=Rows(given)), [MARK])["patch applied"]
    assert isinstance(answer, str)
    assert "lie outside the declared range" in answer


def test_whole_numbers_are_no_images_to_be_changed() -> None:
    model = told(Telling(16), 16, inputs={"medium": "image"})
    given = (255 * images()).to(torch.uint8)
    answer = asked(model, dataset(evaluation=Rows(given)), [MARK])["patch applied"]
    assert answer == "The images that the model is given are no floating-point numbers."
