"""Fairness of decisions that are already there: arrays in, a cube of counts out, metrics from it.

The arguments are named as in Fairlearn, and the results have the shape of its `MetricFrame`. An
audit of a model needs none of this: its checks count on their own.
"""

from __future__ import annotations

from auditkit.fairness.cube import CountCube
from auditkit.fairness.making import count_cube
from auditkit.fairness.user_metrics import UserMetrics, user_metric_frame

__all__ = ["CountCube", "UserMetrics", "count_cube", "user_metric_frame"]
