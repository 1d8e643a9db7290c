"""Start the reviewers' pages: a Streamlit server on this machine alone."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
from pathlib import Path
from types import ModuleType

from auditkit.errors import ConfigurationError, StoreError
from auditkit.generation.labelling.shown_answers import read_answers
from auditkit.resources import dashboards_folder


def serve_dashboard(store: Path, port: int | None = None, answers: Path | None = None) -> int:
    """Serve the dashboard of a store until it is interrupted.

    Args:
        store: folder of the record store.
        port: a fixed port; None for 8501, or the next that is free.
        answers: instead of the store's runs, show this file of answers for people to judge.

    Returns:
        The server's exit code.

    Raises:
        ConfigurationError: Streamlit is not installed.
        StoreError: there is no such store.
        AuditkitError: the file of answers cannot be used.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise ConfigurationError(
            "The dashboard needs Streamlit, which is not installed.",
            mend="Install auditkit-torch with its extra `dashboard`.",
        )
    if answers is not None:
        read_answers(answers)
    elif not store.is_dir():
        raise StoreError(
            f"There is no record store at {store}.",
            mend="Run `auditkit audit` first, or name the store with --store.",
        )
    launch = _launch()
    server = subprocess.Popen(launch.command(store, port), env=launch.environment(store, answers))
    try:
        # Ctrl-C reaches the server by itself; what ends only this process is passed on.
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        return server.wait()
    except KeyboardInterrupt:
        return server.wait()
    finally:
        server.terminate()


def _launch() -> ModuleType:
    """The shipped `dashboards/launch.py`: a file beside the application, in no package."""
    path = dashboards_folder() / "launch.py"
    spec = importlib.util.spec_from_file_location("auditkit_dashboard_launch", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
