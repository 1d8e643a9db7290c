"""JSON Schema of a policy file, so that an editor completes, explains and checks it.

It is generated from the types of `auditkit.policy.schema` and shipped as
`policies/policy.schema.json`. After a change of the types, write that file anew:

    python -m auditkit.policy.json_schema > policies/policy.schema.json
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from typing import Any

from auditkit.policy.schema import Each, Policy, Requirement

_ATTRIBUTE = re.compile(r"^    (\w+(?:, \w+)*): ")


def policy_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a policy file.

    What the docstrings of the types say of each field becomes the description that an editor shows.
    """
    schema = Policy.model_json_schema(mode="validation")
    _describe(schema, Policy)
    for model in (Requirement, Each):
        _describe(schema["$defs"][model.__name__], model)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def policy_schema_text() -> str:
    """The text of `policies/policy.schema.json`."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _describe(schema: dict[str, Any], model: type) -> None:
    documentation = inspect.getdoc(model) or ""
    schema["description"] = documentation.split("\n\n")[0].replace("\n", " ")
    for name, text in _attributes(documentation).items():
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text


def _attributes(documentation: str) -> dict[str, str]:
    """Attribute → what the section `Attributes:` of a docstring says of it.

    >>> _attributes("A thing.\\n\\nAttributes:\\n    low, high: its ends,\\n        both.\\n")
    {'low': 'its ends, both.', 'high': 'its ends, both.'}
    """
    found: dict[str, str] = {}
    names: list[str] = []
    for line in documentation.partition("Attributes:\n")[2].splitlines():
        if start := _ATTRIBUTE.match(line):
            names = start[1].split(", ")
        for name in names:
            text = line[start.end() :] if start else line
            found[name] = f"{found.get(name, '')} {text.strip()}".strip()
    return found


if __name__ == "__main__":
    sys.stdout.write(policy_schema_text())
