"""What the model costs: operations, memory, time and energy of its calls."""
