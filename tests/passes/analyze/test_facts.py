from __future__ import annotations

import onnx_ir as ir
import pytest

from passmgr.passes.analyze.facts import (
    CONSTANTS_FOLDED,
    NAMES_UNIQUE,
    NO_OP,
    OPSET,
    SHAPES_INFERRED,
    SORTED,
    STATIC_SHAPES,
)


def model_of(text):
    text = text.strip()
    if not text.startswith("<"):
        text = '<ir_version: 9, opset_import: ["" : 18]>\n' + text
    return ir.from_onnx_text(text)


HOLDS = [
    (SORTED, "g (float[4] x) => (float[4] y) { a = Neg(x)  y = Abs(a) }"),
    (
        SORTED,
        """g (bool c, float[4] x) => (float[4] y) { a = Neg(x)
        y = If(c) <then_branch = t () => (float[4] o) { o = Neg(a) },
                   else_branch = e () => (float[4] p) { b = Abs(a)  p = Abs(b) }> }""",
    ),
    (NAMES_UNIQUE, "g (float[4] x) => (float[4] y) { y, m = Dropout(x) }"),
    (
        NAMES_UNIQUE,
        """g (bool c, float[4] x) => (float[4] y) {
        y = If(c) <then_branch = t () => (float[4] o) { a = Neg(x)  o = Neg(a) },
                   else_branch = e () => (float[4] o) { a = Abs(x)  o = Abs(a) }> }""",
    ),
    (SHAPES_INFERRED, "g (float[4] x) => (y) { y = Neg(x) }"),
    (SHAPES_INFERRED, "g (float[4] x) => (float[4] y) { t = Transpose(x)  y = Neg(x) }"),
    (SHAPES_INFERRED, "g (float[4] x) => (float[4] y) <float[4] t> { t = Abs(x)  y = Neg(t) }"),
    (STATIC_SHAPES, "g (float[4] x) => (float[4] y) <float[4] t> { t = Abs(x)  y = Neg(t) }"),
    (CONSTANTS_FOLDED, "g (float x) => (float y) <float c = {1}> { y = Add(x, c) }"),
    (CONSTANTS_FOLDED, "g (float x) => (float y) { y = Constant<value_float = 1.0>() }"),
    (
        CONSTANTS_FOLDED,
        """g (string x) => (string y)
        { c = Constant<value_string = "a">()  y = StringConcat(x, c) }""",
    ),
    (OPSET.make("13"), "g (float[4] x) => (float[4] y) { y = Neg(x) }"),
    (NO_OP.make("Dropout"), "g (float[4] x) => (float[4] y) { y = Neg(x) }"),
    (
        NO_OP.make("Op"),
        """<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
        g (float[4] x) => (float[4] y) { y = my.Op(x) }""",
    ),
]


@pytest.mark.parametrize(("fact", "text"), HOLDS, ids=[fact.name for fact, _ in HOLDS])
def test_holds(fact, text):
    assert fact.check(model_of(text)) is None


FAILS = [
    (
        SORTED,
        "g (float[4] x) => (float[4] y) { y = Abs(a)  a = Neg(x) }",
        "Abs that makes 'y' stands before what computes its input 'a'",
    ),
    (
        SORTED,
        """g (bool c, float[4] x) => (float[4] y) {
        y = If(c) <then_branch = t () => (float[4] o) { o = Neg(a) },
                   else_branch = e () => (float[4] p) { p = Abs(x) }>
        a = Neg(x) }""",
        "Neg that makes 'o' stands before what computes its input 'a'",
    ),
    (
        SORTED,
        """<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
        g (float[4] x) => (float[4] y) { y = my.F(x) }
        <domain: "my", opset_import: ["" : 18]> F (v) => (w) { w = Abs(t)  t = Neg(v) }""",
        "Abs that makes 'w' stands before what computes its input 't'",
    ),
    (
        SHAPES_INFERRED,
        "g (float[4] x) => (float[4] y) { t = Abs(x)  y = Neg(t) }",
        "Abs that makes 't': the shape of 't' is known and not set",
    ),
    (
        STATIC_SHAPES,
        "g (float[N] x) => (float[4] y) { y = Neg(x) }",
        "input 'x' of graph 'g' has no static shape",
    ),
    (
        STATIC_SHAPES,
        "g (float[4] x) => (float[4] y) { t = Abs(x)  y = Neg(t) }",
        "Abs that makes 't': 't' has no static shape",
    ),
    (
        CONSTANTS_FOLDED,
        "g (float x) => (float y) { c = Constant<value_float = 1.0>()  y = Add(x, c) }",
        "Constant that makes 'c' is no initializer",
    ),
    (
        OPSET.make("19"),
        "g (float[4] x) => (float[4] y) { y = Neg(x) }",
        "the model is of opset 18",
    ),
    (
        OPSET.make("19"),
        """<ir_version: 9, opset_import: ["" : 19, "my" : 1]>
        g (float[4] x) => (float[4] y) { y = my.F(x) }
        <domain: "my", opset_import: ["" : 18]> F (v) => (w) { w = Abs(v) }""",
        "function 'F' is of opset 18",
    ),
    (
        OPSET.make("1"),
        """<ir_version: 9, opset_import: ["my" : 1]> g (float[4] x) => (float[4] y)
        { y = my.F(x) }""",
        "the model imports no opset of the default domain",
    ),
    (
        NO_OP.make("my::Op"),
        """<ir_version: 9, opset_import: ["" : 18, "my" : 1]>
        g (float[4] x) => (float[4] y) { y = my.Op(x) }""",
        "there is my::Op that makes 'y'",
    ),
]


@pytest.mark.parametrize(("fact", "text", "reason"), FAILS, ids=[fact.name for fact, _, _ in FAILS])
def test_says_why_it_does_not_hold(fact, text, reason):
    assert fact.check(model_of(text)) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            lambda model: setattr(model.graph[0].outputs[0], "name", "x"),
            "Neg 'n': two values are called 'x'",
            id="twice",
        ),
        pytest.param(
            lambda model: setattr(model.graph[0].outputs[0], "name", None),
            "Neg 'n': a value of graph 'g' has no name",
            id="none",
        ),
        pytest.param(
            lambda model: setattr(model.graph[0].outputs[0], "name", ""),
            "Neg 'n': a value of graph 'g' has no name",
            id="empty and read",
        ),
        pytest.param(
            lambda model: setattr(
                model.graph[1].attributes["then_branch"].value[0].outputs[0], "name", "a"
            ),
            "If 'i': Neg 'm': two values are called 'a'",
            id="in a subgraph as outside",
        ),
    ],
)
def test_name_clashes(change, reason):
    model = model_of("""g (bool c, float[4] x) => (float[4] y) { [n] a = Neg(x)
        [i] y = If(c) <then_branch = t () => (float[4] o) { [m] o = Neg(a) },
                       else_branch = e () => (float[4] p) { p = Abs(a) }> }""")
    assert NAMES_UNIQUE.check(model) is None
    change(model)
    assert NAMES_UNIQUE.check(model) == reason


@pytest.mark.parametrize(
    ("family", "parameter", "message"),
    [
        (OPSET, "", "'opset>=' needs a number, as in 'opset>=13'"),
        (OPSET, "x", "'opset>=x' needs a number, as in 'opset>=13'"),
        (OPSET, "0", "'opset>=0' needs a number, as in 'opset>=13'"),
        (
            NO_OP,
            "a b",
            "'no-op:a b' needs an op type, as in 'no-op:Dropout' or 'no-op:my.domain::Op'",
        ),
        (NO_OP, "", "'no-op:' needs an op type, as in 'no-op:Dropout' or 'no-op:my.domain::Op'"),
    ],
)
def test_parameters_that_mean_nothing(family, parameter, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        family.make(parameter)
    assert str(caught.value) == message
