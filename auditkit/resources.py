"""Where the folders that auditkit ships lie: `policies/` and `dashboards/`.

A wheel carries them inside the package; a source checkout, and so an editable install, keeps them
at the root of the repository, where people read them.
"""

from __future__ import annotations

from pathlib import Path

from auditkit.errors import AuditkitError

PACKAGE = Path(__file__).resolve().parent


class ResourceError(AuditkitError):
    """A folder that auditkit ships is not there: the installation is incomplete."""


def policies_folder() -> Path:
    """Folder of the shipped policies, one YAML file each.

    Raises:
        ResourceError: the installation lacks it.

    >>> policies_folder().name
    'policies'
    """
    return shipped_folder("policies")


def dashboards_folder() -> Path:
    """Folder of the Streamlit application, one file a page.

    Raises:
        ResourceError: the installation lacks it.

    >>> dashboards_folder().name
    'dashboards'
    """
    return shipped_folder("dashboards")


def shipped_folder(name: str, package: Path = PACKAGE) -> Path:
    """The folder `name` that is shipped with the package that lies at `package`.

    Raises:
        ResourceError: neither the package nor the checkout around it holds such a folder.
    """
    candidates = [package / name]
    if (package.parent / "pyproject.toml").is_file():  # a checkout, not some site-packages
        candidates.append(package.parent / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise ResourceError(
        f"auditkit ships a folder {name!r}, and this installation lacks it (looked for {looked}).",
        mend="Install auditkit-torch again, from a wheel or from a complete checkout.",
    )
