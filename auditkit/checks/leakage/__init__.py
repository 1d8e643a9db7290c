"""Was the model judged on what it was trained on, or told the answer?"""
