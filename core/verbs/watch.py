"""What a run shows and asks around each step: observers, verifiers, the guard, the printed IR."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal

from ..contract import Pass, Remark
from ..ir.clone import clone_model
from ..ir.text import model_text, text_diff
from ..manager import Hooks
from ..manager.records import Texts

if TYPE_CHECKING:
    import onnx_ir as ir

    from ..registry import Registry


class IRPrinter:
    """Keeps the text of the model around the passes that the user wants to see.

    Args:
        mode: ``before``, ``after``, ``changed`` (a unified diff) or ``None`` for nothing.
        names: The passes to print; by default all.
    """

    def __init__(
        self, mode: Literal["before", "after", "changed"] | None, names: Collection[str]
    ) -> None:
        self.mode = mode
        self.names = names
        self.texts = Texts()
        self._before: list[str] = []

    def start(self) -> None:
        """Forget the texts of an earlier run."""
        self.texts = Texts()

    def before(self, pass_: Pass, model: ir.Model) -> None:
        """Take the text before a pass."""
        if self._wanted(pass_):
            self._before = model_text(model)
            if self.mode == "before":
                self.texts.append("\n".join([f"before {pass_.name}", *self._before]))

    def after(self, pass_: Pass, model: ir.Model, status: str) -> None:
        """Take the text after a pass that ran."""
        if not self._wanted(pass_) or status not in ("changed", "unchanged"):
            return
        if self.mode == "after":
            self.texts.append("\n".join([f"after {pass_.name}", *model_text(model)]))
        elif self.mode == "changed" and status == "changed":
            diff = text_diff(
                self._before, model_text(model), f"before {pass_.name}", f"after {pass_.name}"
            )
            self.texts.append(diff or f"{pass_.name}: changed nothing that the text shows")

    def _wanted(self, pass_: Pass) -> bool:
        return self.mode is not None and (not self.names or pass_.name in self.names)


class ModelKeeper:
    """Keeps copies of the model before the first step and after each one.

    Args:
        wanted: Whether anything is kept.

    Attributes:
        models: The copies, or why there is none; steps without a change share one.
    """

    def __init__(self, wanted: bool) -> None:
        self.models: list[ir.Model | str] = []
        self._wanted = wanted

    def start(self, model: ir.Model) -> None:
        """Copy the model before the first step, and forget others."""
        self.models = [_copy(model)] if self._wanted else []

    def after(self, model: ir.Model, status: str) -> None:
        """Copy the model where a step changed it."""
        if self._wanted:
            self.models.append(_copy(model) if status == "changed" else self.models[-1])


def _copy(model: ir.Model) -> ir.Model | str:
    try:
        return clone_model(model)
    except RuntimeError as error:  # From a graph whose nodes are out of order.
        return f"its nodes are not in order ({error.__cause__ or error})"


class RunHooks(Hooks):
    """Hands the manager's calls on to plugins, to the printer, to the keeper and to the guard.

    Attributes:
        judge: Called with each pass that changed the model, before the commit.
        remarks: Warnings about observers that raised.
    """

    def __init__(self, registry: Registry, printer: IRPrinter, keeper: ModelKeeper) -> None:
        self.judge: Callable[[Pass], None] | None = None
        self.remarks: list[Remark] = []
        self._registry = registry
        self._printer = printer
        self._keeper = keeper

    def observe(self, hook: str, **arguments: Any) -> None:
        """Tell the observers of ``hook`` and the printer."""
        if hook == "passmgr_before_pass":
            self._printer.before(arguments["step"].pass_, arguments["model"])
        elif hook == "passmgr_after_pass":
            record = arguments["record"]
            self._printer.after(arguments["step"].pass_, arguments["model"], record.status)
            self._keeper.after(arguments["model"], record.status)
        self.remarks += self._registry.notify(hook, **arguments)

    def accept(self, pass_: Pass) -> None:
        """Have the guard judge a change, at the level ``each``."""
        if self.judge is not None:
            self.judge(pass_)

    def verifiers(self, model: ir.Model) -> list[str]:
        """Return the problems that plugins' verifiers find."""
        problems, remarks = self._registry.verify(model)
        self.remarks += remarks
        return problems
