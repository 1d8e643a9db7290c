"""What the check `explanation` measures."""

from __future__ import annotations

from auditkit.measurement import Direction, Metric

_SUNDARARAJAN = "integrated gradients, Sundararajan, Taly and Yan 2017"

CONVERGENCE_METRICS = (
    Metric(
        id="explanation.converged_share",
        title="Converged explanations",
        definition="Share of sampled units whose integrated gradients have a completeness gap "
        "within the tolerance (2 % unless another is asked for) and an estimated error within "
        "twice that.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=_SUNDARARAJAN,
    ),
    Metric(
        id="explanation.error_estimate",
        title="Estimated error of the explanation",
        definition="Mean over sampled units of 1.25 ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖, at least half of what it was "
        "one rule before: how much the map still changes when the number of nodes is doubled.",
        unit="relative",
        direction=Direction.LOWER,
        low=0,
        source=_SUNDARARAJAN,
    ),
    Metric(
        id="explanation.completeness_gap",
        title="Completeness gap",
        definition="Mean over sampled units of |sum of attributions − (output − output of the "
        "baseline)|, relative to that difference or to 1 % of the outputs' scale (the range of "
        "probabilities, else the standard deviation), whichever is larger.",
        unit="relative",
        direction=Direction.LOWER,
        low=0,
        source=_SUNDARARAJAN,
    ),
)
FEATURE_METRICS = (
    Metric(
        id="explanation.mean_attribution",
        title="Mean attribution of a feature",
        definition="Mean over sampled units of the absolute attribution of one input feature, by "
        "the first method asked for that works on the model.",
        unit="units of the output",
        direction=Direction.NONE,
        low=0,
        source=f"{_SUNDARARAJAN}; or the source of the method, as the figure names it",
    ),
)
GROUP_METRICS = (
    Metric(
        id="explanation.attribution_difference",
        title="Difference of mean attributions between groups",
        definition="Mean absolute attribution of one input feature among the sampled units of a "
        "group minus that among the units of its declared reference, or of all others where none "
        "is declared; of the ten features that matter most over all.",
        unit="units of the output",
        direction=Direction.ZERO,
        source="interval of Welch 1947; with clusters the jackknife",
        comparison=True,
    ),
)
PROXY_METRICS = (
    Metric(
        id="explanation.proxy_association",
        title="Association of a leading input with a group attribute",
        definition="Bias-corrected Cramér's V between the column behind one of the ten inputs that "
        "matter most (numbers in bins) and a declared group attribute, over all rows: 0 where the "
        "column tells nothing of the attribute, 1 where it tells all.",
        unit="V",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source="Bergsma 2013; interval of its square by the delta method, with clusters the "
        "jackknife",
    ),
)
