"""What every section of audit.yaml is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


def listed_value(value: Any) -> Any:
    """A single value where a list may stand, as a list of it."""
    return [value] if isinstance(value, str | dict) else value


class Section(BaseModel):
    """A section: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Number = Annotated[float, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
