"""The test of an explanation: what speaks for a map, what against it, and what was not tried."""
