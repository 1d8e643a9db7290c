"""Is the model better than a simple one? Logistic regression and gradient boosting beside it."""
