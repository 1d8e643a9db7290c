"""How far each sentence of an answer is supported by the context that the model was given."""
