"""The retrieval world: what its passages support, and how the model that reads them begins."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
import torch

pytest.importorskip("transformers", reason="transformers is not installed; see the extra hf")

FOLDER = Path(__file__).parents[2] / "examples" / "facts"
MODULES = ("worlds", "wording", "tokens", "lines", "training", "even_steps", "retrieval", "reading")


@pytest.fixture(scope="module")
def reading() -> Iterator[ModuleType]:
    """The modules of the folder; what is imported from there is forgotten afterwards."""
    before = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(FOLDER))
    try:
        yield import_module("reading")
    finally:
        sys.path.remove(str(FOLDER))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@pytest.fixture(scope="module")
def retrieval(reading: ModuleType) -> ModuleType:
    return sys.modules["retrieval"]


def test_a_passage_alone_says_what_is_right(retrieval: ModuleType) -> None:
    table = retrieval.table(300)
    assert retrieval.table(300).equals(table)
    assert not retrieval.table(300, seed=2).equals(table)
    for row in table.itertuples():
        passages, places = json.loads(row.context), json.loads(row.right_passages)
        words = [word for passage in passages for word in passage.removesuffix(" .").split()]
        assert len(set(words)) == len(words)
        sentences = [f"{one} ." for one in row.references.removesuffix(" .").split(" . ")]
        assert len(sentences) == (2 if row.sentences == "two" else 1)
        hit = row.retrieval == "hit"
        assert retrieval.supported(sentences, passages) == [hit] * len(sentences)
        assert [place < len(passages) for place in places] == [hit] * len(sentences)
        if hit:
            assert [passages[place] for place in places] == sentences
        else:
            assert not set(row.prompt.split()) & set(words)
    assert (table["retrieval"] == "missed").mean() == pytest.approx(0.2, abs=0.08)


def test_a_model_is_taught_to_read_and_to_guess(retrieval: ModuleType, reading: ModuleType) -> None:
    lines = list(retrieval.lines(2_000, 0))
    words = set(reading.tokenizer().get_vocab())
    read = 0
    for line in lines:
        assert set(f"{line.prompt} {line.answer}".split()) <= words
        read += all(
            f"{one} ." in line.prompt for one in line.answer.removesuffix(" .").split(" . ")
        )
    assert read / len(lines) == pytest.approx(0.81, abs=0.04)
    assert len({line.prompt for line in lines}) > 1_900


def test_heads_begin_by_looking_one_word_back(reading: ModuleType) -> None:
    words = reading.tokenizer()
    network = reading.build(words, 0).eval()
    network.set_attn_implementation("eager")
    ids = torch.tensor([Random(0).sample(range(8, len(words)), 20)])
    with torch.no_grad():
        first, second = network(input_ids=ids, output_attentions=True).attentions
    back = [layer[0].diagonal(-1, 1, 2)[:, 3:].mean(1) for layer in (first, second)]
    assert (back[0][:3] > 0.8).all()
    assert torch.cat([back[0][3:], back[1]]).max() < 0.3


def test_steps_go_as_far_in_every_direction(reading: ModuleType) -> None:
    steps = import_module("even_steps")
    generator = torch.Generator().manual_seed(0)
    for shape in ((6, 9), (9, 6)):
        left, sizes, right = torch.linalg.svd(
            torch.randn(*shape, generator=generator), full_matrices=False
        )
        gradient = left @ torch.diag(torch.linspace(1.0, 0.1, len(sizes))) @ right
        found = steps.orthogonal(gradient)
        assert torch.linalg.svdvals(found).min() > 0.6
        assert torch.linalg.svdvals(found).max() < 1.3
        # The directions stay: of the slow, literal way it differs in lengths alone.
        turned = left.mT @ found @ right.mT
        assert (turned - torch.diag(turned.diagonal())).abs().max() < 1e-4


def test_training_repeats_itself_and_answers_are_judged(
    reading: ModuleType, retrieval: ModuleType
) -> None:
    taught = [reading.taught.__wrapped__(0, steps=3) for _ in range(2)]
    for one, other in zip(*(network.parameters() for network, _ in taught), strict=True):
        assert torch.equal(one, other)
    table = reading.judged(*taught[0], retrieval.table(6))
    labels = [json.loads(one) for one in table["supported"]]
    assert len(labels) == 6
    assert not any(map(any, labels))  # of three steps nobody learns to read
