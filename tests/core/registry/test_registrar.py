"""Registrar: what a plugin may register, and the message for each mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from passmgr.core.errors import PluginError
from passmgr.core.registry import PluginInfo, Registrar

INFO = PluginInfo("acme", "acme-passes", "1.0", "acme")


def test_registrations_are_kept_in_order() -> None:
    registrar = Registrar(INFO)
    registrar.add_pass("clean", "acme.clean:Clean", summary="Clean up.")
    registrar.add_analysis("costs", "acme.costs:Costs")
    registrar.add_fact("clean-names", "acme.facts:CLEAN_NAMES")
    registrar.add_fact_family("opset>=", "acme.facts:OPSET")
    registrar.add_frontend("acme", "acme.files:Frontend", suffixes=[".acme"])
    registrar.add_emitter("acme", "acme.files:Emitter", suffixes=(".acme", ".acme.gz"))
    registrar.add_runtime("acme", object())
    registrar.add_target("acme", "acme.target:TARGET")
    registrar.add_pipeline("tidy", "clean, clean")
    assert [(entry.kind, entry.name, entry.suffixes) for entry in registrar] == [
        ("passes", "clean", ()),
        ("analyses", "costs", ()),
        ("facts", "clean-names", ()),
        ("facts", "opset>=", ()),
        ("frontends", "acme", (".acme",)),
        ("emitters", "acme", (".acme", ".acme.gz")),
        ("runtimes", "acme", ()),
        ("targets", "acme", ()),
        ("pipelines", "tidy", ()),
    ]
    assert {entry.plugin for entry in registrar} == {INFO}


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (
            lambda r: r.add_pass("Clean_Up", "a:B"),
            "pass 'Clean_Up': a name is kebab-case, such as 'fold-constants'",
        ),
        (
            lambda r: r.add_analysis(None, "a:B"),
            "analysis None: a name is kebab-case, such as 'fold-constants'",
        ),
        (
            lambda r: r.add_pipeline("int8!", ""),
            "pipeline 'int8!': a name is kebab-case, such as 'fold-constants'",
        ),
        (
            lambda r: r.add_pass("clean", "acme.Clean"),
            "'acme.Clean', the target of 'clean', is no path; write 'package.module:attribute'",
        ),
        (
            lambda r: r.add_fact_family("opset", "a:B"),
            "'opset' is no prefix of a family of facts; write kebab-case and a separator, such as "
            "'opset>=' or 'no-op:'",
        ),
        (
            lambda r: r.add_frontend("acme", "a:B", suffixes=".onnx"),
            "front end 'acme': suffixes are a list such as ['.onnx'], not '.onnx'",
        ),
        (
            lambda r: r.add_emitter("acme", "a:B", suffixes=["onnx"]),
            "emitter 'acme': suffixes are a list such as ['.onnx'], not ['onnx']",
        ),
    ],
)
def test_mistake_is_told(register: Callable[[Registrar], None], message: str) -> None:
    with pytest.raises(PluginError) as caught:
        register(Registrar(INFO))
    assert str(caught.value) == message
