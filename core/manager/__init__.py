"""The manager: runs a plan, every step a transaction."""

from .manager import Hooks, Manager, Settings
from .records import RunResult, StepRecord

__all__ = ["Hooks", "Manager", "RunResult", "Settings", "StepRecord"]
