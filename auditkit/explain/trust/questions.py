"""What each test of an explanation asks, against which limit, and how its answer is put."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SAME_ORDER = 0.5
"""Rank correlation at which two orders have a quarter of their variance in common: below, one tells
little of the other. With random weights plain gradients of a small image network keep about .15,
maps by occlusion .65, products with the input .75."""


@dataclass(frozen=True)
class Question:
    """How one test is judged.

    Attributes:
        test: see `Finding`.
        title: likewise.
        limit: of the mean.
        below: whether the mean must lie below it; else above.
        said: what is said where it holds, does not and is undecided; `{}` stands for the number.
    """

    test: str
    title: str
    limit: float
    below: bool
    said: Mapping[bool | None, str]


RANDOMISATION = Question(
    "randomisation",
    "Random weights",
    SAME_ORDER,
    True,
    {
        True: "With random weights little of the map stays: its rank correlation with the map of "
        "the trained model is {}.",
        False: "With random weights the map stays much as it was: its rank correlation with the "
        "map of the trained model is {}.",
        None: "It is undecided whether the map changes enough with random weights: its rank "
        "correlation with the map of the trained model is {}.",
    },
)
DELETION = Question(
    "deletion",
    "Deletion against random order",
    0.0,
    False,
    {
        True: "Taking away what the map calls important moves the output faster than a random "
        "order does: the areas differ by {}.",
        False: "Taking away what the map calls important moves the output more slowly than a "
        "random order does: the areas differ by {}.",
        None: "It is undecided whether taking away what the map calls important moves the output "
        "faster than a random order does: the areas differ by {}.",
    },
)
INSERTION = Question(
    "insertion",
    "Insertion against random order",
    0.0,
    False,
    {
        True: "Bringing back what the map calls important restores the output faster than a random "
        "order does: the areas differ by {}.",
        False: "Bringing back what the map calls important restores the output more slowly than a "
        "random order does: the areas differ by {}.",
        None: "It is undecided whether bringing back what the map calls important restores the "
        "output faster than a random order does: the areas differ by {}.",
    },
)
INFIDELITY = Question(
    "infidelity",
    "Infidelity against the shuffled map",
    0.0,
    False,
    {
        True: "The map foretells what taking regions away does better than when it is shuffled: "
        "the shares of the squared change differ by {}.",
        False: "The map foretells what taking regions away does worse than when it is shuffled: "
        "the shares of the squared change differ by {}.",
        None: "It is undecided whether the map foretells what taking regions away does better than "
        "when it is shuffled: the shares of the squared change differ by {}.",
    },
)
STABILITY = Question(
    "stability",
    "Stability under noise",
    SAME_ORDER,
    False,
    {
        True: "Noise that leaves the prediction leaves the map: their rank correlation is {}.",
        False: "Noise that leaves the prediction changes the map: their rank correlation is {}.",
        None: "It is undecided whether noise that leaves the prediction leaves the map: their rank "
        "correlation is {}.",
    },
)
BASELINE = Question(
    "baseline",
    "Another baseline",
    SAME_ORDER,
    False,
    {
        True: "From another baseline the map is much the same: their rank correlation is {}.",
        False: "From another baseline the map is another: their rank correlation is {}.",
        None: "It is undecided whether the map depends on the baseline: the rank correlation of "
        "maps from two of them is {}.",
    },
)
AGREEMENT = Question(
    "agreement",
    "Agreement across families",
    0.0,
    False,
    {
        True: "Methods of other kinds agree with the map more than by chance: their mean rank "
        "correlation is {}.",
        False: "Methods of other kinds contradict the map: their mean rank correlation is {}.",
        None: "It is undecided whether methods of other kinds agree with the map more than by "
        "chance: their mean rank correlation is {}.",
    },
)
