"""From a ``ModelProto`` to the IR, in one pass that keeps everything and checks the structure.

``onnx_ir.serde`` does the same for well-formed models. Here a value that nothing produces, one that
is defined twice and a cycle are errors with a name, and types that the IR cannot express are
carried along.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from passmgr.core.errors import ModelError

from ...onnx_format.keys import EXTERNAL_FORM_KEY, QUANTIZATION_KEY, TYPE_PROTO_KEY
from .attributes import AttributeReader
from .cycles import find_cycle
from .tensors import TensorReader, type_and_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import onnx

    from ...onnx_format.weights import WeightFile

_metadata = ir.serde.deserialize_metadata_props


class Scope:
    """The values of a graph that nodes in it, and in graphs nested in it, can use."""

    def __init__(self, proto: onnx.GraphProto | onnx.FunctionProto) -> None:
        self.values: dict[str, ir.Value] = {}
        self.early: set[str] = set()
        self.unsorted = False
        self._proto = proto
        self._outputs: set[str] | None = None

    def produces(self, name: str) -> bool:
        """Whether some node of the graph has the output ``name``."""
        if self._outputs is None:
            self._outputs = {name for node in self._proto.node for name in node.output}
        return name in self._outputs


class Deserializer:
    """Makes the IR of one model.

    Args:
        path: The model file: for messages and as the place of external data.
        file: The model file, opened, where tensors may refer to it.
    """

    def __init__(self, path: Path, file: WeightFile | None) -> None:
        self._path = path
        self._tensors = TensorReader(path, file)
        self._attributes = AttributeReader(path, self._tensors, self._graph)
        self._configurations: dict[str, Any] = {}
        self._shapes: dict[bytes, tuple[ir.DataType, ir.Shape | None]] = {}

    def model(self, proto: onnx.ModelProto) -> ir.Model:
        """Return the model.

        Raises:
            ModelError: Its graph or its external data are broken.
        """
        configurations = [ir.serde.deserialize_model_configuration(c) for c in proto.configuration]
        self._configurations = {c.name: c for c in configurations}
        graph = self._graph(proto.graph, [])
        graph.opset_imports.update(_opsets(proto.opset_import))
        infos = _function_infos(proto) if proto.functions else {}
        functions = [self._function(f, infos) for f in proto.functions]
        if self._tensors.has_external:
            graph.meta[EXTERNAL_FORM_KEY] = True
        return ir.Model(
            graph,
            ir_version=proto.ir_version,
            producer_name=proto.producer_name or None,
            producer_version=proto.producer_version or None,
            domain=proto.domain or None,
            model_version=proto.model_version if proto.HasField("model_version") else None,
            doc_string=proto.doc_string or None,
            functions=functions,
            metadata_props=_metadata(proto.metadata_props),
            device_configurations=tuple(configurations),
        )

    def _graph(self, proto: onnx.GraphProto, outer: Sequence[Scope]) -> ir.Graph:
        scope = Scope(proto)
        values = scope.values
        scopes = (*outer, scope)
        infos = {info.name: info for info in proto.value_info}
        inputs = [self._defined(scope, info.name, info) for info in proto.input]
        initializers: dict[str, ir.Value] = {}
        tensors: list[ir.TensorProtocol] = [self._tensors.tensor(t) for t in proto.initializer]
        tensors += [self._tensors.sparse(t) for t in proto.sparse_initializer]
        for tensor in tensors:
            if name := tensor.name:
                value = values.get(name)
                if value is None:
                    value = self._defined(scope, name, infos.get(name))
                    value.type = ir.TensorType(tensor.dtype)
                    value.shape = ir.Shape(tensor.shape.numpy(), frozen=True)
                value.const_value = tensor
                initializers[name] = value
        nodes = [self._node(node, scopes, infos) for node in proto.node]
        for annotation in proto.quantization_annotation:
            if (value := values.get(annotation.tensor_name)) is not None:
                names = annotation.quant_parameter_tensor_names
                value.meta[QUANTIZATION_KEY] = _metadata(names)
        graph = ir.Graph(
            inputs,
            [self._output(scope, info.name, info) for info in proto.output],
            nodes=nodes,
            initializers=list(initializers.values()),
            doc_string=proto.doc_string or None,
            name=proto.name or None,
            metadata_props=_metadata(proto.metadata_props),
        )
        if scope.unsorted:
            self._check_acyclic(graph)
        return graph

    def _function(
        self,
        proto: onnx.FunctionProto,
        infos_of_functions: Mapping[str, Mapping[str, onnx.ValueInfoProto]],
    ) -> ir.Function:
        scope = Scope(proto)
        infos = dict(infos_of_functions.get(f"{proto.domain}::{proto.name}", {}))
        infos.update((info.name, info) for info in proto.value_info)
        inputs = [self._defined(scope, name, infos.get(name)) for name in proto.input]
        nodes = [self._node(node, (scope,), infos) for node in proto.node]
        graph = ir.Graph(
            inputs,
            [self._output(scope, name) for name in proto.output],
            nodes=nodes,
            doc_string=proto.doc_string or None,
            opset_imports=_opsets(proto.opset_import),
            metadata_props=_metadata(proto.metadata_props),
        )
        if scope.unsorted:
            self._check_acyclic(graph)
        attributes = [self._attributes.read(a, (), proto.name) for a in proto.attribute_proto]
        undefined = ir.AttributeType.UNDEFINED
        attributes += [ir.Attr(name, undefined, None) for name in proto.attribute]
        return ir.Function(
            proto.domain, proto.name, proto.overload, graph=graph, attributes=attributes
        )

    def _node(
        self,
        proto: onnx.NodeProto,
        scopes: Sequence[Scope],
        infos: Mapping[str, onnx.ValueInfoProto],
    ) -> ir.Node:
        domain, op_type, node_name = proto.domain, proto.op_type, proto.name
        if not (type(op_type) is type(domain) is type(node_name) is str):
            texts = (op_type, domain, node_name)
            wrong = next(text for text in texts if not isinstance(text, str))
            raise ModelError(f"'{self._path}': the name {wrong!r} is no UTF-8 text")
        scope = scopes[-1]
        values = scope.values
        inputs = [
            (values.get(name) or self._lookup(name, scopes, proto)) if name else None
            for name in proto.input
        ]
        attributes = [self._attributes.read(a, scopes, op_type) for a in proto.attribute]
        outputs = []
        for name in proto.output:
            if not name:
                outputs.append(ir.Value(name=""))
            elif name in scope.early:
                scope.early.discard(name)
                outputs.append(self._described(values[name], infos.get(name)))
            else:
                outputs.append(self._defined(scope, name, infos.get(name)))
        node = ir.Node(
            domain,
            op_type,
            inputs,
            attributes,
            overload=proto.overload,
            outputs=outputs,
            name=node_name,
            doc_string=proto.doc_string or None,
        )
        # Most nodes have none of these, and to ask for the properties makes a dictionary of each.
        if entries := proto.metadata_props:
            node.metadata_props.update(_metadata(entries) or {})
        if devices := proto.device_configurations:
            node.device_configurations = self._devices(devices, scopes)
        return node

    # -- values --------------------------------------------------------------------------------

    def _defined(
        self, scope: Scope, name: str, info: onnx.ValueInfoProto | None = None
    ) -> ir.Value:
        if name in scope.values:
            raise ModelError(f"'{self._path}': the value {name!r} is defined twice")
        if not isinstance(name, str):
            raise ModelError(f"'{self._path}': the name {name!r} is no UTF-8 text")
        value = scope.values[name] = ir.Value(name=name)
        return self._described(value, info)

    def _described(self, value: ir.Value, info: onnx.ValueInfoProto | None) -> ir.Value:
        if info is None:
            return value
        # Most values of a model share a few types. A shape that is frozen can be shared, a type
        # cannot: it would be changed for all by a change of the dtype of one value.
        key = info.type.SerializeToString()
        known = self._shapes.get(key)
        if known is not None:
            value.type = ir.TensorType(known[0])
            value.shape = known[1]
        else:
            value.type, value.shape, unexpressed = type_and_shape(info.type)
            if unexpressed:
                value.meta[TYPE_PROTO_KEY] = unexpressed
            elif type(value.type) is ir.TensorType and not value.type.denotation:
                self._shapes[key] = value.type.dtype, value.shape
        if info.metadata_props:
            value.metadata_props.update(_metadata(info.metadata_props) or {})
        value.doc_string = info.doc_string or None
        return value

    def _lookup(self, name: str, scopes: Sequence[Scope], node: onnx.NodeProto) -> ir.Value:
        for scope in reversed(scopes):
            if (value := scope.values.get(name)) is not None:
                return value
        for scope in reversed(scopes):
            if scope.produces(name):
                scope.early.add(name)
                scope.unsorted = True
                value = scope.values[name] = ir.Value(name=name)
                return value
        title = f"{node.op_type} node {node.name or next(iter(node.output), '')!r}"
        raise ModelError(f"'{self._path}': nothing produces {name!r}, an input of the {title}")

    def _output(self, scope: Scope, name: str, info: onnx.ValueInfoProto | None = None) -> ir.Value:
        value = scope.values.get(name)
        if value is None:
            raise ModelError(f"'{self._path}': nothing produces the graph output {name!r}")
        return self._described(value, info)

    def _devices(
        self, protos: Sequence[onnx.NodeDeviceConfigurationProto], scopes: Sequence[Scope]
    ) -> tuple[Any, ...]:
        values = {name: value for scope in scopes for name, value in scope.values.items()}
        read = ir.serde.deserialize_node_device_configuration
        devices = [read(proto, values=values) for proto in protos]
        return tuple(
            dataclasses.replace(
                device,
                configuration=self._configurations.get(
                    device.configuration.name, device.configuration
                ),
            )
            if device.configuration is not None
            else device
            for device in devices
        )

    def _check_acyclic(self, graph: ir.Graph) -> None:
        cycle = find_cycle(graph)
        if cycle:
            order = {node: index for index, node in enumerate(graph)}
            first = cycle.index(min(cycle, key=order.__getitem__))
            cycle = cycle[first:] + cycle[:first]
            names = [n.name or next((o.name for o in n.outputs if o.name), "") for n in cycle]
            shown = names if len(names) < 8 else [*names[:3], "...", *names[-3:]]
            text = " -> ".join(repr(name) for name in [*shown, names[0]])
            raise ModelError(f"'{self._path}': the graph has a cycle through {text}")


def _opsets(protos: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Return the versions by domain; the default domain has two names, of which nodes use one."""
    imports = {proto.domain: proto.version for proto in protos}
    if "" not in imports and "ai.onnx" in imports:
        return {"" if domain == "ai.onnx" else domain: v for domain, v in imports.items()}
    return imports


def _function_infos(proto: onnx.ModelProto) -> dict[str, dict[str, onnx.ValueInfoProto]]:
    """Return the value infos of functions, which IR versions before 10 keep in the main graph."""
    infos: dict[str, dict[str, onnx.ValueInfoProto]] = {}
    if proto.ir_version < 10:
        for info in proto.graph.value_info:
            function, separator, name = info.name.partition("/")
            if separator and "::" in function:
                infos.setdefault(function, {})[name] = info
    return infos
