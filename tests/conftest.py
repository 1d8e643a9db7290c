"""What holds for every test: one thread, fixed seeds, no telemetry, and no silent skips in CI."""

from __future__ import annotations

import os
import random
import shutil
import sys

# Before NumPy, torch or a child process reads them. One thread each: the tests are many and small,
# and results do not depend on the number of cores.
os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TRANSFORMERS_OFFLINE="1",
    ITERATIVE_DO_NOT_TRACK="1",  # evidently
    RAY_USAGE_STATS_ENABLED="0",
    STREAMLIT_BROWSER_GATHER_USAGE_STATS="false",
    AWS_EC2_METADATA_DISABLED="true",  # no search for credentials on the network
    MPLBACKEND="agg",
)

import pytest
from hypothesis import HealthCheck, settings

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

# Time limits of a single example would fail on a busy machine; a whole test has pytest's timeout.
settings.register_profile(
    "local", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# The same examples at each run: a landed change does not turn red by chance.
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.register_profile("thorough", settings.get_profile("local"), max_examples=2000)
settings.load_profile("ci" if IN_CI else "local")


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """The same random numbers and one thread, whatever ran before."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)  # scikit-learn falls back on this generator
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    path = find_chromium()
    assert path is not None, "a test that uses this fixture carries the marker `browser`"
    return path


def find_chromium() -> str | None:
    """Path of the browser that the tests drive, None without one."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, with the reason, what this machine can't run; in CI only a GPU may be absent."""
    if item.get_closest_marker("browser") and find_chromium() is None:
        reason = "needs Chromium: none of " + ", ".join(CHROMIUM_NAMES) + " is on the PATH"
        if IN_CI:
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
