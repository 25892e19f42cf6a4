"""From the IR to the wire format of a ``ModelProto``; big tensors stay where they are.

Nodes and value infos, of which there can be hundreds of thousands, are encoded by hand: it takes
two thirds of the time of building protos, and lets the bytes of a tensor come from the kernel. The
rest goes through ``onnx_ir.serde``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx
import onnx_ir as ir

from passmgr.core.errors import OutputError
from passmgr.core.ir.versions import OVERRIDABLE_SINCE

from ...onnx_format.keys import QUANTIZATION_KEY, TYPE_PROTO_KEY
from ...onnx_format.rope import Rope
from ...onnx_format.sparse import SparseTensor
from ...onnx_format.wire import field, number_field
from .attributes import AttributeEncoder, metadata
from .tensors import TensorEncoder

_FUNCTION_INFO_VERSION = 10
"""IR version from which on functions have value infos of their own."""


class Encoder:
    """Encodes one model.

    Args:
        references: For each tensor that goes to a data file, by its ``id``, the encoded reference.
    """

    def __init__(self, references: Mapping[int, bytes]) -> None:
        self._tensors = TensorEncoder(references)
        self._attributes = AttributeEncoder(self._tensors, self._graph)
        self._types: dict[tuple[Any, ...], bytes] = {}
        self._ir_version = 0

    def model(self, model: ir.Model) -> Rope:
        """Return the encoded model."""
        self._ir_version = model.ir_version
        rope = Rope()
        rope.add(number_field(1, model.ir_version))
        texts = {2: model.producer_name, 3: model.producer_version, 4: model.domain}
        for number, text in texts.items():
            rope.add(field(number, text) if text else b"")
        if model.model_version is not None:
            rope.add(number_field(5, model.model_version))
        rope.add(field(6, model.doc_string) if model.doc_string else b"")
        graph = self._graph(model.graph, is_main=True)
        for function in model.functions.values():
            rope.message(25, self._function(function, graph))
        rope.message(7, graph)
        rope.add(_opsets(8, model.opset_imports))
        rope.add(metadata(14, model.metadata_props))
        for configuration in model.device_configurations:
            proto = ir.serde.serialize_model_configuration(configuration)
            rope.add(field(26, proto.SerializeToString(deterministic=True)))
        return rope

    def _graph(self, graph: ir.Graph, *, is_main: bool = False) -> Rope:
        rope = Rope()
        # Before IR version 4, an initializer must be an input too; a subgraph has the inputs that
        # its operator gives it and no others.
        old = self._ir_version < OVERRIDABLE_SINCE
        rope.add(field(2, graph.name) if graph.name else b"")
        rope.add(field(10, graph.doc_string) if graph.doc_string else b"")
        # What has something in its ``meta``: seldom any of the many values.
        remembered = [v for v in (*graph.inputs, *graph.initializers.values()) if v._metadata]
        for value in graph.inputs:
            rope.add(field(11, self._value_info(value)))
        for value in graph.initializers.values():
            if old and is_main and not value.is_graph_input():
                rope.add(field(11, self._value_info(value)))
            self._initializer(rope, value, as_node=old and not is_main)
        for node in graph:
            rope.message(1, self._node(node))
            for value in node.outputs:
                if value._metadata:
                    remembered.append(value)
                if not value.is_graph_output():
                    rope.add(self._optional_value_info(13, value))
        for value in graph.outputs:
            rope.add(field(12, self._value_info(value)))
        rope.add(metadata(16, graph.metadata_props))
        for value in dict.fromkeys(remembered):
            if names := stored(value, QUANTIZATION_KEY):
                rope.add(field(14, field(1, value.name or "") + metadata(2, names)))
        return rope

    def _initializer(self, rope: Rope, value: ir.Value, *, as_node: bool) -> None:
        tensor, name = value.const_value, value.name or ""
        if not value.is_graph_input() and not value.is_graph_output() and _says_more(value):
            rope.add(self._optional_value_info(13, value))
        if tensor is None:
            raise OutputError(f"initializer '{name}' has no data")
        if as_node and not value.is_graph_input():
            attribute = ir.Attr("value", ir.AttributeType.TENSOR, tensor)
            node = Rope()
            node.add(field(2, name) + field(4, "Constant"))
            node.message(5, self._attributes.encode(attribute, "Constant"))
            rope.message(1, node)
        elif isinstance(tensor, SparseTensor):
            rope.add(field(15, self._tensors.sparse(tensor, name)))
        else:
            rope.message(5, self._tensors.encode(tensor, name))

    def _function(self, function: ir.Function, main_graph: Rope) -> bytes | Rope:
        rope = Rope()
        rope.add(field(1, function.name))
        infos, number, prefix = rope, 12, ""
        if self._ir_version < _FUNCTION_INFO_VERSION:
            infos, number, prefix = main_graph, 13, f"{function.domain}::{function.name}/"
        for value in function.inputs:
            rope.add(field(4, value.name or ""))
            infos.add(self._optional_value_info(number, value, prefix))
        for value in function.outputs:
            rope.add(field(5, value.name or ""))
        for attribute in function.attributes.values():
            if attribute.value is None:
                rope.add(field(6, attribute.name))
            else:
                rope.message(11, self._attributes.encode(attribute, function.name))
        for node in function:
            rope.message(7, self._node(node))
            for value in node.outputs:
                infos.add(self._optional_value_info(number, value, prefix))
        rope.add(field(8, function.doc_string) if function.doc_string else b"")
        rope.add(_opsets(9, function.opset_imports))
        rope.add(field(10, function.domain))
        rope.add(field(13, function.overload) if function.overload else b"")
        rope.add(metadata(14, function.metadata_props))
        return rope.flat()

    def _node(self, node: ir.Node) -> bytes | Rope:
        outputs = [value.name or "" for value in node.outputs]
        while outputs and not outputs[-1]:
            outputs.pop()
        fields = [
            field(1, (value.name or "") if value is not None else "") for value in node.inputs
        ]
        fields += [field(2, name) for name in outputs]
        if node.name:
            fields.append(field(3, node.name))
        fields.append(field(4, node.op_type))
        if node.doc_string:
            fields.append(field(6, node.doc_string))
        if node.domain:
            fields.append(field(7, node.domain))
        if node.overload:
            fields.append(field(8, node.overload))
        if node._metadata_props:  # The public property makes a dictionary for each node asked.
            fields.append(metadata(9, node._metadata_props))
        for devices in node.device_configurations:
            proto = ir.serde.serialize_node_device_configuration(devices)
            fields.append(field(10, proto.SerializeToString(deterministic=True)))
        if not node.attributes:
            return b"".join(fields)
        rope = Rope()
        rope.add(b"".join(fields))
        for attribute in node.attributes.values():
            rope.message(5, self._attributes.encode(attribute, node.op_type))
        return rope.flat()

    # -- values --------------------------------------------------------------------------------

    def _optional_value_info(self, number: int, value: ir.Value, prefix: str = "") -> bytes:
        """Return the field, or nothing where there is nothing to say about the value."""
        says = value.type is not None or value.doc_string or value._metadata_props
        if not value.name or not (says or stored(value, TYPE_PROTO_KEY)):
            return b""
        return field(number, self._value_info(value, prefix))

    def _value_info(self, value: ir.Value, prefix: str = "") -> bytes:
        encoded = field(1, prefix + (value.name or "")) + self._type(value)
        if value.doc_string:
            encoded += field(3, value.doc_string)
        if value._metadata_props:
            encoded += metadata(4, value._metadata_props)
        return encoded

    def _type(self, value: ir.Value) -> bytes:
        type_, shape = value.type, value.shape
        if type_ is None:
            unexpressed = stored(value, TYPE_PROTO_KEY)
            return field(2, unexpressed) if unexpressed else b""
        key: tuple[Any, ...] | None = None
        if type(type_) is ir.TensorType and not type_.denotation:
            key = (int(type_.dtype),)
            if shape is not None:
                key = *key, shape.dims, tuple(shape._denotations)
            if (known := self._types.get(key)) is not None:
                return known
        proto = onnx.TypeProto()
        ir.serde.serialize_type_into(proto, type_)
        if shape is not None:
            ir.serde.serialize_shape_into(proto, shape)
        encoded = field(2, proto.SerializeToString(deterministic=True))
        if key is not None:
            self._types[key] = encoded
        return encoded


def stored(value: ir.Value, key: str) -> Any:
    """Return what ``value.meta`` has under ``key``, without making a store where there is none."""
    store = value._metadata
    return store.get(key) if store else None


def _says_more(value: ir.Value) -> bool:
    """Whether an initializer has something to say that its tensor does not."""
    tensor = value.const_value
    return bool(
        value.doc_string
        or value._metadata_props
        or tensor is None
        or (value.type is not None and value.type != ir.TensorType(tensor.dtype))
        or (value.shape is not None and value.shape != tensor.shape)
    )


def _opsets(number: int, imports: Mapping[str, int]) -> bytes:
    opsets = (field(1, domain) + number_field(2, version) for domain, version in imports.items())
    return b"".join(field(number, opset) for opset in opsets)
