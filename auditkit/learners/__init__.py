"""Learners: simple models taught on the same units as the audited one."""

from auditkit.learners.learner import Learner, Learnt, Lesson, Unteachable
from auditkit.learners.registry import LEARNERS

__all__ = ["LEARNERS", "Learner", "Learnt", "Lesson", "Unteachable"]
