"""auditkit: audit and monitor trained PyTorch models."""

__version__ = "0.1.0"
