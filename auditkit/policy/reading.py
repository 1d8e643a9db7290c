"""From a name or a file to a policy, or to an error that says where to mend it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from auditkit.errors import PolicyError
from auditkit.measurement import Metric
from auditkit.policy.catalogue import check_metrics, did_you_mean
from auditkit.policy.document import Document, read_file, read_text
from auditkit.policy.schema import Policy, Requirement
from auditkit.resources import policies_folder

SUFFIX = ".yaml"
SHOWN_ERRORS = 5
Model = TypeVar("Model", bound=BaseModel)


def shipped_policies() -> tuple[str, ...]:
    """The names of the policies that come with auditkit.

    >>> "baseline" in shipped_policies()
    True
    """
    return tuple(sorted(path.stem for path in policies_folder().glob(f"*{SUFFIX}")))


def load_policy(policy: str | Path, *, metrics: Mapping[str, Metric] | None = None) -> Policy:
    """A policy by the name of a shipped one, or by the path of a file.

    Args:
        policy: a bare name (`baseline`), or a path (anything with a separator or a suffix).
        metrics: the metrics that exist; None: whether they exist is not looked at.

    Raises:
        PolicyError: names the file, the line and the mend.

    Example:
        >>> load_policy("baseline").id
        'baseline'
    """
    return policy_from(read_file(_path(policy), "policy"), metrics)


def policy_from_text(
    text: str, name: str = "policy", *, metrics: Mapping[str, Metric] | None = None
) -> Policy:
    """A policy from its text, for example from the one that a record holds.

    Raises:
        PolicyError: as `load_policy`, with `name` in the place of the file.
    """
    return policy_from(read_text(text, name), metrics)


def policy_from(document: Document, metrics: Mapping[str, Metric] | None) -> Policy:
    """A policy from a document that was read."""
    policy = validated(Policy, document, "policy", _KEYS).with_source(document.text)
    if metrics is not None:

        def locate(position: int) -> str:
            line = document.line(("requirements", position, "metric"))
            return f"{document.name}, line {line}"

        check_metrics(policy, metrics, locate)
    return policy


def _path(policy: str | Path) -> Path:
    if isinstance(policy, Path):
        return policy
    if "/" in policy or "\\" in policy or Path(policy).suffix:
        return Path(policy)
    shipped = shipped_policies()
    if policy in shipped:
        return policies_folder() / f"{policy}{SUFFIX}"
    raise PolicyError(
        f"There is no shipped policy named {policy!r}; shipped are {', '.join(shipped)}.",
        mend=did_you_mean(policy, shipped) or "For a file of your own, give its path (./my.yaml).",
    )


_KEYS = (*Policy.model_fields, *Requirement.model_fields)


def validated(model: type[Model], document: Document, what: str, keys: Collection[str]) -> Model:
    """The document as the model that it should be.

    Args:
        model: of the whole document.
        document: what was read.
        what: the file should be, for errors.
        keys: every key that such a file may have anywhere, for "did you mean".

    Raises:
        PolicyError: lists what is wrong, each with its line and path.
    """
    if not isinstance(document.data, dict):
        found = "nothing" if document.data is None else f"a {type(document.data).__name__}"
        raise PolicyError(
            f"{document.name} holds {found} where a {what} should be a mapping of keys to values.",
            mend="Start from a shipped one, for example policies/baseline.yaml.",
        )
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        complaint = _complaint(error, document, keys)
        raise PolicyError(
            f"{document.name} is no valid {what}: {complaint}.", mend=_mend(error, what)
        ) from error


def _complaint(error: ValidationError, document: Document, keys: Collection[str]) -> str:
    details = _first_causes(error.errors(include_url=False))
    lines = [_describe(detail, document, keys) for detail in details[:SHOWN_ERRORS]]
    if len(details) > SHOWN_ERRORS:
        lines.append(f"and {len(details) - SHOWN_ERRORS} more")
    return "; ".join(lines)


def _first_causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too short" of a list whose only fault is that an item of it is wrong."""
    return [
        detail
        for detail in details
        if detail["type"] != "too_short" or not any(_within(other, detail) for other in details)
    ]


def _within(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    loc = outer["loc"]
    return len(inner["loc"]) > len(loc) and inner["loc"][: len(loc)] == loc


def _describe(detail: ErrorDetails, document: Document, keys: Collection[str]) -> str:
    path = _path_in(document.data, detail["loc"])
    line = document.line(path)
    where = ".".join(str(part) for part in path) or "the whole file"
    return f"{where}{f' (line {line})' if line else ''}: {_message(detail, keys)}"


def _path_in(data: Any, loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The part of a location that the file has, without the tags that pydantic puts in between."""
    path: list[str | int] = []
    for part in loc:
        if _has(data, part):
            data = data[part]
        elif part != loc[-1] or part in _TAGS:
            continue
        path.append(part)
    return tuple(path)


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


# What `auditkit.policy.schema` and `waivers` call the forms of a union, and pydantic the key of a
# mapping.
_TAGS = frozenset({"word", "each", "one", "several", "number", "[key]"})


def _message(detail: ErrorDetails, keys: Collection[str]) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        guess = did_you_mean(str(detail["loc"][-1]), keys)
        return f"this key is unknown{f' ({guess})' if guess else ''}"
    if kind == "missing":
        return "this key is missing"
    message = detail["msg"]
    if kind in ("contradiction", "too_short"):
        return message
    return f"found {_shown(found)}; {message[0].lower()}{message[1:]}"


def _shown(found: Any) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return f"the number {found}"
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _mend(error: ValidationError, what: str) -> str:
    kinds = {detail["type"] for detail in error.errors(include_url=False)}
    if "string_type" in kinds:
        return "Write texts that look like numbers or truth values in quotes."
    if what == "policy":
        return "policies/policy.schema.json describes every key; editors read it."
    return "Correct these places."
