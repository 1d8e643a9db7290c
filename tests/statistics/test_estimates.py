"""Estimates: bounds, intervals and p-values that agree, for every method and at the extremes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportions_ztest
from statsmodels.stats.weightstats import DescrStatsW

from auditkit.measurement import Estimate
from auditkit.statistics.beyond_quantile import beyond_quantile
from auditkit.statistics.critical import WIDEST, critical_value, student_value
from auditkit.statistics.estimates import (
    above_chance,
    bounds,
    estimate,
    exact,
    exact_paired_difference,
    exact_proportion,
    f1,
    independent_difference,
    interval,
    largest_magnitude,
    mean,
    mean_of_proportions,
    normal,
    p_at_least,
    p_at_most,
    paired_difference,
    proportion,
    proportion_difference,
    proportion_ratio,
    root_mean,
    student,
    units_to_decide,
    value,
)
from auditkit.statistics.methods import METHODS
from auditkit.statistics.order_statistics import quantile
from auditkit.statistics.stratified import pooled_difference, pooled_ratio

REPLICATES = [0.8 + 0.001 * (step % 301) for step in range(999)]

SAMPLES = {
    "exact": exact(0.8),
    "wilson": proportion(90, 120),
    "clopper_pearson": exact_proportion(90, 120),
    "koopman": proportion_ratio(30, 100, 200, 500),
    "newcombe": proportion_difference(30, 100, 200, 500),
    "stratified_ratio": pooled_ratio([10, 4], [50, 40], [20, 12], [50, 60]),
    "stratified_difference": pooled_difference([10, 4], [50, 40], [20, 12], [50, 60]),
    "tango": paired_difference(20, 35, 400),
    "paired_exact": exact_paired_difference(20, 35, 400),
    "f1": f1(80, 30),
    "mean_of_wilson": mean_of_proportions([80, 30], [100, 50]),
    "normal": normal(0.8, 0.05),
    "student": student(0.8, 0.05, 9),
    "root_student": estimate("root_student", mean=2.0, se=0.3, df=40),
    "log_student": estimate("log_student", value=0.8, se_log=0.1, df=63),
    "delong": estimate("delong", value=0.8, se=0.02, slack=0.001),
    "delong_outer": estimate("delong_outer", value=0.8, se=0.02, positives=150, negatives=90),
    "wilson_between": estimate("wilson_between", successes=40, n=100, below=0.1, above=0.05),
    "beyond_quantile": beyond_quantile(np.arange(12_000.0), np.arange(6000.0) * 2.02, 0.001),
    "squared_error": estimate("squared_error", value=0.001, sd=0.0004, slope=0.00005),
    "bounded_differences": estimate("bounded_differences", value=0.08, bias=0.02, scale=0.01),
    "cramers_v": estimate("cramers_v", squared=0.02, se=0.009, df=400, slope=0.002, slack=0.001),
    "above_chance": above_chance(proportion(70, 100), 0.5),
    "independent_difference": independent_difference(proportion(90, 120), proportion(70, 120)),
    "bootstrap": estimate("bootstrap", value=0.9, replicates=sorted(REPLICATES)),
    "bca": estimate("bca", value=0.95, replicates=sorted(REPLICATES), acceleration=0.02),
    "quantile": quantile([0.5 + 0.001 * (step * 389 % 601) for step in range(601)], 0.5),
    "largest_magnitude": largest_magnitude(
        [proportion_difference(30, 100, 200, 500), proportion_difference(40, 100, 150, 500)]
    ),
}
EXTREMES = [
    proportion(0, 20),
    proportion(20, 20),
    proportion(0, 10**9),
    proportion(10**9, 10**9),
    proportion(10**9 - 1, 10**9),
    proportion_ratio(0, 20, 400, 2000),
    proportion_ratio(20, 20, 0, 30),
    proportion_ratio(0, 20, 0, 30),
    proportion_ratio(20, 20, 30, 30),
    proportion_ratio(5 * 10**8, 10**9, 4 * 10**8, 10**9),
    proportion_difference(0, 20, 30, 30),
    proportion_difference(0, 20, 0, 30),
    paired_difference(0, 0, 50),
    paired_difference(50, 0, 50),
    f1(0, 10),
    f1(10, 0),
    mean_of_proportions([0, 10], [10, 10]),
    estimate("delong", value=1.0, se=0.0, slack=0.0, positives=30, negatives=40),
    estimate("delong", value=0.5, se=0.0, slack=0.0, positives=30, negatives=40),
    estimate("delong", value=0.8, se=0.02, slack=0.001, df=2.5),
    estimate("delong", value=1.0, se=0.0, slack=0.01, positives=6.5, negatives=8, df=5),
    estimate("delong_outer", value=1.0, se=0.0, positives=30, negatives=6.5, df=5.5),
    estimate("delong_outer", value=0.5, se=0.0, positives=30, negatives=40),
    estimate("delong_outer", value=0.98, se=0.004, positives=1000, negatives=5, df=4),
    estimate("delong_outer", value=0.7, se=1e-5, positives=10**9, negatives=10**9),
    estimate("wilson_between", successes=0, n=20, below=0.0, above=0.3, df=4),
    estimate("wilson_between", successes=20, n=20, below=1.0, above=0.0),
    estimate("beyond_quantile", known=10, others=3, tail=0.1, beyond=[0, 3], grain=1),
    estimate("beyond_quantile", known=1e9, others=1e9, tail=1e-3, beyond=[0, 0], grain=1e6),
    estimate("student", value=0.3, se=0.1, df=1, slack=0.02),
    proportion(0, 20, df=3),
    proportion(15, 20, df=1),
    proportion_ratio(30, 100, 200, 500, df=4.5),
    proportion_ratio(3, 10, 5, 20, df=1),
    proportion_ratio(0, 20, 0, 30, df=2),
    proportion_difference(3, 10, 5, 20, df=2),
    pooled_ratio([0, 0], [5, 9], [3, 4], [50, 40]),
    pooled_ratio([5, 9], [5, 9], [50, 40], [50, 40]),
    pooled_ratio([1] * 9 + [0], [1] * 10, [1] * 8 + [0, 0], [1] * 10),
    pooled_difference([5, 9], [5, 9], [50, 40], [50, 40]),
    pooled_difference([0, 0], [5, 9], [50, 40], [50, 40]),
    estimate(
        "stratified_ratio",
        x1=[1.5],
        n1=[4.0],
        x2=[0.2],
        n2=[0.7],
        weights=[3.0],
        strata=[1],
        df=2.0,
    ),
    estimate(
        "stratified_difference",
        x1=[1.5],
        n1=[4.0],
        x2=[0.2],
        n2=[0.7],
        weights=[3.0],
        strata=[1],
        df=2.0,
    ),
    student(0.3, 0.0, 5),
    estimate("squared_error", value=-0.0001, sd=0.0002),
    exact_proportion(0, 20),
    exact_proportion(20, 20),
    exact_proportion(1, 20),
    exact_proportion(10**9 - 1, 10**9),
    exact_proportion(2.5, 7.25),
    exact_paired_difference(0, 0, 50),
    exact_paired_difference(50, 0, 50),
    exact_paired_difference(3, 0, 10**9),
    exact_paired_difference(2.5, 7.25, 30.5, df=3),
]
ALL = st.sampled_from([*SAMPLES.values(), *EXTREMES])
LEVELS = st.one_of(st.floats(1e-12, 0.4999), st.sampled_from([0.05, 0.025, 0.01, 1e-9]))


def test_every_method_is_sampled() -> None:
    assert SAMPLES.keys() == METHODS.keys()
    assert all(name == sample.method for name, sample in SAMPLES.items())


@given(ALL, LEVELS, st.floats(0, 1))
@example(proportion_ratio(0, 20, 400, 2000), 0.05, 0.0)
@example(proportion_ratio(0, 20, 0, 30), 0.05, 0.5)
def test_p_is_below_alpha_exactly_where_the_bound_excludes(one: Estimate, alpha, place) -> None:
    low, high = bounds(one, alpha)
    ends = [end for end in (low, high, value(one)) if math.isfinite(end)] or [0.5]
    span = max(ends) - min(ends) or 0.1
    threshold = min(ends) - 0.5 * span + 2 * span * place
    # Within rounding of a bound either answer is right.
    assume(all(abs(threshold - end) > 1e-7 * max(abs(end), 1e-3) for end in (low, high)))
    # The bootstrap rejects at k / (R + 1) exactly; between two of these levels nothing changes.
    assume(one.method != "bootstrap" or abs(alpha * 1000 - round(alpha * 1000)) > 1e-6)
    assume(one.method != "bca" or not _between_ranks(one, alpha))
    assert (p_at_least(one, threshold) < alpha) == (high < threshold)
    assert (p_at_most(one, threshold) < alpha) == (low > threshold)


def _between_ranks(one: Estimate, alpha: float) -> bool:
    """Whether a slightly other level would pick another replicate."""
    return bounds(one, min(alpha * (1 + 1e-7), 0.5)) != bounds(one, alpha * (1 - 1e-7))


@given(ALL, LEVELS, LEVELS)
def test_bounds_widen_as_alpha_falls_and_hold_the_value(one: Estimate, first, second) -> None:
    small, large = sorted((first, second))
    low, high = bounds(one, large)
    lower, higher = bounds(one, small)
    assert lower <= low + 1e-12
    assert high <= higher + 1e-12
    point = value(one)
    assert math.isnan(point) or low - 1e-12 <= point <= high * (1 + 1e-12) + 1e-12


@given(ALL, st.floats(-0.5, 2))
def test_the_two_p_values_share_out_one(one: Estimate, threshold: float) -> None:
    at_least, at_most = p_at_least(one, threshold), p_at_most(one, threshold)
    assert 0 <= at_least <= 1
    assert 0 <= at_most <= 1
    # Both can be large (no power, a bound at its limit), never both small.
    assert at_least + at_most >= 1 - 1e-9
    point = value(one)
    if point >= threshold:
        assert at_least >= 0.5
    if point <= threshold:
        assert at_most >= 0.5


@pytest.mark.parametrize("name", METHODS)
def test_interval_is_the_two_bounds(name: str) -> None:
    drawn = interval(SAMPLES[name])
    assert (drawn.low, drawn.high) == bounds(SAMPLES[name], (1 - 0.90) / 2)
    assert (drawn.level, drawn.method) == (0.90, name)


@pytest.mark.parametrize("one", [*SAMPLES.values(), *EXTREMES], ids=lambda one: one.method)
def test_estimates_survive_json(one: Estimate) -> None:
    again = Estimate(one.method, json.loads(json.dumps(one.parameters, allow_nan=False)))
    assert bounds(again, 0.05) == bounds(one, 0.05)


# Closed forms, as oracles of the p-values that come from inverting bounds.

THRESHOLDS = [0.05, 0.3, 0.5, 0.74, 0.75, 0.8, 0.97]


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_p_of_a_proportion_is_the_score_test(threshold: float) -> None:
    for alternative, p_value in (("smaller", p_at_least), ("larger", p_at_most)):
        theirs = proportions_ztest(90, 120, threshold, alternative, prop_var=threshold)[1]
        assert p_value(proportion(90, 120), threshold) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("threshold", [0.2, 0.75, 1.0, 3.0])
def test_p_of_a_ratio_is_the_bound_inverted(threshold: float) -> None:
    # Here the p-value has the closed form and the bounds are searched: invert them by hand.
    one = SAMPLES["koopman"]
    below, above = p_at_least(one, threshold), p_at_most(one, threshold)
    assert below + above == pytest.approx(1)
    end = 1 if below < above else 0
    assert bounds(one, min(below, above))[end] == pytest.approx(threshold, rel=1e-9)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_p_of_normal_student_and_logarithm(threshold: float) -> None:
    def close(ours: float, theirs: float) -> None:
        assert ours == pytest.approx(theirs, rel=1e-9)

    close(p_at_least(SAMPLES["normal"], threshold), norm.cdf((0.8 - threshold) / 0.05))
    close(p_at_most(SAMPLES["student"], threshold), t.sf((0.8 - threshold) / 0.05, 9))
    statistic = (math.log(0.8) - math.log(threshold)) / 0.1
    close(p_at_least(SAMPLES["log_student"], threshold), t.cdf(statistic, 63))
    statistic = (math.log(2.0) - 2 * math.log(2 * threshold)) / (0.3 / 2.0)
    close(p_at_least(SAMPLES["root_student"], 2 * threshold), t.cdf(statistic, 40))


@pytest.mark.parametrize("threshold", [0.6, 0.75, 0.85])
def test_p_of_an_auc_is_that_of_its_logit(threshold: float) -> None:
    one = estimate("delong", value=0.8, se=0.02, slack=0.0)
    logit = math.log(0.8 / 0.2) - math.log(threshold / (1 - threshold))
    assert p_at_least(one, threshold) == pytest.approx(norm.cdf(logit / (0.02 / 0.16)), rel=1e-9)


@pytest.mark.parametrize("threshold", [-0.001, 0.0005, 0.001, 0.0025])
def test_p_of_a_squared_error_takes_the_variance_at_the_threshold(threshold: float) -> None:
    gap = 0.001 - threshold
    variance = 0.0004**2 - 4 * 0.00005 * gap
    if variance <= 0:
        assert p_at_most(SAMPLES["squared_error"], threshold) < 1e-4
        return
    ours = p_at_least(SAMPLES["squared_error"], threshold)
    assert ours == pytest.approx(norm.cdf(gap / math.sqrt(variance)), rel=1e-9)


@pytest.mark.parametrize("z", [5.0, 12.0, 25.0, 36.5])
def test_tiny_p_values_keep_their_digits(z: float) -> None:
    assert p_at_least(normal(0.0, 1.0), z) == pytest.approx(norm.sf(z), rel=1e-9)
    n = 10**6
    threshold = 0.5 + z * math.sqrt(0.25 / n)  # a score test's statistic of half of n
    score = (0.5 - threshold) / math.sqrt(threshold * (1 - threshold) / n)
    assert p_at_least(proportion(n // 2, n), threshold) == pytest.approx(norm.cdf(score), rel=1e-6)


def test_beyond_the_widest_deviate_p_is_its_tail() -> None:
    assert p_at_least(normal(0.0, 1.0), 50.0) == norm.sf(WIDEST)
    assert p_at_most(normal(0.0, 1.0), 50.0) == pytest.approx(1.0)


def test_a_deterministic_number_is_certain() -> None:
    assert bounds(exact(0.8), 0.05) == (0.8, 0.8)
    assert p_at_least(exact(0.8), 0.8) == 1
    assert p_at_least(exact(0.8), 0.81) < 1e-290
    assert p_at_most(exact(0.8), 0.79) < 1e-290


def test_no_variation_is_no_certainty() -> None:
    constant = mean(total=30.0, total_of_squares=30.0 * 0.1, n=300)  # 300 times .1
    assert constant.parameters["se"] == 0
    assert bounds(constant, 0.05) == (-math.inf, math.inf)
    assert p_at_least(constant, 5.0) == 0.5
    assert p_at_most(constant, -5.0) == 0.5


def test_a_ratio_of_zero_to_zero_says_nothing() -> None:
    one = proportion_ratio(0, 20, 0, 30)
    assert math.isnan(value(one))
    assert bounds(one, 0.05) == (0.0, math.inf)
    assert p_at_least(one, 0.8) == p_at_most(one, 0.8) == 1
    assert units_to_decide(one, (0.8, 1.25), 0.05, 50) is None


def test_an_auc_of_one_has_a_lower_bound() -> None:
    low, high = bounds(EXTREMES[17], 0.05)
    assert high == 1
    # Newcombe's equation by hand: (1 − A)² = z² A (1 − A) (1 + 34 (…)) / 1200.
    shape = 1 + 34 * ((1 - low) / (2 - low) + low / (1 + low))
    assert 1 - low == pytest.approx(1.6448536**2 * low * shape / 1200, rel=1e-6)
    mirrored = estimate("delong", value=0.0, se=0.0, slack=0.0, positives=30, negatives=40)
    assert bounds(mirrored, 0.05) == (0.0, pytest.approx(1 - low))
    constant = bounds(EXTREMES[18], 0.05)
    assert sum(constant) == pytest.approx(1)
    assert 0.3 < constant[0] < 0.45
    unknown = estimate("delong", value=1.0, se=0.0, slack=0.0)
    assert bounds(unknown, 0.05) == (0.0, 1.0)


def test_slack_widens_both_ends() -> None:
    plain = bounds(estimate("delong", value=0.8, se=0.02, slack=0.0), 0.05)
    wide = bounds(estimate("delong", value=0.8, se=0.02, slack=0.01), 0.05)
    assert (plain[0] - wide[0], wide[1] - plain[1]) == pytest.approx((0.01, 0.01))


def test_slacks_of_a_difference_add_up_in_full() -> None:
    parts = [estimate("delong", value=v, se=0.02, slack=s) for v, s in ((0.8, 0.1), (0.6, 0.05))]
    sharp = [estimate("delong", value=v, se=0.02, slack=0.0) for v in (0.8, 0.6)]
    plain, wide = bounds(independent_difference(*sharp), 0.05), independent_difference(*parts)
    assert bounds(wide, 0.05) == pytest.approx((plain[0] - 0.15, plain[1] + 0.15))
    assert bounds(wide, 0.5) == pytest.approx((0.05, 0.35))
    cut = independent_difference(estimate("delong", value=0.99, se=0.02, slack=0.1), sharp[1])
    assert bounds(cut, 0.05)[1] >= 0.99 + 0.1 - 0.6


def test_the_bootstrap_never_goes_beyond_its_replicates() -> None:
    one = estimate("bootstrap", value=0.5, replicates=[0.5 + 0.01 * step for step in range(-9, 10)])
    assert bounds(one, 0.05) == (pytest.approx(0.41), pytest.approx(0.59))
    assert bounds(one, 0.049) == (-math.inf, math.inf)
    assert p_at_least(one, 100.0) == pytest.approx(1 / 20)


def test_degrees_of_freedom_widen_as_students_critical_value_does() -> None:
    for made, counts in (
        (proportion, (30, 100)),
        (proportion_ratio, (30, 100, 200, 500)),
        (proportion_difference, (30, 100, 200, 500)),
    ):
        z = student_value(critical_value(0.05), 7)
        assert bounds(made(*counts, df=7), 0.05) == pytest.approx(
            bounds(made(*counts), float(norm.sf(z))), rel=1e-9
        )
        # Of one degree of freedom critical values have no limit, and neither have the bounds.
        low, high = bounds(made(*counts, df=1), 1e-200)
        assert low <= 1e-3
        assert high > 0.7


def test_mean_and_root_mean_are_those_of_statsmodels() -> None:
    values = np.random.default_rng(5).gamma(2, size=30)
    ours = mean(values.sum(), (values**2).sum(), 30)
    theirs = DescrStatsW(values)
    assert bounds(ours, 0.05) == pytest.approx(theirs.tconfint_mean(alpha=0.1), rel=1e-10)
    rooted = root_mean(values.sum(), (values**2).sum(), 30)
    # On the scale of the logarithm, by the delta method: se of log(mean) is se / mean.
    relative = (theirs.tconfint_mean(alpha=0.1)[1] - values.mean()) / values.mean()
    expected = values.mean() * np.exp([-relative, relative])
    assert np.square(bounds(rooted, 0.05)) == pytest.approx(expected)
    assert value(rooted) == pytest.approx(math.sqrt(values.mean()))


def test_a_root_never_has_a_negative_bound() -> None:
    assert 0 <= bounds(estimate("root_student", mean=0.1, se=1.0, df=5), 0.05)[0] < 0.1
    assert bounds(estimate("root_student", mean=0.0, se=0.0, df=5), 0.05) == (0, math.inf)


def test_differences_of_independent_estimates() -> None:
    both = independent_difference(normal(0.8, 0.03), normal(0.5, 0.04))
    assert bounds(both, 0.05) == pytest.approx(bounds(normal(0.3, 0.05), 0.05))
    two = independent_difference(proportion(56, 70), proportion(48, 80))
    assert bounds(two, 0.01) == pytest.approx(bounds(proportion_difference(56, 70, 48, 80), 0.01))
    constant = independent_difference(proportion(5, 7), student(0.3, 0.0, 5))
    assert bounds(constant, 0.05) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="first cannot be of the method 'independent_difference'"):
        independent_difference(both, two)
    with pytest.raises(ValueError, match="second has no finite value"):
        independent_difference(proportion(5, 7), proportion_ratio(3, 5, 0, 5))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "parts must be a non-empty list of estimates"),
        ([largest_magnitude([proportion(1, 2)])], "cannot be of the method 'largest_magnitude'"),
        ([proportion_ratio(3, 5, 0, 5)], "parts has no finite value"),
        (
            [independent_difference(proportion(1, 2), proportion(1, 3))],
            "cannot be of the method 'independent_difference'",
        ),
    ],
)
def test_what_no_largest_magnitude_has(parts, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        largest_magnitude(parts)


def test_a_largest_magnitude_bounds_every_part_above() -> None:
    parts = [normal(0.1, 0.02), normal(-0.12, 0.03)]
    one = largest_magnitude(parts)
    assert value(one) == 0.12
    low, high = bounds(one, 0.05)
    assert high == -bounds(parts[1], 0.05)[0]
    # Either part may lie above the limit on either side: a quarter of the error each.
    expected = max(bounds(parts[0], 0.0125)[0], -bounds(parts[1], 0.0125)[1])
    assert low == pytest.approx(expected, rel=1e-12)
    assert p_at_least(one, 0.2) == pytest.approx(p_at_most(parts[1], -0.2))
    assert p_at_most(one, 0.05) == pytest.approx(4 * p_at_most(parts[0], 0.05), rel=1e-9)
    assert bounds(largest_magnitude([normal(0.0, 1.0)]), 0.05)[0] == 0


def test_a_largest_magnitude_errs_as_rarely_as_it_says() -> None:
    """All gaps 0, one on the limit, all on the limit: at most α, and half that in the first."""
    generator, alpha, repetitions = np.random.default_rng(11), 0.05, 4000
    for truths, limit in (((0.0, 0.0), 1e-12), ((0.1, 0.0), 0.1), ((0.1, -0.1), 0.1)):
        found = generator.normal(truths, 0.04, (repetitions, 2))
        above = below = 0
        for gaps in found:
            low, high = bounds(largest_magnitude([normal(gap, 0.04) for gap in gaps]), alpha)
            above += low > limit
            below += high < limit
        # Three standard errors of a rate of 5 % in 4,000.
        assert above / repetitions <= alpha + 0.0104
        assert below / repetitions <= alpha + 0.0104
        assert above / repetitions >= 0.004


def decided(one: Estimate, region: tuple[float, float], alpha: float) -> bool:
    low, high = bounds(one, alpha)
    inside = region[0] <= low and high <= region[1]
    return inside or high < region[0] or low > region[1]


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"exact"}))
@pytest.mark.parametrize("share", [0.1, 0.3, 3.0])
def test_units_to_decide_decide(name: str, share: float) -> None:
    one = SAMPLES[name]
    threshold = value(one) - share * (value(one) - bounds(one, 0.05)[0])
    region = (threshold, math.inf)
    needed = units_to_decide(one, region, 0.05, 1000)
    if decided(one, region, 0.05):
        assert needed == 1000
        return
    assert needed is not None
    assert needed > 1000
    scaled = METHODS[name].scaled
    enough = Estimate(name, scaled(one.parameters, needed / 1000))
    too_few = Estimate(name, scaled(one.parameters, needed / 1000 / 1.03))
    assert decided(enough, region, 0.05)
    assert not decided(too_few, region, 0.05)


def test_units_to_decide_agrees_with_the_formula() -> None:
    # n = (z + z)² … with the point on 1 and a large reference: z² (1 − p)/p / (ln .8)².
    one = proportion_ratio(200, 1000, 2 * 10**8, 10**9)
    needed = units_to_decide(proportion_ratio(20, 100, 2 * 10**7, 10**8), (0.8, 1.25), 0.05, 100)
    formula = 1.645**2 * 0.8 / 0.2 / math.log(0.8) ** 2
    assert needed == pytest.approx(formula, rel=0.1)
    assert units_to_decide(one, (0.8, 1.25), 0.05, 1000) == 1000


def test_some_questions_no_number_decides() -> None:
    assert units_to_decide(proportion(80, 100), (0.8, 1.0), 0.05, 100) is None
    coarse = estimate("delong", value=0.8, se=0.02, slack=0.1)
    assert units_to_decide(coarse, (0.75, 1.0), 0.05, 100) is None


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("magic", {}, "unknown method 'magic'; known are: exact, wilson"),
        (["wilson"], {}, "unknown method"),
        ("wilson", None, "wilson: parameters must be a mapping"),
        ("wilson", {"successes": 1}, r"missing: \['n'\], unknown: none"),
        ("wilson", {"successes": 1, "n": 2, "m": 3}, r"missing: none, unknown: \['m'\]"),
        ("wilson", {"successes": 0, "n": 0}, "wilson: n must be above 0, found 0"),
        ("wilson", {"successes": -1, "n": 5}, "wilson: successes must be at least 0, found -1"),
        ("wilson", {"successes": 6, "n": 5}, "wilson: successes is 6, more than n, 5"),
        ("wilson", {"successes": math.nan, "n": 5}, "successes must be finite"),
        ("wilson", {"successes": True, "n": 5}, "successes must be a number, found True"),
        ("wilson", {"successes": "1", "n": 5}, "successes must be a number, found '1'"),
        ("wilson", {"successes": 1, "n": math.inf}, "n must be finite"),
        ("wilson", {"successes": 1, "n": 10**400}, "n must be finite"),
        ("koopman", {"x1": 1, "n1": 2, "x2": 3, "n2": 2}, "koopman: x2 is 3, more than n2, 2"),
        ("tango", {"wins": 3, "losses": 3, "n": 5}, "wins and losses together exceed n"),
        ("paired_exact", {"wins": 3, "losses": 3, "n": 5}, "paired_exact: wins and losses"),
        ("f1", {"tp": 0, "errors": 0}, "F1 is undefined"),
        ("mean_of_wilson", {"successes": [], "n": []}, "must be a non-empty list"),
        ("mean_of_wilson", {"successes": [1], "n": [2, 3]}, "must have the same length"),
        ("mean_of_wilson", {"successes": [1, math.nan], "n": [2, 3]}, "must be finite"),
        ("mean_of_wilson", {"successes": [1, "2"], "n": [2, 3]}, "must hold numbers alone"),
        ("mean_of_wilson", {"successes": [1, 4], "n": [2, 3]}, "successes is 4, more than n, 3"),
        (
            "stratified_ratio",
            {"x1": [1], "n1": [2], "x2": [1], "n2": [2], "weights": [1], "strata": [1, 1]},
            "strata must have the same length",
        ),
        ("delong", {"value": 1.5, "se": 0.1, "slack": 0}, "value must be at most 1"),
        ("student", {"value": 1.5, "se": -0.1, "df": 3}, "se must be at least 0"),
        ("log_student", {"value": 0.0, "se_log": 0.1, "df": 3}, "value must be above 0"),
        ("bootstrap", {"value": 1.0, "replicates": [2.0, 1.0]}, "sorted in ascending order"),
        ("independent_difference", {"first": 1, "second": 2}, "exactly method and parameters"),
    ],
)
def test_impossible_parameters_are_refused(method, parameters, message: str) -> None:
    for question in (value, lambda one: bounds(one, 0.05), lambda one: p_at_least(one, 0.5)):
        with pytest.raises(ValueError, match=message):
            question(Estimate(method, parameters))


ANYTHING = st.one_of(
    st.floats(), st.floats(0, 1), st.integers(0, 10**10), st.integers(), st.none(),
    st.text(max_size=3), st.booleans(), st.just(10**400), st.just(1e-310),
)  # fmt: skip


@st.composite
def hostile_estimates(draw: st.DrawFn) -> Estimate:
    """Any method, with parameters from a file that anybody may have written."""
    name = draw(st.sampled_from(sorted(METHODS)))
    anything = st.one_of(ANYTHING, st.lists(ANYTHING, max_size=3))
    return Estimate(name, {parameter: draw(anything) for parameter in METHODS[name].kinds})


@given(hostile_estimates(), st.floats(allow_nan=False))
def test_whatever_a_file_holds_is_judged_or_refused(one: Estimate, threshold: float) -> None:
    try:
        low, high = bounds(one, 0.05)
        p_values = p_at_least(one, threshold), p_at_most(one, threshold)
        units_to_decide(one, (0.8, 1.25), 0.05, 100)
    except ValueError:
        return
    assert not math.isnan(low)
    assert not math.isnan(high)
    assert all(0 <= p <= 1 for p in p_values)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.6, math.nan])
def test_levels_are_checked(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha must lie in \(0, 0.5\]"):
        bounds(proportion(1, 2), alpha)


def test_thresholds_and_intervals_are_checked() -> None:
    with pytest.raises(ValueError, match="threshold is not a number"):
        p_at_least(proportion(1, 2), math.nan)
    with pytest.raises(ValueError, match=r"level must lie in \[0, 1\)"):
        interval(proportion(1, 2), level=1.0)


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ((1.0, 1.0, 1), "at least two values, found n = 1"),
        ((math.nan, 1.0, 5), "the sums must be finite"),
        ((10.0, 1.0, 5), "no 5 values have the sum 10.0 and the sum of squares 1.0"),
    ],
)
def test_impossible_sums_are_refused(sums, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean(*sums)


@given(st.floats(0, 37), st.floats(1, 1e9))
def test_student_values_are_those_of_scipy(z: float, df: float) -> None:
    ours = student_value(z, df)
    assert ours >= z * (1 - 1e-6) - 1e-12
    if math.isfinite(ours):
        assert t.sf(ours, df) == pytest.approx(norm.sf(z), rel=1e-6)


@given(st.floats(1e-300, 0.5))
def test_critical_values_are_those_of_scipy(alpha: float) -> None:
    assert critical_value(alpha) == pytest.approx(min(norm.isf(alpha), WIDEST), abs=1e-12)


def test_numpy_numbers_become_plain_ones() -> None:
    one = proportion(np.int64(3), np.float32(5))
    assert [type(number) for number in one.parameters.values()] == [int, float]
    replicates = estimate("bootstrap", value=np.float64(1), replicates=np.array([1.0, 2.0]))
    assert type(replicates.parameters["replicates"]) is list


def test_a_share_above_chance_is_the_share_on_another_scale() -> None:
    share = proportion(70, 100)
    found = above_chance(share, 0.6)
    assert value(found) == pytest.approx(0.25)
    assert bounds(found, 0.05) == pytest.approx([(end - 0.6) / 0.4 for end in bounds(share, 0.05)])
    for wrong in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match="chance must be at least 0 and below 1"):
            above_chance(share, wrong)
