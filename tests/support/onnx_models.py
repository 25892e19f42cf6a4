"""Small ONNX models of every kind that the front end and the emitter must carry through."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
info = helper.make_tensor_value_info


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    initializers: dict[str, np.ndarray] | None = None,
    *,
    ir_version: int = 9,
    opset: int = 18,
    domains: tuple[str, ...] = (),
    functions: tuple[onnx.FunctionProto, ...] = (),
) -> onnx.ModelProto:
    """Return a model of ``nodes``."""
    tensors = [numpy_helper.from_array(a, name) for name, a in (initializers or {}).items()]
    graph = helper.make_graph(nodes, "main", inputs, outputs, tensors)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(
        graph, ir_version=ir_version, opset_imports=imports, functions=functions
    )


def weights(size: int, seed: int = 0) -> np.ndarray:
    """Return ``size`` random numbers."""
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def dense(size: int = 1000, seed: int = 0, ir_version: int = 9) -> onnx.ModelProto:
    """Return ``y = x * w + b`` with a weight of ``size`` and a small bias."""
    return model(
        [
            helper.make_node("Mul", ["x", "w"], ["m"], name="scale"),
            helper.make_node("Add", ["m", "b"], ["y"], name="shift"),
        ],
        [info("x", FLOAT, ["N", size])],
        [info("y", FLOAT, ["N", size])],
        {"w": weights(size, seed), "b": np.float32([1.0])},
        ir_version=ir_version,
    )


def described() -> onnx.ModelProto:
    """Return a model in which everything that can be described is."""
    proto = dense()
    proto.producer_name, proto.producer_version, proto.domain = "p", "1.2", "org.example"
    proto.model_version, proto.doc_string = 7, "model"
    graph = proto.graph
    graph.doc_string = "graph"
    graph.node[0].doc_string = "node"
    graph.node[0].attribute.add(name="alpha", f=0.5, type=1, doc_string="attribute")
    graph.input[0].doc_string = "input"
    graph.input[0].type.denotation = "IMAGE"
    graph.input[0].type.tensor_type.shape.dim[0].denotation = "DATA_BATCH"
    graph.output[0].type.tensor_type.ClearField("shape")
    graph.initializer[0].doc_string = "weight"
    graph.value_info.append(info("m", FLOAT, ["N", None, "2*k"]))
    graph.value_info[0].doc_string = "middle"
    graph.quantization_annotation.add(tensor_name="m").quant_parameter_tensor_names.add(
        key="SCALE_TENSOR", value="b"
    )
    owners = (proto, graph, graph.node[0], graph.value_info[0], *graph.initializer, graph.output[0])
    for owner in owners:
        owner.metadata_props.add(key="k", value="v")
        owner.metadata_props.add(key="a", value="b")
    return proto


def nested() -> onnx.ModelProto:
    """Return an If in an If, with big weights in all branches and captured values."""

    def branch(name: str, body: list[onnx.NodeProto], seed: int) -> onnx.GraphProto:
        tensor = numpy_helper.from_array(weights(600, seed), f"w_{name}")
        add = helper.make_node("Add", ["x", f"w_{name}"], [f"s_{name}"])
        out = info(f"y_{name}", FLOAT, [600])
        last = body or [helper.make_node("Identity", [f"s_{name}"], [f"y_{name}"])]
        return helper.make_graph([add, *last], name, [], [out], [tensor])

    inner = helper.make_node(
        "If",
        ["c"],
        ["y_then"],
        then_branch=branch("a", [], 1),
        else_branch=branch("b", [], 2),
    )
    outer = helper.make_node(
        "If", ["c"], ["y"], then_branch=branch("then", [inner], 3), else_branch=branch("e", [], 4)
    )
    inputs = [info("x", FLOAT, [600]), info("c", TensorProto.BOOL, [])]
    return model([outer], inputs, [info("y", FLOAT, [600])])


def with_functions(ir_version: int = 10) -> onnx.ModelProto:
    """Return a model with a local function that has attributes, a big constant and value infos."""
    value = numpy_helper.from_array(weights(600), "")
    body = [
        helper.make_node("Constant", [], ["c"], value=value),
        helper.make_node("Add", ["a", "c"], ["s"]),
        helper.make_node("LeakyRelu", ["s"], ["r"]),
    ]
    body[2].attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    function = helper.make_function(
        "local",
        "shifted_relu",
        ["a"],
        ["r"],
        body,
        [helper.make_opsetid("", 18)],
        attributes=["slope"],
        attribute_protos=[helper.make_attribute("beta", 2)],
        doc_string="function",
    )
    call = helper.make_node("shifted_relu", ["x"], ["y"], domain="local", slope=0.1)
    proto = model(
        [call],
        [info("x", FLOAT, [600])],
        [info("y", FLOAT, [600])],
        domains=("local",),
        functions=(function,),
        ir_version=ir_version,
    )
    if ir_version >= 10:
        proto.functions[0].value_info.append(info("s", FLOAT, [600]))
    else:
        proto.graph.value_info.append(info("local::shifted_relu/s", FLOAT, [600]))
    return proto


def attributes() -> onnx.ModelProto:
    """Return a custom op with an attribute of every kind that can be carried through."""
    graph = helper.make_graph([], "empty", [], [])
    tensor = numpy_helper.from_array(weights(500), "t")
    node = helper.make_node(
        "Custom",
        ["x", ""],
        ["y", "", "z", ""],
        domain="org.example",
        f=0.1,
        i=-3,
        s="text",
        floats=[1.0, 2.5],
        ints=[1, -(2**63)],
        strings=["a", "ä"],
        t=tensor,
        tensors=[tensor, numpy_helper.from_array(np.array(["x", "yz"], object), "u")],
        g=graph,
        graphs=[graph, graph],
        tp=helper.make_tensor_type_proto(FLOAT, ["N", 3]),
        type_protos=[helper.make_sequence_type_proto(helper.make_tensor_type_proto(INT64, None))],
    )
    node.attribute.add(name="bytes", s=b"\xff\x00", type=onnx.AttributeProto.STRING)
    node.attribute.add(name="bytes_list", strings=[b"\xfe"], type=onnx.AttributeProto.STRINGS)
    inputs = [info("x", FLOAT, None)]
    return model([node], inputs, [info("y", FLOAT, None)], domains=("org.example",))


def types() -> onnx.ModelProto:
    """Return a model whose inputs are of every type that is no tensor."""
    tensor = helper.make_tensor_type_proto(FLOAT, ["N", 2])
    map_type = helper.make_map_type_proto(INT64, tensor)
    kinds = {
        "sequence": helper.make_sequence_type_proto(tensor),
        "optional": helper.make_optional_type_proto(helper.make_sequence_type_proto(tensor)),
        "map": map_type,
        "maps": helper.make_sequence_type_proto(map_type),
        "sparse": helper.make_sparse_tensor_type_proto(FLOAT, [2]),
    }
    inputs = [helper.make_value_info(name, type_) for name, type_ in kinds.items()]
    node = helper.make_node("Custom", list(kinds), ["y"], domain="org.example")
    output = helper.make_value_info("y", map_type)
    return model([node], inputs, [output], domains=("org.example",))


def element_types() -> onnx.ModelProto:
    """Return a model with a big initializer of every element type that has raw data."""
    tensors = []
    for dtype in sorted(TensorProto.DataType.values()):
        if dtype not in (TensorProto.UNDEFINED, TensorProto.STRING):
            array = np.arange(8000).reshape(2, -1) % 2
            name = f"w{dtype}"
            tensors.append(
                numpy_helper.from_array(array.astype(helper.tensor_dtype_to_np_dtype(dtype)), name)
            )
    proto = model(
        [helper.make_node("Identity", ["x"], ["y"])],
        [info("x", FLOAT, [1])],
        [info("y", FLOAT, [1])],
    )
    proto.graph.initializer.extend(tensors)
    return proto


def sparse() -> onnx.ModelProto:
    """Return a model with a sparse initializer and a sparse constant."""

    def tensor(name: str) -> onnx.SparseTensorProto:
        values = numpy_helper.from_array(np.float32([5, 7]), name)
        indices = numpy_helper.from_array(np.int64([1, 4]), f"{name}_indices")
        return helper.make_sparse_tensor(values, indices, [2, 3])

    nodes = [
        helper.make_node("Constant", [], ["c"], sparse_value=tensor("")),
        helper.make_node("Add", ["c", "s"], ["y"]),
    ]
    proto = model(nodes, [], [info("y", FLOAT, [2, 3])])
    proto.graph.sparse_initializer.append(tensor("s"))
    return proto


def devices() -> onnx.ModelProto:
    """Return a model with multi-device configurations."""
    proto = dense(ir_version=11)
    proto.configuration.add(name="two", num_devices=2, device=["gpu:0", "gpu:1"])
    device = proto.graph.node[0].device_configurations.add(configuration_id="two", pipeline_stage=1)
    spec = device.sharding_spec.add(tensor_name="m", device=[0, 1])
    spec.sharded_dim.add(axis=0).simple_sharding.add(dim_param="N", num_shards=2)
    return proto


def unsorted() -> onnx.ModelProto:
    """Return a model whose nodes stand in reverse order, which ONNX Runtime accepts."""
    proto = dense()
    nodes = list(proto.graph.node)[::-1]
    reverse = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del proto.graph.node[:]
    proto.graph.node.extend(reverse)
    return proto


def inputs_as_initializers() -> onnx.ModelProto:
    """Return a model of IR version 3, where each initializer is an input too."""
    proto = dense(ir_version=3)
    proto.graph.input.append(info("w", FLOAT, [1000]))
    proto.graph.input.append(info("b", FLOAT, [1]))
    return proto


def no_default_domain() -> onnx.ModelProto:
    """Return a model that imports no version of the default domain."""
    node = helper.make_node("Custom", ["x"], ["y"], domain="org.example")
    proto = model([node], [info("x", FLOAT, [1])], [info("y", FLOAT, [1])])
    del proto.opset_import[:]
    proto.opset_import.add(domain="org.example", version=3)
    return proto


ALL = {
    "dense": dense,
    "described": described,
    "nested": nested,
    "functions": with_functions,
    "functions_ir9": lambda: with_functions(9),
    "attributes": attributes,
    "types": types,
    "element_types": element_types,
    "sparse": sparse,
    "devices": devices,
    "unsorted": unsorted,
    "inputs_as_initializers": inputs_as_initializers,
    "no_default_domain": no_default_domain,
}
