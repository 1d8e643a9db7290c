"""The learners that there are, by name."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.learners.learner import Learner
from auditkit.learners.logistic import LOGISTIC

LEARNERS: Mapping[str, Learner] = {
    "logistic": LOGISTIC,
}
