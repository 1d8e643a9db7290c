"""From rows of a table to questions: every cell is what is declared of it, or is refused by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.data import dataset
from auditkit.data.batch import Batch
from auditkit.errors import DataError
from auditkit.evidence.prompts import questions_of
from auditkit.generation.evidence import Question
from auditkit.generation.settings import GenerationSettings


def asked(column: str, cells: list[Any]) -> list[Question]:
    """The questions of a table with a column of prompts and one more."""
    frame = pd.DataFrame({"prompt": ["why ?"] * len(cells), column: cells})
    source = dataset(evaluation=frame, features=("prompt", column)).splits["evaluation"]
    batches: list[Batch] = [one for part in source.fragments() for one in source.batches(part, 8)]
    settings = GenerationSettings.of({"columns": {column: column}})
    return [one for batch in batches for one in questions_of(batch, settings, 0)]


def test_a_column_of_whole_numbers_stays_one_where_a_cell_is_empty() -> None:
    """pandas reads it as floats: "1962.0" would be the reference, and "1962" a wrong answer."""
    found = asked("references", [1962, None, 1963])
    assert [one.references for one in found] == [("1962",), (), ("1963",)]
    assert asked("references", [0.5, 2.25])[1].references == ("2.25",)


def test_a_list_holds_its_texts_and_what_lacks_is_none_of_them() -> None:
    cells = ['["Paris", null, 3.0]', "[sic]", "[]", ["a", np.nan], "Paris"]
    found = [one.references for one in asked("references", cells)]
    assert found == [("Paris", "3"), ("[sic]",), (), ("a",), ("Paris",)]


def test_places_are_whole_numbers_from_0() -> None:
    found = [one.right_passages for one in asked("right_passages", ["[0, 2]", "1", "", "3.0"])]
    assert found == [(0, 2), (1,), (), (3,)]


@pytest.mark.parametrize("cell", ["[-1]", "-1", "[0.5]", "[true]", "first", '["a"]', "[null]"])
def test_no_places_are_refused_by_row(cell: str) -> None:
    with pytest.raises(DataError, match="expected whole numbers from 0"):
        asked("right_passages", ["[0]", cell])
