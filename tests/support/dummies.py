"""Dummy passes and a dummy registry, for exact traces of the scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from passmgr.core.contract import Aspect, Fact, Order, Pass, validate_options
from passmgr.core.errors import PluginError, UnknownNameError, UsageError
from passmgr.core.pipeline import parse
from passmgr.core.schedule import Plan, RepeatStep, make_plan

PLUGIN = SimpleNamespace(distribution="dummies", version="1.2")


def dummy(name: str, **declarations: Any) -> type[Pass]:
    """Make a pass that has ``declarations``; constraints are ``"other"`` or ``"other?"`` (soft)."""
    for kind in ("before", "after", "conflicts"):
        if kind in declarations:
            declarations[kind] = tuple(
                Order(o.rstrip("?"), "because", soft=o.endswith("?")) if isinstance(o, str) else o
                for o in declarations[kind]
            )
    body = {**declarations, "name": name, "run": lambda self, model, ctx: None}
    body["__module__"] = __name__
    return dataclass(frozen=True)(type(name.title().replace("-", ""), (Pass,), body))


class DummyRegistry:
    """A registry of dummy passes; facts are whatever is asked for, unless they say ``unknown``."""

    def __init__(
        self,
        *classes: type[Pass],
        normalizers: Mapping[str, str] | None = None,
        pipelines: Mapping[str, str] | None = None,
        broken: tuple[str, ...] = (),
        additions: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.classes = {cls.name: cls for cls in classes}
        self.normalizers = normalizers or {}
        self.pipelines = pipelines or {}
        self.broken = broken
        self.additions = additions or {}
        self.loaded: list[str] = []

    def entries(self, kind: str) -> Mapping[str, Any]:
        if kind == "pipelines":
            return self.pipelines
        classes = {**self.classes, **dict.fromkeys(self.broken)}
        return {
            name: SimpleNamespace(target=target, plugin=PLUGIN) for name, target in classes.items()
        }

    def pass_class(self, name: str) -> type[Pass]:
        self.loaded.append(name)
        if name in self.broken:
            raise PluginError(f"pass '{name}' cannot be loaded")
        return self.classes[name]

    def make_pass(self, name: str, options: Mapping[str, Any]) -> Pass:
        cls = self.pass_class(name)
        try:
            return cls(**validate_options(cls, options))
        except ValueError as error:
            raise UsageError(f"pass '{name}': {error}") from error

    def fact(self, name: str) -> Fact:
        if "unknown" in name:
            raise UnknownNameError(f"unknown fact '{name}'")
        return Fact(name, Aspect.ALL, lambda model: None, self.normalizers.get(name))

    def pipeline(self, name: str) -> str:
        return self.pipelines[name]

    def contributions(self, point: str) -> tuple[list[tuple[Any, str]], tuple[Any, ...]]:
        return [("'extra'", text) for text in self.additions.get(point, ())], ()

    def unknown(self, kind: str, name: str) -> UnknownNameError:
        return UnknownNameError(f"unknown pass '{name}'; plugin 'lost' is broken")


def schedule(text: str, registry: DummyRegistry, holds: str = "", **settings: Any) -> Plan:
    """Plan a pipeline text on an input on which the facts ``holds`` hold."""
    return make_plan(parse(text), registry, facts_holding=set(holds.split()), **settings)


def trace(plan: Plan) -> str:
    """Return the passes in order: ``name`` as written, ``name<`` moved, ``name+`` inserted."""
    marks = {"written": "", "moved": "<", "inserted": "+"}

    def show(items: Any) -> str:
        return " ".join(
            f"({show(item.steps)})"
            if isinstance(item, RepeatStep)
            else item.pass_.name + marks[item.origin]
            for item in items
        )

    return show(plan.steps)
