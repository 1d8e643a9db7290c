"""A model and the version before it on the same rows: better, worse, within a margin, or unclear.

    before = asked(old, data, name="2026-10", salt=salt)
    after = asked(new, data, name="2026-11", salt=salt)
    compare(before, after).answer

The salt is any 32 random bytes, the same for both. A version may also come from a record that keeps
its outcomes (`recorded`); its store's salt (`Store.salt`) then names the rows of the other.
"""

from __future__ import annotations

from auditkit.comparing.compare import asked, compare
from auditkit.comparing.pairing import Version, recorded
from auditkit.comparing.parts import MEASURES

__all__ = ["MEASURES", "Version", "asked", "compare", "recorded"]
