"""transformers without its bars and reports, which would go among an audit's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_bars() -> Iterator[None]:
    """Read a model in silence; afterwards bars and warnings are shown as they were before.

    What is amiss with its weights is told by whoever reads it, as an error.
    """
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


__all__ = ["without_bars"]
