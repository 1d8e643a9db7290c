"""Names of the files beside a record: any name of a state becomes one that every system takes."""

from __future__ import annotations

from urllib.parse import unquote

from auditkit.errors import StoreError

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_LONGEST = 200
_OUTCOMES = "outcomes-"


def outcomes_file(number: int) -> str:
    """The file name of the rows that were kept of the n-th head or label.

    >>> outcomes_file(0), holds_outcomes(outcomes_file(12))
    ('outcomes-0.arrow', True)
    """
    return f"{_OUTCOMES}{number}.arrow"


def holds_outcomes(file: str) -> bool:
    """Whether a file holds rows, which its owner may delete at any time."""
    return file.startswith(_OUTCOMES)


def state_file(name: str) -> str:
    """The file name of a state.

    Capitals are escaped too: on some systems `A` and `a` are one file.

    Raises:
        StoreError: the name is empty or too long.

    >>> state_file("counts/Evaluation")
    'state-counts%2F%45valuation.bin'
    """
    escaped = "".join(_escaped(character) for character in name)
    if not name or len(escaped) > _LONGEST:
        raise StoreError(
            f"The state {name[:80]!r} has no usable name: at most {_LONGEST} characters, of which "
            "each but a-z, 0-9, '-', '_' and '.' counts threefold or more.",
            mend="Give it a shorter name.",
        )
    return f"state-{escaped}.bin"


def state_name(file: str) -> str:
    """The name of the state that a file holds.

    >>> state_name(state_file("counts/Evaluation"))
    'counts/Evaluation'
    """
    return unquote(file.removeprefix("state-").removesuffix(".bin"), errors="surrogatepass")


def _escaped(character: str) -> str:
    if character in _PLAIN:
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
