"""Fingerprints: each aspect changes with its own edits, and with no others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest

from passmgr.core.contract import Aspect
from passmgr.core.ir.editor import Editor
from passmgr.core.ir.fingerprint import changed_aspects, fingerprint

MODEL = """
<ir_version: 8, opset_import: ["" : 18, "local" : 1]>
g (float[N, 4] x, bool c) => (float[N, 4] y)
<float[4] w = {1, 2, 3, 4}>
{
  k = Constant <value = float {2.0}> ()
  a = Add (x, w)
  b = local.twice (a)
  y = If (c) <
    then_branch = t () => (float[N, 4] t_out) { t_out = LeakyRelu <alpha = 0.5> (b) },
    else_branch = f () => (float[N, 4] f_out) { f_out = Mul (b, k) }
  >
}
<domain: "local", opset_import: ["" : 18]>
twice (p) => (q) { q = Add (p, p) }
"""


def make_model() -> ir.Model:
    return ir.from_onnx_text(MODEL)


def node(model: ir.Model, op_type: str) -> ir.Node:
    return next(n for n in model.graph.all_nodes() if n.op_type == op_type)


def in_function(edit: Editor, model: ir.Model) -> None:
    edit.set_op(next(iter(model.functions.values()))[0], "Sub")


EDITS: dict[str, tuple[Callable[[Editor, ir.Model], object], Aspect]] = {
    "op": (lambda e, m: e.set_op(node(m, "Add"), "Sub"), Aspect.STRUCTURE),
    "op in a subgraph": (lambda e, m: e.set_op(node(m, "Mul"), "Sub"), Aspect.STRUCTURE),
    "op in a function": (in_function, Aspect.STRUCTURE),
    "edge": (
        lambda e, m: e.replace_input(node(m, "Add"), 1, m.graph.inputs[0]),
        Aspect.STRUCTURE,
    ),
    "attribute": (
        lambda e, m: e.set_attribute(node(m, "LeakyRelu"), ir.AttrFloat32("alpha", 0.25)),
        Aspect.STRUCTURE,
    ),
    "opset": (lambda e, m: e.set_opset(m, "", 19), Aspect.STRUCTURE),
    "shape": (lambda e, m: e.set_shape(node(m, "Add").outputs[0], ["N", 4]), Aspect.TYPES),
    "weight": (
        lambda e, m: e.set_const_value(
            m.graph.initializers["w"], ir.Tensor(np.zeros(4, np.float32), name="w")
        ),
        Aspect.WEIGHTS,
    ),
    "tensor attribute": (
        lambda e, m: e.set_attribute(
            node(m, "Constant"), ir.AttrTensor("value", ir.tensor(np.float32(3)))
        ),
        Aspect.WEIGHTS,
    ),
    "name": (lambda e, m: e.rename(node(m, "Add").outputs[0], "other"), Aspect.NAMES),
    "node name": (lambda e, m: e.rename_node(node(m, "Add"), "other"), Aspect.NAMES),
    "doc": (lambda e, m: e.set_doc(m, "text"), Aspect.NAMES),
    "metadata": (lambda e, m: e.set_metadata(node(m, "Mul"), "key", "text"), Aspect.NAMES),
}


@pytest.mark.parametrize(("edit", "aspect"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_its_aspect_and_the_rollback_restores_it(
    edit: Callable[[Editor, ir.Model], object], aspect: Aspect
) -> None:
    model = make_model()
    before = fingerprint(model)
    editor = Editor(model)
    edit(editor, model)
    assert changed_aspects(before, fingerprint(model)) == aspect
    assert aspect & editor.aspects == aspect
    editor.rollback()
    assert fingerprint(model) == before


def test_a_clone_has_the_same_fingerprint() -> None:
    model = make_model()
    assert fingerprint(model.clone()) == fingerprint(model)


def test_a_node_that_comes_changes_structure() -> None:
    model = make_model()
    before = fingerprint(model)
    Editor(model).insert_node(model.graph, "Neg", [model.graph.inputs[0]])
    assert changed_aspects(before, fingerprint(model)) & Aspect.STRUCTURE
