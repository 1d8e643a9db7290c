"""Which of several methods stands for all of them, and what is told while they are asked."""

from __future__ import annotations

import pytest
import torch

from auditkit.explain import Explanation, Maps, NotExplainable, Settings, explained
from auditkit.explain.explanation import Trial
from auditkit.models import wrap


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
