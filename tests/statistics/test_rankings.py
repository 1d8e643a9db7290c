"""Places and exposure against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.statistics.rankings import exposure, places


def test_places_are_those_of_pandas() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"list": rng.integers(0, 40, 500), "score": rng.normal(size=500).round(1),
         "tie": rng.permutation(500)}
    )  # fmt: skip
    ordered = frame.sort_values(["score", "tie"], ascending=[False, True])
    expected = ordered.groupby("list").cumcount().add(1).sort_index()
    found = places(*(frame[name].to_numpy() for name in ("list", "score", "tie")))
    assert found.tolist() == expected.tolist()


def test_nothing_and_no_numbers() -> None:
    empty = np.zeros(0)
    assert places(empty.astype(np.uint64), empty, empty.astype(np.uint64)).tolist() == []
    with pytest.raises(ValueError, match="2 scores are not finite numbers"):
        places(np.zeros(3), np.array([0.1, np.nan, np.inf]), np.zeros(3))


def test_exposure_falls_as_the_logarithm() -> None:
    assert exposure(np.arange(1, 8)) == pytest.approx(1 / np.log2(np.arange(2, 9)))
