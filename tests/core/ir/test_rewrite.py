"""The rule driver: rewrites as logged edits, rejected matches without a trace."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir
import pytest
from onnxscript.rewriter import RewriteRule
from onnxscript.rewriter import pattern as rules

from passmgr.core.ir.editor import Editor
from passmgr.core.ir.rewrite import RuleDriver, RuleLoopError
from passmgr.core.ir.verify import verify_model

MODEL = """
<ir_version: 8, opset_import: ["" : 18]>
g (float[N, 4] x, bool c) => (float[N, 4] y, float[N, 4] z)
{
  a = Neg (x)
  b = Neg (a)
  d = Neg (b)
  y = Neg (d)
  z = If (c) <
    then_branch = t () => (float[N, 4] t_out) { t1 = Neg (x) t_out = Neg (t1) },
    else_branch = f () => (float[N, 4] f_out) { f_out = Relu (x) }
  >
}
"""


def make_model() -> ir.Model:
    return ir.from_onnx_text(MODEL)


def ops(model: ir.Model) -> list[str]:
    return [node.op_type for node in model.graph.all_nodes()]


def drive(
    model: ir.Model, *rules_: Any, allow: Any = lambda node, code: True
) -> tuple[int, list[tuple[str, str]], Editor]:
    missed: list[tuple[str, str]] = []
    edit = Editor(model)
    driver = RuleDriver(edit, rules_, allow, lambda rule, why, node: missed.append((rule, why)))
    return driver.run(model), missed, edit


def neg_neg(op: Any, x: Any) -> Any:
    return op.Neg(op.Neg(x))


def rule(pattern: Any, replacement: Any, check: Any = None, **options: Any) -> RewriteRule:
    return RewriteRule(pattern, replacement, check, name="test-rule", **options)


def test_rules_run_to_the_end_also_in_subgraphs() -> None:
    model = make_model()
    fired, _, _ = drive(model, rule(neg_neg, lambda op, x: op.Identity(x)))
    assert fired == 3
    assert ops(model).count("Neg") == 0
    assert [v.name for v in model.graph.outputs] == ["y", "z"]
    assert not verify_model(model)


def test_rewrites_are_undone_with_the_transaction() -> None:
    model = make_model()
    before = ir.to_proto(model).SerializeToString()
    _, _, edit = drive(model, rule(neg_neg, lambda op, x: op.Identity(x)))
    edit.rollback()
    assert ir.to_proto(model).SerializeToString() == before


def test_a_replacement_that_cannot_be_an_output_is_told_and_leaves_nothing() -> None:
    model = make_model()
    fired, missed, _ = drive(model, rule(neg_neg, lambda op, x: x))
    # Neg(Neg(x)) -> x works inside, but x cannot take the name of an output
    assert fired == 1
    assert ("test-rule", "'x' cannot take the place of the output 'y'") in missed
    assert not verify_model(model)


def test_a_rewrite_that_is_not_allowed_leaves_no_uses_and_no_imports() -> None:
    model = make_model()
    before = ir.to_proto(model).SerializeToString()
    uses = {value.name: set(value.uses()) for value in model.graph.inputs}
    made = rule(neg_neg, lambda op, x: op.Twice(x, _domain="com.example", _version=7))
    fired, _, edit = drive(model, made, allow=lambda node, code: False)
    assert (fired, edit.edits) == (0, 0)
    assert ir.to_proto(model).SerializeToString() == before
    assert {v.name: set(v.uses()) for v in model.graph.inputs} == uses


def test_a_new_domain_is_imported_through_the_editor() -> None:
    model = make_model()
    made = rule(neg_neg, lambda op, x: op.Twice(x, _domain="com.example", _version=7))
    _, _, edit = drive(model, made)
    assert model.opset_imports["com.example"] == 7
    edit.rollback()
    assert "com.example" not in model.opset_imports


def test_a_condition_says_why_it_does_not_hold() -> None:
    def check(context: Any, x: ir.Value) -> Any:
        return rules.MatchResult().fail("x is not worth it", x)

    fired, missed, _ = drive(make_model(), rule(neg_neg, lambda op, x: op.Identity(x), check))
    assert fired == 0
    assert missed[0] == ("test-rule", "x is not worth it")


def test_rules_that_undo_each_other_are_stopped() -> None:
    to = rule(lambda op, x: op.Relu(x), lambda op, x: op.Tanh(x))
    fro = rule(lambda op, x: op.Tanh(x), lambda op, x: op.Relu(x))
    with pytest.raises(RuleLoopError, match="the rules undo each other's work"):
        drive(make_model(), to, fro)


def test_rules_that_make_functions_are_refused() -> None:
    with pytest.raises(TypeError, match="adapt its rule set with from_rule_set"):
        drive(make_model(), rule(neg_neg, lambda op, x: op.Twice(x), as_function=True))


def test_new_nodes_take_over_names_and_say_which_rule_made_them() -> None:
    model = make_model()
    edit = Editor(model, origin="negate#2")
    made = rule(lambda op, x: op.Relu(x), lambda op, x: op.Tanh(x))
    RuleDriver(edit, [made], lambda node, code: True, lambda *_: None).run(model)
    tanh = next(node for node in model.graph.all_nodes() if node.op_type == "Tanh")
    assert tanh.outputs[0].name == "f_out"
    assert tanh.metadata_props["passmgr.origin"] == "negate#2[test-rule]"
