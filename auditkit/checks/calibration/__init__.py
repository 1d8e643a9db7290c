"""Can the model's probabilities be taken at their word?"""
