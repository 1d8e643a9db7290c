"""Models that answer with text: decoders, functions of the user's, and stored answers."""
