"""The suite finds nothing wrong with passes that are right, but unlike those of passmgr itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir
import pytest

from passmgr import RulePass, ops, pass_
from passmgr.core.contract import Pass, PassContext
from passmgr.core.registry import load_registry
from passmgr.core.testing import bound_checks


@pass_()
def rename_nodes(model: ir.Model, ctx: PassContext) -> None:
    """Give every node another name, in models too whose nodes stand in no order."""
    for node in list(model.graph.all_nodes()):
        if ctx.action(node):
            ctx.edit.rename_node(node, f"{node.name}_renamed")


@dataclass(frozen=True)
class MergeTransposes(RulePass):
    """Merge two Transposes, in models too that have Constants, which the driver looks at."""

    name = "merge-transposes"
    touches = ops("Transpose")

    def rules(self) -> Sequence[Any]:
        """Return the rule."""
        from onnxscript.rewriter.pattern import RewriteRule

        def twice(op: Any, x: Any, first: Any, second: Any) -> Any:
            return op.Transpose(op.Transpose(x, perm=first), perm=second)

        def once(op: Any, x: Any, first: Any, second: Any) -> Any:
            return op.Transpose(x, perm=[first.as_ints()[axis] for axis in second.as_ints()])

        return [RewriteRule(twice, once)]


@pytest.mark.parametrize(
    ("made", "name"), [(rename_nodes, "structure"), (MergeTransposes(), "faults")]
)
def test_no_false_alarm(made: Pass, name: str) -> None:
    checks = bound_checks([made], registry=load_registry(plugins=False), examples=0)
    next(bound for bound in checks if bound.check.name == name)()
