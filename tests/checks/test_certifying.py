"""A threshold with a promise: what is said where there is none, and where it is broken."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.checks.certifying import Certifying, promise
from auditkit.evidence.aims import Aims
from auditkit.measurement import Status
from auditkit.statistics.abstention import certified_threshold
from auditkit.statistics.estimates import proportion

AIMS = Aims(error=0.1, violation=0.1)


def certifying(wrong: np.ndarray, **more: object) -> Certifying:
    confidences = np.linspace(1, 0, len(wrong))
    return Certifying(confidences, wrong, False, AIMS, **more)  # type: ignore[arg-type]


def test_the_threshold_is_the_certified_one() -> None:
    wrong = np.arange(300) >= 200
    one = certifying(wrong)
    assert one.threshold == certified_threshold(one.confidences, wrong, 0.1, 0.1)
    assert one.threshold is not None


def test_why_there_is_none_is_told() -> None:
    few, hopeless = certifying(np.zeros(21, bool)).none(), certifying(np.ones(300, bool)).none()
    assert few.status is Status.TOO_FEW
    assert "takes 22 units" in str(few)
    assert hopeless.status is Status.UNDEFINED
    assert "the confidence does not tell errors apart" in str(hopeless)
    nearly = certifying(np.arange(40) % 20 == 0).none()
    assert nearly.status is Status.TOO_FEW
    assert "would show one" in str(nearly)


def test_a_promise_is_broken_where_the_whole_interval_lies_above_it() -> None:
    one = certifying(np.zeros(100, bool), drawn="answer")
    assert one.breach(proportion(12, 100)) == ""
    assert "30 % of the answers there are wrong" in one.breach(proportion(30, 100))
    clustered = Certifying(one.confidences, one.wrong, True, AIMS, "answer")
    assert "than the one answer each" in clustered.breach(proportion(30, 100))


@pytest.mark.parametrize(
    ("clustered", "units"), [(True, "one row drawn from each cluster"), (False, "units like these")]
)
def test_what_is_promised(clustered: bool, units: str) -> None:
    words = f"keeps the error at most 10 % with confidence 90 % for {units}"
    assert promise(AIMS, clustered=clustered) == words
