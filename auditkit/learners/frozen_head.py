"""A linear head on what the audited model makes of its inputs, which stays as it is."""

from __future__ import annotations

from dataclasses import replace

from auditkit.learners.logistic import LOGISTIC

HEAD = replace(LOGISTIC, title="linear head on frozen features", wants="embedding")
"""The model's last layer taught anew: what it learns, and from how many units, says nothing of the
layers below."""
