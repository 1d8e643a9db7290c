"""The curves of membership attacks, and the histogram with bins that are not told."""

from __future__ import annotations

from auditkit.measurement import Figure
from auditkit.reports.figures import chart, svg
from tests.sample_membership import attack_roc, losses


def test_both_axes_begin_under_the_smallest_share() -> None:
    spec = chart(attack_roc("loss")).to_dict()
    for axis in ("x", "y"):
        scale = spec["layer"][1]["encoding"][axis]["scale"]
        assert (scale["type"], scale["domain"]) == ("log", [0.001, 1])


def test_each_attack_is_named_and_many_are_cut() -> None:
    drawn = svg(attack_roc(*(f"attack {place}" for place in range(8))))
    assert "attack 5" in drawn
    assert "attack 6" not in drawn
    assert "The first 6 of 8 attacks are drawn." in drawn


def test_no_rows_cost_nobody_the_page() -> None:
    empty = Figure("attack_roc", "Nothing", "Read it so.", "privacy",
                   {"n_members": 9, "n_others": 9, "rows": []})  # fmt: skip
    assert "<svg" in svg(empty)


def test_a_bin_of_few_has_no_bar() -> None:
    spec = chart(losses()).to_dict()
    named = (panel["layer"][0]["data"]["name"] for panel in spec["vconcat"])
    members, others = (spec["datasets"][name] for name in named)
    assert [row["low"] for row in members] == [1.0]
    assert [row["low"] for row in others] == [0.0, 1.0]
