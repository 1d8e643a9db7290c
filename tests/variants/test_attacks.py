"""Attacks by gradient steps, against literal twins and against Captum's own PGD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.input_range import InputRange
from auditkit.variants import attacks
from auditkit.variants.attacks import Attacked, attacked, without_gradient
from auditkit.variants.draws import uniform_draws
from auditkit.variants.variant import PLAIN, Variant, attack
from auditkit.variants.victim import Victim, no_attack

UNIT = InputRange(0, 1)
THREE = Head("", Task.MULTICLASS, Outputs.LOGITS, ("a", "b", "c"))
SURE = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("a", "b", "c"))
TWO = Head("", Task.BINARY, Outputs.LOGITS)
CHANCE = Head("", Task.BINARY, Outputs.PROBABILITIES)
FGSM, PGD = attack("fgsm", 0.1), attack("pgd", 0.1)
both = pytest.mark.parametrize("variant", [FGSM, PGD], ids=str)
N = 12


def network(outputs: int, dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Tanh(), nn.Flatten(), nn.Linear(64, outputs)
    ).to(dtype).eval()  # fmt: skip


def pictures(dtype: torch.dtype = torch.float64) -> Tensor:
    drawn = torch.rand(N, 3, 6, 6, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    return drawn.to(dtype)


def classes(count: int) -> Tensor:
    return torch.arange(N) % count


KEYS = np.arange(40, 40 + N)


def found(victim: Victim, variant: Variant, inputs: Tensor | None = None, **given) -> Attacked:
    inputs = pictures() if inputs is None else inputs
    target = given.pop("target", classes(len(victim.head.classes)))
    within = given.pop("within", UNIT)
    return attacked(victim, inputs, target, variant, within, 5, KEYS[: len(inputs)])


def losses() -> list[tuple[str, Head, Callable[[Tensor], Tensor], Callable]]:
    """Head, what the model returns, and the cross-entropy of that, written out."""
    three, two, one = network(3), network(2), network(1)
    return [
        ("three logits", THREE, three, functional.cross_entropy),
        (
            "three probabilities",
            SURE,
            lambda x: three(x).softmax(1),
            lambda out, y: -out[torch.arange(len(y)), y].log().sum(),
        ),
        (
            "one logit",
            TWO,
            lambda x: one(x)[:, 0],
            lambda out, y: functional.binary_cross_entropy_with_logits(out, y.double()),
        ),
        ("two logits", TWO, two, functional.cross_entropy),
        (
            "one probability",
            CHANCE,
            lambda x: one(x)[:, 0].sigmoid(),
            lambda out, y: functional.binary_cross_entropy(out, y.double()),
        ),
        (
            "two probabilities",
            CHANCE,
            lambda x: two(x).softmax(1),
            lambda out, y: functional.nll_loss(out.log(), y),
        ),
    ]


def gradient(forward, loss, inputs: Tensor, target: Tensor) -> Tensor:
    leaf = inputs.clone().requires_grad_()
    loss(forward(leaf), target).backward()
    assert leaf.grad is not None
    return leaf.grad


@pytest.mark.parametrize(
    ("head", "forward", "loss"),
    [case[1:] for case in losses()],
    ids=[case[0] for case in losses()],
)
@pytest.mark.parametrize(
    "within", [UNIT, InputRange((-1, -2, 0), (1, 2, 4))], ids=["one range", "of channels"]
)
def test_both_are_their_literal_twins(head, forward, loss, within: InputRange) -> None:
    low, high = within.bounds(pictures())
    inputs, radius = low + pictures() * (high - low), 0.1 * (high - low)
    target = classes(len(head.classes))

    step = radius * gradient(forward, loss, inputs, target).sign()
    fgsm = (inputs + step).clamp(low, high)
    ours = found(Victim(forward, head), FGSM, inputs, within=within)
    torch.testing.assert_close(ours.inputs, fgsm, atol=1e-12, rtol=0)

    here = inputs + radius * uniform_draws(inputs, 5, KEYS)
    here = here.clamp(low, high)
    for _ in range(10):
        here = here + radius / 4 * gradient(forward, loss, here, target).sign()
        here = torch.maximum(torch.minimum(here, inputs + radius), inputs - radius)
        here = here.clamp(low, high)
    ours = found(Victim(forward, head), PGD, inputs, within=within)
    torch.testing.assert_close(ours.inputs, here, atol=1e-12, rtol=0)
    assert not ours.stuck.any()


@pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients:UserWarning")
def test_pgd_from_the_centre_is_captum_s(monkeypatch: pytest.MonkeyPatch) -> None:
    from captum import robust

    monkeypatch.setattr(attacks, "uniform_draws", lambda like, *_: torch.zeros_like(like))
    forward = network(3)
    peer = robust.PGD(forward, nn.CrossEntropyLoss(reduction="none"), 0.0, 1.0)
    twin = peer.perturb(pictures(), 0.1, 0.025, 10, classes(3))
    ours = found(Victim(forward, THREE), PGD)
    torch.testing.assert_close(ours.inputs, twin, atol=1e-12, rtol=0)


@both
def test_the_true_class_loses(variant: Variant) -> None:
    forward = network(3)
    plain = functional.cross_entropy(forward(pictures()), classes(3), reduction="none")
    ours = found(Victim(forward, THREE), variant)
    after = functional.cross_entropy(forward(ours.inputs), classes(3), reduction="none")
    assert (after > plain).all()


@both
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_ball_and_range_hold(variant: Variant, dtype: torch.dtype) -> None:
    within = InputRange((-1.5, 0.0, 2.0), (1.5, 0.1, 40.0))
    low, high = within.bounds(pictures())
    inputs = (low + pictures() * (high - low)).to(dtype)
    before = inputs.clone()
    ours = found(Victim(network(3, dtype), THREE), variant, inputs, within=within)
    assert ours.inputs.dtype is dtype
    assert ours.inputs.shape == inputs.shape
    assert torch.equal(inputs, before)
    rounding = 40 * torch.finfo(dtype).eps
    share = ((ours.inputs - inputs).double() / (high - low)).abs()
    assert float(share.max()) <= variant.level + rounding
    assert float(share.max()) > 0.9 * variant.level
    assert bool((ours.inputs.double() >= low - rounding).all())
    assert bool((ours.inputs.double() <= high + rounding).all())


@both
def test_units_do_not_influence_each_other(variant: Variant) -> None:
    victim = Victim(network(3), THREE)
    whole = found(victim, variant).inputs
    for place in range(N):
        one = slice(place, place + 1)
        alone = attacked(
            victim, pictures()[one], classes(3)[one], variant, UNIT, 5, KEYS[one]
        ).inputs
        torch.testing.assert_close(alone[0], whole[place], atol=1e-12, rtol=0)


def test_starts_depend_on_the_seed() -> None:
    victim = Victim(network(3), THREE)
    one, other = (
        attacked(victim, pictures(), classes(3), PGD, UNIT, seed, KEYS).inputs for seed in (1, 2)
    )
    assert not torch.equal(one, other)


@both
def test_nothing_is_left_behind(variant: Variant) -> None:
    forward, inputs = network(3), pictures().requires_grad_()
    inputs.grad = torch.ones_like(inputs)
    state = torch.get_rng_state()
    with torch.no_grad():
        ours = found(Victim(forward, THREE), variant, inputs)
        assert not torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in forward.parameters())
    assert inputs.requires_grad
    assert torch.equal(inputs.grad, torch.ones_like(inputs))
    assert not ours.inputs.requires_grad
    assert torch.equal(torch.get_rng_state(), state)


@both
def test_it_works_in_inference_mode_and_on_frozen_models(variant: Variant) -> None:
    forward = network(3).requires_grad_(False)
    with torch.inference_mode():
        ours = found(Victim(forward, THREE), variant, pictures())
    assert torch.equal(ours.inputs, found(Victim(network(3), THREE), variant).inputs)


@both
def test_a_sure_model_is_not_taken_for_a_robust_one(variant: Variant) -> None:
    weight = torch.linspace(-1, 1, 108)[:, None]

    def forward(x: Tensor) -> Tensor:
        return 400 * (x - 0.5).flatten(1) @ torch.cat([weight, -weight, 0 * weight], dim=1)

    inputs = pictures(torch.float32)
    target = forward(inputs).argmax(1)
    cross_entropy = gradient(forward, functional.cross_entropy, inputs, target)
    assert (cross_entropy.flatten(1).abs().sum(1) == 0).sum() > N / 2  # it vanished
    ours = found(Victim(forward, THREE), variant, inputs, target=target)
    assert not ours.stuck.any()
    assert (ours.inputs != inputs).flatten(1).any(1).all()


@both
def test_the_scale_of_a_logit_makes_no_difference(variant: Variant) -> None:
    one = network(1)
    plain, scaled = (
        found(Victim(lambda x, k=k: k * one(x)[:, 0], TWO), variant).inputs for k in (1.0, 1e4)
    )
    assert torch.equal(plain, scaled)


@both
def test_half_precision_has_gradients_too(variant: Variant) -> None:
    inputs = pictures(torch.float16)
    forward = network(3, torch.float16)
    target = forward(inputs).argmax(1)
    ours = found(Victim(lambda x: 30 * forward(x), THREE), variant, inputs, target=target)
    assert not ours.stuck.any()


@both
def test_units_without_a_gradient_are_told(variant: Variant) -> None:
    inner = network(3)

    def forward(x: Tensor) -> Tensor:  # every third unit has passed a step function
        masked = torch.where(torch.arange(len(x)) % 3 == 0, 0.0, 1.0).double()
        return inner(x) * masked[:, None] + 3 * inner(x.round()) * (1 - masked[:, None])

    ours = found(Victim(forward, THREE), variant)
    assert ours.stuck.tolist() == [place % 3 == 0 for place in range(N)]
    if variant is FGSM:
        assert torch.equal(ours.inputs[::3], pictures()[::3])
    assert torch.equal(
        without_gradient(Victim(forward, THREE), pictures(), classes(3), UNIT), ours.stuck
    )


@both
def test_saturated_probabilities_give_no_gradient_and_no_nan(variant: Variant) -> None:
    def forward(x: Tensor) -> Tensor:
        return (1e4 * (x.flatten(1).mean(1) + 1)).sigmoid()

    ours = found(Victim(forward, CHANCE), variant, pictures(torch.float32))
    assert ours.stuck.all()
    assert ours.inputs.isfinite().all()


@both
def test_tables_are_attacked_too(variant: Variant) -> None:
    rows = torch.rand(5, 4)
    ours = found(
        Victim(lambda x: x @ torch.ones(4), TWO),
        variant,
        rows,
        target=torch.tensor([1, 1, 0, 0, 1]),
    )
    downwards = (ours.inputs < rows).any(1) & ~(ours.inputs > rows).any(1)
    assert downwards.tolist() == [True, True, False, False, True]


@both
def test_no_units_are_no_error(variant: Variant) -> None:
    ours = found(
        Victim(network(3), THREE), variant, pictures()[:0], target=torch.zeros(0, dtype=torch.int64)
    )
    assert ours.inputs.shape == (0, 3, 6, 6)
    assert ours.stuck.shape == (0,)


@both
@pytest.mark.parametrize("frozen", [True, False])
def test_a_model_that_cannot_be_differentiated(variant: Variant, frozen: bool) -> None:
    inner = network(3).requires_grad_(not frozen)
    victim = Victim(lambda x: inner(x.detach()), THREE)
    with pytest.raises(ModelError, match=r"No gradient reaches the inputs .* Ask for no attacks"):
        found(victim, variant)


@both
def test_a_backward_pass_that_fails_is_an_error_of_the_model(variant: Variant) -> None:
    """After sigmoid, whose backward pass needs what it gave, an operation in place."""
    inner = network(3)

    def forward(x: Tensor) -> Tensor:
        return inner(x).sigmoid().mul_(2)

    with pytest.raises(ModelError, match=r"backward pass .* modified by an inplace operation"):
        found(Victim(forward, THREE), variant)


@both
def test_what_the_forward_refuses_stays_what_it_is(variant: Variant) -> None:
    def forward(x: Tensor) -> Tensor:
        raise ModelError("Broken.", mend="Mend it.")

    with pytest.raises(ModelError, match=r"^Broken\. Mend it\.$"):
        found(Victim(forward, THREE), variant)


def test_numbers_that_are_none_are_refused() -> None:
    inputs = pictures()
    inputs[2, 0, 0, 0] = torch.nan
    with pytest.raises(DataError, match="outside the declared range"):
        found(Victim(network(3), THREE), FGSM, inputs)


@pytest.mark.parametrize(
    "target",
    [
        torch.full((N,), 3),
        torch.full((N,), -1),
        torch.zeros(N),
        torch.zeros(N - 1, dtype=torch.int64),
        torch.zeros(N, 1, dtype=torch.int64),
    ],
    ids=["too high", "unlabelled", "floating", "too few", "a column"],
)
def test_true_classes_that_are_none(target: Tensor) -> None:
    with pytest.raises(DataError, match=r"one code from 0 to 2 for each of 12 units.*label is"):
        found(Victim(network(3), THREE), FGSM, target=target)


@pytest.mark.parametrize("inputs", [torch.zeros(N, 3, dtype=torch.int64), torch.zeros(N)])
def test_token_ids_cannot_be_attacked(inputs: Tensor) -> None:
    with pytest.raises(DataError, match=r"needs floating-point numbers, \[units, …\]"):
        found(Victim(network(3), THREE), FGSM, inputs)


@pytest.mark.parametrize("variant", [PLAIN, attack("autoattack", 0.1)], ids=str)
def test_what_is_no_attack_by_steps(variant: Variant) -> None:
    with pytest.raises(ValueError, match=r"no attack .* by gradient steps"):
        found(Victim(network(3), THREE), variant)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (Head("", Task.REGRESSION), "The task is regression"),
        (Head("", Task.MULTILABEL, Outputs.LOGITS, ("a", "b")), "The task is multilabel"),
        (Head("", Task.BINARY, Outputs.VALUES), "neither logits nor probabilities"),
        (Head("", Task.BINARY), "neither logits nor probabilities"),
    ],
)
def test_heads_that_cannot_be_attacked(head: Head, said: str) -> None:
    assert said in no_attack(head)
    with pytest.raises(ConfigurationError, match=rf"{said}.* Attack a binary or multiclass head"):
        Victim(network(3), head)
    assert no_attack(THREE) == ""


@pytest.mark.gpu
@both
def test_a_gpu_gives_the_same_attack(variant: Variant) -> None:
    forward = network(3)
    ours = found(Victim(forward, THREE), variant)
    on_gpu = found(Victim(forward.cuda(), THREE), variant, pictures().cuda())
    torch.testing.assert_close(on_gpu.inputs.cpu(), ours.inputs, atol=1e-9, rtol=0)
