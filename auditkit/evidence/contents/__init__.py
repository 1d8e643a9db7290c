"""What units hold: hashes and vectors of tables, images, sounds, texts, series and arrays."""

from auditkit.evidence.contents.content import DIMENSIONS, Content
from auditkit.evidence.contents.reading import content_of

__all__ = ["DIMENSIONS", "Content", "content_of"]
