"""Placement: put a constant in the place of a computed value, and clear away what computed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

from passmgr.core.ir.versions import OVERRIDABLE_SINCE

from .new_constants import feed_scalars

if TYPE_CHECKING:
    from collections.abc import Collection

    from passmgr.core.ir.editor import Editor


_ALL_TYPES_SINCE = 9


class Placement:
    """Where constants go.

    Args:
        edit: The editor of the transaction.
        in_function: The constants belong to a function, which has no initializers.
        opset: Version of the default domain.
    """

    def __init__(self, edit: Editor, *, in_function: bool, opset: int) -> None:
        self._edit = edit
        self._in_function = in_function
        self._opset = opset

    def as_node(self, value: ir.Value) -> bool:
        """Tell whether a Constant node has to take the place of ``value``, and no initializer."""
        model = self._edit.model
        # In IR version 3 an initializer is an input too, and a subgraph has none of its own making.
        old = model.ir_version < OVERRIDABLE_SINCE and value.graph is not model.graph
        return self._in_function or value.is_graph_output() or old

    def obstacle(self, value: ir.Value, tensor: ir.TensorProtocol) -> str | None:
        """Return why ``tensor`` cannot take the place of ``value``, ``None`` if it can."""
        if not self.as_node(value) or self._opset >= _ALL_TYPES_SINCE:
            return None
        floats = tensor.dtype.is_floating_point()
        return None if floats else "before opset 9 a Constant holds nothing but floats"

    def put(self, node: ir.Node, value: ir.Value, tensor: ir.TensorProtocol) -> None:
        """Put ``tensor`` in the place of ``value``, which ``node`` makes; the name stays.

        It becomes an initializer of the graph of ``node``. In a function, and where the graph
        returns the value, it becomes a Constant node before ``node``.
        """
        edit, graph = self._edit, node.graph
        assert graph is not None
        feed_scalars(edit, value, tensor)
        dims = tensor.shape.numpy()
        if self.as_node(value):
            new = edit.insert_node(
                node, "Constant", [], [ir.AttrTensor("value", tensor)], name=value.name or ""
            ).outputs[0]
            edit.set_type(new, ir.TensorType(tensor.dtype))
            edit.set_shape(new, dims)
            edit.replace(value, new)
            return
        constant = ir.Value(
            name=value.name,
            type=ir.TensorType(tensor.dtype),
            shape=ir.Shape(dims),
            doc_string=value.doc_string,
            const_value=tensor,
            metadata_props=dict(value.metadata_props),
        )
        if value._metadata:  # asking for `meta` would make one
            constant.meta.update(value.meta)
        edit.replace_uses(value, constant)
        edit.names.release(value)
        edit.register_initializer(graph, constant)

    def remove_unused(self, node: ir.Node, folded: Collection[ir.Node]) -> None:
        """Remove ``node`` where nothing reads it any more, and what served it alone.

        Args:
            node: The node that was replaced.
            folded: Nodes that may go with it, besides Constant nodes and initializers.
        """
        edit = self._edit
        stack = [node]
        while stack:
            node = stack.pop()
            if node.graph is None or any(v._uses or v.is_graph_output() for v in node.outputs):
                continue
            inputs = list(dict.fromkeys(value for value in node.inputs if value is not None))
            edit.remove(node)
            for value in inputs:
                producer = value.producer()
                if producer is not None:
                    if producer in folded or producer.op_type == "Constant":
                        stack.append(producer)
                elif (
                    value.is_initializer()
                    and not value._uses
                    and not (value.is_graph_input() or value.is_graph_output())
                ):
                    edit.remove_initializer(value)
