"""What one answer rests on: a number for each token of the prompt and the context."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.models.generators.answer import Numbers


@dataclass(frozen=True, eq=False)
class Highlight:
    """Attributions of one answer over what the model was given, and how they stood their test.

    The test takes away the tokens that are said to matter most, and as many at random: an
    explanation that says something makes the answer less likely by the former than by the latter.

    Attributes:
        row: position of the answer in its `Generations`.
        pieces: the text of each token given, n of them.
        weights: what each adds to the log-probability of the answer, float32 of shape (n,).
        method: a name of `auditkit.generation.explaining.METHODS`.
        removed: how many tokens the test took away; 0 where it could not be made.
        drop: by how much the answer's log-probability fell without those that matter most, nats.
        random_drop: the same without as many drawn at random, the mean of several draws.
    """

    row: int
    pieces: tuple[str, ...]
    weights: Numbers
    method: str
    removed: int = 0
    drop: float = 0.0
    random_drop: float = 0.0

    @property
    def tested(self) -> bool:
        """Whether the test could be made."""
        return self.removed > 0

    @property
    def held(self) -> bool:
        """Whether the tokens said to matter most mattered more than random ones."""
        return self.tested and self.drop > self.random_drop


__all__ = ["Highlight"]
