"""What cannot be meant is told before anything is generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditkit.errors import ConfigurationError
from auditkit.generation.refused_settings import refuse_settings
from auditkit.generation.settings import GenerationSettings, Sampling
from auditkit.generator_subjects import probe_generator


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"sampling": {"samples": 0, "temperature": 0.5, "layers": [-1, 0]}},
        {"verification": {"template": "{prompt}{answer} {{true?}}"}},
        {"correctness": {"kind": "function", "function": lambda answer, references: True}},
        {"correctness": {"kind": "label"}, "columns": {"label": "judged"}},
        {"correctness": {"kind": "choice"}, "columns": {"choices": "choices"}},
        {"score": "p_true", "verification": {"template": "{prompt}{answer} true?"}},
        {"equivalence": {"kind": "canonical", "function": str.lower}},
        {"equivalence": {"kind": "token_f1", "least": 0.5}, "refusals": ["nix.*"]},
    ],
)
def test_what_can_be_meant_is_taken(given: dict[str, Any]) -> None:
    refuse_settings(GenerationSettings.of(given))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"sampling": {"samples": -1}}, r"samples is -1; .* from 0 to 100"),
        ({"sampling": {"samples": 101}}, "samples is 101"),
        ({"sampling": {"samples": 2.5}}, "whole number"),
        ({"sampling": {"samples": True}}, "samples is True"),
        ({"sampling": {"temperature": 0}}, "temperature is 0"),
        ({"sampling": {"temperature": float("inf")}}, "temperature is inf"),
        ({"sampling": {"temperature": float("nan")}}, "temperature is nan"),
        ({"sampling": {"temperature": "hot"}}, "temperature is 'hot'"),
        ({"sampling": {"max_tokens": 0}}, "max_tokens is 0; .* at least 1"),
        ({"sampling": {"tokens_at_once": 0}}, "tokens_at_once"),
        ({"sampling": {"adaptive": "no"}}, "adaptive is 'no'"),
        ({"sampling": {"layers": "all"}}, "layers is 'all'"),
        ({"sampling": {"layers": [0.5]}}, "layers"),
        ({"verification": {"template": "{prompt} true?"}}, "no place for the answer"),
        ({"verification": {"template": "{answer} true?"}}, "no place for the prompt"),
        ({"verification": {"template": "{prompt}{answer}{x}"}}, "another place"),
        ({"verification": {"template": "{prompt}{answer}{"}}, "single brace"),
        ({"verification": {"template": "{prompt.x}{answer}"}}, "another place"),
        ({"verification": {"template": 3}}, "expected a text"),
        (
            {"verification": {"template": "{prompt}{answer}", "no_word": "yes"}},
            "two different words",
        ),
        (
            {"verification": {"template": "{prompt}{answer}", "yes_word": " "}},
            "two different words",
        ),
        ({"verification": {"least": 60}}, "least is 60"),
        ({"correctness": {"kind": "rouge"}}, "'rouge'; there are exact"),
        ({"correctness": {"kind": "function"}}, "expected a function"),
        ({"correctness": {"kind": "label"}}, "no column of labels"),
        ({"correctness": {"kind": "numeric", "least": -1}}, "least is -1"),
        ({"correctness": {"kind": "token_f1", "least": 50}}, "least is 50"),
        ({"equivalence": {"kind": "label"}}, "'label'; there are exact"),
        ({"equivalence": {"kind": "canonical", "function": "lower"}}, "expected a function"),
        ({"equivalence": {"kind": "embedding"}}, "nothing is downloaded"),
        ({"equivalence": {"kind": "embedding", "least": 9}}, "least is 9"),
        ({"equivalence": {"kind": "nli", "folder": "/nowhere"}}, "config.json"),
        ({"correctness": {"kind": "choice"}}, "no column of choices"),
        ({"score": "entropie"}, "'entropie'; a threshold is found for one of sequence_nll"),
        ({"score": "length"}, "'length'; a threshold"),
        ({"score": "linear_probe"}, "the half that it is fitted on shows too little"),
        ({"score": "p_true"}, "is not asked about its answers"),
        ({"refusals": "nix"}, "expected a list"),
        ({"refusals": ["("]}, "no regular expression"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        refuse_settings(GenerationSettings.of(given))


def test_a_classifier_is_looked_at_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"id2label": {"0": "spam", "1": "ham"}}')
    given = {"equivalence": {"kind": "nli", "folder": str(tmp_path)}}
    with pytest.raises(ConfigurationError, match="spam, ham; expected one called entailment"):
        refuse_settings(GenerationSettings.of(given))


def test_the_corridor_refuses_before_it_reads_anything() -> None:
    settings = GenerationSettings(sampling=Sampling(samples=-1))
    nothing: Any = None
    with pytest.raises(ConfigurationError, match="samples is -1"):
        probe_generator(nothing, nothing, settings, seed=0, aims=nothing, batch_size=1)
