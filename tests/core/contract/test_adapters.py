"""Passes, rules and functions of other libraries as passes: checked, blamed and rolled back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnx_models
import pytest

import passmgr
from passmgr.core.contract import (
    Approximate,
    Exact,
    ForeignPass,
    from_function,
    from_model_proto,
    from_onnx_ir,
    from_rule_set,
)
from passmgr.core.errors import PassFailed
from passmgr.core.manager import run_passes
from passmgr.core.registry import load_registry
from passmgr.core.testing.snapshot import snapshot
from passmgr.core.testing.subject import Case, supplied_cases
from passmgr.plugins.frontends.onnx_file import OnnxFrontend

REGISTRY = load_registry(plugins=False)
CHAIN = """<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y)
{ a = Identity (x)  b = Relu (a)  c = Relu (b)  y = Neg (c) }"""
UNEXPRESSED = {"attributes"}
"""Models that onnx_ir cannot write: a string attribute that is no UTF-8 text."""


def leave(proto: onnx.ModelProto) -> None:
    """Do nothing."""


def copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the same model."""
    return onnx.ModelProto.FromString(proto.SerializeToString())


def skip_identity(proto: onnx.ModelProto) -> None:
    """Read past the first node."""
    proto.graph.node[1].input[0] = proto.graph.node[0].input[0]
    del proto.graph.node[0]


def negate(proto: onnx.ModelProto) -> None:
    """Get it wrong."""
    proto.graph.node[1].op_type = "Abs"


def rename(proto: onnx.ModelProto) -> None:
    """Change the interface."""
    proto.graph.node[3].output[0] = proto.graph.output[0].name = "z"


def dangle(proto: onnx.ModelProto) -> None:
    """Break the graph."""
    proto.graph.node[3].domain = "org.example"
    proto.graph.node[3].op_type = "None"


def fail(proto: onnx.ModelProto) -> None:
    """Raise halfway."""
    del proto.graph.node[:]
    raise LookupError("halfway")


def give_bytes(proto: onnx.ModelProto) -> Any:
    """Return something else."""
    return proto.SerializeToString()


def of_protos(function: Callable[..., Any]) -> ForeignPass:
    return from_model_proto(function, name="adapted", effect=Exact(), requires=("sorted",))


def of_onnx_ir() -> ForeignPass:
    from onnx_ir.passes.common import IdentityEliminationPass

    return from_onnx_ir(IdentityEliminationPass(), name="adapted", effect=Exact())


def of_rules() -> ForeignPass:
    from onnxscript.rewriter import RewriteRuleSet
    from onnxscript.rewriter.rules.common import successive_relu_rule

    return from_rule_set(RewriteRuleSet([successive_relu_rule]), name="adapted", effect=Exact())


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (of_onnx_ir, ["Relu", "Relu", "Neg"]),
        (of_rules, ["Identity", "Relu", "Neg"]),
        (lambda: of_protos(skip_identity), ["Relu", "Relu", "Neg"]),
    ],
)
def test_adapted_runs_in_a_pipeline_under_guard(
    make: Callable[[], ForeignPass], left: list[str], tmp_path: Path
) -> None:
    source, output = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(onnx.parser.parse_model(CHAIN), source)
    result = passmgr.run(
        source, ["sort", make(), "remove-unused"], output=output, guard="each", verify="each"
    )
    record = next(record for record in result.records if record.name == "adapted")
    assert (record.status, record.rewrites) == ("changed", 1)
    assert result.guard is not None
    assert result.guard.status == "passed"
    assert [node.op_type for node in onnx.load(output).graph.node] == left


def raise_in_ir(model: ir.Model) -> ir.passes.PassResult:
    """Raise halfway."""
    model.graph[1].op_type = "Tanh"
    raise LookupError("halfway")


class RaisingRules:
    """A rule set that raises."""

    def apply_to_model(self, model: ir.Model) -> None:
        """Raise halfway."""
        raise_in_ir(model)


@pytest.mark.parametrize(
    ("pass_", "reason"),
    [
        (from_onnx_ir(raise_in_ir, name="adapted", effect=Exact()), "LookupError: halfway"),
        (from_rule_set(RaisingRules(), name="adapted", effect=Exact()), "LookupError: halfway"),
        (of_protos(fail), "LookupError: halfway"),
        (of_protos(rename), "outputs were y, are z"),
        (of_protos(dangle), "broken model"),
        (of_protos(negate), "it is declared exact, but output 'y' moved by"),
        (of_protos(give_bytes), "TypeError: it returned bytes, not a ModelProto"),
    ],
)
def test_misdeed_is_blamed_and_leaves_the_model_object_by_object(
    pass_: ForeignPass, reason: str
) -> None:
    model = ir.from_onnx_text(CHAIN)
    before = snapshot(model)
    with pytest.raises(PassFailed, match=r"adapted .*failed and was rolled back") as failed:
        passmgr.run(model, pass_, guard="each")
    assert reason in str(failed.value)
    assert failed.value.pass_name == "adapted"
    assert snapshot(model) == before


@pytest.mark.parametrize("function", [leave, copy])
@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("name", sorted(set(onnx_models.ALL) - UNEXPRESSED))
def test_proto_that_is_left_alone_changes_nothing(
    name: str, external: bool, function: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.onnx"
    onnx.save(
        onnx_models.ALL[name](),
        path,
        save_as_external_data=external,
        location="a.data",
        size_threshold=0,
    )
    model = OnnxFrontend().load(path)
    run_passes(model, [REGISTRY.make_pass("sort")], registry=REGISTRY)
    before = snapshot(model)
    result = run_passes(model, [of_protos(function)], registry=REGISTRY)
    assert result.records[-1].status == "unchanged"
    assert snapshot(model) == before


@pytest.mark.parametrize("case", supplied_cases(REGISTRY), ids=lambda case: case.name)
def test_proto_that_is_left_alone_changes_nothing_of_the_suite(case: Case) -> None:
    if case.name == "optional":
        pytest.skip("onnx_ir leaves out outputs at the end that have no name")
    model = case.make()
    run_passes(model, [REGISTRY.make_pass("sort")], registry=REGISTRY)
    result = run_passes(model, [of_protos(copy)], registry=REGISTRY)
    assert result.records[-1].status == "unchanged"


def test_what_is_left_alone_of_a_changed_model_survives(tmp_path: Path) -> None:
    def describe(proto: onnx.ModelProto) -> None:
        proto.producer_name = "changed"

    for name in sorted(set(onnx_models.ALL) - UNEXPRESSED):
        source, output = tmp_path / "in.onnx", tmp_path / "out.onnx"
        plain = tmp_path / "plain.onnx"
        onnx.save(onnx_models.ALL[name](), source)
        passmgr.run(source, "sort", output=plain, guard="off")
        passmgr.run(source, ["sort", of_protos(describe)], output=output, guard="off")
        expected, found = onnx.load(plain), onnx.load(output)
        assert found.producer_name == "changed"
        expected.producer_name = "changed"
        sort_metadata(expected)
        sort_metadata(found)
        assert found == expected, name


def sort_metadata(message: Any) -> None:
    """Sort what is a map, as onnx_ir does on writing."""
    for field, value in message.ListFields():
        if field.name == "metadata_props":
            value.sort(key=lambda entry: entry.key)
        elif field.message_type is not None:
            for part in value if field.is_repeated else (value,):
                sort_metadata(part)


def test_proto_has_its_weights_inside_and_is_of_the_pass_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    onnx.save(onnx_models.dense(), path, save_as_external_data=True, location="w", size_threshold=0)
    model = OnnxFrontend().load(path)
    tensors = {name: value.const_value for name, value in model.graph.initializers.items()}

    def double(proto: onnx.ModelProto) -> None:
        (path.parent / "w").unlink(missing_ok=True)
        for tensor in proto.graph.initializer:
            array = onnx.numpy_helper.to_array(tensor)
            if tensor.name == "b":
                tensor.CopyFrom(onnx.numpy_helper.from_array(array * 2, "b"))

    run_passes(model, [of_protos(double)], registry=REGISTRY)
    found = {name: value.const_value for name, value in model.graph.initializers.items()}
    assert found["w"] is tensors["w"]
    assert found["b"] is not tensors["b"]
    assert np.array_equal(found["b"].numpy(), tensors["b"].numpy() * 2)


def test_initializers_are_inputs_where_the_ir_version_wants_them() -> None:
    seen: list[list[str]] = []
    model = ir.from_proto(onnx_models.dense(ir_version=3))

    def look(proto: onnx.ModelProto) -> None:
        seen.append([value.name for value in proto.graph.input])

    run_passes(model, [of_protos(look)], registry=REGISTRY)
    assert seen == [["x", "w", "b"]]


def test_model_over_two_gigabytes_is_refused_before_it_is_read() -> None:
    model = ir.from_proto(onnx_models.dense())
    size = (1 << 31) // 4
    model.graph.initializers["w"].const_value = ir.LazyTensor(
        lambda: pytest.fail("it was read"), dtype=ir.DataType.FLOAT, shape=ir.Shape([size])
    )
    with pytest.raises(ValueError, match=r"takes 2\.1 GB, and a ModelProto ends at 2 GB"):
        of_protos(leave).apply(model)


def test_model_that_no_proto_can_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    onnx.save(onnx_models.ALL["attributes"](), path)
    with pytest.raises(ValueError, match="the model cannot be written as a ModelProto: 'bytes'"):
        of_protos(leave).apply(OnnxFrontend().load(path))


def test_adapted_function_of_protos_is_a_value() -> None:
    pass_ = of_protos(leave)
    again = pickle.loads(pickle.dumps(pass_))
    assert again == pass_ == of_protos(leave)
    assert hash(again) == hash(pass_)
    assert again.requires == ("sorted",)
    assert pass_ != of_protos(copy)
    assert pass_ != from_model_proto(leave, name="adapted", effect=Approximate(0.1))
    assert pass_ != from_function(leave, name="adapted", effect=Exact(), requires=("sorted",))
    assert type(pass_).__doc__ == "Do nothing."
    with pytest.raises(TypeError, match="'colour' is no declaration of a pass"):
        from_model_proto(leave, name="adapted", effect=Exact(), colour="red")
