"""Which of several methods stands for all of them, and what is told while they are asked."""

from __future__ import annotations

import pytest
import torch

from auditkit.explain import Explanation, Maps, NotExplainable, Settings, explained
from auditkit.explain.explanation import Trial
from auditkit.explain.trust.not_run import NotRun
from auditkit.models import wrap
from tests.explain.functions import regression


def asked(**shown: int | None) -> Explanation:
    """Methods that show so many of ten maps; None for one that has none."""
    maps = {
        name: NotExplainable("No gradient.")
        if count is None
        else Maps((torch.rand(10, 2),), torch.arange(10) < count, "It had not converged.")
        for name, count in shown.items()
    }
    return Explanation(("",), maps, torch.zeros(10, dtype=torch.int64), "", None, None, Settings())


@pytest.mark.parametrize(
    ("shown", "chosen"),
    [
        ({"integrated_gradients": 10, "saliency": 10}, "integrated_gradients"),
        ({"integrated_gradients": 5, "saliency": 10}, "integrated_gradients"),
        ({"integrated_gradients": 4, "saliency": 10}, "saliency"),
        ({"integrated_gradients": 4, "saliency": 3}, "integrated_gradients"),
        ({"integrated_gradients": None, "saliency": 0, "occlusion": 2}, "occlusion"),
        ({"integrated_gradients": None, "saliency": 0}, ""),
    ],
)
def test_a_method_that_shows_most_of_its_maps_comes_first(shown, chosen) -> None:
    found = asked(**shown)
    assert found.chosen == chosen
    assert (found.reason == "") is bool(chosen)


def test_whoever_waits_is_told_of_the_methods_as_well_as_of_their_tests() -> None:
    told: list[tuple[int, int, str]] = []
    model = wrap(torch.nn.Linear(2, 1), task="regression", device="cpu")
    explained(
        model,
        torch.rand(9, 2),
        model.heads[0],
        methods=["integrated_gradients", "saliency"],
        trial=Trial(units=4, progress=lambda *step: told.append(step)),
    )
    assert told[:3] == [
        (0, 2, "Integrated gradients of 9 units"),
        (1, 2, "Gradient of 9 units"),
        (0, 15, "trying the methods on a few units"),
    ]


def test_maps_that_nobody_may_see_cost_the_others_nothing() -> None:
    """The integral of a jump takes 129 gradients and converges nowhere."""
    torch.manual_seed(0)
    step = regression(lambda x: (2000 * (x[:, 0] - 0.37)).sigmoid() + x[:, 1] - 0.5 * x[:, 2])
    inputs = torch.rand(24, 3) + torch.tensor([0.5, 0.0, 0.0])
    found = explained(
        step, inputs, step.heads[0], methods=["integrated_gradients", "feature_ablation"],
        trial=Trial(16, 100.0),
    )  # fmt: skip
    assert isinstance(found, Explanation)
    withheld, other = (found.tested[name] for name in found.maps)
    assert withheld.trust.label == "withheld"
    assert "had not converged with 129 gradients" in withheld.trust.reason
    assert not isinstance(other.results.deletion, NotRun)
    assert not isinstance(other.results.stability, NotRun)
    assert found.chosen == "feature_ablation"
