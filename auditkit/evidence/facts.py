"""What is known of the units of a sample beside what the model is given of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from auditkit.data.batch import Batch
from auditkit.data.columns import MISSING
from auditkit.evidence.hashing import folds


@dataclass(frozen=True)
class Facts:
    """What is known of each drawn unit beside its inputs.

    Attributes:
        targets: head → encoded targets on the CPU, first axis the units; {} without targets.
        labelled: whether the true outcome of each unit is known, bool of shape (n,).
        held_out: whether it lies in the half that is not searched, bool of shape (n,).
        groups: group attribute → the level of each unit, text of shape (n,).
        frame: the raw features of tables; None for torch data.
    """

    targets: Mapping[str, torch.Tensor]
    labelled: np.ndarray
    held_out: np.ndarray
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    frame: pd.DataFrame | None = None

    @classmethod
    def of(cls, batch: Batch, targets: Mapping[str, Any], drawn: np.ndarray) -> Facts:
        """The facts of some units of a batch; of targets those that are tensors by unit."""
        places = batch.labelled_places
        labelled = np.full(len(batch), places is None)
        if places is not None:
            labelled[places] = True
        ids = batch.row_ids if batch.clusters is None else batch.clusters
        index = torch.from_numpy(drawn)
        return cls(
            {
                head: one[index].clone()
                for head, one in targets.items()
                if isinstance(one, torch.Tensor) and one.shape[:1] == (len(batch),)
            },
            labelled[drawn],
            folds(ids[drawn]) == 1,
            {name: _levels(values)[drawn] for name, values in batch.groups.items()},
            None if batch.frame is None else batch.frame.iloc[drawn],
        )

    def take(self, order: np.ndarray) -> Facts:
        """The facts of the units at these positions."""
        index = torch.from_numpy(np.ascontiguousarray(order))
        return Facts(
            {head: one[index] for head, one in self.targets.items()},
            self.labelled[order],
            self.held_out[order],
            {name: levels[order] for name, levels in self.groups.items()},
            None if self.frame is None else self.frame.iloc[order],
        )

    @classmethod
    def together(cls, parts: Sequence[Facts]) -> Facts:
        """The facts of several parts, one after the other; at least one part.

        Targets that differ in shape between parts are left out.
        """
        first = parts[0]
        frames = [one.frame for one in parts if one.frame is not None]
        targets = {head: [one.targets.get(head) for one in parts] for head in first.targets}
        return cls(
            {head: torch.cat(of_head) for head, of_head in targets.items() if _alike(of_head)},
            np.concatenate([one.labelled for one in parts]),
            np.concatenate([one.held_out for one in parts]),
            {name: np.concatenate([one.groups[name] for one in parts]) for name in first.groups},
            pd.concat(frames) if len(frames) == len(parts) else None,
        )

    def to_plain(self) -> dict[str, Any]:
        """The facts as tensors, numbers and text, reversible by `from_plain`."""
        return {
            "targets": dict(self.targets),
            "labelled": torch.from_numpy(self.labelled.copy()),
            "held_out": torch.from_numpy(self.held_out.copy()),
            "groups": {name: levels.tolist() for name, levels in self.groups.items()},
            "frame": None if self.frame is None else _stream(self.frame),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Facts:
        """The facts that `to_plain` wrote."""
        return cls(
            plain["targets"],
            plain["labelled"].numpy(),
            plain["held_out"].numpy(),
            {name: np.array(levels, dtype=object) for name, levels in plain["groups"].items()},
            None if plain["frame"] is None else _frame(plain["frame"]),
        )


def _alike(parts: Sequence[torch.Tensor | None]) -> TypeGuard[list[torch.Tensor]]:
    """Whether all parts are there, of one shape but for the number of units."""
    return len({None if one is None else (one.shape[1:], one.dtype) for one in parts}) == 1


def _levels(values: pd.Categorical) -> np.ndarray:
    # A missing value has the code −1, which indexes the last entry.
    names = np.array([*map(str, values.categories), MISSING], dtype=object)
    return np.asarray(names[np.asarray(values.codes)])


def _stream(frame: pd.DataFrame) -> torch.Tensor:
    table = pa.Table.from_pandas(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return torch.frombuffer(bytearray(sink.getvalue()), dtype=torch.uint8)


def _frame(stream: torch.Tensor) -> pd.DataFrame:
    frame: pd.DataFrame = pa.ipc.open_stream(stream.numpy().tobytes()).read_all().to_pandas()
    return frame
