"""The features that the outputs depend on most, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.estimation import MIN_KEPT
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.features import named_magnitudes
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation

MOST = 10
"""How many features are looked at further: what a reviewer reads."""


@dataclass(frozen=True, eq=False)
class ExplainedFeatures:
    """Magnitudes of the leading features, of the units whose map may be shown.

    Attributes:
        units: these units.
        names: of the features, the one with the largest mean first.
        values: float64 of shape (units, features), absolute attributions.
    """

    units: ExplainedUnits
    names: tuple[str, ...]
    values: np.ndarray

    @classmethod
    def of(cls, units: ExplainedUnits, found: Explanation, subject: Subject) -> ExplainedFeatures:
        """The leading features of an explanation that has a chosen method.

        They are those of the ranking that the check draws; none where fewer than five units have a
        map.
        """
        named, _ = named_magnitudes(found, subject)
        known = np.isfinite(named.values).all(axis=1)
        values = named.values[known]
        means = values.mean(axis=0) if len(values) >= MIN_KEPT else np.zeros(0)
        order = sorted(range(len(means)), key=lambda place: (-means[place], named.names[place]))
        leading = order[:MOST]
        return cls(
            units.part(known),
            tuple(named.names[place] for place in leading),
            values[:, np.array(leading, dtype=np.int64)],
        )

    @cached_property
    def means(self) -> Mapping[str, float]:
        """Feature → its mean."""
        if not len(self.values):
            return {}
        return dict(zip(self.names, self.values.mean(axis=0).tolist(), strict=True))
