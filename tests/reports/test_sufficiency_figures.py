"""Learning curves and counts of units: what is measured, what is not, and what is not told."""

from __future__ import annotations

import pytest

from auditkit.reports.figures import chart, svg
from tests.reports.drawn import texts
from tests.sample_sufficiency import learning_curve, unit_counts


def test_an_extrapolation_is_called_one_and_comes_with_what_it_missed() -> None:
    shown = " ".join(texts(learning_curve()))
    assert "extrapolation" in texts(learning_curve())
    assert "Dashed: an extrapolation, no measurement." in shown
    assert "the curve missed it by 0.42 points" in shown
    assert "n = 1,500 evaluation units, 3 draws of each size" in shown
    assert "the last layer alone, on frozen features" in shown
    assert {"250", "500", "1,000", "2,000", "4,000"} <= set(texts(learning_curve()))


def test_without_a_curve_the_sizes_are_drawn_and_nothing_beyond() -> None:
    figure = learning_curve(curve=[], extrapolation=[], back_test=None, frozen=False)
    shown = texts(figure)
    assert "extrapolation" not in shown
    assert "4,000" not in shown
    assert "Too few sizes for a curve" in " ".join(shown)
    assert "frozen" not in " ".join(shown)


def test_sizes_without_an_interval_keep_their_point() -> None:
    bare = [{"size": 100.0, "value": 0.5, "low": None, "high": None}]
    drawing = chart(learning_curve(points=bare, curve=[], extrapolation=[])).to_dict()
    assert "layer" in drawing


def test_an_axis_of_another_unit() -> None:
    figure = learning_curve(unit="nats", value_label="log loss", back_test=0.0123)
    assert "missed it by 0.0123" in " ".join(texts(figure))
    assert "log loss" in texts(figure)


def test_few_are_not_told_and_none_are() -> None:
    shown = texts(unit_counts())
    assert "training: fewer than 5" in shown
    assert "evaluation: 0" in shown
    assert "training: 1,200" in shown
    assert "training n = 1,200" in " ".join(shown)


def test_more_levels_than_fit_are_counted() -> None:
    shown = texts(unit_counts(50))
    assert "The 20 with fewest rows of 50 are drawn." in shown
    assert "class 25" not in shown


@pytest.mark.parametrize("figure", [learning_curve(value_label="<script>"), unit_counts()])
def test_hostile_names_are_written_as_text(figure: object) -> None:
    assert "<script" not in svg(figure)  # type: ignore[arg-type]
