"""Do slices that nobody named err more than the rest?"""
