from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from auditkit.records import Store, open_store
from auditkit.resources import dashboards_folder
from tests.samples import sample_record

FOLDER = dashboards_folder()
sys.path.append(str(FOLDER))  # as the app does, for tests of its parts

Visit = Callable[..., AppTest]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store, which the app shows."""
    monkeypatch.setenv("AUDITKIT_STORE", str(tmp_path / "store"))
    return open_store(tmp_path / "store")


@pytest.fixture
def stored(store: Store) -> Store:
    """A store with the sample record."""
    store.save(sample_record())
    return store


@pytest.fixture
def visit() -> Visit:
    """Open a page of the app: `visit()` the list, `visit("run", run=ID)` a run."""

    def opened(page: str = "", **query: str) -> AppTest:
        test = AppTest.from_file(str(FOLDER / "app.py"), default_timeout=60)
        for name, value in query.items():
            test.query_params[name] = value
        if page:
            test.switch_page(f"pages_/{page}.py")
        test.run()
        assert not test.exception
        return test

    return opened


@pytest.fixture(scope="session")
def launch() -> ModuleType:
    """`launch.py`, loaded by its path as the command line does."""
    spec = importlib.util.spec_from_file_location("launch", FOLDER / "launch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(test: AppTest) -> list[str]:
    """Everything that the page shows as Markdown or in messages."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "info", "success")
    return [element.value for kind in kinds for element in getattr(test, kind)]


def seen(test: AppTest) -> str:
    """The same as one text, with escapes and joiners taken out: what a reader sees."""
    return "\n".join(texts(test)).replace("\\", "").replace("\u2060", "")
