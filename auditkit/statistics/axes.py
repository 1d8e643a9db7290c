"""Named axes of a state, and how two states with the same axes are brought to one layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True)
class Axis:
    """One axis of a state: its name, and what its positions stand for.

    Attributes:
        name: unique within a state.
        labels: one for each position, unique; may be empty only on an open axis.
        open: True if other parts of the data may bring labels that this part has not seen (the
            levels of a group); merging then takes the union. Closed axes must agree exactly.

    Raises:
        ValueError: an empty name, a repeated label, a label that is no string, or a closed axis
            without labels.

    Example:
        >>> Axis("outcome", ("wrong", "right")).position("right")
        1
    """

    name: str
    labels: tuple[str, ...]
    open: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"the name of an axis must be a non-empty string, found {self.name!r}")
        for label in self.labels:
            if not isinstance(label, str):
                raise ValueError(f"axis {self.name!r}: label {label!r} is not a string")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"axis {self.name!r}: a label occurs twice")
        if not self.labels and not self.open:
            raise ValueError(f"axis {self.name!r} is closed and has no labels")

    def __len__(self) -> int:
        return len(self.labels)

    def position(self, label: str) -> int:
        """Where `label` stands. A label that is not there is a ValueError, never a zero count."""
        try:
            return self.labels.index(label)
        except ValueError:
            known = ", ".join(map(repr, self.labels[:8])) + (" …" if len(self) > 8 else "")
            raise ValueError(f"axis {self.name!r} has no label {label!r}; it has {known}") from None


def shape_of(axes: Iterable[Axis]) -> tuple[int, ...]:
    """The number of labels on each axis."""
    return tuple(len(axis) for axis in axes)


def checked_axes(axes: Iterable[Axis]) -> tuple[Axis, ...]:
    """The axes as a tuple; two of the same name are a ValueError."""
    result = tuple(axes)
    names = [axis.name for axis in result]
    if len(set(names)) != len(names):
        raise ValueError(f"two axes have the same name: {', '.join(names)}")
    return result


def axis_position(axes: tuple[Axis, ...], name: str) -> int:
    """Which axis is called `name`."""
    for position, axis in enumerate(axes):
        if axis.name == name:
            return position
    known = ", ".join(repr(axis.name) for axis in axes) or "none"
    raise ValueError(f"there is no axis {name!r}; the axes are: {known}")


def merged_axes(first: tuple[Axis, ...], second: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The axes of the sum of two states.

    Equal axes stay as they are. Open axes whose labels differ, even in order alone, take the
    sorted union: so the layout, and with it the bytes, depend neither on the order nor on the
    grouping in which many states are merged.

    Raises:
        ValueError: names, their order, openness, or the labels of a closed axis differ.
    """
    if [axis.name for axis in first] != [axis.name for axis in second]:
        raise ValueError(
            "states with different axes cannot be merged: "
            f"({', '.join(axis.name for axis in first)}) "
            f"and ({', '.join(axis.name for axis in second)})"
        )
    return tuple(_merged(one, other) for one, other in zip(first, second, strict=True))


def _merged(one: Axis, other: Axis) -> Axis:
    if one == other:
        return one
    if one.open and other.open:
        return Axis(one.name, tuple(sorted({*one.labels, *other.labels})), open=True)
    if one.open != other.open:
        raise ValueError(f"axis {one.name!r} is open in one state and closed in the other")
    raise ValueError(
        f"axis {one.name!r} is closed and its labels differ: "
        f"{len(one)} against {len(other)} labels, for example "
        f"{sorted({*one.labels} ^ {*other.labels})[:3] or 'in another order'}"
    )


def placed(
    values: NDArray[_Scalar], axes: tuple[Axis, ...], target: tuple[Axis, ...]
) -> NDArray[_Scalar]:
    """`values` laid out on the `target` axes; labels that `axes` lack hold zero.

    `values` may have leading dimensions before those of the axes.
    """
    leading = values.ndim - len(axes)
    for position, (axis, goal) in enumerate(zip(axes, target, strict=True)):
        if axis.labels == goal.labels:
            continue
        where = {label: index for index, label in enumerate(goal.labels)}
        dimension = leading + position
        shape = (*values.shape[:dimension], len(goal), *values.shape[dimension + 1 :])
        result = np.zeros(shape, dtype=values.dtype)
        index = [where[label] for label in axis.labels]
        result[(slice(None),) * dimension + (index,)] = values
        values = result
    return values


def chosen(
    axes: tuple[Axis, ...], labels: Mapping[str, str]
) -> tuple[tuple[Axis, ...], tuple[Any, ...]]:
    """The axes left when one label is chosen on some, and the index that chooses it."""
    index: list[Any] = [slice(None)] * len(axes)
    for name, label in labels.items():
        position = axis_position(axes, name)
        index[position] = axes[position].position(label)
    return tuple(axis for axis in axes if axis.name not in labels), tuple(index)


def axes_to_plain(axes: tuple[Axis, ...]) -> list[dict[str, Any]]:
    """Axes as JSON-able data."""
    return [{"name": axis.name, "labels": list(axis.labels), "open": axis.open} for axis in axes]


def axes_from_plain(plain: Any) -> tuple[Axis, ...]:
    """The axes that `axes_to_plain` wrote; anything else is a ValueError."""
    if not isinstance(plain, list):
        raise ValueError(f"axes must be a list, found {type(plain).__name__}")
    for entry in plain:
        if not isinstance(entry, dict) or set(entry) != {"name", "labels", "open"}:
            raise ValueError("each axis must hold exactly name, labels and open")
        if not isinstance(entry["labels"], list) or not isinstance(entry["open"], bool):
            raise ValueError(f"axis {entry['name']!r}: labels must be a list, open true or false")
    return checked_axes(
        Axis(entry["name"], tuple(entry["labels"]), open=entry["open"]) for entry in plain
    )
