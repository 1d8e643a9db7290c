"""Is each sentence of an answer supported by the context that the model was given?"""
