"""The structural verifier finds what a pass can break, and says where."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir
import pytest

from passmgr.core.ir.editor import Editor
from passmgr.core.ir.verify import Problem, verify_edited, verify_model

MODEL = """
<ir_version: 8, opset_import: ["" : 11, "local" : 1]>
g (float[N, 4] x, bool c) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  [add] a = Add (x, w)
  [relu] b = Relu (a)
  [call] d = local.twice (b)
  [if] y = If (c) <
    then_branch = t () => (float[N, 4] t_out) { [inner] t_out = Relu (d) },
    else_branch = f () => (float[N, 4] f_out) { f_out = Add (a, w) }
  >
}
<domain: "local", opset_import: ["" : 11]>
twice (p) => (q) { q = Add (p, p) }
"""


def make_model() -> ir.Model:
    return ir.from_onnx_text(MODEL)


def node(model: ir.Model, name: str) -> ir.Node:
    return next(n for n in model.graph.all_nodes() if n.name == name)


def unsorted(edit: Editor, model: ir.Model) -> None:
    nodes = list(model.graph)
    edit.reorder(model.graph, [nodes[1], nodes[0], *nodes[2:]])


def capture_out_of_order(edit: Editor, model: ir.Model) -> None:
    edit.replace_input(node(model, "inner"), 0, model.graph.outputs[0])


def two_names(edit: Editor, model: ir.Model) -> None:
    node(model, "relu").outputs[0].name = "a"
    edit.edited_nodes[node(model, "relu")] = None


def lost_use(edit: Editor, model: ir.Model) -> None:
    relu = node(model, "relu")
    relu.inputs[0]._uses.clear()
    edit.edited_nodes[relu] = None


def orphan_input(edit: Editor, model: ir.Model) -> None:
    edit.replace_input(node(model, "relu"), 0, ir.Value(name="nowhere"))


def removed_producer(edit: Editor, model: ir.Model) -> None:
    model.graph.remove(node(model, "add"))
    edit.edited_nodes[node(model, "relu")] = None


def unknown_op(edit: Editor, model: ir.Model) -> None:
    edit.set_op(node(model, "relu"), "Gelu")  # new in opset 20


def unknown_domain(edit: Editor, model: ir.Model) -> None:
    edit.set_op(node(model, "relu"), "Relu", "elsewhere")


def too_many_inputs(edit: Editor, model: ir.Model) -> None:
    edit.resize_inputs(node(model, "relu"), 3)


def attribute_of_a_later_opset(edit: Editor, model: ir.Model) -> None:
    edit.set_attribute(node(model, "relu"), ir.AttrInt64("axis", 1))


def output_of_nothing(edit: Editor, model: ir.Model) -> None:
    edit.set_output(model.graph, 0, ir.Value(name="y2"))


FAULTS: dict[str, tuple[Callable[[Editor, ir.Model], None], str, str]] = {
    "unsorted": (unsorted, "order", "Relu 'relu' stands before Add 'add', whose 'a' it reads"),
    "capture": (capture_out_of_order, "order", "Relu 'inner' stands before If 'if'"),
    "two names": (two_names, "name", "two values are called 'a'"),
    "lost use": (lost_use, "use-def", "Relu 'relu' is no recorded use of 'a'"),
    "orphan input": (
        orphan_input,
        "use-def",
        "Relu 'relu' reads 'nowhere', which nothing computes",
    ),
    "removed producer": (removed_producer, "use-def", "'relu' reads 'a', which nothing computes"),
    "unknown op": (unknown_op, "signature", "there is no Gelu in opset 11"),
    "unknown domain": (unknown_domain, "opset", "domain 'elsewhere', which is not imported"),
    "inputs": (too_many_inputs, "signature", "Relu 'relu' has 3 inputs; in opset 11 it takes 1"),
    "attribute": (
        attribute_of_a_later_opset,
        "signature",
        "in opset 11 it has no attribute 'axis'",
    ),
    "output": (output_of_nothing, "output", "output 'y2' of graph 'g' is never computed"),
}


def test_a_sound_model_has_no_problems() -> None:
    assert verify_model(make_model()) == []


@pytest.mark.parametrize(("fault", "code", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found_in_the_whole_model(
    fault: Callable[[Editor, ir.Model], None], code: str, message: str
) -> None:
    model = make_model()
    fault(Editor(model), model)
    assert any(found(p, code, message) for p in verify_model(model)), verify_model(model)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "two names"])
def test_fault_is_found_among_what_was_edited(name: str) -> None:
    fault, code, message = FAULTS[name]
    model = make_model()
    edit = Editor(model)
    fault(edit, model)
    problems = verify_edited(model, edit.edited_nodes, edit.edited_values)
    assert any(found(p, code, message) for p in problems), problems


def test_an_innocent_edit_has_no_problems() -> None:
    model = make_model()
    edit = Editor(model)
    made = edit.insert_node(node(model, "relu"), "Neg", [node(model, "add").outputs[0]])
    edit.replace_input(node(model, "inner"), 0, made.outputs[0])
    assert verify_edited(model, edit.edited_nodes, edit.edited_values) == []
    assert verify_model(model) == []


def test_function_bodies_are_checked() -> None:
    model = make_model()
    body = next(iter(model.functions.values()))
    body[0].op_type = "Gelu"
    assert [p.code for p in verify_model(model)] == ["signature"]


def found(problem: Problem, code: str, message: str) -> bool:
    return problem.code == code and message in problem.message
