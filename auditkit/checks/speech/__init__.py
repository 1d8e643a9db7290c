"""Transcripts of speech: word errors, loops, and text where nobody speaks."""
