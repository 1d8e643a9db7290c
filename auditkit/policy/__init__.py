"""Requirements in YAML; measurements in, verdicts out.

The names load on first use: `auditkit.policy.verdict` is plain data that every record needs, and
must not bring pydantic and YAML with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from auditkit.policy.verdict import ExitCode, Judgement, Verdict, VerdictStatus

if TYPE_CHECKING:
    from auditkit.policy.age import check_age
    from auditkit.policy.attestations import Attestation, load_attestations
    from auditkit.policy.catalogue import check_metrics
    from auditkit.policy.judging import judge
    from auditkit.policy.planning import Plan, plan
    from auditkit.policy.reading import load_policy, policy_from_text, shipped_policies
    from auditkit.policy.schema import Policy, Requirement
    from auditkit.policy.waivers import Waiver, load_waivers

__all__ = [
    "Attestation",
    "ExitCode",
    "Judgement",
    "Plan",
    "Policy",
    "Requirement",
    "Verdict",
    "VerdictStatus",
    "Waiver",
    "check_age",
    "check_metrics",
    "judge",
    "load_attestations",
    "load_policy",
    "load_waivers",
    "plan",
    "policy_from_text",
    "shipped_policies",
]

_HOME = {
    "Attestation": "attestations",
    "Plan": "planning",
    "Policy": "schema",
    "Requirement": "schema",
    "Waiver": "waivers",
    "check_age": "age",
    "check_metrics": "catalogue",
    "judge": "judging",
    "load_attestations": "attestations",
    "load_policy": "reading",
    "load_waivers": "waivers",
    "plan": "planning",
    "policy_from_text": "reading",
    "shipped_policies": "reading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
