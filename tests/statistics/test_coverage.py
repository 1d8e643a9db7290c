"""Simulated coverage and gate errors: a smoke test of `benchmarks/coverage.py`, few repetitions.

With 400 repetitions the 95 % Clopper–Pearson interval of a coverage of 95 % is about ± 2.2 points
wide, with 60 about − 9 and + 4: these tests find what is broken, the benchmark what is a little
off.
"""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from auditkit.measurement import Estimate
from auditkit.statistics.estimates import normal

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


def load(path: Path) -> ModuleType:
    """A script as a module; it is no part of a package."""
    spec = importlib.util.spec_from_file_location("auditkit_coverage_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCHMARK = load(SCRIPT)


def chosen(group: str, *settings: str) -> Iterator[object]:
    """The experiments of a group, or those of some settings; a setting that is gone is an error."""
    experiments = list(BENCHMARK.GROUPS[group]())
    unknown = set(settings) - {one.setting for one in experiments}
    assert not unknown, f"{group} has no experiment {unknown}"
    for one in experiments:
        if not settings or one.setting in settings:
            yield pytest.param(one, id=f"{one.group}: {one.setting}")


CHEAP = [
    *chosen("koopman"),
    *chosen("koopman-gate", "p 0.05, equal, n 20", "p 0.2, equal, n 200"),
    *chosen("newcombe", "p 0.05, ratio 0.8, n 20", "p 0.5, ratio 0.8, n 1000"),
    *chosen("wilson", "p 0.05, n 50", "p 0.5, n 20", "p 0.2, n 1000"),
    *chosen("tango", "0.06 / 0.06, n 200", "0.1 / 0.03, n 50"),
    *chosen("classification"),
    *chosen("means"),
    *chosen("delong", "AUC 0.75, n 200 + 200", "AUC 0.98, n 50 + 50"),
    *chosen("distances", "shift 0.1, n 1000 and 500"),
    *chosen("associations", "2 × 2, V 0.10, n 200", "19 × 5, V 0.38, n 1000"),
]
DEAR = [
    *chosen(
        "calibration",
        "softmax, logits × 1.0, n 500",
        "sure, logits × 1.0, n 20000",  # must pass
        "sure, logits × 1.2, n 20000",
    ),
]


@pytest.mark.parametrize("experiment", CHEAP)
def test_rates_touch_their_goals(experiment) -> None:
    for what, rate in BENCHMARK.run(experiment, 400).items():
        assert rate.meets(experiment.goals[what]), (what, rate.value, rate.interval)


@pytest.mark.parametrize("experiment", DEAR)
def test_dear_rates_touch_their_goals(experiment) -> None:
    for what, rate in BENCHMARK.run(experiment, 60).items():
        assert rate.meets(experiment.goals[what]), (what, rate.value, rate.interval)


def test_a_wrong_interval_misses_its_goal() -> None:
    """Wald's interval of a rare proportion, which is known to be too narrow."""

    def wald(generator: np.random.Generator) -> Estimate:
        rate = generator.binomial(20, 0.05) / 20
        return normal(rate, math.sqrt(rate * (1 - rate) / 20) or 1e-9)

    experiment = BENCHMARK.covering("Wald", "p 0.05, n 20", 0.05, wald)
    (rate,) = BENCHMARK.run(experiment, 400).values()
    assert not rate.meets((0.94, 0.975))


def test_the_random_numbers_depend_on_the_seed_alone() -> None:
    (experiment,) = (one.values[0] for one in chosen("wilson", "p 0.2, n 50"))
    assert BENCHMARK.run(experiment, 50) == BENCHMARK.run(experiment, 50)


def test_the_command_prints_a_table() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--repetitions", "20", "--only", "means"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| interval | truth and sizes |")
    assert len([line for line in lines if line.startswith("| Mean |")]) == 2
    assert "20 repetitions, seed 0" in lines[-1]
