"""The root of a monotone function of one variable."""

from __future__ import annotations

from collections.abc import Callable

_EPSILON = 2.0**-52


def bracketed_root(
    function: Callable[[float], float], first: float, second: float, tolerance: float = 1e-300
) -> float:
    """Where `function` changes its sign between `first` and `second`.

    Found to the last bits, or to `tolerance` (absolute) where that is coarser. The function may
    jump, and may be infinite at one end; then the steps fall back to halving.

    Raises:
        ValueError: both ends have the same sign.

    Source: Chandrupatla, Advances in Engineering Software 28 (1997) 145–149.

    Example:
        >>> round(bracketed_root(lambda x: x * x - 2, 0.0, 2.0), 12)
        1.414213562373
    """
    a, b = first, second
    fa, fb = function(a), function(b)
    if (fa > 0) == (fb > 0) and fa != 0 and fb != 0:
        raise ValueError(f"no change of sign between {first} and {second}")
    step = 0.5
    # Halving alone needs about 60 steps for doubles of one magnitude, 1,100 in the worst case.
    for _ in range(1100):
        x = a + step * (b - a)
        fx = function(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best = a if abs(fa) < abs(fb) else b
        smallest = (2 * _EPSILON * abs(best) + tolerance) / abs(b - a)
        if smallest > 0.5 or fa == 0 or fb == 0:
            break
        step = min(max(_step(a, b, c, fa, fb, fc), smallest), 1 - smallest)
    return a if fa == 0 or (fb != 0 and abs(fa) < abs(fb)) else b


# Six arguments are three points; a class for them would cost more than it says.
def _step(a: float, b: float, c: float, fa: float, fb: float, fc: float) -> float:
    """The share of the way from a to b: inverse quadratic interpolation where that is safe."""
    if c == b or fa == fb or fc in (fa, fb) or not abs(fa) + abs(fb) + abs(fc) < 1e300:
        return 0.5
    place, height = (a - b) / (c - b), (fa - fb) / (fc - fb)
    if height * height < place and (1 - height) * (1 - height) < 1 - place:
        return fa / (fb - fa) * (fc / (fb - fc)) + (c - a) / (b - a) * (fa / (fc - fa)) * (
            fb / (fc - fb)
        )
    return 0.5
