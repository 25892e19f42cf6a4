"""Errors that a user meets: one clear line each, with the exit code of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manager.records import RunResult


class PassmgrError(Exception):
    """Root of all errors of passmgr; the message says what is wrong, where and what to do."""

    exit_code = 2


class UsageError(PassmgrError, ValueError):
    """An argument, an option or a pipeline is wrong."""


class ModelError(PassmgrError, ValueError):
    """An input model is missing, damaged or of a kind that cannot be read."""


class OutputError(PassmgrError, OSError):
    """An output cannot be written; nothing of it was left behind."""


class RuntimeFailure(PassmgrError, RuntimeError):
    """A runtime refused a model or its inputs."""

    exit_code = 1


class CheckFailed(PassmgrError):
    """The model failed a check: the guard, a comparison, a budget."""

    exit_code = 1


class PassFailed(PassmgrError, RuntimeError):
    """A pass raised, broke the model or a promise; the model is as it was before the pass.

    Attributes:
        pass_name: The pass to blame.
        step: Its position in the plan, from 1.
        reproducer: Folder that replays the failure, where one was written.
        result: The run up to the failure.
    """

    exit_code = 3

    def __init__(self, message: str, *, pass_name: str = "", step: int = 0) -> None:
        super().__init__(message)
        self.pass_name = pass_name
        self.step = step
        self.reproducer: str | None = None
        self.result: RunResult | None = None


class PluginError(PassmgrError):
    """A plugin does not keep the contract."""

    exit_code = 3


class UnknownNameError(UsageError, LookupError):
    """A name is not registered; the message has the nearest names and broken plugins."""


class ScheduleError(UsageError):
    """No order of the passes keeps all declarations."""
