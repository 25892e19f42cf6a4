"""The manager: runs a plan, every step a transaction."""

from .direct import make_manager, run_passes
from .manager import Hooks, Manager, Settings
from .records import RunResult, StepRecord

__all__ = ["Hooks", "Manager", "RunResult", "Settings", "StepRecord", "make_manager", "run_passes"]
