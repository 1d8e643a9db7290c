"""When two answers mean the same: exactly, in a canonical form, by an encoder, by entailment."""
