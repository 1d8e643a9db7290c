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
        definition="Mean over sampled units of 1.25 ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖, at least half of what that "
        "was one rule before: how much the map still changes when the nodes are doubled.",
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


REGION_METRICS = (
    Metric(
        id="explanation.region_mass",
        title="Mass of maps in a region that ought not to matter",
        definition="Mean over sampled units of the share of the absolute map that lies in a "
        "declared patch, over the patch's share of the image: 1 where the map does not care. It "
        "screens; what the patch does to decisions is measured by `shortcuts`.",
        unit="ratio",
        direction=Direction.LOWER,
        low=0,
        source="mass accuracy, Arras, Osman and Samek 2022, over the area",
    ),
)


def _of_test(name: str, title: str, definition: str, direction: Direction, source: str) -> Metric:
    return Metric(
        id=f"explanation.{name}",
        title=title,
        definition=definition,
        unit="correlation" if "rank correlation" in definition else "share",
        direction=direction,
        low=-1 if "rank correlation" in definition else None,
        high=1,
        source=source,
    )


TEST_METRICS = (
    _of_test(
        "random_weights",
        "What stays of maps with random weights",
        "Mean rank correlation, by region, of maps of the trained model with maps of the same "
        "network when all its weights are random. Maps that stay show the input, not the model.",
        Direction.LOWER,
        "cascading randomisation, Adebayo et al. 2018",
    ),
    _of_test(
        "deletion_gain",
        "Deletion against random order",
        "Mean area by which the output moves faster when regions are replaced by the baseline in "
        "the order of the map than in random orders.",
        Direction.HIGHER,
        "Petsiuk, Das and Saenko 2018, with random orders as control",
    ),
    _of_test(
        "insertion_gain",
        "Insertion against random order",
        "Mean area by which the output comes back faster when regions are restored in the order of "
        "the map than in random orders.",
        Direction.HIGHER,
        "Petsiuk, Das and Saenko 2018, with random orders as control",
    ),
    _of_test(
        "infidelity_gain",
        "Infidelity against the shuffled map",
        "Mean share of the squared change of the output, when random regions are replaced by the "
        "baseline, that the map foretells better than the same map shuffled.",
        Direction.HIGHER,
        "infidelity, Yeh et al. 2019, with the shuffled map as control",
    ),
    _of_test(
        "noise_stability",
        "Stability under noise",
        "Mean rank correlation, by region, of maps with maps of the same inputs with noise that "
        "leaves the prediction as it is. A stable map may still be a wrong one.",
        Direction.HIGHER,
        "sensitivity, Yeh et al. 2019, as a rank correlation",
    ),
    _of_test(
        "baseline_agreement",
        "Agreement with another baseline",
        "Mean rank correlation, by region, of maps from two different baselines.",
        Direction.HIGHER,
        "Sturmfels, Lundberg and Lee 2020",
    ),
    _of_test(
        "method_agreement",
        "Agreement across families",
        "Mean rank correlation, by region, with maps of methods of other families; methods that "
        "compute nearly the same are not counted.",
        Direction.HIGHER,
        "Krishna et al. 2022, across families only",
    ),
)

TESTS = {
    "randomisation": "random_weights",
    "deletion": "deletion_gain",
    "insertion": "insertion_gain",
    "infidelity": "infidelity_gain",
    "stability": "noise_stability",
    "baseline": "baseline_agreement",
    "agreement": "method_agreement",
}
"""Test → the name of its metric."""
