"""Operations of a call: against those written down, both ways of counting, and what is left out."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from auditkit.evidence.costs.costs import FlopCount, NotCosted
from auditkit.evidence.costs.flops import SLOW, Asked, count_flops
from auditkit.evidence.costs.meta_copy import meta_copy
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from tests.evidence.costs.networks import NETWORKS, Network, wrapped

UNITS = 4
EACH = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
WAYS = pytest.mark.parametrize("seconds", [0.0, SLOW], ids=["real call", "copy"])

# What torch warns about will be gone one day; audited models use it still.
OLD = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def _counted(model: WrappedModel, inputs: Tensor, seconds: float = 0.0) -> FlopCount:
    with model.opened():
        found = count_flops(model, Asked(inputs, len(inputs), seconds))
    assert isinstance(found, FlopCount), found
    return found


@EACH
@WAYS
def test_the_count_is_the_one_written_down(network: Network, seconds: float) -> None:
    found = _counted(network.wrapped(), network.inputs(UNITS), seconds)
    assert found.per_unit == pytest.approx(network.flops, rel=1e-3)
    assert found.complete


@pytest.mark.parametrize("name", ["perceptron", "convolutions"])
def test_torch_counts_the_same_where_it_has_all_formulas(name: str) -> None:
    network = NETWORKS[name]
    model = network.wrapped()
    with model.opened(), torch.no_grad(), FlopCounterMode(display=False) as theirs:
        model.answer(network.inputs(UNITS))
    found = _counted(model, network.inputs(UNITS))
    assert theirs.get_total_flops() == found.total


def test_packed_series_count_their_own_steps() -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(3, 4, batch_first=True)

        def forward(self, series: Tensor) -> Tensor:
            lengths = torch.tensor([5, 2])
            packed = nn.utils.rnn.pack_padded_sequence(series, lengths, batch_first=True)
            last: Tensor = self.layer(packed)[1][0][0, :, :2]
            return last

    expected = 2 * 7 * 4 * 4 * (3 + 4)
    for seconds in (0.0, SLOW):
        assert _counted(wrapped(Packed()), torch.randn(2, 5, 3), seconds).total == expected


def test_a_forward_that_looks_at_numbers_is_counted_in_a_real_call() -> None:
    class Looking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(3, 2)

        def forward(self, rows: Tensor) -> Tensor:
            shifted = rows - 1 if rows.sum() > 0 else rows
            found: Tensor = self.out(shifted)
            return found

    found = _counted(wrapped(Looking()), torch.randn(UNITS, 3), SLOW)
    assert found.per_unit == 2 * 3 * 2
    assert "real call" in found.note


@OLD
def test_scripted_layers_are_counted() -> None:
    network = NETWORKS["lstm"]
    model = wrapped(torch.jit.script(network.made()))
    assert _counted(model, network.inputs(UNITS), SLOW).per_unit == network.flops


def test_operations_without_a_formula_are_named() -> None:
    class Distances(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.places, self.out = nn.Parameter(torch.randn(5, 3)), nn.Linear(5, 2)

        def forward(self, rows: Tensor) -> Tensor:
            found: Tensor = self.out(
                torch.cdist(rows, self.places) + torch.fft.rfft(rows).abs()[:, :1]
            )
            return found

    found = _counted(wrapped(Distances()), torch.randn(UNITS, 3))
    assert not found.complete
    assert any("cdist" in name for name in found.unformulated)
    assert any("fft" in name for name in found.unformulated)
    assert not any("add" in name or "abs" in name for name in found.unformulated)


def test_inference_mode_hides_nothing() -> None:
    class Inferring(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(3, 2)

        @torch.inference_mode()
        def forward(self, rows: Tensor) -> Tensor:
            found: Tensor = self.out(rows)
            return found

    assert _counted(wrapped(Inferring()), torch.randn(UNITS, 3)).per_unit == 12


def test_of_a_callable_only_what_torch_does_is_seen() -> None:
    weight = torch.randn(3, 2)
    found = _counted(wrapped(lambda rows: rows @ weight), torch.randn(UNITS, 3))
    assert found.per_unit == 12
    assert not found.complete


@OLD
def test_what_runs_elsewhere_is_no_zero() -> None:
    quantize: Any = torch.ao.quantization.quantize_dynamic
    quantised = quantize(nn.Sequential(nn.Linear(3, 2)))
    kept = wrap(quantised, task="multiclass", classes=("a", "b"), outputs="logits", device="keep")
    for model in (kept, wrapped(lambda rows: torch.zeros(len(rows), 2))):
        with model.opened():
            found = count_flops(model, Asked(torch.randn(UNITS, 3), UNITS))
        assert isinstance(found, NotCosted)
        assert "no operation with a formula" in found.reason


def test_a_model_that_fails_gives_a_reason() -> None:
    model = wrapped(nn.Linear(5, 2))
    with model.opened():
        found = count_flops(model, Asked(torch.randn(UNITS, 3), UNITS, SLOW))
    assert isinstance(found, NotCosted)
    assert "A copy without numbers cannot be asked" in found.reason
    assert "A call could not be counted" in found.reason


class _Breaking(nn.Module):
    """Fails in the middle of a call, and cannot be copied either."""

    def __init__(self, copied: bool) -> None:
        super().__init__()
        self.first, self.copied = nn.Linear(3, 2), copied

    def forward(self, rows: Tensor) -> Tensor:
        self.first(rows)
        raise ValueError("broken")

    def __deepcopy__(self, memo: dict[int, object]) -> _Breaking:
        if not self.copied:
            raise TypeError("no copies")
        other = type(self).__new__(type(self))
        other.__dict__ = copy.deepcopy(self.__dict__, memo)
        return other


@WAYS
@pytest.mark.parametrize("copied", [True, False])
def test_the_model_is_left_as_it_came_also_after_an_error(seconds: float, copied: bool) -> None:
    module = _Breaking(copied)
    called: list[int] = []
    handle = module.first.register_forward_hook(lambda *_: called.append(1))
    before = {name: (one, one.data_ptr()) for name, one in module.named_parameters()}
    hooks, fast = dict(module.first._forward_hooks), torch.backends.mha.get_fastpath_enabled()
    model = wrapped(module)
    with model.opened():
        assert isinstance(
            count_flops(model, Asked(torch.randn(UNITS, 3), UNITS, seconds)), NotCosted
        )
    after = {name: (one, one.data_ptr()) for name, one in module.named_parameters()}
    assert all(before[name][0] is after[name][0] for name in before)
    assert before.keys() == after.keys()
    assert [one[1] for one in before.values()] == [one[1] for one in after.values()]
    assert dict(module.first._forward_hooks) == hooks
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert torch._C._len_torch_dispatch_stack() == 0
    handle.remove()


def test_a_copy_without_numbers_shares_and_ties_what_the_module_does() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    module.loose = torch.randn(7)
    copied: Any = meta_copy(module)
    assert copied[0].weight is copied[1].weight
    assert copied.loose.is_meta
    assert not module[0].weight.is_meta


@OLD
def test_tensors_out_of_reach_are_refused_as_a_copy() -> None:
    with pytest.raises(TypeError, match="without their numbers"):
        meta_copy(torch.jit.script(nn.Linear(3, 2)))


@pytest.mark.parametrize("averaged", [True, False])
def test_attention_with_weights_and_keys_of_another_width(averaged: bool) -> None:
    class Crossed(nn.Module):
        """Attention to other tokens, whose weights are looked at."""

        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.MultiheadAttention(8, 2, kdim=5, vdim=5, batch_first=True)

        def forward(self, tokens: Tensor) -> Tensor:
            others = tokens[:, :3, :5]
            found, weights = self.heads(
                tokens, others, others, need_weights=True, average_attn_weights=averaged
            )
            units = weights.flatten(1)[:, : 2 * 3].sum(1, keepdim=True)
            shifted: Tensor = found.mean(1)[:, :2] + units
            return shifted

    inputs = torch.randn(UNITS, 6, 8)
    # Projections of six and of three tokens, two products between them, the last projection.
    expected = 2 * (6 * 8 * 8 + 2 * 3 * 5 * 8 + 2 * 6 * 3 * 8 + 6 * 8 * 8)
    for seconds in (0.0, SLOW):
        assert _counted(wrapped(Crossed()), inputs, seconds).per_unit == expected
