"""The editor: every edit can be undone, and what is undone leaves no trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passmgr.core.contract import Aspect
from passmgr.core.ir.editor import Editor
from passmgr.core.ir.verify import verify_model
from passmgr.core.ir.walk import graphs_with_nodes, op_histogram

MODEL = """
<ir_version: 8, opset_import: ["" : 18], producer_name: "test">
g (float[N, 4] x, bool c) => (float[N, 4] y, float[N, 4] z)
<float[4] w = {1, 2, 3, 4}, float[4] v = {1, 2, 3, 4}>
{
  a = Add (x, w)
  b = Relu (a)
  d = Mul (b, v)
  e = Identity (d)
  z = If (c) <
    then_branch = t () => (float[N, 4] t_out) { t_out = Relu (d) },
    else_branch = f () => (float[N, 4] f_out) { f_out = Add (e, w) }
  >
  y = Sigmoid (e)
}
"""


def make_model() -> ir.Model:
    return ir.from_onnx_text(MODEL)


def snapshot(model: ir.Model) -> tuple[bytes, list[object]]:
    """The serialized model, and the identities of its objects with their uses."""
    objects: list[object] = []
    for graph in (model.graph, *model.graph.subgraphs()):
        for node in graph:
            objects += [id(node), *map(id, node.inputs), *map(id, node.outputs)]
        values = [*graph.inputs, *graph.initializers.values()]
        values += [value for node in graph for value in node.outputs]
        for value in values:
            objects.append(
                (id(value), {(id(n), i) for n, i in value.uses()}, value.is_initializer())
            )
    return ir.to_proto(model).SerializeToString(deterministic=True), objects


def node(model: ir.Model, op_type: str) -> ir.Node:
    return next(n for n in model.graph.all_nodes() if n.op_type == op_type)


def value(model: ir.Model, name: str) -> ir.Value:
    return ir.convenience.create_value_mapping(model.graph)[name]


Edit = Callable[[Editor, ir.Model], object]
EDITS: dict[str, Edit] = {
    "insert_node": lambda e, m: e.insert_node(node(m, "Mul"), "Neg", [value(m, "b")]),
    "insert_after": lambda e, m: e.insert_node(node(m, "Add"), "Abs", [value(m, "a")], after=True),
    "append": lambda e, m: e.insert_node(m.graph, "Abs", [value(m, "a")]),
    "remove": lambda e, m: (
        e.replace_uses(value(m, "e"), value(m, "d")),
        e.remove(node(m, "Identity")),
    ),
    "replace_input": lambda e, m: e.replace_input(node(m, "Mul"), 0, value(m, "x")),
    "resize_inputs": lambda e, m: e.resize_inputs(node(m, "Mul"), 1),
    "replace_uses": lambda e, m: e.replace_uses(value(m, "w"), value(m, "v")),
    "replace_output": lambda e, m: e.replace(value(m, "y"), value(m, "b")),
    "set_attribute": lambda e, m: e.set_attribute(node(m, "Relu"), ir.AttrInt64("k", 1)),
    "set_op": lambda e, m: e.set_op(node(m, "Relu"), "Tanh"),
    "reorder": lambda e, m: e.reorder(m.graph, list(m.graph)[::-1]),
    "set_type": lambda e, m: e.set_type(value(m, "a"), ir.TensorType(ir.DataType.DOUBLE)),
    "set_shape": lambda e, m: e.set_shape(value(m, "a"), ["N", 4]),
    "set_const_value": lambda e, m: e.set_const_value(value(m, "w"), ir.tensor(np.ones(2))),
    "rename": lambda e, m: e.rename(value(m, "a"), "renamed"),
    "rename_initializer": lambda e, m: e.rename(value(m, "w"), "renamed"),
    "rename_node": lambda e, m: e.rename_node(node(m, "Relu"), "renamed"),
    "add_initializer": lambda e, m: e.add_initializer(m.graph, ir.tensor(np.ones(3)), "w"),
    "remove_initializer": lambda e, m: (
        e.replace_uses(value(m, "w"), value(m, "v")),
        e.remove_initializer(m.graph.initializers["w"]),
    ),
    "swap_names": lambda e, m: (
        e.rename(value(m, "w"), "tmp"),
        e.rename(value(m, "v"), "w"),
        e.rename(value(m, "tmp"), "v"),
    ),
    "set_outputs": lambda e, m: e.set_outputs(m.graph, m.graph.outputs[:1]),
    "set_inputs": lambda e, m: e.set_inputs(m.graph, list(m.graph.inputs)[::-1]),
    "set_opset": lambda e, m: e.set_opset(m, "com.example", 3),
    "set_metadata": lambda e, m: e.set_metadata(m, "key", "text"),
    "set_doc": lambda e, m: e.set_doc(m.graph, "text"),
    "swap": lambda e, m: e.swap(make_model()),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edit_changes_the_model_and_its_rollback_restores_it(edit: Edit) -> None:
    model = make_model()
    before = snapshot(model)
    editor = Editor(model)
    edit(editor, model)
    assert snapshot(model) != before
    assert editor.aspects
    editor.rollback()
    assert snapshot(model) == before
    assert not editor.aspects


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=6), st.data())
def test_any_sequence_of_edits_can_be_undone_from_any_edit(
    names: list[str], data: st.DataObject
) -> None:
    model = make_model()
    before = snapshot(model)
    editor = Editor(model)
    stop = data.draw(st.integers(1, 12))

    def fault(count: int) -> None:
        if count == stop:
            raise InterruptedError

    editor.before_edit = fault
    try:
        for name in names:
            EDITS[name](editor, model)
    except (InterruptedError, ValueError, KeyError, StopIteration, TypeError):
        pass  # the fault, or an edit that the edits before it have made impossible
    editor.rollback()
    assert snapshot(model) == before


def test_rollback_to_a_mark_keeps_what_was_before_it() -> None:
    model = make_model()
    editor = Editor(model)
    editor.set_metadata(model, "kept", "yes")
    mark = editor.checkpoint()
    editor.set_metadata(model, "dropped", "yes")
    editor.rollback(mark)
    assert dict(model.metadata_props) == {"kept": "yes"}


def test_an_output_keeps_its_name_type_and_shape_when_it_is_replaced() -> None:
    model = make_model()
    editor = Editor(model)
    new = editor.insert_node(model.graph, "Tanh", [value(model, "e")]).outputs[0]
    editor.replace(value(model, "y"), new)
    assert [v.name for v in model.graph.outputs] == ["y", "z"]
    assert model.graph.outputs[0] is new
    assert str(new.shape) == "[N,4]"
    assert not verify_model(model)


@pytest.mark.parametrize("name", ["x", "w", "z"])
def test_an_input_an_initializer_or_another_output_cannot_replace_an_output(name: str) -> None:
    model = make_model()
    editor = Editor(model)
    assert not editor.can_replace(value(model, "y"), value(model, name))
    with pytest.raises(ValueError, match="cannot take the place of the output 'y'"):
        editor.replace(value(model, "y"), value(model, name))


def test_a_node_in_use_cannot_be_removed() -> None:
    model = make_model()
    with pytest.raises(ValueError, match="its output 'a' is in use"):
        Editor(model).remove(node(model, "Add"))


def test_an_initializer_in_use_cannot_be_removed() -> None:
    model = make_model()
    with pytest.raises(ValueError, match="initializer 'w' cannot be removed: it is in use"):
        Editor(model).remove_initializer(value(model, "w"))


def test_new_names_are_unique_over_subgraphs() -> None:
    model = make_model()
    editor = Editor(model)
    made = editor.insert_node(model.graph, "Abs", [value(model, "a")], name="t_out")
    assert made.outputs[0].name == "t_out_1"


def test_new_nodes_know_where_they_come_from() -> None:
    model = make_model()
    editor = Editor(model, origin="fuse#3")
    made = editor.insert_node(model.graph, "Abs", [value(model, "a")])
    assert made.metadata_props["passmgr.origin"] == "fuse#3"


def test_a_node_made_outside_and_never_inserted_leaves_no_use() -> None:
    model = make_model()
    before = snapshot(model)
    editor = Editor(model)
    editor.set_metadata(model, "key", "text")
    ir.Node("", "Abs", [value(model, "a")])
    editor.rollback()
    assert snapshot(model) == before


def test_stale_aspects_are_told_once() -> None:
    model = make_model()
    editor = Editor(model)
    editor.rename_node(node(model, "Relu"), "r")
    assert editor.take_stale() == Aspect.NAMES
    assert editor.take_stale() == Aspect(0)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_op_types_are_counted_as_nodes_come_and_go(edit: Edit) -> None:
    model = make_model()
    counts = Counter(op_histogram(graphs_with_nodes(model)))
    editor = Editor(model)
    edit(editor, model)
    counts.update(editor.op_changes)
    assert editor.recount or +counts == op_histogram(graphs_with_nodes(model))


def test_a_subgraph_that_is_replaced_keeps_no_value_in_use() -> None:
    model = make_model()
    before = snapshot(model)
    editor = Editor(model)
    branch = node(model, "If").attributes["else_branch"].value
    copy = branch.clone(allow_outer_scope_values=True)
    editor.set_attribute(node(model, "If"), ir.AttrGraph("then_branch", copy))
    users = {user for user, _ in value(model, "d").uses()}
    assert {user.op_type for user in users} == {"Identity"}
    editor.rollback()
    assert snapshot(model) == before


def test_a_rollback_frees_values_of_graphs_that_were_made_and_never_used() -> None:
    model = make_model()
    before = snapshot(model)
    editor = Editor(model)
    node(model, "If").attributes["else_branch"].value.clone(allow_outer_scope_values=True)
    editor.rollback()
    assert snapshot(model) == before


def test_no_two_nodes_get_the_same_name() -> None:
    model = make_model()
    edit = Editor(model)
    edit.rename_node(node(model, "Relu"), "Neg")
    relu, mul = node(model, "Relu"), node(model, "Mul")
    first = edit.insert_node(mul, "Neg", [relu.outputs[0]])
    edit.rename(first.outputs[0], "other")  # frees the name of the value, not that of the node
    second = edit.insert_node(mul, "Neg", [relu.outputs[0]])
    names = [other.name for other in model.graph if other.name]
    assert {first.name, second.name, "Neg"} <= set(names)
    assert len(set(names)) == len(names)


def test_a_moved_node_keeps_its_name_where_it_is_free_and_gets_it_back() -> None:
    model = make_model()
    before = snapshot(model)
    edit = Editor(model)
    sigmoid, twin = node(model, "Sigmoid"), node(model, "Mul")
    sigmoid.name, twin.name = "here", "twin"
    before = snapshot(model)
    edit.replace_uses(twin.outputs[0], twin.inputs[0])
    edit.remove(twin)
    edit.insert(sigmoid, [twin])
    assert twin.name == "twin"
    edit.remove(twin)
    edit.rename_node(sigmoid, "twin")
    edit.insert(sigmoid, [twin])
    assert twin.name == "twin_1"
    edit.rollback()
    assert snapshot(model) == before


def test_replacing_what_nobody_uses_is_no_edit() -> None:
    model = make_model()
    edit = Editor(model)
    dead = edit.insert_node(model.graph, "Neg", [value(model, "a")]).outputs[0]
    count = edit.edits
    edit.replace(dead, value(model, "b"))
    assert edit.edits == count
