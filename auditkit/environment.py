"""With what an audit was run: versions that can change a number."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from auditkit import __version__

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "pyarrow", "captum", "safetensors")


def describe_environment() -> dict[str, str]:
    """Package → version, with Python and the platform."""
    found = {"auditkit-torch": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["platform"] = f"{platform.system()} {platform.machine()}"
    return found
