"""The contract test suite for passes and all else that plugins bring, and models to try it on."""

from .suite import BoundCheck, bound_checks, parametrize_with_checks
from .violation import CHECKS, Check, Violation

__all__ = [
    "CHECKS",
    "BoundCheck",
    "Check",
    "Violation",
    "bound_checks",
    "parametrize_with_checks",
]
