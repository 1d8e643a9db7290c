"""The learners that there are, by name."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.learners.boosting import BOOSTING
from auditkit.learners.frozen_head import HEAD
from auditkit.learners.learner import Learner
from auditkit.learners.logistic import LOGISTIC

LEARNERS: Mapping[str, Learner] = {
    "head": HEAD,
    "logistic": LOGISTIC,
    "boosting": BOOSTING,
}
