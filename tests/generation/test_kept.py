"""What was heard once is scored again without the model, to the same numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditkit.auditing import audit
from auditkit.data import Dataset, dataset
from auditkit.errors import DataError, ModelError, OutputError
from auditkit.generation.files import load_generations, save_generations
from auditkit.generation.kept import kept_generations
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.run import Run
from tests.checks.generators import SETTINGS, decoder, questions

GENERATION = {**SETTINGS, "probes": {}}
CHECKS = ["hallucination"]


def data(table: pd.DataFrame | None = None) -> Dataset:
    features = ("prompt", "answer", "passages", "places")
    return dataset(questions(60) if table is None else table, features=features, cluster="person")


def ran(model: Any, of: Dataset | None = None, **more: Any) -> Run:
    given = {"generation": GENERATION, "checks": CHECKS, "quiet": True, **more}
    return audit(model, of or data(), policy=None, **given)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    path = tmp_path_factory.mktemp("kept") / "heard"
    return ran(decoder(), keep_generations=path), path


def test_the_same_numbers_come_without_the_model(first: tuple[Run, Path]) -> None:
    run, path = first
    again = ran(kept_generations(path))
    assert again.record.measurements == run.record.measurements
    assert again.record.digests["model"] == run.record.digests["model"]
    assert any(one.value is not None for one in run.record.measurements)


def test_another_rule_of_what_is_right_is_tried_without_the_model(first: tuple[Run, Path]) -> None:
    run, path = first
    rule = {"kind": "function", "function": lambda answer, references: True}
    again = ran(kept_generations(path), generation={**GENERATION, "correctness": rule})

    def errors(of: Run) -> float | None:
        numbers = (one for one in of.record.measurements if not one.key.slice.conditions)
        (found,) = (one for one in numbers if one.key.metric == "hallucination.error_rate")
        return found.value

    assert errors(run) != 0
    assert errors(again) == 0


def test_the_record_says_that_answers_are_kept(first: tuple[Run, Path]) -> None:
    run, path = first
    assert any("60 prompts is kept in a file" in note for note in run.record.notes)
    assert not any("kept in a file" in note for note in ran(decoder()).record.notes)
    assert path.stat().st_mode & 0o077 == 0


def test_fewer_samples_may_be_wanted_and_more_not(first: tuple[Run, Path]) -> None:
    source = kept_generations(first[1])
    fewer = {**GENERATION, "sampling": {**SETTINGS["sampling"], "samples": 2}}
    assert ran(source, generation=fewer).record.measurements
    more = {**GENERATION, "sampling": {**SETTINGS["sampling"], "samples": 9}}
    with pytest.raises(ModelError, match="hold 4 samples of a prompt, and the audit wants 9"):
        ran(source, generation=more)


def test_what_was_not_heard_has_a_reason(first: tuple[Run, Path], tmp_path: Path) -> None:
    asked = {key: one for key, one in GENERATION.items() if key != "verification"}
    path = tmp_path / "heard"
    ran(decoder(), generation=asked, keep_generations=path)
    again = ran(kept_generations(path))
    (verified,) = (one for one in again.record.measurements
                   if one.key.metric == "hallucination.verification_accuracy")  # fmt: skip
    assert verified.value is None
    assert verified.reason == "It was not heard when these answers were generated."


def test_another_prompt_under_the_same_id_is_refused(first: tuple[Run, Path]) -> None:
    table = questions(60).assign(prompt="what is true ?")
    with pytest.raises(ModelError, match=re.escape("The prompt '0' in ")):
        ran(kept_generations(first[1]), data(table))
    with pytest.raises(ModelError, match="lack the prompt '60'"):
        ran(kept_generations(first[1]), data(questions(61)))


def test_another_seed_is_refused(first: tuple[Run, Path]) -> None:
    with pytest.raises(ModelError, match=r"drawn with seed 0, and the audit's is 3. Give seed: 0."):
        ran(kept_generations(first[1]), seed=3)


def test_a_damaged_file_is_refused(first: tuple[Run, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(first[1].read_bytes()[:-7])
    with pytest.raises(DataError, match="cannot be used"):
        kept_generations(damaged)
    with pytest.raises(DataError, match="cannot be read"):
        kept_generations(tmp_path / "absent")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    def never(prompts: list[str]) -> list[str]:
        raise AssertionError("the model was asked")

    model = WrappedGenerator(texts=FunctionSource(never))
    for place in (tmp_path / "absent" / "heard", tmp_path):
        with pytest.raises(OutputError, match=re.escape(f"{place} cannot be written")):
            ran(model, keep_generations=place)
    assert not list(tmp_path.iterdir())


def test_kept_again_they_are_the_same(first: tuple[Run, Path], tmp_path: Path) -> None:
    save_generations(load_generations(first[1]), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == first[1].read_bytes()
