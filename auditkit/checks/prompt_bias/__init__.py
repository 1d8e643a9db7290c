"""Does what the model says turn on whom it is about? See `check`."""
