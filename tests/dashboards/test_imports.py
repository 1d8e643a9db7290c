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
import sys
from streamlit.testing.v1 import AppTest
for page, query in (("runs", {{}}), ("run", {{"run": "{run}"}}), ("run", {{"section": "Figures"}}),
                    ("run", {{"section": "Groups"}})):
    test = AppTest.from_file("{app}", default_timeout=60)
    test.query_params.update(query)
    test.switch_page(f"pages_/{{page}}.py").run()
    assert not test.exception, test.exception
    assert not test.error, test.error
print([name for name in {names!r} if name in sys.modules])
"""
HEAVY = ("torch", "captum", "sklearn", "fairlearn", "evidently", "transformers", "matplotlib")


def loaded(names: tuple[str, ...]) -> list[str]:
    app = dashboards_folder() / "app.py"
    script = VISIT.format(app=app, run=sample_record().id, names=names)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(eval(done.stdout))  # noqa: S307 - our own list of our own names


LABEL = """
import os, sys
os.environ["AUDITKIT_ANSWERS"] = {answers!r}
from streamlit.testing.v1 import AppTest
test = AppTest.from_file("{app}", default_timeout=60).run()
assert not test.exception, test.exception
assert not test.error, test.error
print([name for name in {names!r} if name in sys.modules])
"""


def test_the_labelling_page_loads_no_model_library(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "1", "answer": "x"}')
    app = dashboards_folder() / "app.py"
    script = LABEL.format(answers=str(answers), app=app, names=(*HEAVY, "streamlit"))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert eval(done.stdout) == ["streamlit"]  # noqa: S307 - our own list of our own names


def test_no_page_loads_a_model_library(store: Store) -> None:
    """Streamlit is in the list to show that the list can find something."""
    store.save(sample_record(model=MODEL, data=DATA), audited(people(300))[1])
    assert loaded((*HEAVY, "streamlit")) == ["streamlit"]
