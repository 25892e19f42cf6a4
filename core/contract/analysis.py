"""Analysis: a value computed from a model on demand and kept while it is valid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from .aspects import Aspect

if TYPE_CHECKING:
    import onnx_ir as ir

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class AnalysisContext(Protocol):
    """What an analysis may ask for: other analyses. The dependency is recorded."""

    def get(self, analysis: Analysis[T] | type[Analysis[T]]) -> T:
        """Return the result of ``analysis`` on the model at hand."""
        ...


@dataclass(frozen=True)
class Analysis(ABC, Generic[T_co]):
    """A function of the model, cached under the aspects that it reads.

    Subclasses are frozen dataclasses whose fields are options. Results are read-only.

    Attributes:
        name: Kebab-case name.
        version: Raised when the same model would give another result.
        reads: The aspects of the IR that :meth:`compute` looks at.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    reads: ClassVar[Aspect] = Aspect.ALL

    @abstractmethod
    def compute(self, model: ir.Model, ctx: AnalysisContext) -> T_co:
        """Compute the result; must not change ``model``."""
