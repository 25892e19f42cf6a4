"""The text form of ``onnx.printer``, which is parsed again to see that nothing was lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import onnx

from passmgr.core.errors import OutputError


def to_text(proto: onnx.ModelProto) -> str:
    """Return the text of ``proto``.

    Raises:
        OutputError: The text form has no place for something in it, such as the doc string of a
            node, or cannot be read back.
    """
    text: str = onnx.printer.to_text(proto)
    try:
        lost = _difference(proto, onnx.parser.parse_model(text))
    except onnx.parser.ParseError:
        lost = "a number or text in it cannot be read back"
    if lost:
        raise OutputError(f"the text form of ONNX cannot hold this model ({lost}); write .onnx")
    return text


def every_node(message: Any) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a model, a graph or a function, those of subgraphs too."""
    if isinstance(message, onnx.ModelProto):
        for part in (message.graph, *message.functions):
            yield from every_node(part)
        return
    for node in message.node:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from every_node(graph)


def _difference(one: Any, other: Any) -> str:
    """Return the field in which two messages differ, or nothing."""
    if isinstance(one, onnx.TensorProto):
        return "" if _same_tensor(one, other) else f"tensor '{one.name}'"
    for field in one.DESCRIPTOR.fields:
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.type != field.TYPE_MESSAGE:
            if mine != theirs:
                return str(field.name)
            continue
        if not field.is_repeated:
            if one.HasField(field.name) != other.HasField(field.name):
                return str(field.name)
            mine, theirs = (mine,), (theirs,)
            if not one.HasField(field.name):
                continue
        if len(mine) != len(theirs):
            return str(field.name)
        for pair in zip(mine, theirs, strict=True):
            if difference := _difference(*pair):
                return difference
    return ""


def _same_tensor(one: onnx.TensorProto, other: onnx.TensorProto) -> bool:
    if (one.name, one.data_type, one.dims) != (other.name, other.data_type, other.dims):
        return False
    if one.metadata_props or one.doc_string:
        return False
    first, second = onnx.numpy_helper.to_array(one), onnx.numpy_helper.to_array(other)
    if one.data_type == onnx.TensorProto.STRING:
        return bool((first == second).all())
    return first.tobytes() == second.tobytes()
