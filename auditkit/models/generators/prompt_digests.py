"""What was asked, as a digest: an answer belongs to a prompt by its text, not by its name alone."""

from __future__ import annotations

import hashlib

import numpy as np

from auditkit.models.generators.texts import Prompt


def prompt_digest(prompt: Prompt) -> str:
    """`sha256:…` of the UTF-8 text; of a sound, of its rate and its float32 samples.

    Example:
        >>> prompt_digest(Prompt("7", "hello"))[:19]
        'sha256:2cf24dba5fb0'
    """
    if prompt.sound is None:
        return text_digest(prompt.text)
    found = hashlib.sha256(f"{prompt.rate}\n".encode())
    found.update(np.ascontiguousarray(prompt.sound, dtype="<f4").tobytes())
    return f"sha256:{found.hexdigest()}"


def text_digest(text: str) -> str:
    """`sha256:…` of the UTF-8 text."""
    # A lone surrogate, which JSON can hold and UTF-8 cannot, is a text of its own.
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


__all__ = ["prompt_digest", "text_digest"]
