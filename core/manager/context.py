"""StepContext: what the manager hands to a running pass."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..contract import Analysis, Remark, RemarkKind, Runtime
from ..ir.editor import Editor
from ..ir.path import node_path
from ..ir.walk import model_graphs
from .analyses import AnalysisCache

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

T = TypeVar("T")

REMARKS_PER_CODE = 100
"""Remarks of one code that are kept per step; the rest is counted."""


class Progress(Protocol):
    """Shows how far a long piece of work is."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield ``items`` and show them going by."""
        ...


class StepContext:
    """The context of one pass on one model; see :class:`passmgr.core.contract.PassContext`."""

    def __init__(
        self,
        edit: Editor,
        analyses: AnalysisCache,
        *,
        pass_name: str,
        step: int,
        seed: int,
        inputs: Sequence[Mapping[str, Any]],
        runtime: Callable[[str], Runtime],
        progress: Progress | None,
    ) -> None:
        self.edit = edit
        self.seed = seed
        self.inputs = inputs
        self.remarks: list[Remark] = []
        self.rewrites = 0
        self.reasons: Counter[str] = Counter()
        self._analyses = analyses
        self._pass_name = pass_name
        self._step = step
        self._runtime = runtime
        self._progress = progress
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """The random generator of this step."""
        if self._rng is None:
            import numpy as np

            # Seeded by the pass and not by its position, so that another pass in front changes
            # nothing for this one.
            salt = random.Random(self._pass_name).getrandbits(64)
            self._rng = np.random.default_rng((self.seed, salt))
        return self._rng

    def graphs(self, model: ir.Model) -> Iterator[ir.Graph | ir.Function]:
        """Yield the main graph and the functions, each followed by its subgraphs."""
        return model_graphs(model)

    def get(self, analysis: Analysis[T] | type[Analysis[T]]) -> T:
        """Return the result of ``analysis`` on the model as it is now."""
        self._analyses.invalidate(self.edit.take_stale())
        return self._analyses.get(analysis)

    def action(self, node: ir.Node | None = None, code: str = "rewrite") -> bool:
        """Number one rewrite; to be called before its edits, which ``False`` forbids."""
        self.rewrites += 1
        return True

    def rewrite(self, model: ir.Model, rules: Sequence[Any]) -> int:
        """Apply ``onnxscript`` rules through the editor; return how many fired."""
        from ..ir.rewrite import RuleDriver

        def missed(rule: str, reason: str, node: ir.Node) -> None:
            self.remark(f"rule-{rule}", reason, node=node)

        return RuleDriver(self.edit, rules, self.action, missed).run(model)

    def remark(
        self,
        code: str,
        message: str,
        *,
        node: ir.Node | None = None,
        kind: RemarkKind = "missed",
        suggestion: str = "",
        **args: Any,
    ) -> None:
        """Record what was done or left alone, and why."""
        self.reasons[code] += 1
        if self.reasons[code] > REMARKS_PER_CODE:
            return
        path = node_path(node) if node is not None else ""
        self.remarks.append(
            Remark(kind, code, message, self._pass_name, self._step, path, args, suggestion)
        )

    def progress(
        self, items: Iterable[T], description: str, total: int | None = None
    ) -> Iterator[T]:
        """Yield ``items`` and show how far the work is."""
        if self._progress is None:
            return iter(items)
        return self._progress.track(items, description, total)

    def runtime(self, name: str) -> Runtime:
        """Return the registered runtime ``name``."""
        return self._runtime(name)
