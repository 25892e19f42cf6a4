"""Plan: what runs, in which order and why; immutable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..report.displayed import Displayed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contract import Pass

Origin: TypeAlias = Literal["written", "moved", "inserted"]


@dataclass(frozen=True)
class PassIdentity:
    """What makes two passes the same for a cache, a lock or a report.

    Args:
        distribution: Who brings it; empty for a pass that was made in Python.
        release: The version of the distribution.
        name: The name of the pass.
        version: The version of the pass.
        options: Its text in a pipeline, with all options that are not defaults.
        source: A digest of its source and closure, for a pass that was made in Python.
        uncacheable: Why there is none for such a pass, so that nobody can tell whether it changed.
    """

    distribution: str
    release: str
    name: str
    version: int
    options: str
    source: str = ""
    uncacheable: str = ""

    @property
    def cacheable(self) -> bool:
        """Whether two passes of this identity do the same."""
        return not self.uncacheable

    def to_json(self) -> dict[str, Any]:
        """Return the identity as JSON data; what tells of Python passes only where it is one."""
        data = asdict(self)
        return {key: data[key] for key in data if data[key] or key not in ("source", "uncacheable")}

    def __str__(self) -> str:
        by = f"{self.distribution} {self.release}" if self.distribution else "made in Python"
        return f"'{self.options}' (version {self.version}, {by})"


@dataclass(frozen=True)
class Step:
    """One pass in a plan.

    Args:
        pass_: The pass.
        origin: ``written``, ``moved`` or ``inserted``.
        reason: Why it stands where it stands.
        number: Its number in the plan, from 1; passes of a repeat are counted once.
        written: Its number in the pipeline as written, from 1; ``None`` where it was inserted.
        identity: What it is.
    """

    pass_: Pass
    origin: Origin
    reason: str
    number: int
    written: int | None
    identity: PassIdentity

    def __hash__(self) -> int:
        return hash((self.number, self.identity))

    def __str__(self) -> str:
        return self.identity.options


@dataclass(frozen=True)
class RepeatStep:
    """Steps that run again while they change the model.

    Args:
        max: How often at most.
        steps: The body; may hold repeats.
    """

    max: int
    steps: tuple[PlanItem, ...]


PlanItem: TypeAlias = "Step | RepeatStep"


@dataclass(frozen=True)
class Edge:
    """Why one step stands before another.

    Args:
        first: The number of the earlier step.
        second: The number of the later step.
        reason: Why.
        origin: The declaration that asks for it, such as ``package.module.Class.before``.
    """

    first: int
    second: int
    reason: str
    origin: str


@dataclass(frozen=True)
class Plan(Displayed):
    """What runs.

    Args:
        steps: Steps and repeats, in order.
        edges: What holds the order together.
        warnings: What the user should know, such as a constraint that gave way.
    """

    steps: tuple[PlanItem, ...]
    edges: tuple[Edge, ...] = ()
    warnings: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def digest(self) -> str:
        """SHA-256 over all that determines what runs: passes, versions, options, order, repeats."""
        text = json.dumps(run_of(self.steps), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def passes(self) -> Iterator[Step]:
        """Yield all steps in order, those of a repeat once."""
        return _leaves(self.steps)

    @property
    def uncacheable(self) -> tuple[Step, ...]:
        """The steps whose identity is unknown; no lock can hold them."""
        return tuple(step for step in self.passes() if not step.identity.cacheable)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON-serializable data."""
        return {
            "digest": self.digest,
            "steps": [_item_json(item) for item in self.steps],
            "edges": [asdict(edge) for edge in self.edges],
            "warnings": list(self.warnings),
        }

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return number, pass, origin and reason of each line of the plan, for a person."""
        return list(_rows(self.steps, 0))

    def notes(self) -> dict[str, list[str]]:
        """Return what a person should know besides the steps, by title; only what there is."""
        notes = {
            "order:": [f"{e.first} before {e.second}: {e.reason} ({e.origin})" for e in self.edges],
            "warnings:": list(self.warnings),
            "not cacheable, as a change of it would not be seen:": [
                f"{step}: {step.identity.uncacheable}" for step in self.uncacheable
            ],
        }
        return {title: lines for title, lines in notes.items() if lines}

    def to_text(self) -> str:
        """Return the plan as a table, then the reasons of the order and the warnings."""
        rows = self.rows()
        if not rows:
            return "nothing to run\n"
        names = max(len(name) for _, name, _, _ in rows)
        lines = [
            f"{number:>3}  {name:<{names}}  {origin:<8}  {reason}".rstrip()
            for number, name, origin, reason in rows
        ]
        for title, notes in self.notes().items():
            lines += ["", title, *(f"  {note}" for note in notes)]
        return "\n".join(lines) + "\n"

    def _layout(self) -> Sequence[RenderableType]:
        from ..report.plan import plan_layout

        return plan_layout(self)


def _leaves(items: Sequence[PlanItem]) -> Iterator[Step]:
    for item in items:
        if isinstance(item, RepeatStep):
            yield from _leaves(item.steps)
        else:
            yield item


def _rows(items: Sequence[PlanItem], depth: int) -> Iterator[tuple[str, str, str, str]]:
    indent = "  " * depth
    for item in items:
        if isinstance(item, RepeatStep):
            yield "", f"{indent}repeat, at most {item.max} times:", "", ""
            yield from _rows(item.steps, depth + 1)
        else:
            yield str(item.number), f"{indent}{item}", item.origin, item.reason


def _item_json(item: PlanItem) -> dict[str, Any]:
    if isinstance(item, RepeatStep):
        return {"repeat": item.max, "steps": [_item_json(inner) for inner in item.steps]}
    return {
        "number": item.number,
        **item.identity.to_json(),
        "origin": item.origin,
        "written": item.written,
        "reason": item.reason,
    }


def run_of(items: Sequence[PlanItem]) -> list[Any]:
    """Return what runs, as data: the part of a plan that a lock holds."""
    return [
        {"repeat": item.max, "steps": run_of(item.steps)}
        if isinstance(item, RepeatStep)
        else item.identity.to_json()
        for item in items
    ]
