from __future__ import annotations

import numpy as np
import pytest

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.claims import Claim, claims_of
from auditkit.generation.grounding.detectors import DETECTORS, NO_ENCODER, detector, supported
from auditkit.generation.settings import Matching
from auditkit.models.generators.answer import Answer
from tests.generation.made import question


def _row(place: int, text: str = "It is. He left.", **known: object) -> GenerationEvidence:
    pieces = ("It", " is", ".", " He", " left", ".", "</s>")
    ids = np.arange(7, dtype=np.int32)
    log_probs = np.float32([-1, -1, -1, -2, -2, -2, -9])
    return GenerationEvidence(
        question(place, context=("He left.", "Nothing.")),
        Answer(text, ids, pieces, log_probs),
        **known,  # type: ignore[arg-type]
    )


def test_each_sentence_has_the_numbers_of_its_tokens() -> None:
    without = np.float32([-4, -4, -4, -3, -3, -3, 0])
    looked = np.float32([0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0])
    generations = Generations.of([_row(0, without_context=without, lookback=looked)])
    claims = claims_of(generations)
    assert [one.text for one in claims] == ["It is.", "He left."]
    assert {one.unit for one in claims} == {1000}
    found = {one.kind: supported(one, claims, Matching("")) for one in DETECTORS}
    np.testing.assert_allclose(found["shift"].values, [3, 1])
    np.testing.assert_allclose(found["lookback"].values, [0.2, 0.8], rtol=1e-6)
    np.testing.assert_allclose(found["overlap"].values, [0, 1])
    assert found["nli"].reason == NO_ENCODER
    assert not len(found["nli"].values)


def test_a_sentence_is_of_its_cluster() -> None:
    row = _row(0)
    clustered = GenerationEvidence(question(0, 7, context=("a",)), row.greedy)
    assert {one.unit for one in claims_of(Generations.of([clustered]))} == {7}


def test_what_is_not_known_is_counted_and_never_filled_in() -> None:
    known = _row(0, without_context=np.zeros(7, dtype=np.float32))
    claims = claims_of(Generations.of([known, _row(1)]))
    found = supported(detector("shift"), claims, Matching(""))
    assert found.known.tolist() == [True, True, False, False]
    assert len(found.values) == 2
    assert found.reason == (
        "The log-probability of each token with and without the context is not known of 2 of 4 "
        "sentences."
    )


@pytest.mark.parametrize("numbers", [np.full(7, np.nan, dtype=np.float32), np.zeros(3, "f4")])
def test_numbers_that_are_broken_or_too_few_are_not_known(numbers: np.ndarray) -> None:
    claims = claims_of(Generations.of([_row(0, lookback=numbers)]))
    assert claims[1].lookback is None


def test_answers_without_context_or_sentence_make_no_claims() -> None:
    empty = GenerationEvidence(question(0, context=("a",)), Answer(""))
    bare = GenerationEvidence(question(1), Answer("It is."))
    assert claims_of(Generations.of([empty, bare])) == ()
    assert supported(detector("overlap"), (), Matching("")).values.shape == (0,)


def test_a_claim_without_passages_has_no_overlap() -> None:
    found = supported(detector("overlap"), [Claim("It is.", (), 0, 0)], Matching(""))
    assert not found.known.any()
