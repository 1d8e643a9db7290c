"""Settings that the kind of comparison that was named never looks at: something else is meant."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.errors import ConfigurationError
from auditkit.generation.settings import GenerationSettings

_READ: Mapping[str, Mapping[str, frozenset[str]]] = {
    "correctness": {
        "least": frozenset({"numeric", "token_f1"}),
        "folder": frozenset(),
        "function": frozenset({"function"}),
    },
    "equivalence": {
        "least": frozenset({"token_f1", "embedding"}),
        "folder": frozenset({"embedding", "nli"}),
        "function": frozenset({"canonical"}),
    },
    "grounding": {
        "least": frozenset(),
        "folder": frozenset({"", "nli"}),
        "function": frozenset(),
    },
}
"""Part → its setting → the kinds that read it."""


def refuse_idle(settings: GenerationSettings) -> None:
    """Refuse a function, a folder or a bound that nothing would look at.

    Whoever gives a function to judge answers and forgets the kind would be told of answers that
    were judged by their text.

    Raises:
        ConfigurationError: names the first of them, and the kinds that read it.

    Example:
        >>> refuse_idle(GenerationSettings.of({"correctness": {"function": len}}))
        Traceback (most recent call last):
            ...
        auditkit.errors.ConfigurationError: generation.correctness.function is given, and the kind \
normalised does not look at it. Give kind: function, or leave function out.
    """
    for part, readers in _READ.items():
        matching = getattr(settings, part)
        for name, kinds in readers.items():
            if getattr(matching, name) in (None, "") or matching.kind in kinds:
                continue
            named = " or ".join(sorted(filter(None, kinds)))
            raise ConfigurationError(
                f"generation.{part}.{name} is given, and the kind {matching.kind or 'named'} does "
                "not look at it.",
                mend=f"Give kind: {named}, or leave {name} out." if named else f"Leave {name} out.",
            )


__all__ = ["refuse_idle"]
