"""Quadrature rules against polynomials and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import roots_legendre

from auditkit.explain.nodes import LEVELS, clenshaw_curtis, gauss_legendre


@pytest.mark.parametrize("intervals", LEVELS)
def test_polynomials_are_integrated_exactly(intervals) -> None:
    rule = clenshaw_curtis(intervals)
    for degree in range(intervals + 1):
        assert rule.weights @ rule.nodes**degree == pytest.approx(1 / (degree + 1), abs=1e-13)


@pytest.mark.parametrize("intervals", LEVELS)
def test_each_rule_lies_within_the_next(intervals) -> None:
    coarse, fine = clenshaw_curtis(intervals), clenshaw_curtis(2 * intervals)
    np.testing.assert_allclose(fine.nodes[::2], coarse.nodes, atol=1e-15)
    assert coarse.nodes[0] == 1
    assert coarse.nodes[-1] == pytest.approx(0, abs=1e-15)
    assert (coarse.weights > 0).all()


@pytest.mark.parametrize("count", [1, 2, 50])
def test_gauss_is_scipys(count) -> None:
    rule = gauss_legendre(count)
    nodes, weights = roots_legendre(count)
    np.testing.assert_allclose(rule.nodes, (1 + nodes) / 2, atol=1e-14)
    np.testing.assert_allclose(rule.weights, weights / 2, atol=1e-14)
    assert len(rule) == count


@pytest.mark.parametrize("intervals", [-2, 0, 1, 3])
def test_odd_numbers_are_refused(intervals) -> None:
    with pytest.raises(ValueError, match="even number of intervals"):
        clenshaw_curtis(intervals)


def test_no_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one node"):
        gauss_legendre(0)
