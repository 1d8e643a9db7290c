"""Small policies and measurements for the tests of the judge."""

from __future__ import annotations

import math
from typing import Any

from auditkit.measurement import REST, Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.policy.schema import Policy

BOUND = {
    "id": "accuracy",
    "title": "It is accurate",
    "metric": "performance.accuracy",
    "at_least": 0.8,
    "basis": "convention",
    "explanation": "Because.",
}
FOUR_FIFTHS = {
    "id": "four-fifths",
    "title": "Groups are selected at similar rates",
    "metric": "bias.impact_ratio",
    "slices": "groups",
    "reference": "declared",
    "between": [0.8, 1.25],
    "basis": "convention",
    "explanation": "Because.",
}
ATTESTED = {
    "id": "study",
    "title": "A study was made",
    "kind": "attested",
    "basis": "organisation",
    "explanation": "Because.",
}


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A requirement with other keys; None removes one."""
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def policy(*requirements: dict[str, Any], **more: Any) -> Policy:
    """A policy that asks for these."""
    plain = {
        "id": "test",
        "title": "A policy",
        "version": "1",
        "description": "For a test.",
        "requirements": list(requirements) or [BOUND],
        **more,
    }
    return Policy.model_validate(plain)


def share(
    successes: float,
    n: int,
    metric: str = "performance.accuracy",
    part: Slice = Slice(),  # noqa: B008 - a frozen value
    **more: Any,
) -> Measurement:
    """A measured share."""
    key = {name: more.pop(name) for name in ("split", "head", "label") if name in more}
    fields = {
        "value": successes / n,
        "estimate": Estimate("wilson", {"successes": successes, "n": n}),
        "units": n,
        "rows": n,
        **more,
    }
    return Measurement(MeasurementKey(metric, part, **key), Status.MEASURED, **fields)


def ratio(
    one: tuple[int, int],
    other: tuple[int, int],
    part: Slice,
    reference: Slice = REST,
    **more: Any,
) -> Measurement:
    """A measured ratio of two rates, each given as successes and n."""
    (x1, n1), (x2, n2) = one, other
    value = math.nan if x2 == 0 else (x1 / n1) / (x2 / n2)
    fields = {
        "value": value,
        "estimate": Estimate("koopman", {"x1": x1, "n1": n1, "x2": x2, "n2": n2}),
        "units": n1 + n2,
        "rows": n1 + n2,
        **more,
    }
    key = MeasurementKey("bias.impact_ratio", part, reference)
    return Measurement(key, Status.MEASURED, **fields)


def exact(value: float, metric: str = "performance.units", **more: Any) -> Measurement:
    """A deterministic number."""
    fields = {"units": 100, "rows": 100, **more}
    return Measurement(
        MeasurementKey(metric),
        Status.MEASURED,
        value,
        estimate=Estimate("exact", {"value": value}),
        **fields,
    )


def rates(attribute: str, counts: dict[str, tuple[int, int]]) -> list[Measurement]:
    """What the bias check measures of one attribute: rates, all ordered pairs, against the rest."""
    total = sum(n for _, n in counts.values())
    favoured = sum(x for x, _ in counts.values())
    found = []
    for name, (x, n) in counts.items():
        part = Slice.of({attribute: name})
        found.append(share(x, n, "bias.selection_rate", part, share=n / total))
        rest = (favoured - x, total - n)
        found.append(ratio((x, n), rest, part, REST, share=n / total))
        found.extend(
            ratio((x, n), counts[other], part, Slice.of({attribute: other}), share=n / total)
            for other in counts
            if other != name
        )
    return found
