"""Numbers as the sentences of an advice write them."""

from __future__ import annotations


def share(number: float | None) -> str:
    """A share in per cent.

    >>> share(0.8204), share(None)
    ('82.0 %', 'unknown')
    """
    return "unknown" if number is None else f"{100 * number:.1f} %"


def ratio(number: float) -> str:
    """A ratio to two digits.

    >>> ratio(0.8), ratio(0.2219), ratio(0.8333)
    ('0.8', '0.22', '0.83')
    """
    return f"{number:.2f}".rstrip("0").rstrip(".")


def points(number: float) -> str:
    """A difference of shares in percentage points, without a sign where none is meant.

    >>> points(-0.131), points(0.1)
    ('−13.1 points', '10 points')
    """
    return f"{signed(number).removeprefix('+').removesuffix('.0')} points"


def signed(number: float) -> str:
    """A change of a share in percentage points, to a tenth.

    >>> signed(0.0047), signed(-0.131), signed(-0.00001)
    ('+0.5', '−13.1', '0.0')
    """
    text = f"{100 * number:+.1f}".replace("-", "−")
    return text if text.strip("+−0.") else "0.0"
