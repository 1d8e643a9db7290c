"""What do the outputs depend on, and can the explanation itself be trusted?"""
