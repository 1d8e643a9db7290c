"""The definitions of everything that the calibration check measures."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric

GATED = ("squared_error", "confidence_gap")
OF_TWO = ("overconfidence",)
"""Of outputs of two classes alone."""
SHOWN = ("ece", "adaptive_ece", "smooth_ece")
BRIER = ("brier_reliability", "brier_resolution", "brier_uncertainty")
BY_CLASS = ("classwise_ece", "class_gap", "class_squared_error")
"""Of outputs of several classes alone."""

_SHOWN = "above zero even for a perfect model, so it is shown and never judged."

METRICS = (
    Metric(
        id="calibration.squared_error",
        title="Squared calibration error",
        definition="Mean over 15 bins of equal size of the squared distance between mean "
        "probability and observed share, less what chance alone would add; its root is in units "
        "of probability.",
        unit="squared share",
        direction=Direction.LOWER,
        high=1,
        source="Bröcker 2012; Kumar, Liang and Ma 2019",
    ),
    Metric(
        id="calibration.confidence_gap",
        title="Confidence gap",
        definition="Mean probability minus observed share: above zero more is promised than kept. "
        "Of two classes it is that of the positive one, of more the confidence in the predicted.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="calibration in the large, Cox 1958",
    ),
    Metric(
        id="calibration.overconfidence",
        title="Overconfidence",
        definition="Mean probability of the more probable of two classes minus the share of units "
        "whose class it is: above zero is over-confident, whichever class it is.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="calibration in the large, Cox 1958, of the confidence",
    ),
    Metric(
        id="calibration.ece",
        title="Expected calibration error",
        definition="Mean over 15 bins of equal width of the distance between mean probability and "
        f"observed share; {_SHOWN}",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Naeini, Cooper and Hauskrecht 2015",
        gateable=False,
    ),
    Metric(
        id="calibration.adaptive_ece",
        title="Expected calibration error, bins of equal size",
        definition="Mean over 15 bins of equally many units of the distance between mean "
        f"probability and observed share; {_SHOWN}",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Nguyen and O'Connor 2015",
        gateable=False,
    ),
    Metric(
        id="calibration.smooth_ece",
        title="Smooth calibration error",
        definition="Mean size of the difference between probability and outcome, smoothed over the "
        f"probability by a kernel as wide as the error itself; {_SHOWN}",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Błasiok and Nakkiran 2024",
        gateable=False,
    ),
    Metric(
        id="calibration.brier_reliability",
        title="Brier score: reliability",
        definition="The part of the Brier score that calibration could take away, over 15 bins of "
        "equal size and less what chance alone would add: the same number as the squared "
        "calibration error.",
        unit="squared share",
        direction=Direction.LOWER,
        high=1,
        source="Murphy 1973; Ferro and Fricker 2012",
    ),
    Metric(
        id="calibration.brier_resolution",
        title="Brier score: resolution",
        definition="Mean squared distance between the observed shares of 15 bins of equal size and "
        "that of all units, less what chance alone would add: how far the probabilities tell units "
        "apart.",
        unit="squared share",
        direction=Direction.HIGHER,
        high=1,
        source="Murphy 1973; Ferro and Fricker 2012",
    ),
    Metric(
        id="calibration.brier_uncertainty",
        title="Brier score: uncertainty",
        definition="Variance of the outcome itself, p (1 − p) of its share p: the Brier score of "
        "whoever always says p.",
        unit="squared share",
        direction=Direction.NONE,
        high=1,
        source="Murphy 1973; Ferro and Fricker 2012",
    ),
    Metric(
        id="calibration.classwise_ece",
        title="Class-wise calibration error",
        definition="Mean over the classes, and over 15 bins of equal width of the class's "
        f"probability, of its distance from the share of the class; {_SHOWN}",
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Kull et al. 2019",
        gateable=False,
    ),
    Metric(
        id="calibration.class_gap",
        title="Gap of a class",
        definition="Mean probability of the class minus the share of units whose class it is: "
        "above zero it is promised too often.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="calibration in the large, Cox 1958, one class against the rest",
    ),
    Metric(
        id="calibration.class_squared_error",
        title="Squared calibration error of a class",
        definition="Mean over 15 bins of equal width of the class's probability, weighted by their "
        "units, of its squared distance from the share of the class, less what chance alone would "
        "add.",
        unit="squared share",
        direction=Direction.LOWER,
        high=1,
        source="Bröcker 2012; Kumar, Liang and Ma 2019, one class against the rest",
    ),
)
