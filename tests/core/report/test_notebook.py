"""Notebooks: what they show is what the terminal shows, escaped, short, legible on any ground."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import onnx_ir as ir
import pytest

import passmgr
from passmgr.core.contract import PassContext, Remark, ValueInfo, pass_
from passmgr.core.errors import PassFailed
from passmgr.core.guard.results import OutputDifference
from passmgr.core.manager.records import Remarks, RunResult, StepRecord
from passmgr.core.report.notebook import HEAD, TAIL, to_html
from passmgr.core.verbs.compare import Comparison

EVIL = "<script>alert('x')</script>&amp;[bold]:smile:"
MODEL = """
<ir_version: 9, opset_import: ["" : 18]>
g (float[N, 4] x) => (float[N, 4] y) { a = Identity(x)  b = Relu(a)  y = Neg(b) }
"""
MOST = 200_000
"""Characters of HTML that are few enough, whatever is shown."""


class Page(HTMLParser):
    """Reads HTML back: the tags, and the text that a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.styles: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.styles += [value or "" for name, value in attrs if name == "style"]
        assert all(name == "style" for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(shown: Any) -> Page:
    made = Page(shown._repr_html_())
    assert made.tags <= {"pre", "span"}
    return made


@pass_()
def talkative(model: ir.Model, ctx: PassContext) -> None:
    """Say something about each node."""
    for node in model.graph:
        ctx.remark("told", f"{EVIL} at {node.op_type}", node=node, suggestion=EVIL)


def evil_model() -> ir.Model:
    model = ir.from_onnx_text(MODEL)
    model.graph.inputs[0].name = EVIL
    model.graph.node(1).name = EVIL
    model.graph.node(1).op_type = "Relu"
    model.metadata_props[EVIL] = EVIL
    model.doc_string, model.producer_name = EVIL, EVIL
    return model


def test_a_run_is_shown_as_in_the_terminal() -> None:
    result = passmgr.run(ir.from_onnx_text(MODEL), "eliminate-identity, remove-unused")
    result.warnings.append("mind the gap")
    shown = page(result).text.splitlines()
    assert shown[0] == "warning: mind the gap"
    assert shown[1].split() == ["#", "pass", "nodes", "weights", "time", "result"]
    assert re.fullmatch(r"1  eliminate-identity  3 -> 2 .* 1 rewrite", shown[2])
    assert shown[-1] == "the model: 3 -> 2 nodes, 0 B, verified: outputs bit-equal"


def test_a_plan_is_shown_with_its_reasons() -> None:
    plan = passmgr.plan(ir.from_onnx_text(MODEL), "remove-unused, repeat(eliminate-identity)")
    assert page(plan).text.splitlines() == [line.rstrip() for line in plan.to_text().splitlines()]


def test_what_cannot_be_cached_is_told_by_the_plan() -> None:
    here = object()

    @pass_()
    def mine(model: ir.Model, ctx: PassContext) -> None:
        assert here

    shown = page(passmgr.plan(ir.from_onnx_text(MODEL), mine)).text
    assert "not cacheable, as a change of it would not be seen:\n  mine: " in shown


def test_inspection_comparison_and_description_are_shown() -> None:
    model = ir.from_onnx_text(MODEL)
    assert "nodes        3\n" in page(passmgr.inspect(model)).text
    compared = page(passmgr.compare(model, model)).text
    assert "the first model and the second: bit-equal" in compared
    described = passmgr.describe("eliminate-identity")
    assert isinstance(described, tuple)
    assert page(described).text.startswith("eliminate-identity  (pass, from passmgr")


def test_diffs_are_coloured() -> None:
    result = passmgr.run(
        ir.from_onnx_text(MODEL), "eliminate-identity", print_ir="changed", keep_models=True
    )
    shown = page(result.diffs)
    assert shown.text.startswith("--- before eliminate-identity\n+++ after eliminate-identity\n@@")
    assert len({style for style in shown.styles if "color: #" in style}) == 3
    assert page(result.diff(0, 1)).text.startswith("--- after step 0\n+++ after step 1\n@@")
    assert page(result.diff(1, 1)).text == "no difference that the text shows"


def test_remarks_are_shown_one_in_a_row() -> None:
    result = passmgr.run(ir.from_onnx_text(MODEL), talkative)
    assert len(result.remarks) == 3
    assert page(result.remarks).text.count("told: ") == 3
    assert page(RunResult(None, None).remarks).text == "no remarks"  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["run", "plan", "inspect", "compare", "remarks", "diff", "diffs"])
def test_what_a_model_says_is_text(kind: str) -> None:
    model = evil_model()
    if kind == "run":
        result = passmgr.run(model, talkative, guard="off")
        result.warnings.append(EVIL)
        shown: Any = result
    elif kind == "plan":
        shown = dataclasses.replace(passmgr.plan(model, "remove-unused"), warnings=(EVIL,))
    elif kind == "inspect":
        shown = passmgr.inspect(model)
    elif kind == "compare":
        shown = Comparison((OutputDifference(EVIL, "breach", 1.0, 1.0, EVIL),), notes=(EVIL,))
    elif kind == "remarks":
        shown = passmgr.run(model, talkative, guard="off").remarks
    else:
        result = passmgr.run(
            model, "eliminate-identity", guard="off", keep_models=True, print_ir="changed"
        )
        shown = result.diffs if kind == "diffs" else result.diff(0, 1)
    found = page(shown)  # which has no tag but our own
    assert "script" not in found.tags
    assert EVIL in found.text.replace("\n", "").replace("  ", "")


def test_ipython_in_a_terminal_shows_the_text() -> None:
    result = passmgr.run(ir.from_onnx_text(MODEL), "eliminate-identity", keep_models=True)
    study = passmgr.compare_pipelines(ir.from_onnx_text(MODEL), ["sort"], latency=False)
    shown = [result, result.plan, result.diffs, result.remarks, result.diff(0, 1)]
    shown += [passmgr.inspect(result.model), passmgr.describe("sort"), study]
    for part in shown:
        told: list[str] = []
        # IPython takes it from the first class that has it, or a __repr__, itself.
        type(part).__dict__["_repr_pretty_"](part, SimpleNamespace(text=told.append), False)
        assert told == ["\n".join(line.rstrip() for line in page(part).text.split("\n"))]


def test_the_repr_of_a_run_is_short_whatever_the_model() -> None:
    result = passmgr.run(ir.from_onnx_text(MODEL), "eliminate-identity", keep_models=True)
    assert "eliminate-identity" in repr(result)
    assert "Graph" not in repr(result)


def test_a_name_that_is_no_unicode_can_be_sent() -> None:
    assert "a?b" in to_html("a\udcffb").encode().decode()


def test_no_colour_is_black_or_white() -> None:
    with pytest.raises(PassFailed) as failed:
        passmgr.run(ir.from_onnx_text(MODEL), pass_(name="bad")(lambda model, ctx: 1 / 0))
    shown = page(failed.value.result)
    colours = {c for style in shown.styles for c in re.findall(r"#[0-9a-f]{6}", style)}
    assert colours
    for colour in colours:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        light = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        dark_ground = 0.01  # of #1a1a1a
        assert 1.05 / (light + 0.05) > 3
        assert (light + 0.05) / (dark_ground + 0.05) > 3


def test_a_long_text_is_shown_by_head_and_tail() -> None:
    lines = html.unescape(Page(to_html(*map(str, range(10_000)))).text).splitlines()
    assert lines[HEAD - 1 : HEAD + 2] == [str(HEAD - 1), f"... {10_000 - HEAD - TAIL:,} more "
                                          "lines ...", str(10_000 - TAIL)]  # fmt: skip
    assert lines[-1] == "9999"


def test_however_large_the_model_the_html_is_small() -> None:
    many = 20_000
    inspection = dataclasses.replace(
        passmgr.inspect(ir.from_onnx_text(MODEL)),
        inputs=tuple(ValueInfo(f"x{i}", "tensor(float)", (1,)) for i in range(many)),
        metadata={str(i): "x" * many for i in range(many)},
        doc="x" * 10**6,
        functions=tuple(map(str, range(many))),
    )
    layers = tuple(OutputDifference(f"n{i}", "within", 1e-7, 1e-7, "r") for i in range(many))
    result = passmgr.run(ir.from_onnx_text(MODEL), talkative, keep_models=True)
    result.records[:] = [StepRecord(i, "p", "written", "failed", "r" * 99) for i in range(2000)]
    remarks = Remarks(Remark("missed", str(i), "m" * 99) for i in range(many))
    result.diffs[:] = ["\n".join(["+" + "x" * 1000] * many)]
    shown = [inspection, Comparison(layers, layers), result, remarks, result.diffs]
    sizes = [len(part._repr_html_()) for part in shown]  # type: ignore[attr-defined]
    assert max(sizes) < MOST
    assert "\n... and 19,800 more\n" in page(Comparison((), layers)).text


def test_display_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = passmgr.plan(ir.from_onnx_text(MODEL), "fold-constants")
    before = plan._repr_html_()
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "20"}.items():
        monkeypatch.setenv(name, value)
    assert plan._repr_html_() == before
    json.dumps(before)
