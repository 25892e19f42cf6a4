"""Trial: one pass on one model, outside the manager, with every edit traced to its source line."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from ..contract import ForeignPass, Pass
from ..ir.editor import Editor
from ..manager.analyses import AnalysisCache
from ..manager.context import StepContext
from ..manager.foreign import apply_foreign

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..registry import Registry

MOST_LINES = 5
"""Lines that are blamed at most."""


class InjectedFault(RuntimeError):
    """Raised at an edit, to see what a pass leaves behind when it fails there."""


class Trial:
    """One run of a pass on a model, which is edited in place.

    Args:
        pass_: The pass.
        model: The model.
        registry: Where runtimes come from.
        stop: Number of the edit at which a fault is injected, from 1; 0 for none.
        actions: How many rewrites are allowed; by default all.

    Attributes:
        edit: The editor, for rolling back.
        error: What the pass raised.
        lines: For each edit, the line of the pass's own source that made it.
        acted: For each edit, the number of the rewrite that it belongs to; 0 before the first.
        rewrites: How many rewrites the pass asked for.
    """

    def __init__(
        self,
        pass_: Pass,
        model: ir.Model,
        registry: Registry,
        *,
        stop: int = 0,
        actions: int | None = None,
    ) -> None:
        self.pass_ = pass_
        self.model = model
        self.edit = Editor(model, origin=f"{pass_.name}#1")
        self.error: Exception | None = None
        self.lines: list[str] = []
        self.acted: list[int] = []
        self._stop = stop
        self._own = source_package(pass_)
        self.edit.before_edit = self._before_edit
        self._context = _Context(
            self.edit,
            AnalysisCache(model),
            pass_name=pass_.name,
            step=1,
            seed=0,
            inputs=(),
            runtime=registry.runtime,
            progress=None,
        )
        self._context.allowed = sys.maxsize if actions is None else actions
        self._run()

    @property
    def edits(self) -> int:
        """The number of edits."""
        return self.edit.edits

    @property
    def rewrites(self) -> int:
        """The number of rewrites that the pass asked for."""
        return self._context.rewrites

    def _run(self) -> None:
        try:
            if isinstance(self.pass_, ForeignPass):
                apply_foreign(self.pass_, self.edit, None)
            else:
                self.pass_.run(self.model, self._context)
        except Exception as error:  # whatever a pass raises is the outcome of the trial
            self.error = error
        self.edit.settle()

    def _before_edit(self, count: int) -> None:
        self.lines.append(self._line(sys._getframe(2)))
        self.acted.append(self._context.rewrites)
        if count == self._stop:
            raise InjectedFault(f"injected at edit {count}")

    def _line(self, frame: FrameType | None) -> str:
        """Return the innermost line of the pass's own package on the stack."""
        while frame is not None:
            name = frame.f_globals.get("__name__", "")
            if name == self._own or name.startswith(f"{self._own}."):
                return source_line(frame.f_code.co_filename, frame.f_lineno)
            frame = frame.f_back
        return ""

    def blamed(self, rewrite: int | None = None) -> list[str]:
        """Return the lines that made the edits, or those of one rewrite."""
        lines = [
            line
            for line, action in zip(self.lines, self.acted, strict=True)
            if line and (rewrite is None or action == rewrite)
        ]
        return list(dict.fromkeys(lines))[:MOST_LINES]

    def raised_at(self) -> list[str]:
        """Return the line of the pass's own source at which it raised."""
        assert self.error is not None
        return raised_in(self.error, self._own)


class _Context(StepContext):
    """A context that allows only so many rewrites."""

    allowed = sys.maxsize

    def action(self, node: ir.Node | None = None, code: str = "rewrite") -> bool:
        """Number one rewrite; say no after the last one allowed."""
        return super().action(node, code) and self.rewrites <= self.allowed


def raised_in(error: Exception, package: str) -> list[str]:
    """Return the innermost line of ``package`` that led to ``error``, as ``file:line: source``."""
    own = [
        source_line(frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__", "").startswith(package)
    ]
    return own[-1:]


def source_package(pass_: Pass) -> str:
    """Return the top package or module that the pass's own code is in."""
    function: Callable[..., object] | None = getattr(type(pass_), "function", None)
    module = function.__module__ if function is not None else type(pass_).__module__
    first, _, rest = module.partition(".")
    # The rooms of passmgr are packages of their own: its core is not to blame for its passes.
    return f"{first}.{rest.partition('.')[0]}" if first == "passmgr" and rest else first


def source_line(path: str, number: int | None) -> str:
    """Return ``file:line: source``."""
    return f"{path}:{number}: {linecache.getline(path, number or 0).strip()}"
