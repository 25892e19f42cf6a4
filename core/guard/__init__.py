"""Guard: proves by running that a model still computes the same."""

from .compare import compare_outputs
from .guard import DEFAULT_SIZE_LIMIT, Guard, Reference
from .inputs import InputSpec, load_inputs
from .results import OutputDifference, Verdict
from .synthesize import Candidate, synthesize_inputs

__all__ = [
    "DEFAULT_SIZE_LIMIT",
    "Candidate",
    "Guard",
    "InputSpec",
    "OutputDifference",
    "Reference",
    "Verdict",
    "compare_outputs",
    "load_inputs",
    "synthesize_inputs",
]
