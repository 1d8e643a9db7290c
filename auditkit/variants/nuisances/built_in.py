"""What is tried of a medium where the user names no nuisance.

In a picture anybody can say that a patch in a corner, the light or a frame ought not to matter. In
a table, a text or a sound nobody but the user can.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.variants.nuisances.nuisance import Nuisance

BUILT_IN: Mapping[str, tuple[Nuisance, ...]] = {
    "image": tuple(
        Nuisance.of(one)
        for one in (
            {
                "kind": "patch",
                "name": "corner patch",
                "rows": [1 / 32, 5 / 32],
                "columns": [1 / 32, 5 / 32],
                "value": 0.9,
                "of_range": True,
            },
            {"kind": "brightness", "by": 0.1, "of_range": True},
            {"kind": "blur"},
            {"kind": "border", "width": 1 / 16, "value": 0.5, "of_range": True},
        )
    )
}
"""What is tried where the user names nothing, by medium."""
