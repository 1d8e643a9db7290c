"""A recogniser that was really trained: subtitles below noise make it invent; an accent errs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from auditkit.auditing import Settings, audit
from auditkit.data import audio, dataset
from auditkit.measurement import Interval, Measurement
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.wrapped import WrappedGenerator
from tests.checks.speech.recognisers import GENERATION
from tests.checks.speech.tones import sentences, trained


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def audited(*, captioned: bool) -> dict[str, Measurement]:
    with torch.random.fork_rng():
        listener = trained(captioned=captioned)
    sounds = audio(sentences(160), column="wav", seconds=0.75, beside=["said"])
    data = dataset(sounds, groups={"accent": {"reference": "plain"}}, cluster="speaker")
    model = WrappedGenerator(texts=FunctionSource(listener.transcribe))
    settings = Settings(checks=["speech"], quiet=True, generation=GENERATION)
    run = audit(model, data, settings=settings)
    assert listener.training  # it came back as it was lent
    return {str(one.key): one for one in run.record.measurements}


def interval(measurement: Measurement) -> Interval:
    assert measurement.interval is not None, measurement
    return measurement.interval


def test_it_invents_what_careless_subtitles_taught_it() -> None:
    found = audited(captioned=True)
    assert interval(found["speech.text_on_noise · on evaluation"]).low > 0.9


def test_a_sound_one_is_silent_and_errs_where_it_was_not_taught() -> None:
    found = audited(captioned=False)
    assert interval(found["speech.text_on_noise · on evaluation"]).high < 0.05
    assert interval(found["speech.text_on_silence · on evaluation"]).high < 0.05
    gap = found["speech.word_error_difference · accent=sharp against accent=plain · on evaluation"]
    assert interval(gap).low > 0.1
    assert found["speech.word_error_rate · accent=plain · on evaluation"].value == pytest.approx(
        0, abs=0.02
    )
