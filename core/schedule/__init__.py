"""Scheduling: from a pipeline and the facts of a model to an immutable plan."""

from .lock import check_lock, lock_of, read_lock, write_lock
from .plan import Edge, Origin, PassIdentity, Plan, PlanItem, RepeatStep, Step
from .planner import make_plan
from .source import PassSource

__all__ = [
    "Edge",
    "Origin",
    "PassIdentity",
    "PassSource",
    "Plan",
    "PlanItem",
    "RepeatStep",
    "Step",
    "check_lock",
    "lock_of",
    "make_plan",
    "read_lock",
    "write_lock",
]
