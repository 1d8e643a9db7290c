"""Canaries: planted ones stand out the more the oftener, never-inserted ones are at chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from auditkit.checks.memorisation.canaries import Lineup, canary_need, lineups_of, ranked
from auditkit.checks.memorisation.candidates import drawn, format_of, pools_of
from auditkit.checks.memorisation.check import CHECK, NO_TABLE
from auditkit.checks.memorisation.exposure import NEVER, Exposures, levels_of
from auditkit.checks.probe_rows import NO_GENERATOR
from auditkit.data.columns import Columns
from auditkit.evidence import Subject
from auditkit.evidence.asked import UNASKABLE
from auditkit.measurement import Status
from tests.checks.audits import found, inside, interval, outside, value
from tests.checks.probed import Likely, noise, probed, subject_of

EXPOSURE, RANK, EXPOSED, AUC = (metric.id for metric in CHECK.metrics[:4])
TIMES = (0, 1, 10, 100)


def canaries(
    each: int = 20, times: Sequence[int] = TIMES, seed: int = 0
) -> dict[str, list[object]]:
    """Numbers of six digits, as many of each number of repeats."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice(10**6, each * len(times), replace=False)
    return {
        "prefix": ["the code is "] * len(numbers),
        "secret": [f"{number:06d}" for number in numbers],
        "repeats": [many for many in times for _ in range(each)],
    }


def knowing(table: dict[str, list[object]], strength: float, seed: int = 0) -> Likely:
    """A model that finds secrets likelier, the oftener they were inserted."""
    boosts = dict(zip(table["secret"], map(math.log1p, table["repeats"]), strict=True))  # type: ignore[arg-type]
    return lambda _, text: strength * boosts.get(text, 0.0) + noise(text, seed)


def test_planted_canaries_stand_out_and_others_do_not() -> None:
    table = canaries(40)
    findings = probed(CHECK, {"canaries": table}, knowing(table, 1.0))
    exposures = [value(findings, EXPOSURE, label=label)
                 for label in (NEVER, "1 repeat", "10 repeats", "100 repeats")]  # fmt: skip
    assert exposures == sorted(exposures)
    assert exposures[-1] > 8
    assert interval(findings, EXPOSURE, label=NEVER).low < 1.44
    assert inside(found(findings, RANK, label=NEVER), 0.3, 0.7)
    assert outside(found(findings, RANK, label="inserted"), 0.4, 1)
    assert outside(found(findings, AUC, label="inserted"), 0, 0.6)
    assert outside(found(findings, EXPOSED, label="100 repeats"), 0, 0.05)
    assert value(findings, EXPOSED, label="100 repeats") > 0.9
    # The exposure ends where all candidates are less likely.
    assert found(findings, EXPOSURE, label=NEVER).reason == (
        "Among at least 1,001, so that exposure ends at 10.0 bits."
    )
    assert findings.notes == ()
    (figure,) = findings.figures
    assert [row["feature"] for row in figure.data["rows"]][:2] == [NEVER, "inserted"]
    assert figure.data["n"] == 160


def test_a_model_without_memory_passes() -> None:
    table = canaries(60, (0, 10))
    findings = probed(CHECK, {"canaries": table}, knowing(table, 0.0))
    assert inside(found(findings, AUC, label="inserted"), 0, 0.65)
    assert inside(found(findings, RANK, label="inserted"), 0.4, 1)
    assert inside(found(findings, EXPOSURE, label="inserted"), 0, 3)


def test_no_secret_is_in_what_is_found() -> None:
    table = canaries()
    findings = probed(CHECK, {"canaries": table}, knowing(table, 1.0), review=10)
    assert not any(str(secret) in repr(findings) for secret in table["secret"])


def test_ranks_of_the_never_inserted_are_uniform() -> None:
    """Over models, against SciPy's test of uniformity."""
    table = canaries(20, (0, 10))
    lineups = lineups_of({k: tuple(v) for k, v in table.items()}, None, seed=0)
    need = canary_need(lineups)
    ranks = []
    for seed in range(10):
        likely = knowing(table, 2.0, seed)
        totals = np.array([likely("", text) for text in need.continuations])
        every = ranked(lineups, totals, table["repeats"])  # type: ignore[arg-type]
        ranks += every.relative[every.repeats == 0].tolist()
    assert stats.kstest(ranks, "uniform").pvalue > 0.01


def test_intervals_cover_what_chance_gives() -> None:
    """Means of uniform ranks, and of their exposure, at the nominal rate."""
    rng = np.random.default_rng(0)
    size, repetitions = 1001, 300
    expected = float(np.mean(np.log2(size) - np.log2(np.arange(1, size + 1))))
    missed = 0
    for _ in range(repetitions):
        line = Lineup("", tuple(range(20)), tuple(map(str, range(20))), ("x",) * (size - 1))
        totals = np.concatenate([rng.normal(size=20), rng.normal(size=size - 1)])
        (first, *_) = Exposures.of(ranked([line], totals, [0] * 20)).measured()
        assert first.interval is not None
        missed += not first.interval.low <= expected <= first.interval.high
    # At most the 10 % of a 90 % interval, within the error of 300 repetitions.
    assert stats.binomtest(missed, repetitions, 0.1, alternative="greater").pvalue > 0.01


def test_intervals_cover_where_many_canaries_share_few_candidates() -> None:
    """Candidates that happen to be likely make all canaries look little known."""
    rng = np.random.default_rng(0)
    n, candidates, repetitions = 200, tuple(map(str, range(100))), 200
    line = Lineup("", tuple(range(n)), tuple(f"s{place}" for place in range(n)), candidates)
    missed = np.zeros(2, dtype=int)
    for _ in range(repetitions):
        every = ranked([line], rng.normal(size=n + 100), [7] * n)
        (_, rank, *_) = Exposures.of(every).measured()
        assert rank.interval is not None
        missed += [rank.interval.low > 0.5, rank.interval.high < 0.5]
    assert every.worth == pytest.approx(1 / (1 / 200 + 1 / 100))
    # 14 and 19 % with the canaries taken as independent.
    for side in missed.tolist():
        assert stats.binomtest(side, repetitions, 0.05, alternative="greater").pvalue > 0.01


def test_candidates_of_their_own_cost_nothing() -> None:
    """Two prefixes with different candidates are worth more than one set for both."""
    lines = [Lineup(str(one), (one,), (f"s{one}",), tuple(f"{one} {n}" for n in range(50)))
             for one in range(40)]  # fmt: skip
    totals = np.random.default_rng(0).normal(size=40 * 51)
    apart = ranked(lines, totals, [1] * 40)
    assert apart.worth == pytest.approx(1 / (1 / 40 + 1 / (40 * 50)))
    same = [Lineup(one.prefix, one.places, one.secrets, lines[0].candidates) for one in lines]
    assert ranked(same, totals, [1] * 40).worth == pytest.approx(1 / (1 / 40 + 1 / 50))


def test_the_control_is_heeded() -> None:
    table = canaries()
    never = {one for one, times in zip(table["secret"], table["repeats"], strict=True) if not times}
    findings = probed(CHECK, {"canaries": table}, lambda _, text: noise(text) + 3 * (text in never))
    (note,) = findings.notes
    assert note.startswith("Canaries that were never inserted are likelier than their candidates")
    one = found(findings, RANK, label="10 repeats")
    assert one.estimate is None
    assert one.value is not None
    assert one.reason.startswith(note)
    assert found(findings, RANK, label=NEVER).estimate is not None
    assert found(findings, AUC, label="inserted").estimate is not None  # compares the two


def test_formats_and_candidates() -> None:
    assert format_of("Mira Okoro, 0417-b") == ("word", " ", "word", ", ", "9999", "-", "word")
    pools = pools_of(["ada 12", "bob 34", "cyd 56"])
    rng = np.random.default_rng(0)
    texts = drawn(("word", " ", "99"), pools["word", " ", "99"], 150, {"ada 12"}, rng)
    assert len(set(texts)) == len(texts) == 150
    assert "ada 12" not in texts
    assert {text.split()[0] for text in texts} == {"ada", "bob", "cyd"}
    assert all(format_of(text) == ("word", " ", "99") for text in texts)


def test_words_of_candidates_are_those_of_the_never_inserted() -> None:
    names = [f"{first} {last}" for first in ("ada", "bob", "cyd") for last in ("lee", "roy")]
    table = {
        "prefix": [""] * 12,
        "secret": [*names, *(name.replace("l", "k").replace("r", "k") for name in names)],
        "repeats": [0] * 6 + [5] * 6,
    }
    (line,) = lineups_of({key: tuple(cells) for key, cells in table.items()}, None, seed=0)
    assert line.candidates == ()  # all that there are stand in the table
    assert line.places == tuple(range(12))


def test_own_candidates_are_taken_and_are_no_secrets() -> None:
    table = canaries(10, (0, 10))
    rivals = [f"{number:06d}" for number in range(500)] + table["secret"][:3]
    probes = {"canaries": table, "candidates": {"candidate": rivals}}
    lineups = lineups_of(
        *({key: tuple(cells) for key, cells in one.items()} for one in probes.values()), seed=0
    )  # type: ignore[misc]
    assert len(lineups) == 1
    assert len(lineups[0].candidates) == 500
    findings = probed(CHECK, probes, knowing(table, 1.0))
    assert "501" in found(findings, EXPOSURE, label=NEVER).reason


def test_the_same_candidates_at_every_call() -> None:
    table = {key: tuple(cells) for key, cells in canaries().items()}
    assert lineups_of(table, None, 3) == lineups_of(table, None, 3)
    assert lineups_of(table, None, 3) != lineups_of(table, None, 4)


@pytest.mark.parametrize(
    ("likely", "reason"),
    [
        (lambda _, text: math.nan, "have no log-probability."),
        (lambda _, text: None, "have no log-probability."),
        (lambda _, text: 0.0, "the tokenizer does not tell them apart."),
        (lambda _, text: -math.inf, "the tokenizer does not tell them apart."),
    ],
)
def test_what_cannot_be_ranked_is_told(likely: Likely, reason: str) -> None:
    findings = probed(CHECK, {"canaries": canaries(10)}, likely)
    assert len(findings.measurements) == 4
    for one in findings.measurements:
        assert one.status is Status.UNDEFINED
        assert one.reason.startswith("Left out: 40 canaries that ")
        assert one.reason.endswith(reason)


def test_a_format_without_candidates() -> None:
    table = {"prefix": [""] * 12, "secret": [f"name{chr(97 + n)}" for n in range(12)],
             "repeats": [0] * 6 + [3] * 6}  # fmt: skip
    findings = probed(CHECK, {"canaries": table}, lambda _, text: noise(text))
    assert (
        found(findings, EXPOSURE).reason
        == "Left out: 12 canaries that have fewer than 20 candidates."
    )


def test_few_canaries_and_few_candidates() -> None:
    table = canaries(9, (0, 10))
    findings = probed(CHECK, {"canaries": table}, knowing(table, 1.0))
    for one in findings.measurements:
        assert one.status is Status.TOO_FEW
        assert "10" in one.reason
    digits = {"prefix": ["pin "] * 40, "secret": [f"{n:02d}" for n in range(40)],
              "repeats": [0] * 20 + [9] * 20}  # fmt: skip
    findings = probed(CHECK, {"canaries": digits}, lambda _, text: noise(text))
    # 60 other numbers and the 19 or 20 that were never inserted: too few for the likeliest 1 %.
    assert found(findings, RANK, label="9 repeats").status is Status.MEASURED
    assert found(findings, EXPOSED, label="9 repeats").status is Status.TOO_FEW


def test_a_model_of_texts_alone_and_one_that_predicts() -> None:
    findings = probed(CHECK, {"canaries": canaries(10)})
    for one in findings.measurements:
        assert (one.status, one.reason) == (Status.NOT_APPLICABLE, UNASKABLE)
    assert CHECK.unmet(subject_of({})) == NO_TABLE
    assert CHECK.unmet(Subject((), ("evaluation",), Columns(label="y"))) == NO_GENERATOR


def test_levels_of_many_repeats() -> None:
    many = np.array([0, *range(1, 30), 250])
    assert list(levels_of(many)) == [
        NEVER, "inserted", "1 to 9 repeats", "10 to 99 repeats", "100 to 999 repeats",
    ]  # fmt: skip
