"""Scores of how likely an answer is to be wrong, each a pure function of the evidence."""
