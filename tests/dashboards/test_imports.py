"""What a page may load, in a fresh process: no torch, no scientific library but pandas."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from auditkit.records import Store
from auditkit.resources import dashboards_folder
from tests.reports.counted import DATA, MODEL, audited, people
from tests.samples import sample_record

VISIT = """
import os, sys
from streamlit.testing.v1 import AppTest
for page, query in (("runs", {{}}), ("run", {{"run": "{run}"}}), ("run", {{"section": "Figures"}}),
                    ("run", {{"section": "Groups"}})):
    test = AppTest.from_file("{app}", default_timeout=60)
    test.query_params.update(query)
    test.switch_page(f"pages_/{{page}}.py").run()
    assert not test.exception, test.exception
    assert not test.error, test.error
os.environ["AUDITKIT_ANSWERS"] = {answers!r}
test = AppTest.from_file("{app}", default_timeout=60).run()
assert not test.exception, test.exception
assert test.title[0].value == "Judge answers"
print([name for name in {names!r} if name in sys.modules])
"""
HEAVY = ("torch", "captum", "sklearn", "fairlearn", "evidently", "transformers", "matplotlib")


def loaded(names: tuple[str, ...], answers: Path) -> list[str]:
    app = dashboards_folder() / "app.py"
    script = VISIT.format(app=app, run=sample_record().id, names=names, answers=str(answers))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(eval(done.stdout))  # noqa: S307 - our own list of our own names


def test_no_page_loads_a_model_library(store: Store, tmp_path: Path) -> None:
    """Streamlit is in the list to show that the list can find something."""
    store.save(sample_record(model=MODEL, data=DATA), audited(people(300))[1])
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "1", "answer": "x"}')
    assert loaded((*HEAVY, "streamlit"), answers) == ["streamlit"]
