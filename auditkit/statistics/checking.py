"""Whether the parameters of an estimate are what its method needs: they may come from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from auditkit.statistics.method import Method, Parameters
from auditkit.statistics.methods import METHODS


def checked(name: str, parameters: Parameters) -> Method:
    """The method called `name`, after its parameters were checked.

    Raises:
        ValueError: an unknown method; a parameter absent, unknown, not finite, of the wrong sign
            or larger than it can be. The message names method, parameter and what was found.
    """
    method = METHODS.get(name) if isinstance(name, str) else None
    if method is None:
        raise ValueError(f"unknown method {name!r}; known are: {', '.join(METHODS)}")
    if not isinstance(parameters, Mapping):
        raise ValueError(f"{name}: parameters must be a mapping, found {parameters!r}")
    if parameters.keys() != method.kinds.keys():
        unknown = parameters.keys() - method.kinds.keys()
        missing = method.kinds.keys() - parameters.keys() - {*method.optional}
        if unknown or missing:
            raise ValueError(
                f"{name} takes {', '.join(method.kinds)}; "
                f"missing: {sorted(missing) or 'none'}, unknown: {sorted(unknown) or 'none'}"
            )
    for parameter, found in parameters.items():
        _check_kind(f"{name}: {parameter}", method.kinds[parameter], found)
    if len({len(parameters[one]) for one in method.alike}) > 1:
        raise ValueError(f"{name}: {', '.join(method.alike)} must have the same length")
    for small, large in method.at_most:
        _check_at_most(name, small, large, parameters)
    if name == "f1" and parameters["tp"] + parameters["errors"] == 0:
        raise ValueError("f1: tp and errors are both 0, so F1 is undefined")
    if {"wins", "losses"} <= method.kinds.keys():
        _check_pairs(name, parameters)
    return method


def _check_pairs(name: str, parameters: Parameters) -> None:
    if parameters["wins"] + parameters["losses"] > parameters["n"] * _ROUNDING:
        raise ValueError(f"{name}: wins and losses together exceed n")


_ROUNDING = 1 + 1e-9
"""Effective counts are scaled floats; a share of 1 may come out a few bits above."""

_LARGEST = 1e100
"""No real number is as large; its square is still a float."""

_LOWEST = {"number": -math.inf, "nonnegative": 0.0, "positive": 0.0, "share": 0.0}
_LISTS = {"nonnegatives": "nonnegative", "positives": "positive", "sorted": "number"}


def _check_kind(what: str, kind: str, found: Any) -> None:
    if kind == "estimates":
        _check_estimates(what, found)
        return
    if kind == "estimate":
        _check_estimate(what, found)
        return
    if kind in _LISTS:
        _check_list(what, kind, found)
        return
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(f"{what} must be a number, found {found!r}")
    # A Python int may be larger than any float.
    if not -_LARGEST < found < _LARGEST:
        raise ValueError(f"{what} must be finite and below {_LARGEST:g}, found {found!r:.40}")
    if found < _LOWEST[kind] or (kind == "positive" and found == 0):
        bound = "above 0" if kind == "positive" else "at least 0"
        raise ValueError(f"{what} must be {bound}, found {found}")
    if kind == "share" and found > 1:
        raise ValueError(f"{what} must be at most 1, found {found}")


def _check_list(what: str, kind: str, found: Any) -> None:
    if not isinstance(found, list | tuple) or not found:
        raise ValueError(f"{what} must be a non-empty list, found {found!r}")
    numbers = np.asarray(found)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iuf":
        raise ValueError(f"{what} must hold numbers alone, found {found!r}")
    for extreme in (numbers.min(), numbers.max()):
        _check_kind(what, _LISTS[kind], float(extreme))
    if kind == "sorted" and (numbers[1:] < numbers[:-1]).any():
        raise ValueError(f"{what} must be sorted in ascending order")


_NESTING = {"estimate", "estimates"}


def _check_estimates(what: str, found: Any) -> None:
    if not isinstance(found, list | tuple) or not found:
        raise ValueError(f"{what} must be a non-empty list of estimates, found {found!r:.80}")
    for one in found:
        _check_estimate(what, one)


def _check_estimate(what: str, found: Any) -> None:
    if not isinstance(found, dict) or set(found) != {"method", "parameters"}:
        raise ValueError(f"{what} must hold exactly method and parameters, found {found!r}")
    name, parameters = found["method"], found["parameters"]
    # One level only: what a file nests without end must not be followed without end.
    if (
        not isinstance(name, str)
        or name not in METHODS
        or _NESTING & {*METHODS[name].kinds.values()}
    ):
        raise ValueError(f"{what} cannot be of the method {name!r}")
    if not math.isfinite(checked(name, parameters).value(parameters)):
        raise ValueError(f"{what} has no finite value")


def _check_at_most(name: str, small: str, large: str, parameters: Parameters) -> None:
    first, second = parameters[small], parameters[large]
    if not isinstance(first, list | tuple):
        first, second = [first], [second]
    if len(first) != len(second):
        raise ValueError(f"{name}: {small} and {large} must have the same length")
    for one, limit in zip(first, second, strict=True):
        if one > limit * _ROUNDING:
            raise ValueError(f"{name}: {small} is {one}, more than {large}, {limit}")
