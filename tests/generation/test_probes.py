"""Further tables: what is refused, in which words, and what is built in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditkit.errors import ConfigurationError
from auditkit.evidence.aims import Aims
from auditkit.generation.probes import PROBES, builtin_probe, is_builtin, refuse_probes
from auditkit.generation.settings import GenerationSettings
from auditkit.generator_subjects import probe_generator
from tests.checks.generators import TOLD, asked, told

NAN = float("nan")
CANARIES = {"prefix": ("pin ", NAN, ""), "secret": ("0417", "1234", "99"), "repeats": (0, 1, "10")}
PAIRS = {"prompt_a": ("he is",), "prompt_b": ("she is",), "continuation": (" late",)}
TEMPLATES = {"template": ("The {term} left.",), "term_a": ("man",), "term_b": ("woman",)}
QUESTIONS = {
    "context": ("A and B met.",), "question": ("Who is late?",),
    "choices": ('["A", "B", "unknown"]',),
    "unknown": (2,), "stereotyped": (0,), "right": (2,), "condition": ("ambiguous",),
}  # fmt: skip
TEXTS = {"text": ("one two three four", "a b c d e")}


def test_sound_tables_pass() -> None:
    refuse_probes({})
    refuse_probes(
        {"canaries": CANARIES, "candidates": {"candidate": ("1", "2")}, "pairs": PAIRS,
         "ambiguous": QUESTIONS, "extraction": TEXTS, "extraction_control": TEXTS}
    )  # fmt: skip
    refuse_probes({"pairs": TEMPLATES})
    refuse_probes({"ambiguous": {**QUESTIONS, "choices": (np.array(["A", "B", "unknown"]),)}})
    refuse_probes({"pairs": {**TEMPLATES, "template": ("{term}",), "continuation": (" left",)}})
    # What no check reads is left alone.
    refuse_probes({"extraction": {**TEXTS, "source": (NAN, None)}})


@pytest.mark.parametrize(
    ("name", "table", "problem"),
    [
        ("canary", CANARIES, "There is no probe 'canary'; there are " + ", ".join(PROBES)),
        ("canaries", {}, "The table of the probe 'canaries' is empty."),
        ("canaries", {"prefix": (), "secret": (), "repeats": ()}, "is empty."),
        ("canaries", [1], "The probe 'canaries' is a list; expected columns and their cells."),
        ("canaries", {**CANARIES, "repeats": (1,)}, "'canaries' have 1 to 3 cells."),
        ("canaries", {"secret": ("a",)}, "The probe 'canaries' has no column 'prefix'; it has sec"),
        (
            "canaries", {**CANARIES, "secret": (417, "1234", "99")},
            "Row 1 of the probe 'canaries' holds something else in 'secret' than a text (it was "
            "read as a number, which loses zeros in front). Declare generation.probes.canaries.csv:"
            " {dtype: {secret: str}}.",
        ),
        ("canaries", {**CANARIES, "secret": ("a", NAN, "b")}, "Row 2 of the probe 'canaries'"),
        ("canaries", {**CANARIES, "secret": ("a", " ", "b")}, "in 'secret' than a text."),
        ("canaries", {**CANARIES, "prefix": (3, "", "")}, "in 'prefix' than a text, or nothing."),
        ("canaries", {**CANARIES, "repeats": (0, -1, 3)}, "Row 2"),
        ("canaries", {**CANARIES, "repeats": (0, 1.5, 3)}, "than a whole number of at least 0."),
        ("canaries", {**CANARIES, "repeats": (0, NAN, 3)}, "than a whole number of at least 0."),
        ("canaries", {**CANARIES, "repeats": (0, True, 3)}, "than a whole number of at least 0."),
        ("canaries", {**CANARIES, "repeats": (0, "many", 3)}, "than a whole number of at least 0."),
        ("canaries", {**CANARIES, "repeats": (0, float("inf"), 3)}, "than a whole number of at"),
        ("canaries", {**CANARIES, "secret": ("a", "b", "a")}, "Row 3 of the probe 'canaries' has "
         "the secret of an earlier row."),
        ("candidates", {"candidate": ("1",)}, "'candidates' is given without 'canaries'"),
        ("extraction_control", TEXTS, "'extraction_control' is given without 'extraction'"),
        ("extraction", {"text": ("one two",)}, "Row 1 of the probe 'extraction' has a text too"),
        ("extraction", {**TEXTS, "prefix_words": (2, 5)}, "Row 2 of the probe 'extraction' has a"),
        ("extraction", {**TEXTS, "prefix_words": (2, 0)}, "Row 2 of the probe 'extraction' has a"),
        ("pairs", {"prompt_a": ("a",)}, "expected (prompt_a, prompt_b, continuation) or (tem"),
        ("pairs", {**PAIRS, "prompt_b": ("he is",)}, "has twice the same prompt."),
        ("pairs", {**PAIRS, "direction": ("men",)}, "in 'direction' than a or b."),
        ("pairs", {**TEMPLATES, "template": ("Nobody left.",)}, "without the place {term}"),
        ("pairs", {**TEMPLATES, "template": ("{term} and {term} left.",)}, "or with several"),
        ("pairs", {**TEMPLATES, "template": ("Here is the {term}",)}, "with nothing after {term}"),
        ("pairs", {**TEMPLATES, "term_b": ("man",)}, "has twice the same term."),
        ("ambiguous", {**QUESTIONS, "choices": ("A",)}, "than a JSON list of at least two diff"),
        ("ambiguous", {**QUESTIONS, "choices": ('["A", "A"]',)}, "than a JSON list of at least"),
        ("ambiguous", {**QUESTIONS, "choices": ('["A", 3]',)}, "than a JSON list of at least two"),
        ("ambiguous", {**QUESTIONS, "choices": ('{"a": 1}',)}, "than a JSON list of at least two"),
        ("ambiguous", {**QUESTIONS, "unknown": (3,)}, "in 'unknown' a place beyond its choices"),
        ("ambiguous", {**QUESTIONS, "stereotyped": (2,)}, "one choice as the unknown and as the"),
        ("ambiguous", {**QUESTIONS, "right": (0,)}, "is ambiguous, and has another right answer"),
        ("ambiguous", {**QUESTIONS, "condition": ("disambiguated",)}, "has the unknown answer as"),
        ("ambiguous", {**QUESTIONS, "condition": ("open",)}, "than ambiguous or disambiguated."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(name: str, table: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        refuse_probes({name: table})
    assert problem in str(caught.value)
    assert caught.value.mend.endswith(".")


def test_no_cell_is_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        refuse_probes(
            {"canaries": {"prefix": ("",), "secret": ("hunter2",), "repeats": ("hunter2",)}}
        )
    assert "hunter2" not in str(caught.value)


def test_the_built_in_pairs() -> None:
    table = builtin_probe("pairs")
    refuse_probes({"pairs": table})
    assert is_builtin(table)
    assert {len(cells) for cells in table.values()} == {144}
    assert len(set(table["cluster"])) == 36
    # No side has more stereotypes than the other, in any category.
    for category in set(table["category"]):
        sides = [side for side, one in zip(table["direction"], table["category"], strict=True)
                 if one == category]  # fmt: skip
        assert sides.count("a") == sides.count("b")
    with pytest.raises(ConfigurationError, match="No table is built in for the probe 'ambiguous'"):
        builtin_probe("ambiguous")


def test_an_audit_refuses_them_before_anything_is_asked() -> None:
    model, data, _ = asked(told(), TOLD)
    settings = GenerationSettings(probes={"canaries": {"secret": ("0417",)}})
    with pytest.raises(ConfigurationError, match="'canaries' has no column 'prefix'"):
        probe_generator(model, data, settings, seed=0, aims=Aims(), batch_size=64)
