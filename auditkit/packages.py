"""Files inside installed packages: `package://PKG/path/in/it`, found without importing PKG."""

from __future__ import annotations

import importlib.util
from pathlib import Path, PurePosixPath

from auditkit.errors import AuditkitError, ConfigurationError

SCHEME = "package://"


class PackageFileError(AuditkitError):
    """The package is not installed."""


def package_file(uri: str) -> Path:
    """The path of the file that a `package://` URI names; it need not exist.

    Raises:
        PackageFileError: the package is not installed.
        ConfigurationError: the URI names no file, or leaves the package's folder.
    """
    package, _, inner = uri.removeprefix(SCHEME).partition("/")
    if not package.isidentifier() or not inner or ".." in PurePosixPath(inner).parts:
        raise ConfigurationError(
            f"{uri!r} does not name a file inside a package.",
            mend="Write package://PACKAGE/path/inside/the/package, without '..'.",
        )
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PackageFileError(
            f"{uri} needs the Python package {package!r}, which is not installed.",
            mend=f"Install {package} into this environment.",
        )
    paths = [Path(folder, inner) for folder in spec.submodule_search_locations]
    return next((path for path in paths if path.exists()), paths[0])
