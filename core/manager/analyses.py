"""AnalysisCache: results of analyses, kept while the aspects that they read are unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..contract import Analysis, Aspect

if TYPE_CHECKING:
    import onnx_ir as ir

T = TypeVar("T")


@dataclass(frozen=True)
class _Entry:
    result: Any
    reads: Aspect


class AnalysisCache:
    """Computes analyses of one model on demand.

    What an analysis asks for while it is computed is recorded, so that it is dropped together with
    what it was made from; nobody writes an invalidation.
    """

    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self._entries: dict[Analysis[Any], _Entry] = {}
        self._reading: list[Aspect] = []

    def get(self, analysis: Analysis[T] | type[Analysis[T]]) -> T:
        """Return the result of ``analysis`` (a class stands for its default options)."""
        instance = analysis() if isinstance(analysis, type) else analysis
        entry = self._entries.get(instance)
        if entry is None:
            self._reading.append(instance.reads)
            try:
                result = instance.compute(self.model, self)
            finally:
                reads = self._reading.pop()
            entry = self._entries[instance] = _Entry(result, reads)
        if self._reading:
            self._reading[-1] |= entry.reads
        result_: T = entry.result
        return result_

    def reads_of(self, analysis: Analysis[Any]) -> Aspect:
        """Return what a result at hand was made from, by this analysis and those it asked for."""
        return self._entries[analysis].reads

    def invalidate(self, aspects: Aspect) -> None:
        """Drop every result that was made from one of ``aspects``."""
        if aspects:
            self._entries = {
                analysis: entry
                for analysis, entry in self._entries.items()
                if not entry.reads & aspects
            }
