"""Options: what the user of the model generator asked for."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir


@dataclass(frozen=True)
class Options:
    """The arguments of :func:`~passmgr.core.testing.generate.models`, checked."""

    opsets: tuple[int, int]
    dtypes: tuple[ir.DataType, ...]
    max_nodes: int
    ops: frozenset[str] | None
    emphasize: frozenset[str]
    subgraphs: bool
    functions: bool
    dynamic_shapes: bool
    initializers: bool
    empty: bool
    unsorted: bool
