"""Passes of every form."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx_ir as ir
from passmgr import Approximate, Exact, Pass, RulePass, ops, option, pass_
from passmgr.core.contract import Order, from_function, from_onnx_ir, from_rule_set

from .facts import Count, Share


@pass_(name="kept-drop-dropout", touches=ops("Dropout"), idempotent=True)
def drop_dropout(model, ctx):
    """Replace the result of every Dropout by its input."""
    for graph in ctx.graphs(model):
        for node in list(graph):
            old, new = node.outputs[0], node.inputs[0] if node.inputs else None
            is_dropout = node.op_type == "Dropout" and not node.domain and len(node.inputs) < 3
            if is_dropout and ctx.edit.can_replace(old, new) and ctx.action(node):
                ctx.edit.replace(old, new)


@dataclass(frozen=True)
class SplitRelu(Pass):
    """Write Max with zero for Relu.

    Source: ONNX operator specification, Relu: max(0, x); the sign of a zero may differ.
    """

    name = "kept-split-relu"
    version = 3
    requires = ("sorted", "names-unique", "opset>=13")
    breaks = ("constants-folded",)
    followed_by = ("sorted",)
    establishes = ("kept-fewer-than:100000",)
    touches = ops("Relu")
    effect = Approximate(rtol=1e-6)
    after = (Order("kept-drop-*", "a Dropout may stand before a Relu", soft=True),)
    before = (Order("kept-rule", "more to do then"),)
    conflicts = (Order("kept-nothing", "never heard of"),)
    idempotent = True
    scope = "model"

    flag: bool = option(True, help="A truth value.")
    limit: int = option(5, help="A number.", minimum=1, maximum=9)
    ratio: float = option(0.5, help="Another.", minimum=0.0, maximum=1.0)
    word: str = option("a", help="A text.")
    mode: Literal["fast", "slow"] = option("fast", help="A choice.")
    kinds: tuple[str, ...] = option((), help="Texts.")
    maybe: int | None = option(None, help="A number or none.")

    def run(self, model, ctx):
        assert ctx.get(Count(op_type="Relu")) >= 0 <= ctx.get(Share) <= 1
        assert isinstance(ctx.seed, int)
        assert list(ctx.inputs) is not None
        assert ctx.rng.random() < 1
        assert ctx.runtime("onnxruntime").name == "onnxruntime"
        for node in ctx.progress(list(model.graph), "splitting", len(model.graph)):
            if node.op_type == "Relu" and not node.domain:
                self._split(model.graph, node, ctx)

    def _split(self, graph, node, ctx):
        value, old = node.inputs[0], node.outputs[0]
        if value is None or value.dtype != ir.DataType.FLOAT or value.is_initializer():
            ctx.remark("no-type", "its type is not known", node=node, suggestion="infer-shapes")
        elif ctx.action(node):
            zero = ctx.edit.add_initializer(graph, ir.tensor(np.float32(0)), "kept_zero")
            new = ctx.edit.insert_node(node, "Max", [value, zero])
            ctx.edit.annotate(new.outputs[0], old.type, old.shape)
            ctx.edit.replace(old, new.outputs[0])
            ctx.edit.remove(node)


@dataclass(frozen=True)
class DoubleNot(RulePass):
    """Replace the negation of a negation by the value."""

    name = "kept-rule"
    touches = ops("Not")
    idempotent = True

    def rules(self):
        return [double_not()]


def double_not():
    from onnxscript.rewriter.pattern import RewriteRule

    def twice(op, x):
        return op.Not(op.Not(x))

    def once(op, x):
        return op.Identity(x)

    return RewriteRule(twice, once, name="double-not")


def name_the_graph(model):
    """Count the nodes in the doc string of the graph."""
    model.graph.doc_string = f"{len(model.graph)} nodes"


def rule_set():
    from onnxscript.rewriter import RewriteRuleSet

    return RewriteRuleSet([double_not()])


class LazyRules:
    """Builds the rules when they are applied, so that importing stays light."""

    def apply_to_model(self, model):
        return rule_set().apply_to_model(model)


class RemoveUnused:
    """Remove unused nodes. Source: onnx_ir, passes.common."""

    def __call__(self, model):
        from onnx_ir.passes.common import RemoveUnusedNodesPass

        return RemoveUnusedNodesPass()(model)


FUNCTION = from_function(name_the_graph, name="kept-function", effect=Exact())
ONNX_IR = from_onnx_ir(RemoveUnused(), name="kept-onnx-ir", effect=Approximate(rtol=1e-6))
RULE_SET = from_rule_set(LazyRules(), name="kept-rule-set", effect=Exact())
