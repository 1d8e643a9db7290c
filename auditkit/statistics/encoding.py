"""States as bytes: a JSON header, then the raw arrays. Nothing in them can run.

Layout: 8 bytes `auditkit`, 4 bytes length of the header (little endian), the header, the arrays
one after the other. The header names kind, version, dtype and shape of every array, and the length
of the whole must agree with it to the byte, so that a truncated or padded file is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"auditkit"
_VERSION = 1
_DTYPES = ("<i8", "<f8")
_PREFIX = len(_MAGIC) + 4


def pack(kind: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A state as bytes.

    Args:
        kind: which class wrote it.
        header: JSON-able data of that class.
        arrays: int64 or float64, any shape.
    """
    described = {name: _described(array) for name, array in arrays.items()}
    text = json.dumps(
        {"kind": kind, "version": _VERSION, "header": dict(header), "arrays": described},
        ensure_ascii=False,
        allow_nan=False,
    ).encode()
    bodies = [
        np.ascontiguousarray(array, dtype=described[name]["dtype"]).tobytes()
        for name, array in arrays.items()
    ]
    return b"".join([_MAGIC, len(text).to_bytes(4, "little"), text, *bodies])


def _described(array: NDArray[Any]) -> dict[str, Any]:
    dtype = array.dtype.newbyteorder("<").str
    if dtype not in _DTYPES:
        raise ValueError(f"arrays of a state must be int64 or float64, found {array.dtype}")
    return {"dtype": dtype, "shape": list(array.shape)}


def kind_of(data: bytes) -> str | None:
    """Which class wrote these bytes; None if they don't say.

    Raises:
        ValueError: they are no state of auditkit.
    """
    kind = _document(bytes(data))[0].get("kind")
    return kind if isinstance(kind, str) else None


def unpack(kind: str, data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of what `pack` wrote.

    Raises:
        ValueError: these bytes are something else, of another kind or version, or damaged.
    """
    data = bytes(data)
    document, offset = _document(data)
    if document.get("kind") != kind:
        raise ValueError(f"expected a state of kind {kind!r}, found {document.get('kind')!r}")
    if document.get("version") != _VERSION:
        raise ValueError(
            f"expected version {_VERSION} of the {kind} format, found {document.get('version')!r}"
        )
    header, described = document.get("header"), document.get("arrays")
    if not isinstance(header, dict) or not isinstance(described, dict):
        raise ValueError(f"damaged {kind} state: header and arrays must be objects")
    arrays: dict[str, NDArray[Any]] = {}
    for name, description in described.items():
        arrays[name], offset = _array(data, offset, name, description)
    if offset != len(data):
        raise ValueError(f"damaged {kind} state: {len(data) - offset} bytes too many at the end")
    return header, arrays


def _document(data: bytes) -> tuple[dict[str, Any], int]:
    if data[: len(_MAGIC)] != _MAGIC or len(data) < _PREFIX:
        raise ValueError("these bytes are no state of auditkit")
    end = _PREFIX + int.from_bytes(data[len(_MAGIC) : _PREFIX], "little")
    if end > len(data):
        raise ValueError("damaged state: the header is longer than the data")
    try:
        document = json.loads(data[_PREFIX:end].decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"damaged state: the header is not JSON ({error})") from None
    if not isinstance(document, dict):
        raise ValueError("damaged state: the header is not a JSON object")
    return document, end


def _array(data: bytes, offset: int, name: str, description: Any) -> tuple[NDArray[Any], int]:
    if not isinstance(description, dict) or set(description) != {"dtype", "shape"}:
        raise ValueError(f"damaged state: array {name!r} needs exactly dtype and shape")
    dtype, shape = description["dtype"], description["shape"]
    if dtype not in _DTYPES:
        raise ValueError(f"damaged state: array {name!r} has dtype {dtype!r}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"damaged state: array {name!r} has shape {shape!r}")
    count = math.prod(shape)
    # Compared before anything is allocated: a header may claim any size.
    if count * 8 > len(data) - offset:
        raise ValueError(f"damaged state: array {name!r} is cut short")
    values = np.frombuffer(data, dtype=dtype, count=count, offset=offset)
    return values.astype(values.dtype.newbyteorder("=")).reshape(shape), offset + count * 8
