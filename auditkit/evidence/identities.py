"""Names of rows that only the holder of a key can give: what two versions' rows are joined by.

The hashes of `auditkit.evidence.hashing` are the same for everybody, so that whoever knows a row's
id finds it by them. They never leave a run; what is kept on a disk is named by these instead.
"""

from __future__ import annotations

import hashlib

import numpy as np

SALT_BYTES = 32
DRAWN_BY = 0x6B_65_70_74
"""The seed by which rows with identities are drawn, whatever the audit's own: so that two audits of
the same data keep the same rows."""


def identities(values: np.ndarray, salt: bytes, kind: str) -> np.ndarray:
    """A keyed hash of each id, uint64 of shape (n,); the number 7 and the text "7" are one id.

    Without the salt it can neither be computed nor be undone by guessing ids. It is 64 bits wide:
    among 20,000 rows two ids share one with a probability of about 1e-11.

    Args:
        values: ids, whole numbers or text, shape (n,).
        salt: at least 32 secret random bytes.
        kind: `row` or `cluster`: the same id means something else as another kind.

    Raises:
        ValueError: the salt is shorter.

    Source: BLAKE2b with key and personalisation, RFC 7693.

    Example:
        >>> salt = bytes(range(32))
        >>> one, other = (identities(np.array(ids), salt, "row") for ids in ([7, 8], ["7", "x"]))
        >>> (one == other).tolist()
        [True, False]
        >>> bool(identities(np.array([7]), salt, "cluster")[0] == one[0])
        False
    """
    if len(salt) < SALT_BYTES:
        raise ValueError(f"a salt has at least {SALT_BYTES} bytes, found {len(salt)}")
    keyed = hashlib.blake2b(digest_size=8, key=salt[:64], person=kind.encode())
    hashed = b"".join(_hash(keyed, value) for value in np.asarray(values).tolist())
    return np.frombuffer(hashed, dtype="<u8").astype(np.uint64)


def _hash(keyed: hashlib.blake2b, value: object) -> bytes:
    own = keyed.copy()
    own.update(str(value).encode("utf-8", "surrogatepass"))
    return own.digest()


def mark(salt: bytes) -> str:
    """What tells one salt from another without giving it away: 16 hexadecimal digits.

    Example:
        >>> len(mark(bytes(32))), mark(bytes(32)) == mark(bytes(range(32)))
        (16, False)
    """
    return hashlib.blake2b(b"which salt", digest_size=8, key=salt[:64]).hexdigest()
