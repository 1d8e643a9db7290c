"""Declarations of what ought not to matter: read, refused, and written down again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from auditkit.errors import ConfigurationError
from auditkit.variants.nuisances import BUILT_IN, Nuisance, declared_nuisances
from auditkit.variants.nuisances.kinds import KINDS
from auditkit.variants.variant import Variant, intervention

PATCH = {"kind": "patch", "rows": [1, 5], "columns": [0.0, 0.5], "value": [0.8, 0, 1]}
GOOD: list[dict[str, Any]] = [
    PATCH,
    {"kind": "brightness", "by": -0.1, "of_range": True},
    {"kind": "contrast", "factor": 0.5},
    {"kind": "channel", "channel": 2, "by": 0.1, "factor": 1},
    {"kind": "blur"},
    {"kind": "blur", "deviation": 1.5, "name": "soft lens"},
    {"kind": "border", "width": 2, "value": 0},
    {"kind": "background", "tone": 1, "within": 0.1},
    {"kind": "column", "column": "ward", "value": "B"},
    {"kind": "column", "column": 3, "value": 0},
    {"kind": "token", "token": 1037},
    {"kind": "token", "token": 1037, "at": 0, "pad": 0},
    {"kind": "gain", "factor": 2},
    {"kind": "hum", "period": 320, "amplitude": 0.1},
    {"kind": "hum", "period": 9, "amplitude": 0.1, "axis": 1},
    {"kind": "offset", "by": 0.1},
]


@pytest.mark.parametrize("given", GOOD, ids=lambda one: one["kind"])
def test_a_declaration_is_hashable_and_survives_a_record(given: dict[str, Any]) -> None:
    made = Nuisance.of(given)
    assert Nuisance.of(json.loads(json.dumps(made.describe()))) == made
    assert hash(made) == hash(Nuisance.of(given))
    assert Nuisance.of(made) is made
    assert str(intervention(made, "removed")) == f"{made.name} removed"


def test_every_kind_has_been_declared() -> None:
    assert {one["kind"] for one in GOOD} == set(KINDS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("patch", "A nuisance is of the kind 'patch'; expected one of patch, brightness"),
        ({"kind": "glare"}, "of the kind 'glare'"),
        ({"kind": "brightness"}, "brightness lacks by; its settings are by."),
        ({**PATCH, "colour": 1}, "has the unknown setting 'colour'; its settings are rows, col"),
        ({**PATCH, "rows": [5, 1]}, "rows of a nuisance of the kind patch is [5, 1]; expected two"),
        ({**PATCH, "rows": [0.1, 1.5]}, "two shares of the side"),
        ({**PATCH, "rows": 3}, "is 3; expected two whole numbers"),
        ({**PATCH, "value": []}, "a finite number, or a list with one for each channel"),
        ({**PATCH, "value": float("nan")}, "value of a nuisance of the kind patch is nan"),
        ({"kind": "brightness", "by": 0}, "expected a finite number other than 0"),
        ({"kind": "brightness", "by": True}, "by of a nuisance of the kind brightness is True"),
        ({"kind": "contrast", "factor": 1}, "a factor of at least 0, other than 1"),
        ({"kind": "contrast", "factor": -1}, "a factor of at least 0"),
        ({"kind": "blur", "deviation": 0}, "expected a number above 0"),
        ({"kind": "border", "width": 0.5, "value": 0}, "a share of the side below 0.5"),
        ({"kind": "border", "width": True, "value": 0}, "width of a nuisance"),
        ({"kind": "channel", "channel": -1}, "a whole number of at least 0"),
        ({"kind": "channel", "channel": 0, "factor": True}, "a factor of at least 0"),
        ({"kind": "brightness", "by": np.ones(2)}, "expected a finite number other than 0"),
        ({"kind": "token", "token": 1, "at": np.ones(2)}, "a whole number of at least 0"),
        ({"kind": "column", "column": "", "value": 1}, "the name of a column"),
        ({"kind": "column", "column": "x", "value": None}, "text, a finite number, or true"),
        ({"kind": "hum", "period": 2, "amplitude": 1}, "a number of steps above 2"),
        ({"kind": "hum", "period": 9, "amplitude": 1, "axis": 0}, "an axis other than 0"),
        ({"kind": "gain", "factor": 2, "of_range": True}, "of_range of a nuisance is True"),
        ({"kind": "blur", "of_range": "yes"}, "of_range of a nuisance is 'yes'"),
        ({"kind": "blur", "name": " "}, "The name of a nuisance is ' '"),
        ({"kind": "blur", "name": 7}, "The name of a nuisance is 7"),
    ],
)
def test_what_makes_no_sense_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Nuisance.of(given)
    assert words in refused.value.problem
    assert refused.value.mend


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "blur"}, "expected a list of nuisances"),
        ("blur", "expected a list of nuisances"),
        (7, "nuisances is 7"),
        ([{"kind": "blur"}, {"kind": "blur"}], "2 nuisances are called 'blur'."),
        ([{"kind": "blur", "name": f"{n}"} for n in range(21)], "21 nuisances are named; at most"),
    ],
)
def test_lists_that_make_no_sense(given: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        declared_nuisances(given)
    assert words in refused.value.problem


def test_nothing_said_is_not_an_empty_list() -> None:
    assert declared_nuisances(None) is None
    assert declared_nuisances([]) == ()


def test_what_is_built_in_is_of_images_alone_and_has_names_of_its_own() -> None:
    assert set(BUILT_IN) == {"image"}
    assert declared_nuisances(BUILT_IN["image"]) == BUILT_IN["image"]


def test_a_blur_cannot_be_removed_and_a_token_only_with_padding() -> None:
    assert "what it hid is not known" in Nuisance.of({"kind": "blur"}).irremovable
    assert "declare its id as pad" in Nuisance.of({"kind": "token", "token": 9}).irremovable
    assert Nuisance.of({"kind": "token", "token": 9, "pad": 0}).irremovable == ""
    assert Nuisance.of(PATCH).irremovable == ""


def test_a_variant_has_a_nuisance_just_where_it_has_a_direction() -> None:
    with pytest.raises(ValueError, match="'applied' does not go with the nuisance None"):
        Variant("applied")
    with pytest.raises(ValueError, match="'noise' does not go with the nuisance blur"):
        Variant("noise", 1, nuisance=Nuisance.of({"kind": "blur"}))
