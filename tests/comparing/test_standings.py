"""Words of several parts: those of a single interval, and rarely wrong of any part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.checks.paired.standing import Standing, standing
from auditkit.comparing.standings import standings
from auditkit.statistics import estimates
from auditkit.statistics.estimates import exact_paired_difference

COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(100, 3000))


@settings(max_examples=60)
@given(COUNTS, st.sampled_from([0.0, 0.005, 0.01, 0.05]))
def test_of_one_part_it_is_the_word_of_its_interval(
    counts: tuple[int, int, int], margin: float
) -> None:
    gain = exact_paired_difference(*counts)
    interval = estimates.interval(gain)
    ends = np.abs([interval.low, interval.high])
    if np.isclose(ends[:, None], [0, margin], atol=1e-9).any():
        return  # on the border itself rounding decides
    assert standings([gain], [margin]) == [standing(interval, margin)]


def test_more_parts_make_it_harder_to_say_a_word() -> None:
    gain = exact_paired_difference(20, 9, 500)
    assert standings([gain], [0.01]) == [Standing.BETTER]
    assert standings([gain] * 6, [0.01] * 6) == [Standing.INCONCLUSIVE] * 6
    clear = exact_paired_difference(60, 9, 500)
    found = standings([clear, *[gain] * 5], [0.01] * 6)
    assert found == [Standing.BETTER, *[Standing.INCONCLUSIVE] * 5]


def test_parts_without_an_estimate_are_inconclusive_and_cost_the_others_nothing() -> None:
    gain = exact_paired_difference(20, 9, 500)
    found = standings([None, gain, None], [0.01] * 3)
    assert found == [Standing.INCONCLUSIVE, Standing.BETTER, Standing.INCONCLUSIVE]
    assert standings([], []) == []


@pytest.mark.parametrize(
    ("counts", "margin", "word"),
    [
        ((3, 2, 5000), 0.01, Standing.WITHIN),
        ((3, 2, 5000), 0.0, Standing.INCONCLUSIVE),
        ((9, 40, 500), 0.01, Standing.WORSE),
    ],
)
def test_the_words(counts: tuple[int, int, int], margin: float, word: Standing) -> None:
    assert standings([exact_paired_difference(*counts)], [margin]) == [word]


def test_without_a_difference_any_of_five_groups_is_rarely_called_better_or_worse() -> None:
    """100 repetitions: each word is wrong of any part in at most 5 %, within three errors."""
    rng = np.random.default_rng(0)
    wrong = {Standing.BETTER: 0, Standing.WORSE: 0}
    for _ in range(100):
        discordant = rng.binomial(300, 0.06, 5)
        wins = rng.binomial(discordant, 0.5)
        pairs = zip(wins, discordant, strict=True)
        gains = [exact_paired_difference(won, all_ - won, 300) for won, all_ in pairs]
        words = standings(gains, [0.0] * 5)
        for word in wrong:
            wrong[word] += word in words
    assert max(wrong.values()) <= 100 * (0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5)
