"""The contract test suite for passes, and models to try them on."""

from .suite import BoundCheck, bound_checks, parametrize_with_checks, registered_passes
from .violation import CHECKS, Check, Violation

__all__ = [
    "CHECKS",
    "BoundCheck",
    "Check",
    "Violation",
    "bound_checks",
    "parametrize_with_checks",
    "registered_passes",
]
