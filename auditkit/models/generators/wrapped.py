"""A generative model as the corridor knows it: what it can do, its identity, and its loan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from auditkit.models.borrowing import random_states_kept
from auditkit.models.generators.decoder import Decoder
from auditkit.models.generators.texts import TextSource
from auditkit.models.head import Head
from auditkit.models.medium import Inputs
from auditkit.models.subject import Capabilities
from auditkit.models.wrapped import WrappedModel


class WrappedGenerator:
    """A model that answers with text, whatever it is made of.

    Made by `wrap_generator` and `stored_generations`. Exactly one of `decoder` and `texts` is
    there: of a decoder everything can be heard, of texts only what they come with.

    Attributes:
        name: for people.
        decoder: a language model, driven token by token; None where there is none.
        texts: a function or stored answers; None where there is a decoder.
        heads: (), as its answers are no numbers.
        members: (), as there is no ensemble of it.
    """

    heads: tuple[Head, ...] = ()
    members: tuple[WrappedModel, ...] = ()
    answer_columns: frozenset[str] = frozenset()
    layer = ""
    inputs = Inputs()

    def __init__(
        self, *, decoder: Decoder | None = None, texts: TextSource | None = None, name: str = ""
    ) -> None:
        if (decoder is None) == (texts is None):
            raise ValueError("a generator is either a decoder or a source of texts")
        self.name = name
        self.decoder = decoder
        self.texts = texts

    @property
    def _source(self) -> Decoder | TextSource:
        source = self.texts if self.decoder is None else self.decoder
        assert source is not None  # one of them is there, see __init__
        return source

    @property
    def device(self) -> torch.device:
        """Where the model is; the CPU where there is none."""
        device: torch.device = getattr(self._source, "device", torch.device("cpu"))
        return device

    @property
    def capabilities(self) -> Capabilities:
        """What can be done with it beyond asking it."""
        return self._source.capabilities

    @contextmanager
    def opened(self) -> Iterator[WrappedGenerator]:
        """The model ready to answer; afterwards as it came.

        Raises:
            ModelChangedError: parameters or buffers differ at the end.
        """
        # A source of texts may hold a network; stored answers hold none.
        lent = getattr(self._source, "watched", nullcontext)()
        with random_states_kept(), lent:
            yield self

    def digest(self) -> str:
        """Identity of the model; see `WrappedModel.digest`."""
        return self._source.digest()

    def describe(self) -> dict[str, Any]:
        """What a record keeps of the model; JSON-able."""
        capabilities = self.capabilities
        return {
            "name": self.name,
            **self._source.describe(),
            "heads": [],
            "preprocess": None,
            "layer": None,
            "inputs": self.inputs.describe(),
            "members": [],
            "capabilities": {
                "present": capabilities.present,
                "differentiable": capabilities.differentiable,
                "copyable": capabilities.copyable,
                "embeds": capabilities.embeds,
                "reasons": dict(capabilities.reasons),
            },
        }


__all__ = ["WrappedGenerator"]
