"""How often the upper bound of an RMSE lies below the truth, for light and heavy tails.

python benchmarks/rmse.py [--repetitions 4000]
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from auditkit.statistics.estimates import bounds, root_mean

ALPHA = 0.025
SIZES = (30, 100, 500, 2000)


def missed(heavy: bool, n: int, repetitions: int) -> float:
    """Share of samples whose upper bound is below the true RMSE."""
    rng = np.random.default_rng(0)
    truth = math.sqrt(5 / 3) if heavy else 1.0
    misses = 0
    for _ in range(repetitions):
        squares = (rng.standard_t(5, n) if heavy else rng.normal(size=n)) ** 2
        estimate = root_mean(float(squares.sum()), float((squares**2).sum()), n)
        misses += bounds(estimate, ALPHA)[1] < truth
    return misses / repetitions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    repetitions = parser.parse_args().repetitions
    print("| errors | " + " | ".join(f"n = {n:,}" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for title, heavy in (("normal", False), ("Student t, 5 degrees of freedom", True)):
        rates = [missed(heavy, n, repetitions) for n in SIZES]
        print(f"| {title} | " + " | ".join(f"{rate:.1%}" for rate in rates) + " |")


if __name__ == "__main__":
    main()
