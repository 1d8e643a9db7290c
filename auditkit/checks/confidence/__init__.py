"""Does the model know when it is wrong? How well its confidence ranks its errors."""
