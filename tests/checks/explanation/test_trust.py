"""The label beside a picture: of all units, not of those alone that were tested."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import torch

from auditkit.checks.explanation.trust import trust_of
from auditkit.explain import Explanation, Maps, Settings

METHOD = "integrated_gradients"


def explanation(shown: int, label: str) -> Explanation:
    """Of 100 units, with a label for those that were tested."""
    maps = Maps(
        (torch.rand(100, 2),),
        torch.arange(100) < shown,
        "" if shown == 100 else "It had not converged.",
        error=torch.full((100,), 0.01),
        gap=torch.full((100,), 0.01),
    )
    index = torch.zeros(100, dtype=torch.int64)
    found = Explanation(("",), {METHOD: maps}, index, "", None, None, Settings())
    trust = SimpleNamespace(label=label, reason="As tested.")
    return replace(found, tested={METHOD: SimpleNamespace(trust=trust)})


def test_what_holds_of_the_tested_units_is_not_said_of_all() -> None:
    assert trust_of(explanation(99, "converged"), METHOD)["label"] == "converged"
    told = trust_of(explanation(60, "converged"), METHOD)
    assert told["label"] == "limited"
    assert told["reason"] == "The maps of 40 of 100 units are left out. It had not converged."


def test_a_single_map_is_labelled_by_itself() -> None:
    found = explanation(60, "converged")
    assert trust_of(found, METHOD, 3) == {"label": "converged", "reason": "As tested."}
    assert trust_of(found, METHOD, 80)["label"] == "withheld"


def test_a_worse_label_stays() -> None:
    assert trust_of(explanation(60, "limited"), METHOD)["reason"] == "As tested."
