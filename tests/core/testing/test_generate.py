"""The model generator: what it writes is legal, runs, covers the operators, and shrinks."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

import passmgr
from passmgr.core.contract import pass_
from passmgr.core.errors import CheckFailed, PassFailed, UsageError
from passmgr.core.guard import Guard
from passmgr.core.ir.verify import verify_model
from passmgr.core.ir.walk import model_graphs, model_nodes
from passmgr.core.registry import load_registry
from passmgr.core.testing.generate import forms, models, newest_opset, random_model
from passmgr.core.testing.generator.kernels import form
from passmgr.core.testing.generator.table import OPERATORS

REGISTRY = load_registry(plugins=False)
GUARD = Guard(REGISTRY.runtime("onnxruntime"))
OPSETS = (7, newest_opset())
REPEATABLE = settings(
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def check(model: ir.Model) -> bool:
    """Check all that is promised; tell whether all outputs are finite."""
    assert verify_model(model) == []
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    reference = GUARD.record(model)
    assert not reference.problem, f"{reference.problem}\n{onnx.printer.to_text(proto)}"
    return all(
        np.isfinite(output).all()
        for outputs in reference.outputs
        for output in outputs
        if output.dtype.kind == "f"
    )


def text(model: ir.Model) -> str:
    return onnx.printer.to_text(ir.to_proto(model))


@pytest.fixture(scope="module")
def many() -> list[ir.Model]:
    """Models of the default options."""
    return [random_model(seed) for seed in range(1000)]


@settings(REPEATABLE, max_examples=150)
@given(models())
def test_models_of_hypothesis_are_valid_and_run(model: ir.Model) -> None:
    check(model)


def test_models_by_chance_are_valid_run_and_are_finite(many: list[ir.Model]) -> None:
    finite = [check(model) for model in many[:400]]
    assert finite.count(False) <= 2


def test_models_of_half_precision_are_valid_and_run() -> None:
    dtypes = [ir.DataType.FLOAT16, ir.DataType.INT64]
    finite = [check(random_model(seed, dtypes=dtypes)) for seed in range(100)]
    assert finite.count(False) <= 2


@pytest.mark.parametrize("op", OPERATORS)
def test_every_form_of_an_operator_is_written_and_runs(op: str) -> None:
    for opset in forms(op, OPSETS).values():
        seeds = range(20)
        tries = (random_model(s, ops=[op], opsets=(opset, opset), max_nodes=6) for s in seeds)
        model = next(m for m in tries if any(node.op_type == op for node in model_nodes(m)))
        check(model)


def test_all_operators_and_most_forms_come_up_by_themselves(many: list[ir.Model]) -> None:
    seen = {
        (node.op_type, form(node.op_type, model.opset_imports[""]))
        for model in many
        for node in model_nodes(model)
        if not node.domain
    }
    assert set(OPERATORS) <= {op for op, _ in seen}
    every = {(op, since) for op in OPERATORS for since in forms(op, OPSETS)}
    assert len(seen & every) > 0.95 * len(every)


def test_old_and_new_opsets_come_up(many: list[ir.Model]) -> None:
    assert {model.opset_imports[""] for model in many} == set(range(7, newest_opset() + 1))
    assert {3, 10} < {model.ir_version for model in many}


def outputs_left_out(model: ir.Model) -> bool:
    return any(not value.name for node in model_nodes(model) for value in node.outputs)


def inputs_left_out(model: ir.Model) -> bool:
    return any(value is None for node in model_nodes(model) for value in node.inputs)


def initializers(model: ir.Model) -> list[ir.Value]:
    return list(model.graph.initializers.values())


def equal_initializers(model: ir.Model) -> bool:
    kept = [(v.dtype, tuple(v.shape), v.const_value.tobytes()) for v in initializers(model)]
    return len(set(kept)) < len(kept)


def symbols(model: ir.Model) -> Counter[str]:
    return Counter(
        str(dim)
        for value in model.graph.inputs
        for dim in value.shape or ()
        if isinstance(dim, ir.SymbolicDim)
    )


def captures(model: ir.Model) -> bool:
    return any(
        value is not None and value.graph is model.graph
        for graph in model_graphs(model)
        if graph is not model.graph and isinstance(graph, ir.Graph)
        for node in graph
        for value in node.inputs
    )


def constants(model: ir.Model, attribute: str) -> bool:
    return any(
        node.op_type == "Constant" and attribute in node.attributes for node in model_nodes(model)
    )


def dead(model: ir.Model) -> bool:
    return any(
        not any(value.uses() or value.is_graph_output() for value in node.outputs)
        for node in model.graph
    )


FEATURES: dict[str, Callable[[ir.Model], Any]] = {
    "outputs that are left out": outputs_left_out,
    "inputs that are left out": inputs_left_out,
    "an initializer that is an output": lambda m: any(v.is_graph_output() for v in initializers(m)),
    "an initializer that several nodes read": lambda m: any(
        len(v.uses()) > 1 for v in initializers(m)
    ),
    "an initializer that can be overridden": lambda m: (
        m.ir_version > 3 and any(v.is_graph_input() for v in initializers(m))
    ),
    "an initializer of a subgraph": lambda m: any(
        graph.initializers
        for graph in model_graphs(m)
        if isinstance(graph, ir.Graph) and graph is not m.graph
    ),
    "equal initializers": equal_initializers,
    "a symbol that two dimensions share": lambda m: max(symbols(m).values(), default=0) > 1,
    "two symbols": lambda m: len(symbols(m)) > 1,
    "a node without a name": lambda m: any(not node.name for node in m.graph),
    "a name of a node": lambda m: any(node.name for node in m.graph),
    "a value that nobody reads": dead,
    "a value of the outer graph in a subgraph": captures,
    "a function": lambda m: m.functions,
    "a function with an attribute": lambda m: any(f.attributes for f in m.functions.values()),
    "a scan output": lambda m: any(
        node.op_type == "Loop" and len(node.outputs) > 1 for node in model_nodes(m)
    ),
    "a scalar input": lambda m: any(v.shape is not None and not v.shape for v in m.graph.inputs),
    "an empty input": lambda m: any(
        0 in (v.shape or ()) and not v.is_initializer() for v in m.graph.inputs
    ),
    "shapes of inner values": lambda m: any(
        v.shape is not None and not v.is_graph_output() for node in m.graph for v in node.outputs
    ),
    **{
        f"a Constant by {name}": (lambda m, name=name: constants(m, name))  # type: ignore[misc]
        for name in [
            "value",
            "value_float",
            "value_floats",
            "value_int",
            "value_ints",
            "value_string",
            "value_strings",
        ]
    },
}


@pytest.mark.parametrize("feature", FEATURES)
def test_models_have(feature: str, many: list[ir.Model]) -> None:
    assert any(FEATURES[feature](model) for model in many)


def test_no_use_is_left_of_what_was_taken_back(many: list[ir.Model]) -> None:
    for model in many:
        nodes = set(model_nodes(model))
        assert all(any(node.inputs) or node.op_type == "Constant" for node in nodes)
        values = [v for node in nodes for v in node.outputs] + initializers(model)
        for value in (*values, *model.graph.inputs):
            assert {node for node, _ in value.uses()} <= nodes


def test_a_seed_gives_the_same_model() -> None:
    assert text(random_model(5)) == text(random_model(5)) != text(random_model(6))


@pass_()
def drop_perms(model: ir.Model, ctx: Any) -> None:
    """Forget the permutation of every Transpose: a planted bug."""
    for graph in ctx.graphs(model):
        for node in list(graph):
            if node.op_type == "Transpose" and "perm" in node.attributes:
                ctx.edit.set_attribute(node, "perm", None)


def is_caught(model: ir.Model) -> bool:
    try:
        passmgr.run(model, drop_perms, guard="each", registry=REGISTRY)
    except (PassFailed, CheckFailed):
        return True
    return False


@pytest.mark.parametrize("options", [{}, {"emphasize": ["Transpose"]}], ids=["plain", "emphasized"])
def test_a_planted_bug_shrinks_to_few_nodes(options: dict[str, Any]) -> None:
    model = find(models(**options), is_caught, settings=settings(REPEATABLE, max_examples=2000))
    assert len(list(model_nodes(model))) <= 3, text(model)


def some(**options: Any) -> Iterator[ir.Model]:
    for seed in range(60):
        yield random_model(seed, **options)


def test_opsets_bound_the_opset() -> None:
    assert {model.opset_imports[""] for model in some(opsets=(9, 11))} == {9, 10, 11}


def test_max_nodes_bounds_all_nodes() -> None:
    sizes = [len(list(model_nodes(model))) for model in some(max_nodes=5)]
    assert max(sizes) == 5
    assert max(len(list(model_nodes(model))) for model in some(max_nodes=40)) > 30


def test_dtypes_bound_the_inputs() -> None:
    double = ir.DataType.DOUBLE
    found = {value.dtype for model in some(dtypes=[double]) for value in model.graph.inputs}
    assert found <= {double, ir.DataType.BOOL, ir.DataType.INT64}


def test_ops_bound_the_operators() -> None:
    found = {n.op_type for m in some(ops=["Add", "Transpose"]) for n in model_nodes(m)}
    assert (
        {"Add", "Transpose"}
        <= found
        <= {"Add", "Transpose", "Constant", "Identity", "Tanh", "Mul", "Clip"}
    )


def test_where_no_operator_is_left_there_is_a_copy() -> None:
    model = random_model(0, ops=["Swish"], opsets=(7, 7))
    assert [node.op_type for node in model_nodes(model)] == ["Identity"]
    check(model)


def test_a_model_without_numbers_for_outputs_gets_one() -> None:
    for seed in range(200):
        check(random_model(seed, ops=["Constant"], max_nodes=2))


def test_emphasized_operators_are_common() -> None:
    ops = Counter(n.op_type for m in some(emphasize=["Softmax"]) for n in model_nodes(m))
    assert ops["Softmax"] > 0.15 * ops.total()


@pytest.mark.parametrize(
    ("option", "feature"),
    [
        ("subgraphs", lambda m: any(g is not m.graph for g in model_graphs(m))),
        ("functions", lambda m: m.functions),
        ("dynamic_shapes", symbols),
        ("initializers", initializers),
        ("empty", FEATURES["an empty input"]),
    ],
)
def test_option_switches_a_feature_off(option: str, feature: Callable[[ir.Model], Any]) -> None:
    others = {"functions": False} if option == "subgraphs" else {}
    assert not any(feature(m) for m in some(**{option: False}, opsets=(9, 20), **others))


def test_unsorted_models_run_once_they_are_sorted() -> None:
    problems = 0
    for model in some(unsorted=True):
        problems += bool(verify_model(model))
        model.graph.sort()
        check(model)
    assert problems > 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opsets": (6, 9)}, "opsets must be within 7 to"),
        ({"opsets": (12, 9)}, "not 12 to 9"),
        ({"opsets": (12, 999)}, "not 12 to 999"),
        ({"max_nodes": 0}, "max_nodes must be 1 or more, not 0"),
        ({"ops": ["Nonsense"]}, "does not know the operator 'Nonsense'"),
        ({"emphasize": ["Nonsense"]}, "does not know the operator 'Nonsense'"),
        ({"dtypes": []}, "dtypes must be some of FLOAT, "),
        ({"dtypes": [ir.DataType.STRING]}, "dtypes must be some of FLOAT, "),
    ],
)
def test_wrong_option_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        models(**options)
    with pytest.raises(UsageError, match=words):
        random_model(0, **options)


def test_without_hypothesis_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(UsageError, match=r"pip install 'passmgr\[test\]'"):
        models()
    assert len(random_model(0).graph) > 0  # which goes without
