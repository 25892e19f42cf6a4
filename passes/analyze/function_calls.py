"""Calls of model-local functions: the body as one call sees it, and which calls see the same."""

from __future__ import annotations

from collections.abc import Hashable

import onnx_ir as ir

from passmgr.core.ir.walk import graph_tree, owning_graph


def bound_copy(node: ir.Node, function: ir.Function) -> ir.Graph:
    """Return a copy of the body of ``function`` with the attributes that ``node`` gives it."""
    body = owning_graph(function.clone())
    for graph in tuple(graph_tree(body)):
        for inner in graph:
            for attribute in tuple(inner.attributes.values()):
                if not attribute.is_ref():
                    continue
                name = attribute.ref_attr_name or ""
                given = node.attributes.get(name) or function.attributes.get(name)
                del inner.attributes[attribute.name]
                if given is not None and given.value is not None:
                    inner.attributes.add(ir.Attr(attribute.name, given.type, given.value))
    for index, parameter in enumerate(body.inputs):
        if index >= len(node.inputs) or node.inputs[index] is None:
            for user, position in tuple(parameter.uses()):
                user.replace_input_with(position, None)
    return body


def attributes_key(node: ir.Node) -> Hashable:
    """Return what tells the attributes of two calls apart; tensors and graphs by identity."""
    found = []
    for attribute in node.attributes.values():
        value = attribute.value
        if isinstance(value, list | tuple):
            value = tuple(
                item if isinstance(item, int | float | str) else id(item) for item in value
            )
        elif not isinstance(value, int | float | str):
            value = id(value)
        found.append((attribute.name, value))
    return tuple(sorted(found, key=lambda pair: pair[0]))
