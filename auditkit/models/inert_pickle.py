"""A pickle of a torch module, read into records that do nothing.

Unpickling is dangerous because a pickle may name any callable and call it. Here it can name nothing
but the entries of `LAYERS` and a few fixed names, and each of these stands for an inert class made
for this one reading: no torch class is looked up, instantiated or changed, and nothing that comes
out can be called. Before that, the instructions themselves are compared with those that
`torch.save` writes.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from auditkit.errors import ModelError, UntrustedFileError
from auditkit.models.formats import describe_names, instructions, printable
from auditkit.models.inert_records import (
    Inert,
    LayerRecord,
    Names,
    ParameterRecord,
    StorageRecord,
    StorageType,
    Table,
    TensorRecord,
)

# Names that a pickle may use for layers; `auditkit.models.plain_layers` says how each is rebuilt.
LAYERS = frozenset(
    ("torch.nn.modules." + module, name)
    for module, names in {
        "container": ("Sequential",),
        "linear": ("Linear", "Identity"),
        "activation": (
            "ReLU",
            "Sigmoid",
            "Tanh",
            "Softmax",
            "LogSoftmax",
            "LeakyReLU",
            "ELU",
            "GELU",
        ),
        "dropout": ("Dropout",),
        "batchnorm": ("BatchNorm1d",),
        "flatten": ("Flatten",),
    }.items()
    for name in names
)
_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# What torch.save writes with the protocol that it uses (2), under Python 2 and 3.
_INSTRUCTIONS = frozenset(
    {
        *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE"),
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
        *("BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
        *("EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_DICT", "SETITEM", "SETITEMS"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
        *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
        *("GLOBAL", "REDUCE", "NEWOBJ", "BUILD", "BINPERSID"),
    }
)
_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    RecursionError,
)


@dataclass(frozen=True)
class Records:
    """What a pickle holds.

    Attributes:
        value: dicts, lists, numbers, strings and records.
        storages: key → the storage that it refers to.
    """

    value: Any
    storages: Mapping[str, StorageRecord]


@dataclass
class _Reading:
    """The classes that stand for names, made for one reading, so that nothing outlives it."""

    name: str
    made: dict[tuple[str, str], type] = field(default_factory=dict)
    storages: dict[str, StorageRecord] = field(default_factory=dict)

    def find(self, module: str, name: str) -> type:
        key = (module, name)
        if key not in self.made:
            self.made[key] = self._make(module, name)
        return self.made[key]

    def _make(self, module: str, name: str) -> type:
        if (module, name) in LAYERS:
            return Inert(name, (LayerRecord,), {"layer": (module, name), "__slots__": ()})
        if module in ("torch", "torch.cuda") and name in _DTYPES:
            return Inert(name, (StorageType,), {"dtype": _DTYPES[name], "__slots__": ()})
        known = _FIXED.get((module, name))
        if known is None:
            raise self.refused([f"{module}.{name}"])
        return Inert(name, (known,), {"__slots__": ()})

    def refused(self, names: list[str]) -> UntrustedFileError:
        return UntrustedFileError(
            f"{self.name} names {describe_names(names)}: no plain torch layer, so it was not "
            "read on, and nothing in it has run.",
            mend="Save model.state_dict(), and name a factory that builds the model.",
        )


_FIXED: Mapping[tuple[str, str], type] = {
    ("collections", "OrderedDict"): Table,
    ("__builtin__", "set"): Names,
    ("builtins", "set"): Names,
    ("torch._utils", "_rebuild_tensor_v2"): TensorRecord,
    ("torch._utils", "_rebuild_parameter"): ParameterRecord,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, reading: _Reading) -> None:
        super().__init__(stream, encoding="utf-8")
        self._reading = reading

    def find_class(self, module: str, name: str) -> type:
        return self._reading.find(module, name)

    def persistent_load(self, pid: Any) -> type | StorageRecord:
        """What torch.save keeps outside of the pickle: classes with their source, and numbers."""
        kind = pid[0] if isinstance(pid, tuple) and pid else None
        if kind == "module" and len(pid) == 4 and isinstance(pid[1], Inert):
            return pid[1]  # the source text beside it is neither looked at nor compared
        if kind == "storage":
            storage = _storage(*pid[1:])
            if self._reading.storages.setdefault(storage.key, storage) != storage:
                raise ValueError("one storage with two sizes or types")
            return storage
        raise ValueError("an unknown kind of persistent record")


def _storage(
    kind: object, key: object, location: object, count: object, view: object = None
) -> StorageRecord:  # the fields of torch's own record
    del location  # everything is read to the CPU
    if not isinstance(kind, type) or not issubclass(kind, StorageType) or view is not None:
        raise ValueError("a storage has a type of its own, and is no view")
    if type(count) is not int or count < 0:
        raise ValueError("a storage has a size")
    return StorageRecord(str(key), kind.dtype, count)


def read_records(stream: io.BytesIO, name: str) -> Records:
    """The next pickle of a stream, as records; the stream then stands behind it.

    Args:
        stream: of the file's bytes.
        name: of the file, for messages.

    Raises:
        UntrustedFileError: it names something else than plain layers.
        ModelError: it is damaged, or no pickle that torch.save writes.

    >>> read_records(io.BytesIO(pickle.dumps({"a": (1, 2.5)}, protocol=2)), "a file").value
    {'a': (1, 2.5)}
    """
    reading = _Reading(name)
    try:
        start = stream.tell()
        _check_instructions(stream, reading)
        stream.seek(start)
        value = _Unpickler(stream, reading).load()
    except _DAMAGE as error:
        raise damaged(name, str(error)) from error
    return Records(value, reading.storages)


def _check_instructions(stream: io.BytesIO, reading: _Reading) -> None:
    """Refuse the whole pickle before any instruction of it is followed."""
    strange = []
    for places, (operation, argument, _) in enumerate(instructions(stream), start=1):
        if operation.name not in _INSTRUCTIONS:
            raise ValueError(f"the instruction {operation.name}, which torch.save does not write")
        if operation.name == "LONG_BINPUT" and argument > places:  # type: ignore[operator]
            raise ValueError("a memory place beyond the pickle's own length")
        if operation.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
            if not is_known(module, name):
                strange.append(f"{module}.{name}")
    if strange:
        raise reading.refused(list(dict.fromkeys(strange)))


def is_known(module: str, name: str) -> bool:
    """Whether a pickle may use this name: a plain layer, or what torch.save needs for tensors."""
    key = (module, name)
    return key in LAYERS or key in _FIXED or (module in ("torch", "torch.cuda") and name in _DTYPES)


def damaged(name: str, why: str) -> ModelError:
    """The error for a file that does not hold what its format says."""
    return ModelError(
        f"{name} is damaged, truncated, or no file that torch.save wrote ({printable(why)}).",
        mend="Copy or save it again.",
    )
