"""Registry: lookup by name, suffix and prefix; observers that raise."""

from __future__ import annotations

from typing import Any

import pytest

from passmgr.core.contract import Aspect, Fact, FactFamily
from passmgr.core.errors import PluginError, UnknownNameError, UsageError
from passmgr.core.registry import PluginInfo, Registry, hookimpl, load_registry


def at_least(text: str) -> Fact:
    return Fact(f"opset>={int(text)}", Aspect.STRUCTURE, lambda model: None)


class Bridge:
    """Stands for any bridge."""


class Sample:
    """A plugin with a little of everything."""

    @hookimpl
    def passmgr_register(self, registry: Any) -> None:
        registry.add_frontend("long", Bridge, suffixes=[".sample.gz"])
        registry.add_frontend("short", Bridge(), suffixes=[".gz"])
        registry.add_fact("tidy", Fact("tidy", Aspect.NAMES, lambda model: None))
        registry.add_fact_family("sample>=", FactFamily("sample>=", at_least))
        registry.add_pass("gone", "no.such.module:Gone")
        registry.add_pass("sample-pass", "os:nowhere")
        registry.add_pipeline("sample", "gone")

    @hookimpl
    def passmgr_pipeline_point(self, point: str) -> list[str] | None:
        return ["tidy-up"] if point == "sample:end" else None


@pytest.fixture
def registry() -> Registry:
    return load_registry(plugins=False, extra=[Sample()])


def test_longest_suffix_wins(registry: Registry) -> None:
    assert registry.frontend_for("a/model.sample.gz") is not registry.frontend_for("model.GZ")
    assert registry.frontend_for("x.gz") is registry.frontend_for("y.gz")


@pytest.mark.parametrize("name", ["model.png", "model"])
def test_unknown_suffix_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=rf"no emitter writes '{name}'; known suffixes: \.\w+"):
        load_registry().emitter_for(name)


def test_fact_of_a_family_is_made_once(registry: Registry) -> None:
    fact = registry.fact("sample>=13")
    assert fact.name == "opset>=13"
    assert registry.fact("sample>=13") is fact
    assert registry.fact("tidy") in registry.facts()
    assert "sample>=" not in {fact.name for fact in registry.facts()}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda r: r.fact("sample>=many"),
            "fact 'sample>=many': invalid literal for int() with base 10: 'many'",
        ),
        (lambda r: r.fact("tidi"), "unknown fact 'tidi'; did you mean 'tidy'?"),
        (
            lambda r: r.pass_class("sample-past"),
            "unknown pass 'sample-past'; did you mean 'sample-pass'?",
        ),
        (
            lambda r: r.runtime("qqq"),
            "unknown runtime 'qqq'; 'passmgr list runtimes' shows what there is",
        ),
        (
            lambda r: r.pass_class("gone"),
            "pass 'gone' of plugin 'Sample' cannot be loaded from 'no.such.module:Gone': "
            "ModuleNotFoundError: No module named 'no'",
        ),
        (
            lambda r: r.pass_class("sample-pass"),
            "pass 'sample-pass' of plugin 'Sample' cannot be loaded from 'os:nowhere': "
            "AttributeError: module 'os' has no attribute 'nowhere'",
        ),
    ],
)
def test_error_is_one_clear_line(registry: Registry, call: Any, message: str) -> None:
    with pytest.raises((UsageError, UnknownNameError, PluginError)) as caught:
        call(registry)
    assert str(caught.value) == message


def test_plugins_add_to_pipelines(registry: Registry) -> None:
    found, remarks = registry.contributions("sample:end")
    assert [(info.name, text) for info, text in found] == [("Sample", "tidy-up")]
    assert remarks == ()
    assert registry.contributions("sample:begin") == ([], ())


class Watcher:
    """An observer that works, and one that does not."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def passmgr_after_pass(self, step: Any) -> None:
        self.seen.append(step)

    @hookimpl
    def passmgr_before_pass(self, step: Any) -> None:
        self.seen.append("before")
        raise RuntimeError("boom\nwith details")

    @hookimpl
    def passmgr_verify(self, model: Any) -> list[str]:
        return [f"{model} is odd"]


def test_raising_observer_is_told_once_and_switched_off() -> None:
    watcher = Watcher()
    registry = load_registry(plugins=False, extra=[watcher])
    arguments = {"step": "step", "model": None}
    (remark,) = registry.notify("passmgr_before_pass", **arguments)
    told = "passmgr_before_pass was switched off after RuntimeError: boom"
    assert (remark.kind, remark.message) == ("warning", f"plugin 'Watcher': {told}")
    assert registry.notify("passmgr_before_pass", **arguments) == ()
    assert registry.notify("passmgr_after_pass", **arguments, record=None) == ()
    assert watcher.seen == ["before", "step"]
    assert registry.plugins[-1] == PluginInfo("Watcher", "", "", "object Watcher", "loaded", told)


def test_verifiers_name_their_plugin() -> None:
    registry = load_registry(plugins=False, extra=[Watcher()])
    assert registry.verify("it") == (["it is odd (plugin 'Watcher')"], ())
