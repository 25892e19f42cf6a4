"""Facts: named, checkable properties of a model, which order the passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .aspects import Aspect

if TYPE_CHECKING:
    import onnx_ir as ir

Checker = Callable[["ir.Model"], str | None]


@dataclass(frozen=True)
class Fact:
    """A property of the IR that passes require, establish and break.

    Args:
        name: Kebab-case name, with the parameter for a fact of a family (``opset>=13``).
        reads: The aspects of the IR that the checker looks at. After a commit that touched one
            of them the fact is no longer taken for granted.
        check: Returns ``None`` where the fact holds, otherwise the reason why not.
        normalizer: The name of the one pass that may be inserted to establish the fact.
        doc: One sentence.
        proved_by: The code of the problems (``order``, ``name``) of which the structural
            verifier finds none where the fact holds, so that it need not be checked again.
    """

    name: str
    reads: Aspect
    check: Checker
    normalizer: str | None = None
    doc: str = ""
    proved_by: str = ""


@dataclass(frozen=True)
class FactFamily:
    """Facts that share a name and differ in a parameter: ``opset>=N``, ``no-op:TYPE``.

    Args:
        prefix: What the name starts with, including the separator (``opset>=``).
        make: Builds the fact for the text after the prefix; raises ``ValueError`` on a bad one.
        doc: One sentence.
        example: A text that :attr:`make` takes, for documentation and for the contract suite.
    """

    prefix: str
    make: Callable[[str], Fact]
    doc: str = ""
    example: str = ""
