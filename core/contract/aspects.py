"""The aspects of the IR: what a change touches and what an analysis or a fact reads."""

from __future__ import annotations

import enum


class Aspect(enum.Flag):
    """A part of the model that can change on its own.

    An analysis stays valid while the aspects that it reads are unchanged.
    """

    STRUCTURE = enum.auto()
    """Graphs, nodes, edges, attributes, inputs and outputs, functions, opset imports."""
    TYPES = enum.auto()
    """Element types and shapes of values."""
    WEIGHTS = enum.auto()
    """Tensors of initializers and of tensor attributes."""
    NAMES = enum.auto()
    """Names of values, nodes and graphs, doc strings and metadata.

    Nodes and values that come or go are a change of structure; what comes has a name that was free.
    """
    ALL = STRUCTURE | TYPES | WEIGHTS | NAMES
