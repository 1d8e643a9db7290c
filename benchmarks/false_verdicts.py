"""How often the whole audit is wrong: a fair model failed, an unfair one passed by looking again.

    python benchmarks/false_verdicts.py [--repetitions 100] [--looks 4000]

Fair: a calibrated binary model with 20,000 rows in two groups whose true selection rates are equal,
under policies/baseline.yaml. Looks: a model whose true ratio lies exactly on the threshold of .8,
looked at ten times with fresh rows, the k-th look judged at alpha / (k (k + 1)); a false pass is a
pass at any look. Rates come with their 95 % Clopper–Pearson interval.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.stats import beta

sys.path.insert(0, str(Path(__file__).parent.parent))

import auditkit
from auditkit.measurement import Measurement, MeasurementKey, Slice, Status
from auditkit.policy import judge, load_policy
from auditkit.statistics import estimates
from tests.worlds import data, people, scorer


def clopper_pearson(successes: int, n: int) -> tuple[float, float]:
    low = beta.ppf(0.025, successes, n - successes + 1) if successes else 0.0
    high = beta.ppf(0.975, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def fair(repetitions: int, rows: int = 20_000) -> dict[str, int]:
    """Verdicts of audits of a fair model, each on people of its own."""
    verdicts = {"pass": 0, "fail": 0, "inconclusive": 0}
    for seed in range(repetitions):
        run = auditkit.audit(
            scorer(), data(people(rows, seed=seed)), policy="baseline", quiet=True, seed=seed
        )
        verdicts[str(run.verdict)] += 1
    return verdicts


def false_passes(
    repetitions: int, *, looks: int = 10, rows: int = 4000, rate: float = 0.5, ratio: float = 0.8
) -> int:
    """In how many of the repetitions a model on the threshold passes at one of the looks."""
    policy = load_policy("baseline")
    policy = policy.model_copy(
        update={"requirements": tuple(r for r in policy.requirements if r.id == "group-ratio")}
    )
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(repetitions):
        selected = rng.binomial(rows, rate, looks), rng.binomial(rows, rate * ratio, looks)
        passed += any(
            judge(
                policy,
                [_ratio(int(b), int(a), rows)],
                look=look,
                declared_references={"group": "a"},
                tasks={"": "binary"},
            ).outcome
            == "pass"
            for look, (a, b) in enumerate(zip(*selected, strict=True), start=1)
        )
    return passed


def _ratio(selected: int, of_reference: int, rows: int) -> Measurement:
    estimate = estimates.proportion_ratio(selected, rows, of_reference, rows)
    return Measurement(
        MeasurementKey("bias.impact_ratio", Slice.of(group="b"), Slice.of(group="a")),
        Status.MEASURED,
        value=estimates.value(estimate),
        interval=estimates.interval(estimate),
        estimate=estimate,
        units=2 * rows,
        rows=2 * rows,
        share=0.5,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--looks", type=int, default=4000)
    arguments = parser.parse_args()
    print("| property | repetitions | rate | 95 % interval | goal |\n|---|---|---|---|---|")
    verdicts = fair(arguments.repetitions)
    for verdict, goal in (("pass", "≥ 80 %"), ("fail", "≤ 2 %")):
        _print(
            f"fair model, 20,000 rows: {verdict}", verdicts[verdict], arguments.repetitions, goal
        )
    passes = false_passes(arguments.looks)
    _print("ten looks at the threshold: any false pass", passes, arguments.looks, "≤ 5 %")


def _print(what: str, successes: int, n: int, goal: str) -> None:
    low, high = clopper_pearson(successes, n)
    print(
        f"| {what} | {n:,} | {successes / n:.1%} | {low:.1%} to {high:.1%} | {goal} |", flush=True
    )


if __name__ == "__main__":
    main()
