"""`audit.yaml`: what is to be audited, as data; nothing in it runs unless it allows code."""

from auditkit.configuration.audit import AuditConfiguration, read_configuration
from auditkit.configuration.data import MEDIA, DataSection, SplitSection
from auditkit.configuration.generation import GenerationSection, GeneratorSection
from auditkit.configuration.model import ModelSection
from auditkit.configuration.wishes import CostSection

__all__ = [
    "MEDIA",
    "AuditConfiguration",
    "CostSection",
    "DataSection",
    "GenerationSection",
    "GeneratorSection",
    "ModelSection",
    "SplitSection",
    "read_configuration",
]
