"""Whoever judges answers fails on the first ones, not after all have been generated."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.data import dataset
from auditkit.errors import ConfigurationError
from auditkit.models.generators.wrapping import wrap_generator

ROWS = pd.DataFrame({"prompt": [f"why {row} ?" for row in range(30)], "truth": ["so"] * 30})


def _raises(*_: Any) -> Any:
    raise KeyError("a secret answer")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"correctness": {"kind": "function", "function": _raises}}, "failed: KeyError in line"),
        ({"correctness": {"kind": "function", "function": lambda a, r: "yes"}}, "gave a str"),
        ({"equivalence": {"kind": "canonical", "function": _raises}}, "failed: KeyError in line"),
        ({"equivalence": {"kind": "canonical", "function": len}}, "gave a int; expected a text"),
        ({"grounding": {"folder": "nowhere"}}, r"generation\.grounding\.folder is 'nowhere'"),
        ({"correctness": {"function": _raises}}, "does not look at it"),
    ],
)
def test_who_cannot_judge_is_told_before_the_pass(given: dict[str, Any], said: str) -> None:
    answered: list[str] = []

    def answer(prompts: list[str]) -> list[str]:
        answered.extend(prompts)
        return [f"so {prompt}" for prompt in prompts]

    settings = {"columns": {"references": "truth"}, **given}
    data = dataset(evaluation=ROWS, features=("prompt", "truth"))
    with pytest.raises(ConfigurationError, match=said) as refused:
        audit(wrap_generator(answer), data, generation=settings, checks=["hallucination"])
    assert len(answered) <= 2
    assert "secret" not in str(refused.value)
    assert refused.value.mend
