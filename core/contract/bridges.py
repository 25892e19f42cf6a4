"""Bridges: front ends, emitters and runtimes, as plugins provide them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import onnx_ir as ir


class Frontend(Protocol):
    """Brings a model of some format into the IR.

    Attributes:
        name: Kebab-case name.
        suffixes: File suffixes that it reads, such as ``(".onnx",)``.
    """

    name: str
    suffixes: tuple[str, ...]

    def load(self, source: Path) -> ir.Model:
        """Read ``source``.

        Raises:
            ModelError: The file is missing, damaged or of another kind; one clear line.
        """
        ...


class Emitter(Protocol):
    """Writes a model in some format.

    Attributes:
        name: Kebab-case name.
        suffixes: File suffixes that it writes.
    """

    name: str
    suffixes: tuple[str, ...]

    def emit(
        self, model: ir.Model, path: Path, *, check: Callable[[Path], None] | None = None
    ) -> None:
        """Write ``model`` to ``path``, whole or not at all.

        Args:
            model: The model; not changed.
            path: Where the file appears; an existing one is replaced in one step.
            check: Called with the finished temporary file (with the suffix of ``path``, loadable
                in place, external data included) before it takes the name ``path``; an exception
                from it leaves ``path`` as it was.

        Raises:
            OutputError: The folder is missing, the disk is full, ...; one clear line.
        """
        ...


@dataclass(frozen=True)
class ValueInfo:
    """Signature of one input or output of a model.

    Args:
        name: Its name.
        type: ONNX type text as runtimes print it: ``tensor(float)``, ``seq(tensor(int64))``,
            ``optional(tensor(float))``, ``map(int64,tensor(float))``.
        shape: Dimensions: a number, a symbol's name or ``None``; ``None`` for an unknown rank.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...] | None


class Session(Protocol):
    """A loaded model that can be run."""

    inputs: Sequence[ValueInfo]
    outputs: Sequence[ValueInfo]

    def run(self, feed: Mapping[str, Any], outputs: Sequence[str] | None = None) -> list[Any]:
        """Run the model on ``feed`` and return the values of ``outputs``, by default of all.

        Raises:
            RuntimeFailure: The runtime refused the inputs or failed; its own words in one line.
        """
        ...


class Runtime(Protocol):
    """Executes models.

    Attributes:
        name: Kebab-case name.
    """

    name: str

    def session(
        self, model: ir.Model | Path | bytes, *, optimize: bool = False, threads: int = 1
    ) -> Session:
        """Load a model: the IR, a file, or a serialized ``ModelProto``.

        Args:
            model: What to load.
            optimize: Let the runtime optimize the graph and prepack weights; off, its numbers are
                those of the graph as written.
            threads: Threads of one operator.

        Raises:
            RuntimeFailure: The runtime does not take the model; its own words in one line.
        """
        ...
