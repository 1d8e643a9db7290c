"""Another project's distribution is called `auditkit` and installs a package of the same name.

With both installed, their files lie in one folder and overwrite one another, so that what runs is
neither of the two. That is refused before anything else is imported, by `auditkit/__init__.py` and
by `auditkit/cli/__init__.py` (of which the other project has none, so it survives where ours was
installed first). This module imports nothing of auditkit: any other file may be the stranger's.
"""

from __future__ import annotations

from pathlib import Path

OURS = "auditkit-torch"
THEIRS = "auditkit"


def refuse_collision(site: Path | None = None) -> None:
    """Stop if the other distribution is installed into the folder that holds this package.

    Lists that one folder and reads no file, so that it may run at each import.

    Args:
        site: the folder above the package; by default the one this module was imported from.

    Raises:
        ImportError: names the collision and the mend.
    """
    site = site or Path(__file__).parent.parent
    found = sorted(entry.name for entry in site.iterdir() if _is_theirs(entry.name))
    if not found:
        return
    raise ImportError(
        f"Two distributions have installed a package named 'auditkit' into {site}: {OURS} (this "
        f"one) and {THEIRS} (another project, {found[0]}); their files overwrite one another. "
        f"Run `pip uninstall {THEIRS}`, then install {OURS} again with `--force-reinstall "
        "--no-deps`, or use a virtual environment for each.",
        name="auditkit",
    )


def _is_theirs(name: str) -> bool:
    """Whether a folder entry is the metadata of the other distribution.

    >>> [_is_theirs(name) for name in ("auditkit-1.1.3.dist-info", "auditkit.egg-info")]
    [True, True]
    >>> [_is_theirs(name) for name in ("auditkit_torch-0.1.0.dist-info", "auditkit-report")]
    [False, False]
    """
    stem, dot, suffix = name.rpartition(".")
    is_metadata = dot == "." and suffix in {"dist-info", "egg-info"}
    return is_metadata and stem.partition("-")[0] == THEIRS
