"""The operations of one call: in a real call, or on a copy without numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from auditkit.errors import AuditkitError
from auditkit.evidence.costs.costs import FlopCount, NotCosted
from auditkit.evidence.costs.counting import OperationCounter
from auditkit.evidence.costs.meta_copy import meta_copy
from auditkit.evidence.costs.shortcuts import Shortcuts
from auditkit.models.inputs import Call, to_device
from auditkit.models.wrapped import WrappedModel

_META = torch.device("meta")
SLOW = 0.05
"""Calls that take so many seconds are counted on a copy without numbers."""


@dataclass(frozen=True)
class Asked:
    """A call that can be made.

    Attributes:
        prepared: what the model is given.
        units: how many units that is.
        seconds: how long such a call takes.
    """

    prepared: Any
    units: int
    seconds: float = 0.0


def count_flops(model: WrappedModel, asked: Asked) -> FlopCount | NotCosted:
    """Operations of a call on a batch.

    A slow call is counted on a copy of the module without numbers (on the device `meta`), which
    computes nothing and takes milliseconds whatever the module does. For a quick one that would
    cost more than it saves: torch imports its compiler for it, a second's work, so a real call is
    counted. Where one way fails or leaves something out, the other is tried.

    Args:
        model: opened.
        asked: what it is asked.

    Returns:
        The first count that leaves nothing out, else the first; the reason where there is none.
    """
    ways = [_on_copy, _in_real_call] if asked.seconds >= SLOW else [_in_real_call, _on_copy]
    counts: list[FlopCount] = []
    reasons: list[str] = []
    for way in ways:
        found = way(model, asked)
        if isinstance(found, FlopCount) and found.complete:
            return found
        if isinstance(found, FlopCount):
            counts.append(found)
        else:
            reasons.append(found.reason)
    return counts[0] if counts else NotCosted(" ".join(reasons))


def _on_copy(model: WrappedModel, asked: Asked) -> FlopCount | NotCosted:
    if model.module is None or not model.capabilities.copyable:
        return NotCosted("There is no module that could be copied without its numbers.")
    started = time.perf_counter()
    counter = OperationCounter()
    try:
        copied = meta_copy(model.module)
        call, given = Call(copied, copied.forward), to_device(asked.prepared, _META)
        with torch.no_grad(), counter, Shortcuts(counter):
            call(given)
    except Exception as error:  # noqa: BLE001 - the user's code: it may look at numbers
        said = (str(error).strip().splitlines() or ["no message"])[0]
        return NotCosted(
            f"A copy without numbers cannot be asked ({type(error).__name__}: {said:.120})."
        )
    note = f"Counted on a copy without numbers, for a batch of {asked.units:,}."
    return _found(counter, asked, time.perf_counter() - started, note)


def _in_real_call(model: WrappedModel, asked: Asked) -> FlopCount | NotCosted:
    started = time.perf_counter()
    counter = OperationCounter()
    try:
        with torch.no_grad(), _taken_apart(), counter:
            model.answer(asked.prepared)
    except AuditkitError as error:
        return NotCosted(f"A call could not be counted: {error.problem}")
    if not counter.operations:
        named = ", ".join(sorted(counter.unformulated)) or "none"
        return NotCosted(
            f"In a real call no operation with a formula ran; others that did: {named}."
        )
    note = f"Counted in a real call on a batch of {asked.units:,}."
    of_callable = model.module is None
    if of_callable:
        note = f"{note} Of a callable only what it computes with torch is seen."
    spent = time.perf_counter() - started
    return _found(counter, asked, spent, note, whole=not of_callable)


def _found(
    counter: OperationCounter, asked: Asked, seconds: float, note: str, *, whole: bool = True
) -> FlopCount:
    return FlopCount(
        total=sum(counter.operations.values()),
        units=asked.units,
        operations=dict(counter.operations),
        unformulated=tuple(sorted(counter.unformulated)),
        lesser=counter.lesser,
        seconds=seconds,
        note=note,
        whole=whole,
    )


@contextmanager
def _taken_apart() -> Iterator[None]:
    """Attention runs as several operations: the one of the fast path has no formula."""
    enabled: Callable[[], bool] = torch.backends.mha.get_fastpath_enabled
    was = enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was)
