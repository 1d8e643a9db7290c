"""A mode that counts the operations of whatever runs within it, and names those it cannot count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from auditkit.evidence.costs.formulas import formulas
from auditkit.evidence.costs.lesser import is_lesser
from auditkit.evidence.nests import map_tensors


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts by the formulas of `torch.utils.flop_counter.FlopCounterMode` and our own.

    torch's own mode passes over operations without a formula in silence, and follows every module;
    this one keeps their names.

    Attributes:
        operations: name → operations counted.
        unformulated: names of operations that have no formula.
        lesser: how many numbers were returned by operations that are not counted by convention.

    Example:
        >>> import torch
        >>> with OperationCounter() as counter:
        ...     _ = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> counter.operations
        Counter({'mm': 48})
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: Counter[str] = Counter()
        self.unformulated: set[str] = set()
        self.lesser = 0
        self._formulas = formulas()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch would import its compiler, a second's work, to keep it away from this mode."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        given = dict(kwargs or {})
        packet = getattr(func, "_overloadpacket", None)
        formula = self._formulas.get(packet)
        if formula is not None:
            out = func(*args, **given)
            self.operations[_name(packet)] += int(formula(*args, **given, out_val=out))
            return out
        if is_lesser(func):
            out = func(*args, **given)
            self.lesser += 0 if func.is_view else _numbers(out)
            return out
        return self._without_formula(func, args, given)

    def _without_formula(self, func: Any, args: Any, given: dict[str, Any]) -> Any:
        """In inference mode composed operations come whole: they are taken apart."""
        decompose: Callable[..., Any] | None = getattr(func, "decompose", None)
        if decompose is not None:
            with self:
                out = decompose(*args, **given)
            if out is not NotImplemented:
                return out
        out = func(*args, **given)
        if not _asks_only(out):
            self.unformulated.add(str(getattr(func, "_overloadpacket", func)))
        return out


def _name(packet: Any) -> str:
    return str(packet).rpartition(".")[2]


def _numbers(out: Any) -> int:
    sizes: list[int] = []
    map_tensors(lambda part: sizes.append(part.numel()), out)
    return sum(sizes)


def _asks_only(out: Any) -> bool:
    """Whether an operation returned no numbers: it asked for a size or a device."""
    found: list[Tensor] = []
    map_tensors(found.append, out)
    return not found
