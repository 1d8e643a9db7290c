"""What the model can be asked again under, as plain data."""

from __future__ import annotations

import subprocess
import sys

import pytest

from auditkit import variants
from auditkit.errors import ConfigurationError
from auditkit.variants.variant import (
    DROPOUT,
    IMAGE_CORRUPTIONS,
    PLAIN,
    SHIFTS,
    TABLE_CORRUPTIONS,
    Variant,
    attack,
    member,
)


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        (PLAIN, "plain"),
        (Variant("noise", 2.0), "noise 2"),
        (attack("pgd", 8 / 255), "pgd at 0.03137"),
        (attack("fgsm", 0.1), "fgsm at 0.1"),
        (DROPOUT, "dropout"),
        (SHIFTS, "shifts"),
        (member(0), "member 0"),
        (member(3), "member 3"),
    ],
)
def test_what_variants_are_called(variant: Variant, text: str) -> None:
    assert str(variant) == text


def test_each_corruption_has_three_levels() -> None:
    for corruptions, names in ((IMAGE_CORRUPTIONS, 5), (TABLE_CORRUPTIONS, 2)):
        assert len(set(corruptions)) == len(corruptions) == 3 * names
        assert {variant.level for variant in corruptions} == {1, 2, 3}
        assert {variant.repeats for variant in corruptions} == {1}


def test_variants_are_keys_and_sort() -> None:
    assert {attack("pgd", 0.1): 1}[attack("pgd", 0.1)] == 1
    assert sorted([member(1), PLAIN, member(0)]) == [member(0), member(1), PLAIN]


@pytest.mark.parametrize("epsilon", [0.0, -0.1, 1.5, float("nan"), 1e-9])
def test_a_radius_outside_is_refused(epsilon: float) -> None:
    with pytest.raises(ConfigurationError, match=r"The radius of the attack pgd is .*Give for"):
        attack("pgd", epsilon)


def test_an_unknown_attack_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'square'; expected one of fgsm, pgd, autoattack"):
        attack("square", 0.1)


@pytest.mark.parametrize(
    "arguments", [("",), ("noise", -1.0), ("noise", float("inf")), ("noise", 1.0, 0)]
)
def test_nonsense_is_refused(arguments: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected|needs a name"):
        Variant(*arguments)


def test_a_member_has_a_place_from_zero() -> None:
    with pytest.raises(ValueError, match="level of at least 0"):
        member(-1)


def test_public_names_resolve() -> None:
    for name in variants.__all__:
        assert getattr(variants, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'noise'"):
        _ = variants.noise


def test_names_of_variants_need_no_torch() -> None:
    code = "import sys, auditkit.variants.variant; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
