"""The drawings of leakage: counts and shares are named, and copies are told apart."""

from __future__ import annotations

from auditkit.reports.figures import chart
from tests.reports.drawn import texts
from tests.sample_leakage import leak_kinds, neighbour_similarity


def test_each_kind_has_its_share_and_of_how_many_it_is() -> None:
    shown = texts(leak_kinds())
    assert "5 % of 2,400" in shown
    assert "4.8 % (3.8 to 6.0 %) of 1,000" in shown
    assert "not measured" in shown
    assert "Rows whose cluster is also in the training data" in shown
    assert any("that were counted have none" in line for line in shown)


def test_similarities_of_both_are_drawn_and_copies_apart() -> None:
    shown = texts(neighbour_similarity())
    assert "evaluation rows: their nearest training row" in shown
    assert "training rows: their nearest other training row" in shown
    assert "n = 2,400 evaluation rows and 2,000 training rows." in shown
    between, within = chart(neighbour_similarity()).to_dict()["vconcat"]
    assert (len(between["layer"]), len(within["layer"])) == (2, 1)
