"""What an audit is of: digests of everything that its numbers depend on.

A rerun of the same audit returns what is stored. That is honest only where "the same" is known
from content: a network's parameters, the bytes of tables, the files of the user's code. Where it is
known by less (a sample of a data set's items, the source of a callable that may hold other things),
the audit runs anew, as another look. What the user's code imports is not covered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.data.datasets import Dataset
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.wrapped import WrappedModel

# Digests that cover all of what they stand for.
_OF_CONTENT = ("parameters:", "columns:", "sha256:")


@dataclass(frozen=True)
class Identity:
    """The digests of one audit.

    Attributes:
        digests: `model`, `data`, `configuration`, the digest of each split, and whatever else the
            caller knows (`policy`, `model_file`, `code`).
        doubt: why a stored run with the same digests may be of something else; "" if it cannot be.
    """

    digests: Mapping[str, str]
    doubt: str = ""


def identify(
    model: WrappedModel | WrappedGenerator,
    data: Dataset,
    checks: Sequence[str],
    settings: Mapping[str, Any],
    known: Mapping[str, str],
) -> Identity:
    """The identity of an audit.

    Args:
        model: what is audited.
        data: what it is audited on.
        checks: names of the checks that run.
        settings: what else changes the numbers, JSON-able.
        known: digests that the caller has; `code` is of all code of the user's that was loaded.
    """
    description = model.describe()
    splits = {f"data_{name}": source.digest() for name, source in data.splits.items()}
    configuration = {
        "model": description,
        "data": {name: source.identity() for name, source in data.splits.items()},
        "columns": repr(data.columns),
        "checks": list(checks),
        **settings,
    }
    digests = {
        "model": model.digest(),
        "data": data.digest(),
        "configuration": sha256_of(configuration),
        **splits,
        **known,
    }
    runs_code = _runs_code(description, settings.get("generation") or {})
    return Identity(digests, _doubt(description, digests, runs_code=runs_code))


def _runs_code(description: Mapping[str, Any], generation: Mapping[str, Any]) -> bool:
    """Whether functions of the user's take part beside the model, whose values nobody knows.

    A tokenizer that says nothing of itself is one of them.
    """
    tokenizer = description.get("tokenizer") or {}
    parts = [part for part in generation.values() if isinstance(part, Mapping)]
    return bool(
        description.get("preprocess")
        or (tokenizer and not tokenizer.get("sha256"))
        or any(head["unit_metrics"] for head in description["heads"])
        or any(part.get("function") for part in parts)
    )


def _doubt(description: Mapping[str, Any], digests: Mapping[str, str], *, runs_code: bool) -> str:
    if not digests["model"].startswith(_OF_CONTENT):
        return "the model is a callable, which is known by its source alone"
    if not all(digest.startswith(_OF_CONTENT) for digest in description.get("members", ())):
        return "a member of the ensemble is a callable, which is known by its source alone"
    if not digests["data"].startswith(_OF_CONTENT):
        return "the data are known by a manifest, not by their bytes"
    if runs_code and not digests.get("code", "").startswith(_OF_CONTENT):
        return "code of yours takes part, and is known by its source alone"
    return ""


def sha256_of(content: Any) -> str:
    """`sha256:…` of JSON-able content, the same in every process."""
    text = json.dumps(content, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
