"""Does the model notice inputs of another kind? How well scores of familiarity tell them apart."""
