"""What a function or a file may tell of an answer, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auditkit.models.generators.told import ToldError, told_answer
from auditkit.models.generators.told_answers import told_answers


def test_a_mapping_of_everything_is_read() -> None:
    answer, facts = told_answer(
        {
            "text": "blue",
            "tokens": [5, 2],
            "pieces": ["blue", "</s>"],
            "log_probs": torch.tensor([-0.5, 0.00001], requires_grad=True),
            "entropies": np.array([0.5, 0.1]),
            "certainties": (1.0, 2.0),
            "finished": "stop",
            "facts": {"seconds": 2},
        }
    )
    assert answer.text == "blue"
    assert answer.finished == "stop"
    assert answer.tokens is not None
    assert answer.tokens.dtype == np.int32
    assert answer.log_probs is not None
    assert answer.log_probs.tolist() == [-0.5, 0.0]
    assert answer.pieces == ("blue", "</s>")
    assert facts == {"seconds": 2.0}


def test_tokens_may_be_texts() -> None:
    answer, _ = told_answer({"text": "ab", "tokens": ["a", "b"], "log_probs": [-1, -2]})
    assert answer.tokens is None
    assert answer.pieces == ("a", "b")
    assert answer.log_likelihood == -3


def test_segments_of_a_recogniser() -> None:
    answer, facts = told_answer(
        {
            "segments": [
                {"text": " Good", "avg_logprob": -0.5, "no_speech_prob": 0.1, "start": 0.0},
                {"text": " night.", "log_prob": -0.25, "no_speech": 0.9},
            ]
        }
    )
    assert answer.text == "Good night."
    assert answer.pieces == (" Good", " night.")
    assert answer.log_probs is not None
    assert answer.log_probs.tolist() == [-0.5, -0.25]
    assert facts["segments"] == 2
    assert facts["no_speech"] == pytest.approx(0.9)
    silent, facts = told_answer({"segments": []})
    assert silent.text == ""
    assert silent.log_probs is None
    assert facts == {"segments": 0.0}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (3, "is a int, expected a text, (text, log_probs) or a mapping with 'text'"),
        (None, "is a NoneType"),
        (("a",), "is a tuple"),
        ({"answer": "a"}, "has the key 'answer', known are certainties, entropies"),
        ({"text": 3}, "has a int as its text, expected a text"),
        ({"log_probs": [-1.0]}, "has a NoneType as its text"),
        (("a", [-1.0, float("nan")]), "has nan in place 1 of log_probs, expected finite numbers"),
        (("a", [0.5]), "has 0.5 in place 0 of log_probs, expected finite numbers of 0 or less"),
        (("a", [float("-inf")]), "has -inf in place 0 of log_probs"),
        (("a", ["-1"]), "has log_probs that are not all numbers"),
        (("a", "-1"), "has a str as log_probs, expected a list"),
        (("a", [[-1.0]]), "has log_probs of the shape (1, 1), expected one number a token"),
        (("a", [[-1.0], []]), "has log_probs that are not all numbers"),
        ({"text": "a", "entropies": [-1.0]}, "has -1 in place 0 of entropies"),
        (
            {"text": "a", "log_probs": [-1.0], "entropies": [1.0, 1.0]},
            "contradicts itself: the numbers of one answer have the lengths [1, 2]",
        ),
        ({"text": "a", "tokens": [1, "b"]}, "has tokens that are neither all ids"),
        ({"text": "a", "tokens": [-1]}, "has tokens that are neither all ids"),
        ({"text": "a", "pieces": [1]}, "has pieces that are not all texts"),
        ({"text": "a", "finished": "eos"}, "has finished='eos', expected 'stop', 'length' or ''"),
        ({"text": "a", "facts": {"x": "y"}}, "has facts that are not all numbers"),
        ({"text": "a", "facts": [1]}, "has a list as facts"),
        ({"segments": "ab"}, "has a str as segments, expected a list"),
        ({"segments": ["ab"]}, "has a segment that is a str, expected a mapping"),
        ({"segments": [{}]}, "has a NoneType as its text"),
        ({"segments": [], "log_probs": [-1]}, "has segments and log_probs, expected one of the"),
        (
            {"segments": [{"text": "a", "log_prob": -1}, {"text": "b"}]},
            "has 2 segments, 1 of them with a log_prob",
        ),
        ({"segments": [{"text": "a", "no_speech": 1.5}]}, "of 0 or more and 1 or less"),
    ],
)
def test_what_means_nothing_is_refused(told: object, said: str) -> None:
    with pytest.raises(ToldError) as error:
        told_answer(told)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "is an empty list"),
        (["a", 3], "is a int, expected a text, (text, log_probs) or a mapping with 'text' (sampl"),
        ({"greedy": "a", "sample": []}, "has the key 'sample' beside 'greedy'"),
        ({"greedy": "a", "samples": "bc"}, "has a str as samples, expected a list"),
    ],
)
def test_answers_that_mean_nothing_are_refused(told: object, said: str) -> None:
    with pytest.raises(ToldError) as error:
        told_answers(told)
    assert said in str(error.value)


def test_answers_with_facts() -> None:
    found = told_answers({"greedy": "a", "samples": ["b", ("c", [-1.0])], "facts": {"cost": 1}})
    assert [one.text for one in found.samples] == ["b", "c"]
    assert found.facts == {"cost": 1.0}
    assert told_answers({"text": "a"}).samples == ()
