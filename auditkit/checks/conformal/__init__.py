"""If the model answered with sets, would they hold the truth as often as promised?"""
