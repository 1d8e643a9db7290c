"""One generation pass of a language model, and everything that is computed from it."""
