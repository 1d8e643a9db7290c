"""How often are generated answers wrong, and can the model's uncertainty be trusted to tell?"""
