"""A digest of torch data that does not read them whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch

from auditkit.data.digests import MANIFEST
from auditkit.data.loaders import Feed, preserved_randomness

DIGESTED = 64
"""Items whose content enters the manifest."""


def manifest(feed: Feed) -> str:
    """`manifest:…` of the class, the length, and the content of at most 64 items.

    The items are spread evenly over data that can be indexed; of a stream they are the first ones
    (of a loader of whole batches, the first two batches). A change of another item goes unnoticed.
    """
    running = hashlib.sha256(f"{class_name(feed.data)} {feed.length}".encode())
    with preserved_randomness():
        for item in _sample(feed):
            for piece in _content(item):
                running.update(piece)
    return MANIFEST + running.hexdigest()


def class_name(data: object) -> str:
    """Module and name of the data's class."""
    return f"{type(data).__module__}.{type(data).__qualname__}"


def _sample(feed: Feed) -> Iterator[Any]:
    if feed.order is None:
        yield from islice(iter(feed.data), 2 if feed.batched else DIGESTED)
        return
    total = len(feed.order)
    for place in np.unique(np.linspace(0, total - 1, min(DIGESTED, total)).astype(int)):
        yield feed.data[feed.order[place]]


def _content(item: Any) -> Iterator[bytes]:
    """The bytes that identify a value; of an object of unknown class, its class and attributes."""
    yield type(item).__name__.encode()
    if isinstance(item, torch.Tensor):
        tensor = item.detach().cpu()
        item = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if hasattr(item, "__array_interface__"):
        array: np.ndarray = np.ascontiguousarray(item)
        yield f"{array.dtype} {array.shape}".encode()
        yield repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes()
    elif isinstance(item, Mapping):
        for key in item:
            yield from (*_content(key), *_content(item[key]))
    elif isinstance(item, (list, tuple)):
        for part in item:
            yield from _content(part)
    elif isinstance(item, (str, bytes, int, float, type(None))):
        yield repr(item).encode()
    elif hasattr(item, "to_dict"):
        yield from _content(item.to_dict())
    else:
        yield from _content(getattr(item, "__dict__", {}))
