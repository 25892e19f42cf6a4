"""Models on which released versions of other people's optimizers go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx
import onnx.parser

from passmgr.core.contract import Approximate, ForeignPass, from_onnx_ir, from_rule_set


@dataclass(frozen=True)
class Fault:
    """What an optimizer gets wrong.

    Args:
        library: The library to blame.
        text: The model.
        reason: What the run says.
        pass_: The pass, or the name of a registered one.
    """

    library: str
    text: str
    reason: str
    pass_: str | Callable[[], ForeignPass]

    def proto(self) -> onnx.ModelProto:
        """Return the model."""
        return onnx.parser.parse_model(self.text)


def rule(name: str) -> Callable[[], ForeignPass]:
    def make() -> ForeignPass:
        from onnxscript.rewriter import RewriteRuleSet
        from onnxscript.rewriter.rules import common

        rules = RewriteRuleSet([getattr(common, name)])
        return from_rule_set(rules, name=name.replace("_", "-"), effect=Approximate(1e-4))

    return make


def onnx_ir_pass(name: str) -> Callable[[], ForeignPass]:
    def make() -> ForeignPass:
        from onnx_ir.passes import common

        return from_onnx_ir(getattr(common, name)(), name="adapted", effect=Approximate(1e-4))

    return make


FAULTS = {
    # Padding by zeros becomes that of the pool, which is by minus infinity.
    "onnxoptimizer-fuses-pad-into-max-pool": Fault(
        "onnxoptimizer",
        """<ir_version: 8, opset_import: ["" : 18]>
        g (float[1, 1, 4, 4] x) => (float[1, 1, 5, 5] y)
        <int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}>
        { p = Pad (x, pads)  y = MaxPool <kernel_shape: ints = [2, 2]> (p) }""",
        "moved by",
        "onnxoptimizer",
    ),
    "onnxoptimizer-crashes-on-the-shape-of-a-scalar": Fault(
        "onnxoptimizer",
        """<ir_version: 9, opset_import: ["" : 20]>
        g (float x) => (int64[0] n, float y)
        { n = Shape <start: int = 0, end: int = -1> (x)  y = Abs (x) }""",
        "crashed with SIGSEGV",
        "onnxoptimizer",
    ),
    "onnxslim-drops-an-unused-input": Fault(
        "onnxslim",
        """<ir_version: 9, opset_import: ["" : 18]>
        g (float[N, 4] x, float[N] mask) => (float[N, 4] y) { a = Relu (x)  y = Neg (a) }""",
        "inputs were x, mask, are x",
        "onnxslim",
    ),
    # Relu comes last, and makes zero of what is clipped below it.
    "onnxscript-merges-a-relu-into-a-clip-below-zero": Fault(
        "onnxscript",
        """<ir_version: 8, opset_import: ["" : 18]>
        g (float[4] x) => (float[4] y)
        <float a = {-2}, float b = {-1}>
        { e = Clip (x, a, b)  y = Relu (e) }""",
        "moved by",
        rule("successive_relu_clip_rule"),
    ),
    "onnxscript-takes-an-adding-scatter-for-a-copy": Fault(
        "onnxscript",
        """<ir_version: 8, opset_import: ["" : 18]>
        g (float[3] x, float[3] u) => (float[3] y) <int64[3, 1] i = {0, 1, 2}>
        { a = ScatterND <reduction: string = "add"> (x, i, u)  y = Abs (a) }""",
        "moved by",
        rule("no_op_static_scatter_nd_rule"),
    ),
    "onnx-ir-makes-one-output-of-two": Fault(
        "onnx-ir",
        """<ir_version: 8, opset_import: ["" : 18]>
        g (float[4] x) => (float[4] y, float[4] z) { y = Relu (x)  z = Identity (y) }""",
        "outputs were y, z, are z, z",
        onnx_ir_pass("IdentityEliminationPass"),
    ),
    # Of the standard's LayerNormalization there is none before opset 17.
    "onnxruntime-makes-an-operator-of-a-later-opset": Fault(
        "onnxruntime",
        """<ir_version: 8, opset_import: ["" : 13]>
        g (float[2, 4] x) => (float[2, 4] y)
        <float e = {0.00001}, float two = {2}, float[4] w = {1, 2, 3, 4}, float[4] b = {1, 1, 1, 1}>
        { m = ReduceMean <axes: ints = [-1]> (x)  d = Sub (x, m)  s = Pow (d, two)
          v = ReduceMean <axes: ints = [-1]> (s)  a = Add (v, e)  q = Sqrt (a)
          n = Div (d, q)  p = Mul (n, w)  y = Add (p, b) }""",
        "there is no LayerNormalization in opset 13",
        "onnxruntime-optimize{level=extended}",
    ),
}
