"""Does the model give away whom it was trained on? Membership attacks on what it answers."""
