"""Do the evaluation data look like the training data? The distance of each stream."""
