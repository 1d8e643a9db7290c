"""A user's own metric function by group, through Fairlearn's `MetricFrame`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.errors import ConfigurationError

REASON = (
    "no interval: how a metric function of your own varies from sample to sample is not known, so "
    "its values are shown and nothing is judged by them"
)


@dataclass(frozen=True)
class UserMetrics:
    """Values of own metric functions: to show, never to judge by.

    They are no measurements, so that no requirement of a policy can name them.

    Attributes:
        by_group, overall: as of `fairlearn.metrics.MetricFrame`.
        frame: the MetricFrame itself.
        reason: why there is no interval.
    """

    by_group: Any
    overall: Any
    frame: Any
    reason: str = REASON

    def difference(self, *, method: str = "between_groups") -> Any:
        """The largest difference between groups, as Fairlearn has it."""
        return self.frame.difference(method=method)

    def ratio(self, *, method: str = "between_groups") -> Any:
        """The smallest ratio between groups, as Fairlearn has it."""
        return self.frame.ratio(method=method)


def user_metric_frame(
    metrics: Callable[..., Any] | Mapping[str, Callable[..., Any]],
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    control_features: Any = None,
    sample_params: Mapping[str, Any] | None = None,
) -> UserMetrics:
    """Any metric of (y_true, y_pred) by group, for what `METRICS` does not have.

    Args:
        metrics: one function, or several by name, as `MetricFrame` takes them.
        y_true, y_pred: of any kind that the functions take, a regression's too.
        sensitive_features, control_features: as of `count_cube`; none may be missing.
        sample_params: what `MetricFrame` passes to the functions beside, for example weights.

    Raises:
        ConfigurationError: Fairlearn is not installed.

    Example:
        >>> def mean_error(y_true, y_pred):
        ...     return float(abs(y_true - y_pred).mean())
        >>> found = user_metric_frame(
        ...     mean_error, [1.0, 2.0, 4.0], [1.5, 2.0, 3.0], sensitive_features=["a", "a", "b"]
        ... )
        >>> found.by_group.tolist(), found.reason[:11]
        ([0.25, 1.0], 'no interval')
    """
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError:
        raise ConfigurationError(
            "Your own metric functions are computed by Fairlearn, which is not installed.",
            mend="Install auditkit-torch[fairness].",
        ) from None
    frame = MetricFrame(
        metrics=metrics,
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features=sensitive_features,
        control_features=control_features,
        sample_params=None if sample_params is None else dict(sample_params),
    )
    return UserMetrics(frame.by_group, frame.overall, frame)
