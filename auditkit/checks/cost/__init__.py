"""What does the model cost? Operations, memory, time, and, where it is known, energy and money."""
