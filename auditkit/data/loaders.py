"""A user's torch data set or loader, opened: in which order it is read, and whether it repeats."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    default_collate,
)

from auditkit.data.wording import listed
from auditkit.errors import AuditkitError, ConfigurationError, DataError

PROBED = 16
"""Items read twice to see whether they repeat; half of them flipped at random passes unnoticed
once in 65,536 times."""

_SHUFFLING = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


@dataclass(frozen=True)
class Feed:
    """An opened data set.

    Attributes:
        data: with `__getitem__` where `order` is given, else re-iterable.
        order: the indices in reading order; None for a stream.
        length: number of rows, if it says so.
        collate: the user's `collate_fn`; None for stacking.
        batched: True if it yields whole batches, whose size is its own affair.
        workers: processes that read.
        options: further options of the user's loader that reading keeps.
        notes: what a reviewer should know.
    """

    data: Any
    order: Sequence[int] | None
    length: int | None
    collate: Callable[[list[Any]], Any] | None = None
    batched: bool = False
    workers: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def open_feed(data: Any) -> Feed:
    """How to read a `Dataset`, `IterableDataset`, `DataLoader`, sequence, or factory of these.

    Raises:
        DataError: a loader shuffles, drops rows, repeats rows, or shards them by process.
        ConfigurationError: the object is none of these, or can be read only once.
    """
    if isinstance(data, DataLoader):
        return _from_loader(data)
    if hasattr(data, "__next__"):
        raise ConfigurationError(
            f"The data are a {type(data).__name__}, which can be read only once.",
            mend="Hand over the function that makes it, so that it can be read again.",
        )
    if isinstance(data, type):
        return open_feed(data())
    if isinstance(data, IterableDataset):
        return _stream(data)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return Feed(data, range(len(data)), len(data))
    if hasattr(data, "__iter__"):
        return _stream(data)
    if callable(data):
        made = data()
        # A generator function makes a fresh stream at each call, so it is its own data set.
        return _stream(_Calls(data)) if hasattr(made, "__next__") else open_feed(made)
    raise ConfigurationError(
        f"A {type(data).__name__} cannot be read as data.",
        mend="Hand over a table, a torch Dataset or DataLoader, or a function that makes one.",
    )


def refuse_changing(feed: Feed, title: str) -> None:
    """Read the first items twice, and refuse data that differ the second time.

    Raises:
        DataError: they differ (augmentation, shuffling), end early, or are not there at all.
    """
    with preserved_randomness():
        first, second = _probe(feed, title), _probe(feed, title)
    if not first:
        raise DataError(f"{title} holds no rows.", mend="Check how it is built.")
    if len(second) < len(first):
        raise DataError(
            f"{title} gave {len(first)} items at first, and {len(second)} when read again.",
            mend="Make __iter__ start anew each time.",
        )
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if not same(one, other):
            what = "batch" if feed.batched else "item"
            raise DataError(
                f"{title} does not repeat: {what} {place} differs when it is read again.",
                mend="Switch off augmentation and shuffling for the audit; what is random in the "
                "data must be drawn from a generator seeded for each item.",
            )


def same(one: Any, other: Any) -> bool:
    """Whether two items are equal throughout; NaN equals NaN.

    Example:
        >>> same({"x": torch.tensor([1.0])}, {"x": torch.tensor([1.0])}), same([1], [2])
        (True, False)
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        if one.is_floating_point() or one.is_complex():
            one, other = one.nan_to_num(), other.nan_to_num()
        return torch.equal(one, other)
    if isinstance(one, np.ndarray):
        both_nan = (one != one) & (other != other) if one.shape == other.shape else False
        return one.shape == other.shape and bool(np.all((one == other) | both_nan))
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "equals"):
        return bool(one.equals(other))
    if hasattr(one, "__array_interface__"):
        return same(np.asarray(one), np.asarray(other))
    if hasattr(one, "__dict__"):
        return same(vars(one), vars(other))
    return bool(one == other or one != one)


@contextmanager
def preserved_randomness() -> Iterator[None]:
    """Whatever is drawn inside leaves the generators of Python, NumPy and torch as they were."""
    python, torch_state = random.getstate(), torch.get_rng_state()
    numpy_state = np.random.get_state()  # noqa: NPY002 -- the user's data set may draw from it
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(torch_state)


class _Calls:
    """A generator function as something that can be read again."""

    def __init__(self, function: Callable[[], Iterator[Any]]) -> None:
        self._function = function

    def __iter__(self) -> Iterator[Any]:
        return self._function()


def _from_loader(loader: DataLoader[Any]) -> Feed:
    if getattr(loader.batch_sampler, "drop_last", False) or loader.drop_last:
        raise DataError(
            "The DataLoader drops the last rows (drop_last=True), so they would not be audited.",
            mend="Build it with drop_last=False.",
        )
    own = None if loader.collate_fn is default_collate else loader.collate_fn
    if isinstance(loader.dataset, IterableDataset):
        return _stream_loader(loader, own)
    if loader.batch_sampler is None:
        _order(loader.sampler)  # refuses one that shuffles
        return Feed(loader, None, None, batched=True, notes=(_NO_LENGTH,))
    order = _order(loader.batch_sampler)
    options = {
        "pin_memory": loader.pin_memory,
        "timeout": loader.timeout,
        "worker_init_fn": loader.worker_init_fn,
        "multiprocessing_context": loader.multiprocessing_context,
    }
    return Feed(loader.dataset, order, len(order), own, workers=loader.num_workers, options=options)


_NO_LENGTH = "The data have no length: how many rows there are shows only when they are read."


def _stream_loader(loader: DataLoader[Any], own: Callable[[list[Any]], Any] | None) -> Feed:
    if loader.batch_size is None:
        return Feed(loader, None, None, batched=True, notes=(_NO_LENGTH,))
    stream = _stream(loader.dataset)
    notes = stream.notes
    if loader.num_workers:
        notes += (
            f"The stream is read by one process instead of {loader.num_workers}, since several "
            "may each yield every row.",
        )
    return Feed(stream.data, None, stream.length, own, notes=notes)


def _stream(data: Any) -> Feed:
    try:
        length = len(data)
    except TypeError:
        return Feed(data, None, None, notes=(_NO_LENGTH,))
    return Feed(data, None, length)


def _order(sampler: Any) -> Sequence[int]:
    """The indices that a sampler gives, if it gives the same ones each time and each one once."""
    if type(sampler) is BatchSampler:
        return _order(sampler.sampler)
    if isinstance(sampler, SequentialSampler):
        return range(len(sampler))
    name = type(sampler).__name__
    if isinstance(sampler, _SHUFFLING):
        raise DataError(
            f"The DataLoader shuffles its rows (its sampler is a {name}).",
            mend="Build it with shuffle=False and without a random sampler.",
        )
    if isinstance(sampler, DistributedSampler):
        raise DataError(
            "The DataLoader has a DistributedSampler, which repeats rows to fill the last round.",
            mend="Hand over a plain loader: auditkit shares the rows among the processes itself.",
        )
    with preserved_randomness():
        first, second = _indices(sampler), _indices(sampler)
    if first != second:
        raise DataError(
            f"The DataLoader's sampler ({name}) gives another order each time.",
            mend="Use a sampler with a fixed order, or shuffle=False.",
        )
    if len(set(first)) < len(first):
        raise DataError(
            f"The DataLoader's sampler ({name}) gives some rows more than once.",
            mend="Use a sampler that gives each row once.",
        )
    return first


def _indices(sampler: Iterable[Any]) -> list[int]:
    found = list(sampler)
    flat = list(chain.from_iterable(found)) if found and isinstance(found[0], list) else found
    if not all(isinstance(index, (int, np.integer)) for index in flat):
        raise DataError(
            f"The DataLoader's sampler gives {listed(flat, most=3)}; expected are whole numbers.",
            mend="Use a sampler of indices.",
        )
    return [int(index) for index in flat]


def _probe(feed: Feed, title: str) -> list[Any]:
    try:
        if feed.order is not None:
            return [feed.data[index] for index in feed.order[:PROBED]]
        return list(islice(iter(feed.data), 2 if feed.batched else PROBED))
    except AuditkitError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise DataError(
            f"{title} raises {type(error).__name__} when its first items are read: {error}.",
            mend="Mend the data set; the error's cause says where.",
        ) from error
