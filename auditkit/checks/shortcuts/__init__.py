"""Does the model go by what ought not to matter? The intervention test."""
