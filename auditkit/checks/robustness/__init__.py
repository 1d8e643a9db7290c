"""Does the model hold on slightly worse inputs, and against an adversary?"""
