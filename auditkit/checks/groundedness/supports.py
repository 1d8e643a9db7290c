"""What every detector says of the planted claims and of the model's own sentences, each once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from auditkit.checks.estimation import Sample, undefined
from auditkit.checks.groundedness.sentence_rows import SentenceRows
from auditkit.generation.grounding.claims import Claim
from auditkit.generation.grounding.detectors import DETECTORS, Detector, Supported, supported
from auditkit.generation.grounding.planting import Planted
from auditkit.generation.settings import Matching
from auditkit.statistics.detection import Sides, threshold

OWN_ANSWERS = (
    "No right answers are declared, so that the sentences taken as supported are the model's own: "
    "not all of them may be supported, and all are what the model itself found likeliest."
)


@dataclass(frozen=True, eq=False)
class Supports:
    """Detectors at work on claims; what one says of some claims is computed once.

    Attributes:
        settings: the detector that the user names, and the folder of an encoder.
        planted: claims of known support.
        answers: sentences of the model's own answers.
    """

    settings: Matching
    planted: Planted
    answers: SentenceRows
    _found: dict[tuple[str, str], Supported] = field(default_factory=dict, init=False, repr=False)

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """All that are tried: that of an encoder only where there is one."""
        return tuple(one for one in DETECTORS if one.kind != "nli" or self.settings.folder)

    def chosen(self) -> Detector:
        """The one that flags sentences: the user's, or the first that knows of any answer."""
        if self.settings.kind:
            return next(one for one in DETECTORS if one.kind == self.settings.kind)
        able = (one for one in self.detectors if self.of_answers(one).known.any())
        return next(able, self.detectors[-1])

    def of_answers(self, detector: Detector) -> Supported:
        """The support of the sentences of answers."""
        return self._of(detector, "answers", self.answers.claims)

    def of_supported(self, detector: Detector) -> Supported:
        """The support of the claims after their own context."""
        return self._of(detector, "", self.planted.supported)

    def of_plant(self, detector: Detector, plant: str) -> Supported:
        """The support of planted claims."""
        return self._of(detector, plant, self._planted(plant))

    def sides(self, detector: Detector, plant: str) -> Sides:
        """Supported claims against planted ones, with the units that they come from.

        Raises:
            NoEstimateError: `undefined`, the detector knows of no claim on one side.
        """
        one, other = self.of_supported(detector), self.of_plant(detector, plant)
        for found, what in ((one, "supported"), (other, "planted")):
            if not len(found.values):
                raise undefined(found.reason or f"There is no {what} sentence.")
        units = _units(self.planted.supported, one), _units(self._planted(plant), other)
        every = np.unique(np.concatenate(units), return_inverse=True)[1].astype(np.int64)
        inside, outside = np.split(every, [len(units[0])])
        return Sides(one.values, other.values, (inside, outside))

    def sample(self, detector: Detector, plant: str) -> Sample:
        """What a comparison of both sides rests on."""
        one, other = self.of_supported(detector), self.of_plant(detector, plant)
        units = [
            _units(self.planted.supported, one),
            _units(self._planted(plant), other),
        ]
        rows = sum(map(len, units))
        return Sample.kept(rows, np.concatenate(units), sampled=self.answers.sampled)

    def threshold(self) -> float:
        """The support that 95 % of the supported claims reach, by the detector that flags.

        Raises:
            NoEstimateError: it is not known of any, or of fewer than 100; or the claims are of the
                model's own answers.
        """
        if not self.planted.by_references:
            raise undefined(f"{OWN_ANSWERS} A threshold of these would flag 5 % of any answers.")
        found = self.of_supported(self.chosen())
        if not len(found.values) and found.reason:
            raise undefined(found.reason)
        return threshold(found.values)

    def _planted(self, plant: str) -> tuple[Claim, ...]:
        return self.planted.unsupported.get(plant, ())

    def _of(self, detector: Detector, name: str, claims: tuple[Claim, ...]) -> Supported:
        key = (detector.kind, name)
        if key not in self._found:
            self._found[key] = supported(detector, claims, self.settings)
        return self._found[key]


def _units(claims: tuple[Claim, ...], found: Supported) -> np.ndarray:
    return np.array([one.unit for one in claims], dtype=np.uint64)[found.known]


__all__ = ["OWN_ANSWERS", "Supports"]
