"""How many samples of each prompt a score looks at, so that prompts can be compared.

The number of meanings seen, and every entropy over them, grows with the number of samples: of ten
it reaches ln 10, of three ln 3. So prompts are compared on equally many. There is one exception:
where all samples mean the same, the entropy is 0 and the number of meanings 1 whatever their
number, so a prompt that was asked no more often because its answers agreed keeps its value. It was
asked less often, though, and is a little more often than others unanimous by luck; that is what
stopping early costs.

An entropy of K samples is biased low, by about (meanings − 1) / 2K (Miller 1955). It is not
corrected: with equally many samples the bias is the same rising function of the same entropy, so
that it changes no ranking much, and calibration takes the scores as they are; and corrections by
the number of meanings or by coverage (Chao and Shen 2003) hold for K far above the number of
meanings, while here both are about ten.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.scores.score import Material

Codes = NDArray[np.int64]


def sampled_classes(material: Material) -> list[Codes]:
    """For each prompt the classes of meaning of the samples that are looked at.

    All of a prompt whose samples mean the same; of the others the first k, k being the fewest that
    any of them has. Samples are drawn alike, so the first ones are as good as any.

    Example:
        >>> from auditkit.generation.equivalence.classes import Classes
        >>> from auditkit.generation.generations import Generations
        >>> from auditkit.generation.settings import GenerationSettings
        >>> of = ([0, 0, 0, 0], [0, 1, 2, 3, 4], [0, 1, 0, 1])
        >>> classes = Classes(tuple(np.array(one) for one in of), "as written")
        >>> material = Material(Generations(()), classes, GenerationSettings())
        >>> [one.tolist() for one in sampled_classes(material)]
        [[0, 0, 0], [1, 2, 3], [1, 0, 1]]
    """
    assert material.classes is not None  # by `without_classes`
    samples = [one[1:] for one in material.classes.of]
    unanimous = [bool((one == one[0]).all()) for one in samples]
    sizes = [len(one) for one, agreed in zip(samples, unanimous, strict=True) if not agreed]
    fewest = min(sizes, default=0)
    return [one if agreed else one[:fewest] for one, agreed in zip(samples, unanimous, strict=True)]


__all__ = ["sampled_classes"]
