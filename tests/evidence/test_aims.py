"""What the user wants of the model's confidence: refused where it makes no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditkit.auditing import Settings
from auditkit.errors import ConfigurationError
from auditkit.evidence.aims import Aims


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"coverage": 1}, "aims.coverage is 1; expected a share"),
        ({"error": 0.0}, "aims.error is 0.0"),
        ({"violation": "0.1"}, "aims.violation is '0.1'"),
        ({"epsilon": float("nan")}, "aims.epsilon is nan"),
        ({"coverage": True}, "aims.coverage is True"),
        ({"attacks": ("pgd", "magic")}, "aims.attacks names 'magic'"),
        ({"review": -1}, "aims.review is -1"),
        ({"review": 5000}, "from 0 to 1,000"),
        ({"review": 2.5}, "aims.review is 2.5"),
        ({"reviews": 3}, "expected some of coverage, error"),
        ({"epsilon": 1e-6}, "aims.epsilon is 1e-06; expected at least 1e-05"),
        ({"attacks": None}, "aims.attacks is None; expected a list"),
        ({"attacks": 5}, "aims.attacks is 5; expected a list"),
        ("much", "expected some of coverage, error"),
    ],
)
def test_aims_that_make_no_sense(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Aims.of(given)
    assert words in refused.value.problem
    assert refused.value.mend


def test_a_mapping_of_some_will_do() -> None:
    settings = Settings(aims={"error": 0.01, "attacks": ["pgd"]})
    assert settings.aimed == Aims(error=0.01, attacks=("pgd",))
    assert Aims(attacks="pgd").attacks == ("pgd",)
    described = settings.aimed.describe()
    assert json.loads(json.dumps(described)) == described
