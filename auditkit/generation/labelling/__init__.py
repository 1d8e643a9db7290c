"""Answers judged by people: what they are shown, what they say, and how far they agree."""
