"""What was generated for one prompt, and everything that was heard on the way.

Scores, correctness and calibration are computed from it, today or in a year, without the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auditkit.models.generators.answer import Answer, Numbers

Vector: TypeAlias = NDArray[np.float16]


@dataclass(frozen=True)
class Question:
    """What was asked, and what is known of it.

    Attributes:
        id: the row's id as text.
        key: keyed hash of the id, as of every row-wise evidence.
        cluster: hash of the row's cluster; None where rows are independent.
        held_out: whether the row lies in the half that nothing is fitted on; clusters are not cut.
        groups: group attribute → the row's level.
        prompt: the question as the data give it; "" of speech.
        given: what the model was given: the prompt with its context, by the template.
        context: the passages that the answer must rest on; () where none are given.
        references: right answers; () where none are given.
        choices: the answers to choose from; () where none are given.
        right_passages: places in `context` of those that hold the answer; () where not given.
        label: whether a person judged the answer as right; None where nobody did.
        supported: whether a person found each sentence of the answer supported by the context; ()
            where nobody looked.
    """

    id: str
    key: int
    cluster: int | None = None
    held_out: bool = False
    groups: Mapping[str, str] = field(default_factory=dict)
    prompt: str = ""
    given: str = ""
    context: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    right_passages: tuple[int, ...] = ()
    label: bool | None = None
    supported: tuple[bool, ...] = ()


@dataclass(frozen=True, eq=False)
class Hidden:
    """Hidden states of one layer at the few positions that scores look at, float16.

    Attributes:
        prompt: of the last token of the prompt, shape (width,).
        answer: of the last content token of the greedy answer (the one before what ends it),
            shape (width,); of an empty answer that of the prompt.
        samples: the same of each sample, shape (samples, width).
    """

    prompt: Vector
    answer: Vector
    samples: Vector


@dataclass(frozen=True, eq=False)
class GenerationEvidence:
    """One prompt, its answers, and what was heard while they were generated.

    Attributes:
        question: what was asked.
        greedy: the answer that a user would get.
        samples: answers drawn at the temperature of the settings; () where there are none.
        verification: probability of the word for yes against that for no when the model is asked
            whether the greedy answer is true; None where it was not asked.
        hidden: layer, counted from 0 → hidden states; {} where none were heard.
        without_context: log-probability of each token of the greedy answer when the prompt is given
            without its context, nats, shape (n,); None where there is no context or no model.
        lookback: share of the attention of each answer token that lies on the context, mean over
            heads and layers, shape (n,); None where not heard.
        facts: what else the source knows: `no_speech`, `seconds`, `silence` …
    """

    question: Question
    greedy: Answer
    samples: tuple[Answer, ...] = ()
    verification: float | None = None
    hidden: Mapping[int, Hidden] = field(default_factory=dict)
    without_context: Numbers | None = None
    lookback: Numbers | None = None
    facts: Mapping[str, float] = field(default_factory=dict)


__all__ = ["GenerationEvidence", "Hidden", "Question"]
