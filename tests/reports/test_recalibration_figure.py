"""The picture of a recalibration: a panel for each option, with n; holes cost no panel."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import recalibration, style
from auditkit.reports.figures.rendering import rendered

OPTIONS = ("Today", "Temperature scaling", "Platt scaling", "Isotonic regression")


def point(option: str, score: float, **ends: float | None) -> dict[str, Any]:
    drawn = {"low": score - 0.05, "high": score + 0.05, "band_low": score, "band_high": score + 0.1}
    return {"option": option, "score": score, "observed": score, "n": 120, **drawn, **ends}


def figure(options: tuple[str, ...] = OPTIONS, **ends: float | None) -> Figure:
    points = [point(option, score / 10, **ends) for option in options for score in (2, 5, 8)]
    data = {"outcome": "yes", "n": 1234, "points": points}
    return Figure("recalibration", "Reliability today and after", "A caption.", "advice", data)


def drawing(one: Figure) -> str:
    return rendered(style.finished(recalibration.draw(one)), one.title)


def test_every_option_has_a_panel_and_n_is_told() -> None:
    text = drawing(figure())
    assert all(option in text for option in OPTIONS)
    assert "n = 1,234 on the held-out half" in text
    assert "Outcome: yes." in text


@pytest.mark.parametrize("options", [OPTIONS[:1], OPTIONS[:3]])
def test_fewer_options_have_fewer_panels(options: tuple[str, ...]) -> None:
    text = drawing(figure(options))
    assert all((option in text) == (option in options) for option in OPTIONS)
    assert "predicted probability" in text


def test_points_without_ends_are_drawn_without_bars() -> None:
    assert drawing(figure(low=None, band_low=None)).count("<path") > 3


def test_figures_without_their_data_are_no_picture() -> None:
    with pytest.raises(KeyError):
        recalibration.draw(Figure("recalibration", "", "", "advice", {"points": []}))
