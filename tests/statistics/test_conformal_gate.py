"""Gate errors of conformal coverage: a smoke test of `benchmarks/conformal.py`, few repetitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import conformal, coverage


@pytest.fixture(scope="module", autouse=True)
def _small_world() -> Iterator[None]:
    """The same world, of fewer units."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conformal, "POPULATION", 50_000)
        yield
    for cached in (conformal.worlds, conformal.limit_of, conformal.shift_of):
        cached.cache_clear()


@pytest.mark.parametrize("group", ["fixed", "anew", "clustered"])
def test_verdicts_err_as_rarely_as_they_say(group: str) -> None:
    for experiment in conformal.GROUPS[group]():
        for what, rate in coverage.run(experiment, 200).items():
            assert rate.meets(experiment.goals[what]), (experiment.setting, what, rate)


def test_the_law_of_covered_units_holds_its_level() -> None:
    experiments = [one for one in conformal.GROUPS["law"]() if "500 and" in one.setting]
    assert len(experiments) == 3
    for experiment in experiments:
        for what, rate in coverage.run(experiment, 200).items():
            assert rate.meets(experiment.goals[what]), (experiment.setting, what, rate)
