"""Wrong answers are counted, scores compared, and a threshold is found where one can be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from auditkit.checks import Findings
from auditkit.checks.hallucination.check import CHECK
from auditkit.errors import ConfigurationError
from auditkit.evidence.aims import Aims
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.parts import SAMPLES, VERIFICATION
from auditkit.generation.settings import GenerationSettings, Verification
from auditkit.measurement import Measurement, Slice, Status
from tests.generation.audits import audited, independent
from tests.generation.made import answer, population

AIMS = Aims(error=0.1, violation=0.1)
OF_GATE = ("threshold", "coverage", "accepted_error")


def measured(generations: Generations, *groups: str, **settings: Any) -> Findings:
    subject, evidence = audited(generations, *groups, **{"aims": AIMS, **settings})
    assert CHECK.unmet(subject) == ""
    result = CHECK.measure(subject, evidence)
    keys = [one.key for one in result.measurements]
    assert len(keys) == len(set(keys))
    assert {key.metric for key in keys} <= {metric.id for metric in CHECK.metrics}
    return result


@cache
def plain(n: int = 400, *, informative: bool = True) -> Generations:
    """Independent prompts without hidden states, which take the longest."""
    made = independent(population(n, samples=5, informative=informative))
    return replace(made, rows=tuple(replace(row, hidden={}) for row in made.rows))


def found(result: Findings, name: str, label: str = "", **where: str) -> Measurement:
    wanted = (f"hallucination.{name}", label, Slice.of(where))
    (one,) = [m for m in result.measurements if (m.key.metric, m.key.label, m.key.slice) == wanted]
    return one


def value(result: Findings, name: str, label: str = "", **where: str) -> float:
    one = found(result, name, label, **where)
    assert one.status is Status.MEASURED, one.reason
    assert one.value is not None
    return one.value


def changed(generations: Generations, **texts: str) -> Generations:
    """With other greedy answers (`known="…"`, `unknown="…"`) by kind of question."""
    rows = []
    for row in generations.rows:
        text = texts.get(row.question.groups["kind"])
        rows.append(row if text is None else replace(row, greedy=replace(row.greedy, text=text)))
    return replace(generations, rows=tuple(rows))


def with_questions(generations: Generations, **known: Any) -> Generations:
    rows = (replace(row, question=replace(row.question, **known)) for row in generations.rows)
    return replace(generations, rows=tuple(rows))


def figure_of(result: Findings, kind: str) -> dict[str, Any]:
    (one,) = [figure for figure in result.figures if figure.kind == kind]
    return dict(one.data)


def test_a_model_that_is_wrong_on_half_and_knows_it_answers_the_other_half() -> None:
    result = measured(independent(population(400)), "kind")
    assert value(result, "judged") == 1
    assert value(result, "refusal_rate") == 0
    assert value(result, "error_rate") == 0.5
    assert value(result, "error_rate", kind="unknown") == 1
    assert value(result, "auroc", "semantic_entropy") > 0.95
    assert value(result, "auroc", "length") == 0.5
    assert "nothing is put in order" in found(result, "prr", "length").reason
    assert value(result, "calibration_error", "semantic_entropy") < 0.0025
    coverage, error = found(result, "coverage"), found(result, "accepted_error")
    assert coverage.interval is not None
    assert 0.35 < coverage.interval.low < coverage.interval.high < 0.65
    assert error.interval is not None
    assert error.interval.high < 0.1
    assert "semantic entropy is below" in coverage.reason
    assert value(result, "group_coverage", kind="known") > 0.9
    assert value(result, "group_coverage", kind="unknown") < 0.1
    assert value(result, "confidently_wrong") == 0


def test_a_model_that_knows_everything_passes_and_is_always_answered() -> None:
    result = measured(changed(plain(), unknown="right"), "kind")
    error, given = found(result, "error_rate"), found(result, "accepted_error")
    assert error.interval is not None
    assert given.interval is not None
    assert error.interval.high < 0.01
    assert given.interval.high < 0.02
    assert value(result, "coverage") == 1
    assert found(result, "threshold").status is Status.UNDEFINED
    assert "all answers can be given" in found(result, "threshold").reason
    auroc = found(result, "auroc", "semantic_entropy")
    assert auroc.status is Status.TOO_FEW
    assert "0 are wrong" in auroc.reason
    assert found(result, "confidently_wrong").reason == "No answer is wrong."
    assert result.notes == ()


def test_a_model_whose_scores_say_nothing_gets_no_threshold() -> None:
    result = measured(plain(informative=False))
    for name in OF_GATE:
        one = found(result, name)
        assert (one.status, one.value) == (Status.UNDEFINED, None)
        assert "the score does not tell errors apart well enough" in one.reason
    assert 0.4 < value(result, "auroc", "semantic_entropy") < 0.6


def test_a_model_that_is_always_wrong_has_no_threshold_and_no_ranking() -> None:
    result = measured(changed(plain(), known="wrong"))
    assert value(result, "error_rate") == 1
    assert found(result, "coverage").status is Status.UNDEFINED
    assert "0 are right" in found(result, "auroc", "perplexity").reason
    # Where the samples say "right", they do not agree with the wrong answer.
    assert value(result, "confidently_wrong") == 0


def test_wrong_answers_that_nothing_gives_away_are_counted() -> None:
    rows = [
        replace(row, greedy=answer("sure"), samples=(answer("sure"),) * 5) if place % 4 else row
        for place, row in enumerate(plain().rows)
    ]
    result = measured(Generations.of(rows))
    wrong = [row for row in rows if row.greedy.text != "right"]
    planted = sum(row.greedy.text == "sure" for row in wrong)
    assert value(result, "confidently_wrong") == pytest.approx(planted / len(wrong))
    assert found(result, "confidently_wrong").rows == len(wrong)
    assert found(result, "coverage").status is Status.UNDEFINED


def test_refusals_are_an_outcome_of_their_own_and_cover_nothing() -> None:
    refusing = changed(plain(), unknown="I don't know.")
    result = measured(refusing, "kind")
    assert value(result, "refusal_rate") == 0.5
    assert value(result, "refusal_rate", kind="unknown") == 1
    assert value(result, "error_rate") == 0
    assert value(result, "coverage") == 0.5
    assert found(result, "error_rate", kind="unknown").status is Status.TOO_FEW
    nothing = measured(changed(refusing, known="I don't know."))
    assert value(nothing, "refusal_rate") == 1
    assert "all that were judged are refusals" in found(nothing, "error_rate").reason
    assert all(found(nothing, name).value is None for name in OF_GATE)


def test_without_references_only_what_needs_none_is_measured() -> None:
    result = measured(with_questions(population(400), references=()), "kind")
    assert value(result, "judged") == 0
    assert 0.4 < value(result, "disagreement") < 0.6
    for name in ("error_rate", "confidently_wrong", *OF_GATE):
        one = found(result, name)
        assert one.status is Status.NOT_APPLICABLE
        assert "No answer was judged" in one.reason
    assert found(result, "auroc", "perplexity").status is Status.NOT_APPLICABLE
    assert found(result, "error_rate", kind="known").status is Status.NOT_APPLICABLE


def test_labels_of_people_count() -> None:
    rows = [
        replace(row, question=replace(row.question, references=(), label=place % 4 > 0))
        for place, row in enumerate(plain().rows)
    ]
    assert value(measured(Generations.of(rows)), "error_rate") == 0.25


def test_the_threshold_comes_from_one_half_and_the_numbers_from_the_other() -> None:
    generations = plain()
    rows = [
        replace(row, question=replace(row.question, references=("never",)))
        if row.question.held_out
        else row
        for row in generations.rows
    ]
    honest, spoilt = measured(generations), measured(Generations.of(rows))
    assert value(honest, "threshold") == value(spoilt, "threshold")
    assert value(honest, "coverage") == value(spoilt, "coverage")
    assert value(spoilt, "accepted_error") == 1
    assert any("The promise is broken" in note for note in spoilt.notes)
    (verified, again) = (
        found(measured(one, verification=Verification("?")), "verification_accuracy")
        for one in (generations, Generations.of(rows))
    )
    assert verified.value == again.value


def test_the_score_is_fixed_beforehand_and_named_by_the_user() -> None:
    generations = plain()
    assert "perplexity" not in found(measured(generations), "coverage").reason
    named = found(measured(generations, score="max_token_entropy"), "coverage")
    assert "largest entropy of a token is below" in named.reason
    alone = replace(generations, rows=tuple(replace(row, samples=()) for row in generations.rows))
    fallen = found(measured(alone), "coverage")
    assert "mean entropy of a token is below" in fallen.reason
    for name in ("linear_probe", "nonsense", "length"):
        refused = found(measured(generations, score=name), "coverage")
        assert refused.status is Status.NOT_APPLICABLE
        assert f"generation.score names '{name}'" in refused.reason


def test_without_anything_to_score_by_nothing_decides() -> None:
    rows = [GenerationEvidence(row.question, answer(row.greedy.text)) for row in plain().rows]
    bare = Generations.of(rows, {SAMPLES: "No samples were asked for."})
    result = measured(bare)
    assert found(result, "coverage").reason.startswith("There is no score to decide by")
    assert value(result, "error_rate") == 0.5
    assert found(result, "disagreement").reason == "No samples were asked for."


def test_equal_scores_are_answered_together() -> None:
    """Of the answers with an entropy of 0 a fifth is wrong: no part of them may be given."""
    rng = np.random.default_rng(0)
    rows = []
    for row in plain(800).rows:
        sure = row.question.groups["kind"] == "known"
        text = "right" if sure and rng.random() < 0.8 else "wrong"
        samples = (answer(text),) * 5 if sure else row.samples
        rows.append(replace(row, greedy=answer(text), samples=samples))
    result = measured(Generations.of(rows))
    assert found(result, "coverage").status is Status.UNDEFINED


def test_clusters_are_the_units_and_one_answer_of_each_chooses() -> None:
    result = measured(population(900, per_cluster=3), "side")
    threshold = found(result, "threshold")
    assert (threshold.rows, threshold.units) == (150, 150)
    assert found(result, "coverage").units == 150
    assert found(result, "coverage").rows == 450
    assert "one answer drawn from each cluster" in threshold.reason


def test_few_clusters_and_few_prompts_tell_nothing() -> None:
    few = measured(population(40, per_cluster=10), "side")
    for one in few.measurements:
        assert one.status is not Status.MEASURED, one.key
    tiny = measured(plain(4), "side")
    for one in tiny.measurements:
        assert one.value is None, one.key


def test_the_models_word_counts_only_if_it_can_verify() -> None:
    wanted = Verification("{prompt}{answer} true?", least=0.6)
    result = measured(plain(), verification=wanted)
    assert value(result, "verification_accuracy") > 0.7
    assert value(result, "auroc", "p_true") > 0.8
    idle = measured(plain(informative=False), verification=wanted)
    assert value(idle, "verification_accuracy") < 0.6
    refused = found(idle, "auroc", "p_true")
    assert refused.status is Status.NOT_APPLICABLE
    assert "The model cannot verify its own answers" in refused.reason
    assert (
        VERIFICATION
        in next(iter(CHECK.needs(audited(population(4), verification=wanted)[0]))).need.parts
    )  # type: ignore[union-attr]


def test_which_questions_are_not_to_be_asked_is_said() -> None:
    result = measured(population(800), "kind", "side")
    (note,) = result.notes
    assert "in these groups more than 10 % of the answers are wrong" in note
    assert "kind=unknown (100 %)." in note
    assert "kind=known" not in note
    assert "In every group of side" in note
    ranked = [row["feature"] for row in figure_of(result, "ranking")["rows"]]
    assert (ranked[0], ranked[-1]) == ("kind=unknown", "kind=known")


def test_groups_of_few_are_named_and_not_told() -> None:
    rows = list(population(400).rows)
    for place in range(3):
        alone = replace(rows[place].question, groups={"kind": "rare", "side": "a"})
        rows[place] = replace(rows[place], question=alone)
    result = measured(Generations.of(rows), "kind")
    for name in ("error_rate", "refusal_rate", "group_coverage", "group_accepted_error"):
        one = found(result, name, kind="rare")
        assert (one.status, one.value, one.rows) == (Status.TOO_FEW, None, 0)


def test_texts_are_shown_only_where_rows_may_be() -> None:
    generations = population(400)
    silent = measured(generations, "kind")
    texts = {row.question.prompt for row in generations.rows}
    assert not any(text in str(silent.figures) + str(silent.notes) for text in texts)
    shown = figure_of(measured(generations, aims=replace(AIMS, review=7)), "worst_answers")
    assert (shown["n"], len(shown["rows"]), shown["wrong"]) == (7, 7, 200)
    entropies = [row["scores"]["Semantic entropy"] for row in shown["rows"]]
    assert entropies == sorted(entropies)
    assert all(row["answer"] != row["reference"] for row in shown["rows"])


def test_pictures_mark_threshold_chance_and_controls() -> None:
    result = measured(plain(), "kind")
    curve = figure_of(result, "risk_coverage")
    assert curve["mark"]["coverage"] == pytest.approx(value(result, "coverage"))
    assert curve["limit"] == 0.1
    scores = {row["group"]: row for row in figure_of(result, "null_band")["rows"]}
    control = scores["Length of the answer (control)"]
    assert control["control"]
    assert control["null_low"] < control["value"] < control["null_high"]
    points = figure_of(result, "reliability")["bins"]
    assert min(point["n"] for point in points) >= 5


def test_a_platt_curve_may_be_wanted_and_no_other() -> None:
    generations = plain(informative=False)
    one, other = (
        value(measured(generations, calibrator=name), "ece", "semantic_entropy")
        for name in ("isotonic", "platt")
    )
    assert one != other
    with pytest.raises(ConfigurationError, match=r"expected one of isotonic, platt"):
        GenerationSettings(calibrator="histogram")
