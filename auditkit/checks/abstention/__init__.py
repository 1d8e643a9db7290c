"""How much can be answered, if errors among the answers must stay rare?"""
