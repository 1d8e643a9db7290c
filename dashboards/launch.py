"""How the dashboard is started: the command, its settings and its environment.

Standard library only, and loaded by path (see `auditkit.resources.dashboards_folder`): whoever
starts the server does not load it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

APP = Path(__file__).with_name("app.py")
STORE_VARIABLE = "AUDITKIT_STORE"
ANSWERS_VARIABLE = "AUDITKIT_ANSWERS"

# Flags rather than a file: they win over whatever a config.toml of the user or of the current
# folder says. Colours are those of the report (auditkit.reports.wording.VERDICTS): blue passes and
# red fails, which people with any common colour vision tell apart.
SETTINGS: Mapping[str, str | tuple[str, ...]] = {
    # Reachable from this machine alone, also for a page elsewhere that points its name here.
    "server.address": "127.0.0.1",
    "server.allowedHosts": ("localhost", "127.0.0.1"),
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "server.maxUploadSize": "1",
    "browser.serverAddress": "localhost",
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": "false",
    "theme.base": "light",
    "theme.primaryColor": "#0b5e8a",
    "theme.textColor": "#1b2530",
    "theme.linkColor": "#0b5e8a",
    "theme.redTextColor": "#b3350c",
    "theme.redBackgroundColor": "#fbe9e3",
    "theme.orangeTextColor": "#7a5200",
    "theme.orangeBackgroundColor": "#fbf0d9",
    "theme.violetTextColor": "#6b3b87",
    "theme.violetBackgroundColor": "#f2e9f7",
    "theme.blueTextColor": "#0b5e8a",
    "theme.blueBackgroundColor": "#e3f0f7",
    "theme.grayTextColor": "#56616d",
    "theme.grayBackgroundColor": "#eef1f4",
}


def command(store: Path, port: int | None = None) -> list[str]:
    """The command line that serves the dashboard of a store on this machine alone.

    Args:
        store: folder of the store; see `environment`, which hands it over.
        port: a fixed port; None for 8501, or the next that is free.

    Returns:
        Arguments for `subprocess.run(command(store), env=environment(store))`. The server prints
        its address, runs until it is interrupted, and ends with 0.
    """
    del store  # a path in the command line would be readable by every user of the machine
    flags = [
        f"--{name}={value}"
        for name, values in SETTINGS.items()
        for value in ((values,) if isinstance(values, str) else values)
    ]
    if port is not None:
        flags.append(f"--server.port={port}")
    return [sys.executable, "-m", "streamlit", "run", str(APP), *flags]


def environment(store: Path, answers: Path | None = None) -> dict[str, str]:
    """The environment of the command: that of this process, and where the store is.

    Args:
        store: folder of the store.
        answers: instead of its runs, show this file of answers for people to judge.
    """
    return {
        **os.environ,
        STORE_VARIABLE: str(store.expanduser().resolve()),
        ANSWERS_VARIABLE: "" if answers is None else str(answers.expanduser().resolve()),
        # Read before the flags are.
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
