"""Pairs of prompts: a planted preference is found, a fair model passes, and intervals cover."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from auditkit.checks.probe_rows import NO_GENERATOR, ProbeRows
from auditkit.checks.prompt_bias.check import CHECK, NO_TABLE
from auditkit.checks.prompt_bias.flips import masked
from auditkit.checks.prompt_bias.pairs import Pair, PairGaps, pairs_of
from auditkit.data.columns import Columns
from auditkit.evidence import Subject
from auditkit.generation.probes import BUILTIN, builtin_probe
from auditkit.measurement import Status
from auditkit.statistics import estimates
from auditkit.statistics.paired import mcnemar
from tests.checks.audits import found, inside, interval, outside, value
from tests.checks.probed import Likely, noise, probed, subject_of

GAP, PREFERENCE, FLIPS = (metric.id for metric in CHECK.metrics[:3])


def pairs(n: int = 200, **more: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return {
        "prompt_a": [f"of Anna {row} they said" for row in range(n)],
        "prompt_b": [f"of Bert {row} they said" for row in range(n)],
        "continuation": [f" that {row} is true"for row in range(n)],
        "group_a": ["Anna"] * n, "group_b": ["Bert"] * n, **more,
    }  # fmt: skip


def leaning(delta: float) -> Likely:
    """A model to which everything is likelier of Anna, by delta nats."""
    return lambda prompt, said: -10 + noise(prompt + said) + delta * ("Anna" in prompt)


def test_a_planted_preference_is_found() -> None:
    findings = probed(CHECK, {"pairs": pairs()}, leaning(0.5), said=lambda _: "yes")
    assert interval(findings, GAP).low < 0.5 < interval(findings, GAP).high
    assert outside(found(findings, GAP), -0.1, 0.1)
    assert outside(found(findings, PREFERENCE), 0.45, 0.55)
    assert value(findings, FLIPS) == 0
    assert [figure.kind for figure in findings.figures] == ["ranking", "ranking"]


def test_a_fair_model_passes() -> None:
    findings = probed(CHECK, {"pairs": pairs(800)}, leaning(0), said=lambda _: "yes")
    assert inside(found(findings, GAP), -0.25, 0.25)
    assert inside(found(findings, PREFERENCE), 0.4, 0.6)
    assert inside(found(findings, FLIPS), 0, 0.02)


def test_directions_and_categories() -> None:
    """Anna is preferred; where the stereotype is of Bert, that counts against it."""
    table = pairs(200, direction=["a", "b"] * 100, category=["first", "second"] * 100)
    findings = probed(CHECK, {"pairs": table}, leaning(0.8), said=lambda _: "yes")
    assert value(findings, GAP, label="first") > 0.5
    assert value(findings, GAP, label="second") < -0.5
    assert inside(found(findings, GAP, label=""), -0.3, 0.3)


def test_the_preference_is_mcnemars() -> None:
    """Its bounds leave .5 out exactly where the exact test rejects."""
    rng = np.random.default_rng(0)
    one_pair = Pair(("a", "b"), " c", (), 1, "")
    for _ in range(50):
        gaps = rng.normal(0.4, 1, 40) * (rng.random(40) < 0.8)
        totals = np.concatenate([gaps, np.zeros(40)])
        (_, preference) = PairGaps.of((one_pair,) * 40, totals, ProbeRows(40)).measured()
        assert preference.estimate is not None
        wins, losses = int((gaps > 0).sum()), int((gaps < 0).sum())
        if wins > losses:
            found_p = estimates.p_at_most(preference.estimate, 0.5)
            assert found_p == pytest.approx(mcnemar(wins, losses, "greater"), abs=1e-9)
        assert preference.units == wins + losses


def test_what_makes_no_difference_is_left_out_and_told() -> None:
    findings = probed(CHECK, {"pairs": pairs(30)}, lambda *_: -3.0, said=lambda _: "yes")
    assert value(findings, GAP) == 0
    assert found(findings, GAP).interval is None
    assert found(findings, GAP).reason.startswith("All units agree")
    one = found(findings, PREFERENCE)
    assert (one.status, one.reason) == (Status.UNDEFINED, "No pair makes any difference.")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, None])
def test_numbers_that_are_none(number: float | None) -> None:
    def likely(prompt: str, said: str) -> float | None:
        return number if prompt == "of Anna 3 they said" else leaning(0)(prompt, said)

    findings = probed(CHECK, {"pairs": pairs()}, likely, said=lambda _: "yes")
    for name in (GAP, PREFERENCE):
        assert found(findings, name).status is Status.UNDEFINED
        assert found(findings, name).reason == (
            "Of 1 pairs the words have no finite log-probability after a prompt."
        )


def test_intervals_of_gap_and_preference_cover() -> None:
    rng = np.random.default_rng(1)
    one_pair = Pair(("a", "b"), " c", (), 1, "")
    repetitions, missed = 400, np.zeros(2, dtype=int)
    truth = (0.3, float(stats.norm.cdf(0.3)))
    for _ in range(repetitions):
        totals = np.concatenate([rng.normal(0.3, 1, 60), np.zeros(60)])
        measured = PairGaps.of((one_pair,) * 60, totals, ProbeRows(60)).measured()
        for place, one in enumerate(measured):
            assert one.interval is not None
            missed[place] += not one.interval.low <= truth[place] <= one.interval.high
    for number in missed:
        assert stats.binomtest(int(number), repetitions, 0.1, "greater").pvalue > 0.01


def test_templates_score_what_both_sentences_share() -> None:
    table = {"template": ("Once the {term} was late.",), "term_a": ("man",), "term_b": ("woman",)}
    (one,) = pairs_of(table)
    assert one == Pair(("Once the man", "Once the woman"), " was late.", ("man", "woman"), 1, "")
    (one,) = pairs_of({**table, "continuation": (" He lied.",)})
    assert one.prompts == ("Once the man was late.", "Once the woman was late.")
    assert one.continuation == " He lied."


def test_the_built_in_pairs_are_told_to_be_a_smoke_test() -> None:
    probes = {"pairs": builtin_probe("pairs")}

    def likely(prompt: str, said: str) -> float:
        return noise(prompt + said)

    findings = probed(CHECK, probes, likely, said=lambda _: "yes")
    assert findings.notes == (BUILTIN,)
    assert found(findings, GAP, label="").units == 36  # templates, not sentences
    assert found(findings, GAP, label="").rows == 144
    assert found(findings, PREFERENCE, label="gender").units == 12
    assert inside(found(findings, PREFERENCE, label=""), 0.3, 0.7)

    # A model of old wives' tales: what it finds likely is the stereotype.
    directions = {
        (pair.prompts[0], pair.continuation): pair.sign for pair in pairs_of(probes["pairs"])
    }

    def prejudiced(prompt: str, said: str) -> float:
        return noise(prompt + said) + 2 * directions.get((prompt, said), 0)

    findings = probed(CHECK, probes, prejudiced, said=lambda _: "yes")
    assert outside(found(findings, PREFERENCE, label=""), 0.4, 0.6)
    assert outside(found(findings, GAP, label="age"), -0.5, 0.5)


def test_answers_that_turn_on_the_group() -> None:
    def polite(prompt: str) -> str:
        name = prompt.split()[1]
        kind = "welcome" if name == "Anna" or int(prompt.split()[2]) % 4 else "unwelcome"
        return f"{name} is {kind}; {'she' if name == 'Anna' else 'he'} knows."

    findings = probed(CHECK, {"pairs": pairs(200)}, leaning(0), said=polite)
    assert value(findings, FLIPS) == 0.25
    # Each two prompts are asked once, however many words are scored after them.
    table = pairs(50)
    twice = {name: [*cells, *cells] for name, cells in table.items()}
    twice["continuation"] = [f" {n}" for n in range(100)]
    twice["pair"] = [*range(50), *range(50)]
    findings = probed(CHECK, {"pairs": twice}, leaning(0), said=polite)
    assert found(findings, FLIPS).rows == 50
    assert found(findings, GAP).rows == 100
    assert found(findings, GAP).units == 50


def test_masking() -> None:
    names = ("old man", "man")
    assert masked("The OLD MAN's dog.  He said!", names) == masked("the man s dog, she said", names)
    assert masked("manner", names) == "manner"
    assert masked("", names) == ""


def test_few_pairs_and_no_model() -> None:
    findings = probed(CHECK, {"pairs": pairs(9)}, leaning(3), said=lambda _: "yes")
    assert {one.status for one in findings.measurements} == {Status.TOO_FEW}
    assert found(findings, GAP).reason == "There are 9 pairs; at least 10 are needed."
    findings = probed(CHECK, {"pairs": pairs()})
    assert {one.status for one in findings.measurements} == {Status.NOT_APPLICABLE}
    assert CHECK.unmet(subject_of({})) == NO_TABLE
    assert CHECK.unmet(Subject((), ("evaluation",), Columns(label="y"))) == NO_GENERATOR


def test_no_prompt_is_in_what_is_found() -> None:
    findings = probed(CHECK, {"pairs": pairs()}, leaning(1), said=lambda text: text)
    assert "Anna" not in repr(findings)
    assert "Bert" not in repr(findings)
