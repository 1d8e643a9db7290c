"""Units that are alike to the model, and on which it errs more"""
