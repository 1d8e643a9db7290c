"""Which given labels does the model contradict?"""
