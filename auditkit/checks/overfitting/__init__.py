"""Is the model better on the data it was trained on? Gaps, losses, capacity and curves."""
