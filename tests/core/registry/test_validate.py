"""Checks on first use: each mistake in a declaration has its message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from passmgr.core.contract import (
    Analysis,
    Aspect,
    Exact,
    Fact,
    FactFamily,
    Order,
    Pass,
    ops,
    option,
    pass_,
)
from passmgr.core.errors import PluginError
from passmgr.core.registry import PluginInfo, Registrar, Registry

INFO = PluginInfo("acme", "acme-passes", "1.0", "acme")


def registry_with(method: str, name: str, target: Any) -> Registry:
    registry, registrar = Registry(), Registrar(INFO)
    getattr(registrar, method)(name, target)
    registry.add_plugin(INFO, None, registrar)
    return registry


@dataclass(frozen=True)
class Clean(Pass):
    """A pass as it should be."""

    name = "clean"
    requires = ("opset>=13", "no-op:Dropout", "sorted")
    before = (Order("fuse-*", "it fuses what is clean"),)
    touches = ops("Identity")

    limit: int = option(3, help="How much.", minimum=1)

    def run(self, model: Any, ctx: Any) -> None: ...


def declaring(**declarations: Any) -> type[Pass]:
    """Return a sound pass but for ``declarations``."""
    cls = type("Bad", (Pass,), {"name": "bad", "run": Clean.run, **declarations})
    return dataclass(frozen=True)(cls)


class Bare(Clean):
    name = "bad"


@dataclass(frozen=True)
class NoRun(Pass):
    name = "bad"


@dataclass(frozen=True)
class BadDefault(Clean):
    name = "bad"
    limit: int = option(0, help="How much.", minimum=1)


@dataclass(frozen=True)
class BadType(Clean):
    name = "bad"
    limit: Nowhere = option(0, help="How much.")  # type: ignore[name-defined]  # noqa: F821, RUF009


def test_sound_pass_is_made_with_its_options() -> None:
    registry = registry_with("add_pass", "clean", Clean)
    assert registry.pass_class("clean") is Clean
    assert registry.make_pass("clean", {"limit": 5}) == Clean(limit=5)


def test_function_pass_is_registered_as_it_is() -> None:
    @pass_(touches=ops("Dropout"), effect=Exact())
    def drop_dropout(model: Any, ctx: Any) -> None:
        """Drop it."""

    registry = registry_with("add_pass", "drop-dropout", drop_dropout)
    assert registry.make_pass("drop-dropout") == drop_dropout


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (object, "object is no subclass of Pass"),
        (Clean, "Clean calls itself 'clean'"),
        (NoRun, "NoRun does not implement run"),
        (Bare, "write @dataclass(frozen=True) above Bare"),
        (declaring(requires="sorted"), "'requires' is a tuple of names of facts, not 'sorted'"),
        (
            declaring(establishes=("Sorted",)),
            "'establishes' is a tuple of names of facts, not ('Sorted',)",
        ),
        (declaring(breaks=(1,)), "'breaks' is a tuple of names of facts, not (1,)"),
        (
            declaring(followed_by=["sorted"]),
            "'followed_by' is a tuple of names of facts, not ['sorted']",
        ),
        (declaring(before=("x",)), "'before' is a tuple of Order(other, reason), not ('x',)"),
        (declaring(after="x"), "'after' is a tuple of Order(other, reason), not 'x'"),
        (
            declaring(conflicts=("x",)),
            "'conflicts' is a tuple of Order(other, reason), not ('x',)",
        ),
        (
            declaring(effect="exact"),
            "'effect' is Exact(), Approximate(...) or Lossy(...), not 'exact'",
        ),
        (declaring(touches="Conv"), "'touches' is ops(...) or None, not 'Conv'"),
        (declaring(scope="node"), "'scope' is 'graph' or 'model', not 'node'"),
        (declaring(version="1"), "'version' is a number, not '1'"),
        (
            BadDefault,
            "an option is not well declared: ValueError: option 'limit' is 0, legal is at least 1",
        ),
        (
            BadType,
            "an option is not well declared: NameError: name 'Nowhere' is not defined",
        ),
    ],
)
def test_mistake_in_a_pass_is_told(target: Any, problem: str) -> None:
    with pytest.raises(PluginError) as caught:
        registry_with("add_pass", "bad", target).pass_class("bad")
    assert str(caught.value) == f"pass 'bad' of plugin 'acme' (acme-passes 1.0): {problem}"


@dataclass(frozen=True)
class Costs(Analysis[int]):
    """An analysis as it should be."""

    name = "costs"
    reads = Aspect.STRUCTURE

    def compute(self, model: Any, ctx: Any) -> int:
        return 0


@dataclass(frozen=True)
class ReadsText(Costs):
    reads = "structure"  # type: ignore[assignment]


def test_sound_analysis_is_returned() -> None:
    assert registry_with("add_analysis", "costs", Costs).analysis("costs") is Costs


@pytest.mark.parametrize(
    ("name", "target", "problem"),
    [
        ("costs", Clean, "Clean is no subclass of Analysis"),
        ("other", Costs, "Costs calls itself 'costs'"),
        ("costs", ReadsText, "'reads' is an Aspect, not 'structure'"),
    ],
)
def test_mistake_in_an_analysis_is_told(name: str, target: Any, problem: str) -> None:
    with pytest.raises(PluginError) as caught:
        registry_with("add_analysis", name, target).analysis(name)
    assert str(caught.value).endswith(f"plugin 'acme' (acme-passes 1.0): {problem}")


FACT = Fact("tidy", Aspect.NAMES, lambda model: None)


@pytest.mark.parametrize(
    ("method", "name", "target", "problem"),
    [
        ("add_fact", "tidy", Clean, "Clean is no Fact"),
        ("add_fact", "neat", FACT, "its fact calls itself 'tidy'"),
        ("add_fact_family", "neat:", FACT, "is no FactFamily"),
        (
            "add_fact_family",
            "neat:",
            FactFamily("tidy:", lambda text: FACT),
            "its family has the prefix 'tidy:'",
        ),
    ],
)
def test_mistake_in_a_fact_is_told(method: str, name: str, target: Any, problem: str) -> None:
    registry = registry_with(method, name, target)
    with pytest.raises(PluginError) as caught:
        registry.fact(name if method == "add_fact" else f"{name}x")
    assert str(caught.value).endswith(problem)
