"""The sample is the same whatever the order, the batch size or the number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import Batch
from auditkit.evidence.by_unit import UnlikeError, gathered
from auditkit.evidence.nests import map_tensors
from auditkit.evidence.sample import NO_UNITS, Sampled, Sampler, together

IDS = np.random.default_rng(0).permutation(500)[:120]


def batch(ids: np.ndarray) -> Batch:
    return Batch(None, None, ids, {}, ids // 10)


def inputs(ids: np.ndarray):
    """What a model with two inputs and a mask shared by all would get."""
    rows = torch.from_numpy(ids).double()
    return {"x": torch.stack([rows, -rows], dim=1), "more": (rows,), "mask": torch.ones(1, 2)}


def drawn(parts: list[np.ndarray], size: int = 10, seed: int = 3) -> Sampled | None:
    sampler = Sampler(size, seed)
    for ids in parts:
        sampler.add(inputs(ids), batch(ids), {})
    return sampler.sample


def same(one: Sampled, other: Sampled) -> bool:
    return (
        np.array_equal(one.keys, other.keys)
        and np.array_equal(one.row_ids, other.row_ids)
        and np.array_equal(one.clusters, other.clusters)
        and torch.equal(one.inputs["x"], other.inputs["x"])
        and torch.equal(one.inputs["more"][0], other.inputs["more"][0])
    )


WHOLE = drawn([IDS])


@given(st.permutations(list(range(len(IDS)))), st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_any_order_and_batches(order: list[int], sizes: list[int]) -> None:
    shuffled = IDS[order]
    parts = np.split(shuffled, np.unique(np.minimum(np.cumsum(sizes), len(IDS))))
    found = drawn([part for part in parts if len(part)])
    assert same(found, WHOLE)


@given(st.integers(1, 119), st.integers(1, 119), st.permutations(range(3)))
def test_any_workers(first: int, second: int, order: list[int]) -> None:
    cuts = sorted({first, second})
    parts = [part for part in np.split(IDS, cuts) if len(part)]
    samples = [drawn([part]) for part in parts]
    samples = [samples[place] for place in order if place < len(samples)]
    merged = samples[0]
    for sample in samples[1:]:
        merged = merged.merged(sample)
    assert same(merged, WHOLE)


def test_units_keep_what_belongs_to_them() -> None:
    ids = WHOLE.row_ids
    np.testing.assert_array_equal(WHOLE.inputs["x"][:, 0].numpy(), ids)
    np.testing.assert_array_equal(WHOLE.inputs["more"][0].numpy(), ids)
    assert WHOLE.inputs["mask"].shape == (1, 2)
    assert len(WHOLE) == 10
    assert same(WHOLE.first(99), WHOLE)
    assert WHOLE.first(4).row_ids.tolist() == ids[:4].tolist()
    assert WHOLE.first(4).inputs["x"].shape == (4, 2)


def test_the_sample_is_random_and_seeded() -> None:
    assert not np.array_equal(drawn([IDS], seed=4).row_ids, WHOLE.row_ids)
    picked = np.concatenate([drawn([np.arange(1000)], 100, seed).row_ids for seed in range(20)])
    # 2,000 draws: a mean of 500 with a standard error of 6.5.
    assert picked.mean() == pytest.approx(499.5, abs=30)


def test_few_units_are_all_drawn() -> None:
    assert sorted(drawn([IDS[:3], IDS[3:5]]).row_ids) == sorted(IDS[:5])
    assert drawn([]) is None


def test_nests() -> None:
    nest = {"a": torch.zeros(2), "b": [torch.ones(2), "text"], "c": (torch.zeros(1, 2),)}
    lengths = map_tensors(lambda part: len(part), nest)
    assert lengths == {"a": 2, "b": [2, "text"], "c": (1,)}
    joined = gathered([nest, nest], [2, 2], np.array([3, 0, 1]))
    assert joined["b"][0].tolist() == [1, 1, 1]
    assert joined["b"][1] == "text"
    assert joined["c"][0].shape == (1, 2)


def test_lists_of_units_are_not_drawn_from() -> None:
    sampler = Sampler(3, 0)
    images = [torch.zeros(3, size, size) for size in (8, 9, 10, 11)]
    sampler.add(images, batch(np.arange(4)), {})
    assert sampler.sample is None
    assert sampler.lacking == NO_UNITS


def test_what_all_units_share_is_kept_once() -> None:
    assert drawn(np.split(IDS, 10)).inputs["mask"].shape == (1, 2)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (torch.zeros(4, 5), torch.zeros(4, 7), "differ in shape or type: (5,) and (7,)."),
        (torch.zeros(4, 5), torch.zeros(4, 5).double(), "differ in shape or type: torch.float"),
        ((torch.zeros(4),), (torch.zeros(4), torch.zeros(4)), "differ in number."),
        ({"a": torch.zeros(4)}, {"b": torch.zeros(4)}, "differ in their names."),
        (torch.zeros(4), (torch.zeros(4),), "differ in kind."),
        (
            (torch.zeros(4), torch.zeros(9, 9)),
            (torch.zeros(4), torch.ones(9, 9)),
            "differ in what all units of a batch share.",
        ),
    ],
)
def test_inputs_that_cannot_be_put_together_leave_no_sample(
    one: Any, other: Any, reason: str
) -> None:
    sampler = Sampler(6, 0)
    for place, inputs_ in enumerate((one, other, one)):
        sampler.add(inputs_, batch(np.arange(4) + 4 * place), {})
    assert sampler.sample is None
    assert sampler.lacking.startswith("No sample could be drawn. The inputs of batches ")
    assert reason in sampler.lacking
    apart = [Sampler(6, 0) for _ in range(2)]
    for place, (inputs_, half) in enumerate(zip((one, other), apart, strict=True)):
        half.add(inputs_, batch(np.arange(4) + 4 * place), {})
    with pytest.raises(UnlikeError):
        apart[0].sample.merged(apart[1].sample)


def test_targets_that_differ_in_shape_are_not_known() -> None:
    sampler = Sampler(6, 0)
    for place, width in enumerate((2, 3)):
        ids = np.arange(4) + 4 * place
        targets = {"boxes": torch.zeros(4, width), "kind": torch.from_numpy(ids)}
        sampler.add(torch.zeros(4, 5), batch(ids), targets)
    assert [*sampler.sample.facts.targets] == ["kind"]
    np.testing.assert_array_equal(sampler.sample.facts.targets["kind"], sampler.sample.row_ids)


def test_the_sample_is_copied_for_many_units_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []

    def counted(parts: Sequence[Sampled]) -> Sampled:
        copies.append(sum(map(len, parts)))
        return together(parts)

    monkeypatch.setattr("auditkit.evidence.sample.together", counted)
    ids = np.random.default_rng(1).permutation(2000)
    found = drawn(list(np.split(ids, 2000)), size=100)
    assert same(found, drawn([ids], size=100))
    # About 100 · ln(2000 / 100) units are drawn after the first 100, and 100 are copied at once.
    assert len(copies) < 10
    assert max(copies) <= 202


def test_a_model_that_writes_to_what_it_was_given_changes_no_sample() -> None:
    sampler, given = Sampler(4, 0), {"x": torch.ones(4, 2), "mask": torch.ones(1, 2)}
    sampler.add(given, batch(np.arange(4)), {})
    for one in given.values():
        one.zero_()
    sample = sampler.sample
    assert sample.inputs["x"].eq(1).all()
    assert sample.inputs["mask"].eq(1).all()
