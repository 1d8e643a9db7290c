"""On what do answers rest? Tokens of the prompt that an answer hangs on, and their test."""
