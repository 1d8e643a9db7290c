"""A concept that a model uses is found, one that it doesn't use is not; by hand and by chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from auditkit.errors import ConfigurationError
from auditkit.explain.concepts import RANDOMS, Concept, ConceptEffect, concept_effects
from auditkit.explain.method import Settings
from auditkit.explain.target import NotExplainable
from tests.explain.sample_marker import marked, with_marker
from tests.explain.sample_methods import TEXT, Text, cnn, mlp, opened, scripted, sentences

SHIFT = torch.tensor([2.0, 0, 0, 0, 0, 0])


class Plain(nn.Module):
    """The score is a known linear function of a layer that passes its input on."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Identity()
        self.head = nn.Linear(6, 1, bias=False)
        self.head.weight.data = torch.tensor([[5.0, 0.1, -0.1, 0.1, 0.0, 0.1]])

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x))


class Last(nn.Module):
    """A layer that gives a tuple."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.head = inner, nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.inner(x[:, None])[0][:, 0])


def effects(module, x, concepts, pool, layer="layer"):
    with opened(module, x, task="regression") as target:
        return concept_effects(target, concepts, pool, Settings(layer=layer))


def test_a_direction_by_hand() -> None:
    """Along the first column, the only one that matters: its weight; chance has a tenth of it."""
    x = torch.randn(30, 6)
    (found,) = effects(Plain(), x, [Concept("first", x + SHIFT, x)], torch.randn(200, 6))
    assert isinstance(found, ConceptEffect)
    assert found.magnitude == pytest.approx(5.0, rel=1e-5)
    assert found.sign_share == 1.0
    assert (found.units, found.randoms, found.layer) == (30, RANDOMS, "layer")
    assert abs(found.random_mean) < 3 * found.random_sd
    assert found.z == pytest.approx((5.0 - found.random_mean) / found.random_sd, rel=1e-5)
    assert found.p == pytest.approx(1 / 21)


def test_chance_by_a_literal_twin() -> None:
    """The random concepts: differences of random halves, each of length one."""
    x, pool = torch.randn(12, 6), torch.randn(50, 6)
    (found,) = effects(Plain(), x, [Concept("first", x + SHIFT, x)], pool)
    generator = torch.Generator().manual_seed(0)
    weight = np.array([5.0, 0.1, -0.1, 0.1, 0.0, 0.1])
    magnitudes = []
    for _ in range(RANDOMS):
        order = torch.randperm(50, generator=generator).numpy()
        # As many as the smaller set of the concept.
        one, other = pool.numpy()[order[:12]], pool.numpy()[order[12:24]]
        direction = one.mean(0) - other.mean(0)
        magnitudes.append(weight @ direction / np.linalg.norm(direction))
    assert found.random_mean == pytest.approx(np.mean(magnitudes), rel=1e-4)
    assert found.random_sd == pytest.approx(np.std(magnitudes, ddof=1), rel=1e-4)


def test_a_concept_that_does_not_matter_is_not_found() -> None:
    x = torch.randn(30, 6)
    other = torch.tensor([0, 2.0, 0, 0, 0, 0])
    (found,) = effects(Plain(), x, [Concept("second", x + other, x)], torch.randn(200, 6))
    assert abs(found.z) < 1
    assert found.p > 0.5


def test_p_is_uniform_for_random_concepts() -> None:
    """A concept that is itself a random split is rarely found: 200 of them, at 1 in 21 each."""
    module, pool = Plain(), torch.randn(400, 6)
    with opened(module, torch.randn(8, 6), task="regression") as target:
        names = []
        for trial in range(200):
            order = torch.randperm(400)
            concept = Concept("chance", pool[order[:20]], pool[order[20:40]])
            settings = Settings(layer="layer", seed=trial)
            (found,) = concept_effects(target, [concept], pool, settings)
            assert isinstance(found, ConceptEffect)
            names.append(found.p)
    low = sum(p <= 1 / 21 + 1e-9 for p in names)
    # The smallest p has probability 1 in 21 (1 in 20.5 with ties left out).
    assert stats.binomtest(low, 200, 1 / 21).pvalue > 0.01
    assert stats.kstest(names, "uniform").statistic < 0.15


def test_the_sign_alone_says_nothing() -> None:
    """Of random directions too, all derivatives have one sign."""
    x, pool = torch.randn(30, 6), torch.randn(60, 6)
    (found,) = effects(Plain(), x, [Concept("chance", pool[:30], pool[30:])], pool)
    assert found.sign_share in (0.0, 1.0)
    assert found.p > 0.05


def test_the_planted_marker() -> None:
    """By magnitude: more than two standard deviations in the model that uses it, no more than two
    in the control."""
    found = {}
    for share in (0.97, 0.5):
        sample = marked(share)
        clean = sample.clean
        concept = Concept("marker", with_marker(clean[:100]), clean[:100])
        ones = torch.ones(60, dtype=torch.int64)
        with opened(sample.module, clean[100:160], ones, classes=("low", "high")) as target:
            both = concept_effects(target, [concept], clean, Settings(layer="8"))
        (found[share],) = both
    assert found[0.97].z > 2
    assert found[0.97].z > found[0.5].z + 1
    assert abs(found[0.5].z) < 2


def test_a_layer_within_a_text_model() -> None:
    ids = torch.randint(3, 30, (40, 6))
    mask = torch.ones_like(ids)
    with_it = {"input_ids": ids.clone().index_fill(1, torch.tensor([2]), 7), "attention_mask": mask}
    without = {"input_ids": ids, "attention_mask": mask}
    with opened(Text(), sentences(), **TEXT) as target:
        (found,) = concept_effects(
            target, [Concept("seven", with_it, without)], without, Settings(layer="input of head")
        )
    assert isinstance(found, ConceptEffect)
    assert found.units == 3


def test_layers_before_and_after_and_in_place() -> None:
    """What follows a layer may change its output in place, as a ReLU after a convolution."""
    x = torch.rand(30, 1, 8, 8)
    concept = Concept("bright", x + 0.5, x)
    with opened(cnn(), x[:6]) as target:
        for layer in ("0", "input of 3", "input of 6", ""):
            (found,) = concept_effects(target, [concept], x, Settings(layer=layer))
            assert isinstance(found, ConceptEffect)
        assert found.layer == "input of 6"
        assert all(not part._forward_hooks for part in target.module.modules())


@pytest.mark.parametrize(
    ("concept", "pool", "said"),
    [
        (Concept("few", torch.ones(5, 6), torch.ones(20, 6)), torch.randn(40, 6), "it has 5 units"),
        (Concept("same", torch.ones(20, 6), torch.ones(20, 6)), torch.randn(40, 6), "is the same"),
    ],
)
def test_a_concept_that_cannot_be_looked_for(concept, pool, said) -> None:
    (found,) = effects(Plain(), torch.randn(4, 6), [concept], pool)
    assert isinstance(found, NotExplainable)
    assert said in found.reason
    assert repr(concept.name) in found.reason


@pytest.mark.parametrize(
    ("module", "pool", "layer", "said"),
    [
        (Plain(), torch.randn(19, 6), "layer", "it has 19 units, and at least 20"),
        (Plain(), torch.ones(40, 6), "layer", "is the same for all of the pool"),
        (scripted(mlp(classes=1)), torch.randn(40, 6), "", "TorchScript, whose layers"),
        (nn.Linear(6, 1), torch.randn(40, 6), "", "Fewer than two layers"),
        (Last(nn.LSTM(6, 3, batch_first=True)), torch.randn(40, 6), "inner", "single tensor"),
    ],
)
def test_why_nothing_can_be_said(module, pool, layer, said) -> None:
    concept = Concept("first", torch.randn(20, 6) + SHIFT, torch.randn(20, 6))
    found = effects(module, torch.randn(4, 6), [concept], pool, layer)
    assert isinstance(found, NotExplainable)
    assert said in found.reason


def test_the_inputs_of_concepts_are_left_as_they_were() -> None:
    x = torch.randn(30, 6)
    given = {name: torch.randn(30, 6) for name in ("present", "absent", "pool")}
    held = {name: tensor.clone() for name, tensor in given.items()}
    module = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(6, 4), nn.Linear(4, 1))
    with opened(module, x, task="regression") as target:
        concept = Concept("some", given["present"], given["absent"])
        concept_effects(target, [concept], given["pool"], Settings())
    assert all(torch.equal(given[name], held[name]) for name in given)


def test_mistakes_of_the_caller() -> None:
    x = torch.randn(20, 6)
    with opened(Plain(), x, task="regression") as target:
        concept = Concept("first", x + SHIFT, x)
        with pytest.raises(ValueError, match="at least 20 random ones, got 5"):
            concept_effects(target, [concept], x, Settings(), randoms=5)
        with pytest.raises(ConfigurationError, match="has no layer 'nowhere'"):
            concept_effects(target, [concept], x, Settings(layer="nowhere"))
        found = concept_effects(target, [Concept("w", torch.randn(20, 4), x)], x, Settings())
        assert isinstance(found, NotExplainable)
