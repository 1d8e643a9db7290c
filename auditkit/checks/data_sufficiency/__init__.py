"""Are there enough data?"""
