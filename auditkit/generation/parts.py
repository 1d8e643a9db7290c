"""What can be heard of a generative model beside its greedy answers; all of it in one pass."""

from __future__ import annotations

SAMPLES = "samples"
HIDDEN = "hidden"
VERIFICATION = "verification"
WITHOUT_CONTEXT = "without_context"
LOOKBACK = "lookback"
PARTS = (SAMPLES, HIDDEN, VERIFICATION, WITHOUT_CONTEXT, LOOKBACK)
