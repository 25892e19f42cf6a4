"""Scheduling: from a pipeline and the facts of a model to an immutable plan."""

from .plan import Edge, Origin, PassIdentity, Plan, PlanItem, RepeatStep, Step

__all__ = ["Edge", "Origin", "PassIdentity", "Plan", "PlanItem", "RepeatStep", "Step"]
