"""A form of a ``ModelProto`` in which harmless differences of representation are gone."""

from __future__ import annotations

from typing import Any

import onnx


def canonical(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy without redundant value infos, empty strings and orders that mean nothing."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    _tidy(copy)
    return copy


def _opsets(message: Any) -> None:
    """One entry a domain, in the order of their names."""
    versions = {opset.domain: opset.version for opset in message.opset_import}
    del message.opset_import[:]
    for domain in sorted(versions):
        message.opset_import.add(domain=domain, version=versions[domain])


def _tidy(message: Any) -> None:
    for field, content in message.ListFields():
        if field.type == field.TYPE_STRING and not field.is_repeated and content == "":
            if field.containing_oneof is None:
                message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for item in content if field.is_repeated else (content,):
                _tidy(item)
    name = type(message).__name__
    if name == "ValueInfoProto" and not message.type.ListFields():
        message.ClearField("type")
    if hasattr(message, "metadata_props"):
        _sort(message.metadata_props, lambda entry: entry.key)
    if name == "GraphProto":
        _tidy_graph(message)
    elif name == "FunctionProto":
        _sort(message.value_info, lambda info: info.name)
        _opsets(message)
    elif name == "ModelProto":
        _opsets(message)
    elif name == "NodeProto":
        if message.domain == "ai.onnx":
            message.ClearField("domain")
        while message.output and not message.output[-1]:
            message.output.pop()
    elif name == "OperatorSetIdProto" and message.domain == "ai.onnx":
        message.ClearField("domain")
    elif name == "TensorProto" and message.data_location == onnx.TensorProto.DEFAULT:
        message.ClearField("data_location")


def _tidy_graph(graph: onnx.GraphProto) -> None:
    made = {name for node in graph.node for name in node.output if name}
    ends = {info.name for info in graph.output} | {info.name for info in graph.input}
    infos = {
        info.name: info
        for info in graph.value_info
        if (
            (info.name in made and info.name not in ends)
            or ("::" in info.name and "/" in info.name)
        )
        and (info.HasField("type") or info.doc_string or info.metadata_props)
    }
    kept = [onnx.ValueInfoProto.FromString(i.SerializeToString()) for i in infos.values()]
    del graph.value_info[:]
    graph.value_info.extend(sorted(kept, key=lambda info: info.name))
    _sort(graph.quantization_annotation, lambda annotation: annotation.tensor_name)


def _sort(items: Any, key: Any) -> None:
    kept = sorted((type(item).FromString(item.SerializeToString()) for item in items), key=key)
    del items[:]
    items.extend(kept)
