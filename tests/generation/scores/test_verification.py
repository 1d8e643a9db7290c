"""What the model says of its own answers, the way round in which people read it."""

from __future__ import annotations

import numpy as np

from auditkit.generation.scores.registry import SCORES, score_of
from tests.generation.made import material, population


def test_a_model_that_says_yes_has_little_doubt_and_the_title_says_doubt() -> None:
    (score,) = [one for one in SCORES if one.name == "p_true"]
    made = population(40, samples=2)
    said = [row.verification for row in made.rows]
    doubt = score_of(score, material(made))
    assert isinstance(doubt, np.ndarray)
    np.testing.assert_allclose(doubt, 1 - np.array(said, dtype=np.float64))
    # Beside an answer "P(True): 0.9" would read as trust, while the number is doubt.
    assert score.title.startswith("Doubt")
