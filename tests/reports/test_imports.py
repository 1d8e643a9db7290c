"""What loading the reports costs: never torch; no drawing library before something is drawn."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "pandas", "scipy", "sqlalchemy", "altair", "jinja2", "vl_convert")


def loaded(code: str) -> set[str]:
    """Which heavy libraries a fresh interpreter holds after running some code."""
    script = f"{code}\nimport sys\nprint(*({HEAVY!r} & sys.modules.keys()))".replace(
        f"{HEAVY!r} &", f"set({HEAVY!r}) &"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import auditkit.reports", set()),
        ("from auditkit.reports import write_report", set()),
        ("import auditkit.reports.junit, auditkit.reports.json_report", {"jinja2"}),
        ("from auditkit.reports import chart, svg", {"altair", "jinja2"}),
        (
            "from auditkit.reports.html import render",
            {"altair", "jinja2"},
        ),
    ],
)
def test_nothing_heavy_before_it_is_needed(code: str, allowed: set[str]) -> None:
    assert loaded(code) <= allowed


def test_a_whole_report_loads_no_torch() -> None:
    code = (
        "from tests.samples import sample_record\n"
        "from auditkit.reports.html import render\n"
        "render(sample_record())"
    )
    assert not {"torch", "sqlalchemy", "scipy"} & loaded(code)


def test_this_test_would_notice() -> None:
    assert "jinja2" in loaded("import jinja2")
