"""The digest of parameters and buffers: what it depends on, and what it must not depend on."""

from __future__ import annotations

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auditkit.errors import ModelError
from auditkit.models import digest
from auditkit.models.digest import changed, fingerprints, named_tensors, parameter_digest

DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float8_e4m3fn,
    torch.complex64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.uint16,
    torch.bool,
]


def holder(tensor: torch.Tensor) -> nn.Module:
    module = nn.Module()
    module.register_buffer("x", tensor)
    return module


def of(tensor: torch.Tensor) -> str:
    return parameter_digest(holder(tensor))


def slow_hashes(values: list[int]) -> tuple[int, int]:
    """The hash with Python's integers, word by word, as its description says."""
    mask = (1 << 64) - 1

    def signed(number: int) -> int:
        number &= mask
        return number - (1 << 64) if number >> 63 else number

    first = second = 0
    for place, value in enumerate(values, start=1):
        word = signed(value + place * digest._PLACE)
        word = signed((word ^ (word >> 30)) * digest._MIX_A)
        word = signed((word ^ (word >> 27)) * digest._MIX_B)
        word = signed(word ^ (word >> 31))
        first = signed(first + word)
        second = signed(second + (word ^ (word >> 17)) * (2 * place + 1))
    return first, second


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_the_hash_is_what_its_description_says(values) -> None:
    (name, shape, hashes), *_ = fingerprints(
        holder(torch.tensor(values, dtype=torch.int64))
    ).values()
    assert (name, shape) == ("torch.int64", (len(values),))
    assert hashes == slow_hashes(values)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(5, 7), (), (0,), (1,)], ids=str)
def test_every_dtype_and_shape_is_hashed(dtype, shape) -> None:
    tensor = (torch.randn(shape, dtype=torch.float32) * 50).abs().to(dtype)
    assert of(tensor) == of(tensor.clone())
    if tensor.numel():
        other = tensor.clone()
        bits = other.view(torch.uint8) if other.ndim else other.reshape(1).view(torch.uint8)
        bits.reshape(-1)[0] ^= 1
        assert of(other) != of(tensor)


def test_dtype_shape_and_name_are_part_of_it() -> None:
    zeros = torch.zeros(6)
    seen = {of(zeros), of(zeros.reshape(2, 3)), of(zeros.int()), of(torch.zeros(0))}
    renamed = nn.Module()
    renamed.register_buffer("y", zeros)
    assert len(seen | {parameter_digest(renamed)}) == 5


def test_layout_in_memory_is_not() -> None:
    matrix = torch.randn(6, 4)
    assert of(matrix) == of(matrix.t().contiguous().t()) == of(matrix.repeat(1, 2)[:, :4])
    channels_last = torch.randn(2, 3, 4, 4)
    assert of(channels_last) == of(channels_last.to(memory_format=torch.channels_last))


@pytest.mark.parametrize("size", [1, 3, 64])
def test_the_size_of_chunks_is_not(size, monkeypatch) -> None:
    tensor = torch.randn(200)
    expected = of(tensor)
    monkeypatch.setitem(digest._CHUNK, "cpu", size)
    assert of(tensor) == expected


def test_changes_that_a_plain_sum_would_miss_are_found() -> None:
    tensor = torch.arange(1000.0)
    swapped = tensor.clone()
    swapped[[3, 700]] = tensor[[700, 3]]
    compensated = tensor.clone()
    compensated[3] += 1
    compensated[4] -= 1
    assert len({of(tensor), of(swapped), of(compensated), of(tensor.flip(0)), of(-tensor)}) == 5
    assert of(torch.tensor([0.0])) != of(torch.tensor([-0.0]))


def test_changed_tensors_are_named() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = fingerprints(module)
    module.train()
    module(torch.randn(8, 3))
    module.register_buffer("extra", torch.zeros(1))
    assert changed(before, fingerprints(module)) == [
        "1.num_batches_tracked",
        "1.running_mean",
        "1.running_var",
        "extra",
    ]


def test_buffers_that_are_not_saved_count_and_shared_tensors_count_once_a_name() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    module.register_buffer("table", torch.ones(2), persistent=False)
    names = [name for name, _ in named_tensors(module)]
    assert names == ["table", "0.weight", "0.bias", "1.weight", "1.bias"]


def test_a_compiled_or_scripted_module_is_the_same_model() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    expected = parameter_digest(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript
        assert parameter_digest(torch.compile(module)) == expected
        assert parameter_digest(torch.jit.script(module)) == expected


def test_sparse_tensors_and_subclasses_are_hashed() -> None:
    sparse = torch.eye(3).to_sparse()
    assert of(sparse) == of(sparse.clone())
    assert of(sparse) != of(2 * sparse)


def test_the_weights_of_quantised_layers_count() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that this form will go
        digests = set()
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            plain = nn.Sequential(nn.Linear(3, 2))
            quantised = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
            digests.add(parameter_digest(quantised))
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (
            nn.Linear(3, 2, device="meta"),
            "'weight' holds no values here (it is on the meta device)",
        ),
        (nn.LazyLinear(2), "'weight' holds no values here (it is lazy)"),
    ],
)
def test_tensors_without_values_are_refused(module, said) -> None:
    with pytest.raises(ModelError) as caught:
        parameter_digest(module)
    assert said in str(caught.value)


def test_the_digest_leaves_the_module_alone() -> None:
    module = nn.Linear(3, 2)
    versions = [parameter._version for parameter in module.parameters()]
    parameter_digest(module)
    assert [parameter._version for parameter in module.parameters()] == versions
    assert all(p.requires_grad and p.grad is None for p in module.parameters())
