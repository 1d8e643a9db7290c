"""The user's code that audit.yaml names."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

_UNREAD = "unknown"


class Code:
    """The user's code that a configuration names, and the digests of what was loaded of it."""

    def __init__(self, base: Path, *, allowed: bool) -> None:
        self.base = base
        self.allowed = allowed
        self.digests: dict[str, str] = {}

    def load(self, reference: str) -> Any:
        """The callable that `module:callable` or `file.py:callable` names.

        Raises:
            UntrustedFileError: the configuration does not allow code.
        """
        from auditkit.models.factories import load_code

        code = load_code(reference, allow_code=self.allowed, base=self.base)
        self.note(reference, code.digest)
        return code.function

    def note(self, reference: str, digest: str | None) -> None:
        """Remember which code ran."""
        self.digests[reference] = digest or _UNREAD

    def digest(self) -> str | None:
        """One digest of all code that was loaded; None if there was none.

        It is `undetermined:…` where the source of some of it could not be read.
        """
        if not self.digests:
            return None
        unread = [name for name, digest in self.digests.items() if digest == _UNREAD]
        if unread:
            return f"undetermined:{', '.join(sorted(unread))}"
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
