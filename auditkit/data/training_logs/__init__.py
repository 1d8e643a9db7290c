"""What was logged while the model was trained: one file a format, and curves come out."""

from auditkit.data.training_logs.curves import Curve, TrainingLog
from auditkit.data.training_logs.pairing import Pair, pairs_of
from auditkit.data.training_logs.reading import read_training_log

__all__ = ["Curve", "Pair", "TrainingLog", "pairs_of", "read_training_log"]
