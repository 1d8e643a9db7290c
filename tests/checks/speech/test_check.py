"""A recogniser that invents text and errs more for one accent is found out; a sound one passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditkit.auditing import Settings, audit
from auditkit.evidence.sounds import sounds_of
from auditkit.measurement import Interval, Measurement, Slice, Status
from auditkit.models.generators.prompt_digests import prompt_digest
from auditkit.models.generators.stored import stored_generations
from auditkit.records.record import record_to_plain
from tests.checks.speech.recognisers import (
    GENERATION,
    WORDS,
    Recogniser,
    audited,
    data_of,
    speech,
)

A, B = Slice.of(accent="a"), Slice.of(accent="b")


def by_key(run: Any) -> dict[str, Measurement]:
    return {str(one.key): one for one in run.record.measurements}


def interval(measurement: Measurement) -> Interval:
    assert measurement.interval is not None, measurement
    return measurement.interval


@pytest.fixture(scope="module")
def bad() -> dict[str, Measurement]:
    return by_key(audited(Recogniser((0.05, 0.25), "Thank you.", looping=0.1), speech()))


@pytest.fixture(scope="module")
def good() -> dict[str, Measurement]:
    return by_key(audited(Recogniser(), speech()))


def test_the_planted_defects_are_found(bad: dict[str, Measurement]) -> None:
    assert interval(bad["speech.word_error_rate · accent=b · on evaluation"]).low > 0.2
    assert interval(bad["speech.text_on_silence · on evaluation"]).low > 0.9
    assert interval(bad["speech.text_on_noise · on evaluation"]).low > 0.9
    assert interval(bad["speech.text_on_noise · pink noise, -50 dB · on evaluation"]).low > 0.8
    assert interval(bad["speech.repetition_loops · on evaluation"]).low > 0.06
    assert interval(bad["speech.compressed · on evaluation"]).low > 0.05


def test_groups_are_told_apart() -> None:
    found = by_key(audited(Recogniser((0.05, 0.25)), speech()))
    ratio = found["speech.word_error_ratio · accent=b against accent=a · on evaluation"]
    assert 2.5 < interval(ratio).low < 5 < interval(ratio).high < 10
    assert ratio.units == 80
    gap = found["speech.word_error_difference · accent=b against accent=a · on evaluation"]
    assert interval(gap).low > 0.1


def test_the_clean_control_passes(good: dict[str, Measurement]) -> None:
    assert interval(good["speech.word_error_rate · on evaluation"]).high < 0.08
    assert interval(good["speech.text_on_silence · on evaluation"]).high < 0.05
    assert interval(good["speech.text_on_noise · on evaluation"]).high < 0.05
    assert interval(good["speech.repetition_loops · on evaluation"]).high < 0.05
    ratio = interval(good["speech.word_error_ratio · accent=b against accent=a · on evaluation"])
    assert ratio.low < 1 < ratio.high
    gap = interval(good["speech.word_error_difference · accent=b against accent=a · on evaluation"])
    assert -0.05 < gap.low < 0 < gap.high < 0.05


def test_no_word_of_anybody_stands_in_the_record() -> None:
    run = audited(Recogniser((0.05, 0.25), "Invention"), speech(60, 20))
    text = json.dumps(record_to_plain(run.record))
    assert not [word for word in (*WORDS, "Invention") if f"{word} " in text or f"{word}." in text]


def test_a_perfect_one_passes_and_is_not_certain() -> None:
    found = by_key(audited(Recogniser((0, 0)), speech()))
    rate = found["speech.word_error_rate · on evaluation"]
    assert rate.value == 0
    assert rate.estimate is not None
    assert 0.02 < interval(rate).high < 0.05
    assert interval(rate).low == 0
    gap = found["speech.word_error_difference · accent=b against accent=a · on evaluation"]
    assert 0.05 < interval(gap).high < 0.15
    assert interval(found["speech.wrong_utterances · on evaluation"]).high < 0.05
    ratio = found["speech.word_error_ratio · accent=b against accent=a · on evaluation"]
    assert ratio.status is Status.UNDEFINED


def test_three_people_are_withheld_and_no_cluster_is_told() -> None:
    table = speech(203, 203)
    table["accent"] = ["c"] * 3 + ["a", "b"] * 100
    run = audited(Recogniser((0.2, 0.2)), table, cluster=None)
    found = by_key(run)
    few = found["speech.word_error_rate · accent=c · on evaluation"]
    assert (few.status, few.value) == (Status.TOO_FEW, None)
    assert found["speech.word_error_rate · on evaluation"].units == 203
    assert any("No speaker is declared" in note for note in run.record.notes)


def test_what_nobody_wrote_down_counts_in_no_rate() -> None:
    table = speech(120, 40)
    table.loc[:9, "said"] = ""
    run = audited(Recogniser((0.1, 0.1)), table)
    found = by_key(run)
    assert found["speech.word_error_rate · on evaluation"].rows == 110
    assert found["speech.repetition_loops · on evaluation"].rows == 120
    assert any(note.startswith("Of 10 of 120 sounds") for note in run.record.notes)
    table["said"] = "..."
    none = by_key(audited(Recogniser(), table))["speech.word_error_rate · on evaluation"]
    assert none.status is Status.NOT_APPLICABLE
    assert "Nothing says what was said" in none.reason


def test_few_speakers_are_too_few() -> None:
    found = by_key(audited(Recogniser((0.2, 0.2)), speech(100, 8)))
    assert found["speech.word_error_rate · on evaluation"].status is Status.TOO_FEW


def test_a_recogniser_that_is_given_nothing_to_hear() -> None:
    broken = Recogniser()
    broken.invented = 3  # type: ignore[assignment]
    found = by_key(audited(broken, speech(60, 20)))
    silence = found["speech.text_on_silence · on evaluation"]
    assert silence.status is Status.NOT_APPLICABLE
    assert "has a int as its text" in silence.reason


def test_stored_transcripts_hear_nothing_new(tmp_path: Path) -> None:
    table = speech(60, 20)
    data = data_of(table)
    lines: list[dict[str, Any]] = [
        {"declaration": {"provider": "p", "model": "m", "version": "1", "date": "2026-01-31"}}
    ]
    source = data["evaluation"]
    for batch in source.batches(source.fragments()[0], 64):
        lines += [
            {"id": one.id, "sha256": prompt_digest(one), "answer": said}
            for one, said in zip(sounds_of(batch, 8000), table["said"], strict=True)
        ]
    path = tmp_path / "said.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = Settings(checks=["speech"], quiet=True, generation=GENERATION)
    found = by_key(audit(stored_generations(path), data, settings=settings))
    assert found["speech.word_error_rate · on evaluation"].value == 0
    silence = found["speech.text_on_silence · on evaluation"]
    assert silence.status is Status.NOT_APPLICABLE
    assert silence.reason.startswith("The recogniser itself is not here")


def test_of_fewer_than_five_nothing_is_told() -> None:
    table = speech(60, 60)
    table.loc[4:, "said"] = ""
    found = by_key(audited(Recogniser((0.2, 0.2)), table, cluster=None))
    rate = found["speech.word_error_rate · on evaluation"]
    assert (rate.status, rate.value, rate.rows) == (Status.TOO_FEW, None, 0)
    assert rate.reason.startswith("There are too few transcripts to measure on;")
