"""PassContext: everything that a running pass may ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .analysis import Analysis
from .bridges import Runtime
from .remarks import RemarkKind

if TYPE_CHECKING:
    import numpy as np
    import onnx_ir as ir

    from ..ir.editor import Editor

T = TypeVar("T")


class PassContext(Protocol):
    """The run of one pass on one model.

    Attributes:
        edit: The one door to changing the model; every change is undone on failure.
        seed: Seed of the run.
        inputs: The user's sample inputs, one mapping of input names to arrays each; may be empty.
    """

    edit: Editor
    seed: int
    inputs: Sequence[Mapping[str, Any]]

    @property
    def rng(self) -> np.random.Generator:
        """Random generator of this step, seeded from the run's seed and the pass."""
        ...

    def graphs(self, model: ir.Model) -> Iterator[ir.Graph | ir.Function]:
        """Yield the main graph and the functions, each followed by its subgraphs."""
        ...

    def get(self, analysis: Analysis[T] | type[Analysis[T]]) -> T:
        """Return the result of ``analysis`` on the model as it is now."""
        ...

    def action(self, node: ir.Node | None = None, code: str = "rewrite") -> bool:
        """Number one rewrite; to be called before its edits, which ``False`` forbids."""
        ...

    def rewrite(self, model: ir.Model, rules: Sequence[Any]) -> int:
        """Apply ``onnxscript`` rules through the editor from a worklist; return how many fired."""
        ...

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
        ...

    def progress(
        self, items: Iterable[T], description: str, total: int | None = None
    ) -> Iterator[T]:
        """Yield ``items`` and show how far the work is."""
        ...

    def runtime(self, name: str) -> Runtime:
        """Return the registered runtime ``name``, such as ``onnxruntime``."""
        ...
