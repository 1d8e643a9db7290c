"""Does the model say its training texts by heart? See `check`."""
