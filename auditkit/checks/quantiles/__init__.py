"""Do predicted quantiles and intervals hold what they promise?"""
