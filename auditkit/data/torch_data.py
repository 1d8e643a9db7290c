"""A user's torch data set as a source."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Subset

from auditkit.data.batch import Batch, Fragment
from auditkit.data.columns import Columns, describe_columns
from auditkit.data.digests import combined_digest
from auditkit.data.integrity import FragmentState, Integrity, doubled_ids, refuse_doubled_ids
from auditkit.data.joins import SideTable
from auditkit.data.loaders import Feed, open_feed, preserved_randomness, refuse_changing
from auditkit.data.roles import DECLARE_LABELLED
from auditkit.data.row_numbers import first_rows, row_range
from auditkit.data.torch_items import Parts, as_targets, collate_safely, counted, known_targets
from auditkit.data.torch_manifest import DIGESTED, class_name, manifest
from auditkit.data.torch_rows import RowDescriptions
from auditkit.errors import ConfigurationError, DataError

LEAST_RANGE = 8192
MOST_FRAGMENTS = 64
"""A map-style data set is shared out in at most so many ranges, of at least so many rows."""


class TorchSource:
    """One split that a torch `Dataset`, `IterableDataset` or `DataLoader` holds.

    Args:
        data: one of these, a sequence of items, or a function without arguments that makes one;
            it is called when the source is first opened.
        columns: what the keys of dicts and metadata mean; the label may be None, since `(x, y)`
            says it.
        side: a table that describes the rows, joined by `columns.row_id`.
        name: the split's name, for errors.

    Raises:
        ConfigurationError: a side table without a declared row id.
    """

    def __init__(
        self, data: Any, columns: Columns, *, side: SideTable | None = None, name: str = "data"
    ) -> None:
        self.name = name
        self.columns = columns
        self.integrity = Integrity()
        self._given = data
        self._opened: Feed | None = None
        self._describe_rows = RowDescriptions(columns, side, f"{name} data")
        self._digest = ""

    @property
    def rows(self) -> int | None:
        """The data's length; None if they have none and were not yet read to their end."""
        return self.integrity.rows if self._complete() else self._feed.length

    def check(self) -> None:
        """Open the data, read the first items twice, and join them to the side table."""
        refuse_changing(self._feed, self._title)
        with preserved_randomness():
            first = self.fragments()[0]
            parts = next(iter(self._parts(first, 8)))
            self._batch(parts, self._ordinals(first, 0, parts.rows))

    def fragments(self) -> Sequence[Fragment]:
        """Ranges of indices; a stream is one fragment, of unknown length if it has none."""
        feed = self._feed
        if feed.order is None:
            return [Fragment("stream", feed.length)]
        total = len(feed.order)
        size = max(LEAST_RANGE, -(-total // MOST_FRAGMENTS))
        ends = [(start, min(start + size, total)) for start in range(0, total, size)]
        return [Fragment(f"rows {start}-{end - 1}", end - start) for start, end in ends]

    def batches(self, fragment: Fragment, batch_size: int) -> Iterator[Batch]:
        """The fragment's rows in order; a loader that yields whole batches keeps their size."""
        if batch_size < 1:
            raise ConfigurationError(
                f"The batch size must be at least 1, but is {batch_size}.", mend="Raise it."
            )
        state = FragmentState()
        for parts in self._parts(fragment, batch_size):
            batch = self._batch(parts, self._ordinals(fragment, state.rows, parts.rows))
            own_ids = batch.row_ids if self._describe_rows.has_own_ids else None
            state.add(parts.rows, batch.groups, own_ids)
            self._refuse_doubled(state.keys.doubled)
            yield batch
        self._refuse_other_length(fragment, state.rows)
        self.integrity.add(fragment.id, state)
        if self._complete():
            self.finish()

    def finish(self) -> None:
        """Judge what only the whole split shows."""
        self._refuse_doubled(self.integrity.doubled)
        self.integrity.finish(self.name, self.columns.groups)

    def identity(self) -> dict[str, Any]:
        """Nothing beside the columns changes how the items become rows."""
        return {"kind": "torch"}

    def digest(self) -> str:
        """`manifest:…` of the class, the length, up to 64 items, and the side table."""
        if not self._digest:
            side = self._describe_rows.side
            parts = {"data": manifest(self._feed)}
            if side is not None:
                parts["side table"] = side.digest()
            self._digest = combined_digest(parts)
        return self._digest

    def describe(self) -> dict[str, Any]:
        """Class, rows, columns and groups, JSON-able; levels once they were read."""
        feed, side = self._feed, self._describe_rows.side
        return {
            "kind": "torch",
            "format": "stream" if feed.order is None else "map-style data set",
            "location": class_name(feed.data),
            "rows": self.rows,
            "fragments": len(self.fragments()),
            "digest": self.digest(),
            "digest_covers": f"class, length and the content of at most {DIGESTED} items",
            "side_table": None if side is None else side.reader.location,
            "features": list(self.columns.features),
            "split": None,
            **describe_columns(self.columns, self.integrity.describe(self.columns.groups)),
            "notes": list(feed.notes),
        }

    @property
    def _title(self) -> str:
        return f"The {self.name} data ({class_name(self._feed.data)})"

    @property
    def _feed(self) -> Feed:
        if self._opened is None:
            self._opened = open_feed(self._given)
        return self._opened

    def _complete(self) -> bool:
        read = self.integrity.fragments
        return bool(read) and all(fragment.id in read for fragment in self.fragments())

    def _parts(self, fragment: Fragment, batch_size: int) -> Iterator[Parts]:
        for parts in self._collated(fragment, batch_size):
            if isinstance(parts, DataError):
                raise parts
            yield parts

    def _collated(self, fragment: Fragment, batch_size: int) -> Iterator[Parts | DataError]:
        feed = self._feed
        if feed.batched:
            return (counted(batch, self.columns) for batch in feed.data)
        stack = functools.partial(collate_safely, columns=self.columns, theirs=feed.collate)
        if feed.order is None:
            return map(stack, _chunks(feed.data, batch_size))
        start, end = self._range(fragment)
        loader: DataLoader[Any] = DataLoader(
            Subset(feed.data, feed.order[start:end]),
            batch_size=batch_size,
            shuffle=False,
            num_workers=feed.workers,
            collate_fn=stack,
            generator=torch.Generator(),  # so that opening draws nothing from the global one
            **feed.options,
        )
        return iter(loader)

    def _range(self, fragment: Fragment) -> tuple[int, int]:
        start = 0
        for known in self.fragments():
            end = start + (known.rows or 0)
            if known.id == fragment.id:
                return start, end
            start = end
        raise DataError(
            f"{self._title} has no fragment {fragment.id!r}.",
            mend="Give every process the same data.",
        )

    def _ordinals(self, fragment: Fragment, done: int, size: int) -> np.ndarray:
        order = self._feed.order
        if order is None:
            return np.arange(done, done + size, dtype=np.int64)
        start = self._range(fragment)[0] + done
        return np.asarray(order[start : start + size], dtype=np.int64)

    def _batch(self, parts: Parts, ordinals: np.ndarray) -> Batch:
        targets = None if parts.targets is None else as_targets(parts.targets)
        # Of a batch of which no outcome is known, nothing comes out where labels may be missing.
        if targets is None and self.columns.label is not None and self.columns.labelled is None:
            raise DataError(
                f"{self._title} yields no target, but {self.columns.label!r} is declared as label.",
                mend="Return (x, y), or a dict with that key, or leave the label out.",
            )
        labelled = known_targets(targets)
        if labelled is not None and self.columns.labelled is None:
            self._refuse_unlabelled(labelled, ordinals)
        self._refuse_infinite(targets, ordinals)
        rows = self._describe_rows(parts.meta, ordinals)
        return Batch(
            inputs=parts.inputs,
            targets=targets,
            row_ids=rows.row_ids,
            labelled=labelled,
            **rows.beside.part(slice(None)),
        )

    def _refuse_unlabelled(self, labelled: np.ndarray, ordinals: np.ndarray) -> None:
        if not labelled.all():
            rows = ordinals[~labelled]
            raise DataError(
                f"{self._title} has {len(rows)} row{'s' if len(rows) > 1 else ''} without a target "
                f"(None or NaN) among "
                f"{row_range(ordinals)}, {first_rows(rows)}.",
                mend=DECLARE_LABELLED,
            )

    def _refuse_infinite(self, targets: Any, ordinals: np.ndarray) -> None:
        if isinstance(targets, Mapping):
            for part in targets.values():
                self._refuse_infinite(part, ordinals)
        elif isinstance(targets, torch.Tensor) and targets.is_floating_point():
            infinite = targets.isinf().reshape(len(targets), -1).any(dim=1).cpu().numpy()
            if infinite.any():
                rows = ordinals[infinite]
                raise DataError(
                    f"{self._title} has {len(rows)} row{'s' if len(rows) > 1 else ''} with an "
                    f"infinite target among "
                    f"{row_range(ordinals)}, {first_rows(rows)}.",
                    mend="Correct these targets.",
                )

    def _refuse_other_length(self, fragment: Fragment, rows: int) -> None:
        if fragment.rows is not None and fragment.rows != rows:
            raise DataError(
                f"{self._title} has a length of {fragment.rows}, but gave {rows} rows.",
                mend="Correct __len__.",
            )

    def _refuse_doubled(self, suspects: np.ndarray) -> None:
        """Read the data again, to name the doubled ids and their rows."""
        if self.columns.row_id is None or not len(suspects):
            return
        found = doubled_ids(self._all_ids(), suspects)
        refuse_doubled_ids(found, self.columns.row_id, f"{self.name} data")

    def _all_ids(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for fragment in self.fragments():
            done = 0
            for parts in self._parts(fragment, 256):
                ordinals = self._ordinals(fragment, done, parts.rows)
                done += parts.rows
                yield self._describe_rows(parts.meta, ordinals).row_ids, ordinals


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    running = iter(items)
    while chunk := list(islice(running, size)):
        yield chunk
