"""A setting that nothing looks at is a sign that something else is meant."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.errors import ConfigurationError
from auditkit.generation.idle_settings import refuse_idle
from auditkit.generation.settings import GenerationSettings


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"correctness": {"kind": "numeric", "least": 0.1}},
        {"correctness": {"kind": "function", "function": len}},
        {"equivalence": {"kind": "canonical", "function": str.lower}},
        {"equivalence": {"kind": "embedding", "folder": "here", "least": 0.8}},
        {"grounding": {"folder": "here"}},
        {"grounding": {"kind": "nli", "folder": "here"}},
    ],
)
def test_what_is_looked_at_is_taken(given: dict[str, Any]) -> None:
    refuse_idle(GenerationSettings.of(given))


@pytest.mark.parametrize(
    ("given", "problem", "mend"),
    [
        ({"correctness": {"function": len}}, r"correctness\.function", "Give kind: function"),
        ({"correctness": {"least": 0.8}}, r"correctness\.least", "numeric or token_f1"),
        ({"equivalence": {"function": len}}, r"equivalence\.function", "Give kind: canonical"),
        ({"equivalence": {"folder": "here"}}, r"equivalence\.folder", "embedding or nli"),
        ({"equivalence": {"kind": "nli", "least": 0.1}}, r"equivalence\.least", "kind: embedding"),
        ({"grounding": {"kind": "shift", "folder": "x"}}, r"grounding\.folder", "kind: nli"),
        ({"grounding": {"least": 0.5}}, r"grounding\.least", "Leave least out"),
        ({"correctness": {"folder": "x"}}, r"correctness\.folder", "Leave folder out"),
    ],
)
def test_what_nothing_looks_at_is_refused(given: dict[str, Any], problem: str, mend: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        refuse_idle(GenerationSettings.of(given))
    assert mend in refused.value.mend
