"""Sounds of a batch as a recogniser is given them: cut to their own length, at their rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import audio, dataset
from auditkit.data.batch import Batch
from auditkit.errors import DataError
from auditkit.evidence import LocalEngine, Options, SplitNeed, make_plan
from auditkit.evidence.generation_needs import GenerationNeed
from auditkit.evidence.sounds import heard_facts, sounds_of
from auditkit.generation.settings import GenerationSettings, PromptColumns
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.wrapped import WrappedGenerator
from tests.data.media_files import pcm, tone
from tests.evidence.passes import subject_of


def batch(inputs: Any, rows: int = 2) -> Batch:
    return Batch(inputs, None, np.arange(rows), {}, None)


SOUNDS = np.float32([[0, 0.5, -0.5, 0, 0], [0, 0, 0, 0, 0]])


def test_what_was_filled_up_is_cut_off_again() -> None:
    first, silent = sounds_of(batch(SOUNDS), 10)
    assert first.sound.tolist() == [0, 0.5, -0.5]
    assert silent.sound.tolist() == [0, 0, 0, 0, 0]
    assert heard_facts(first) == {"samples": 3.0, "rate": 10.0, "seconds": pytest.approx(0.3)}
    assert heard_facts(sounds_of(batch(SOUNDS), 0)[0]) == {"samples": 3.0}


@pytest.mark.parametrize("name", ["waveform", "input_values", "audio"])
def test_lengths_may_be_told(name: str) -> None:
    inputs = {name: torch.from_numpy(SOUNDS), "length": torch.tensor([4, 2])}
    assert [len(one.sound) for one in sounds_of(batch(inputs), 10)] == [4, 2]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"input_ids": SOUNDS}, "The inputs are input_ids, and none of them is a sound"),
        (SOUNDS[0], r"an array of float32 with the shape \(5,\)"),
        (np.array([["a"], ["b"]]), "The inputs are no sounds"),
    ],
)
def test_what_is_no_sound(inputs: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        sounds_of(batch(inputs), 10)


def test_a_recogniser_is_heard_with_the_transcripts_beside() -> None:
    table = {
        "wav": [pcm(tone(220, 400 * (1 + row % 2))) for row in range(12)],
        "said": [f"row {row}" for row in range(12)],
        "speaker": [row // 2 for row in range(12)],
    }
    sounds = audio(pd.DataFrame(table), column="wav", seconds=0.1, beside=["said"])
    data = dataset(sounds, cluster="speaker")
    model = WrappedGenerator(
        texts=FunctionSource(lambda heard, rate: [f"{len(one)} {rate}" for one in heard])
    )
    settings = GenerationSettings(columns=PromptColumns(spoken=True, references="said"))
    subject = subject_of(model, data.columns, generation=settings)
    plan = make_plan([SplitNeed("evaluation", GenerationNeed())], subject)
    with model.opened():
        found = LocalEngine().run(plan, subject, model, data, Options(batch_size=5, quiet=True))
    generations = found["evaluation"].generations
    assert generations is not None
    answers = {row.question.id: row for row in generations.rows}
    assert {row.greedy.text for row in answers.values()} == {"400 8000", "800 8000"}
    assert answers["3"].question.references == ("row 3",)
    assert answers["3"].facts == {"samples": 800.0, "rate": 8000.0, "seconds": 0.1}


def test_a_column_that_is_not_there_is_named() -> None:
    table = pd.DataFrame({"wav": [pcm(tone(220))], "said": ["a"]})
    data = dataset(audio(table, column="wav", beside=["sayd"]))
    with pytest.raises(DataError, match=r"no column 'sayd', which is to be read .*'said'"):
        data.check()
