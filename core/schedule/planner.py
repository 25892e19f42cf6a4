"""The scheduler: from a pipeline and the facts of a model to a plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import ScheduleError, UsageError
from ..pipeline import Call, Pipeline, Repeat, expand
from .constraints import conflicts_of, is_glob
from .draft import Block, Item, Node, nodes_of
from .edges import edges_of
from .facts import Simulation
from .identity import identify
from .order import arrange
from .plan import Plan, PlanItem, RepeatStep, Step
from .supply import Supply

if TYPE_CHECKING:
    from ..contract import Pass
    from .source import PassSource


def make_plan(
    pipeline: Pipeline,
    registry: PassSource,
    *,
    facts_holding: Callable[[str], bool] | Collection[str] = (),
    target_requires: Sequence[str] = (),
    keep_order: bool = False,
    disable: Collection[str] = (),
) -> Plan:
    """Return the plan that runs ``pipeline``.

    The written order is kept except where a constraint or a missing fact forbids it.

    Args:
        pipeline: What the user asks for; named pipelines in it are expanded.
        registry: Passes, facts and named pipelines.
        facts_holding: The facts that hold on the input, or a function that tells of a fact whether
            it does; only asked of facts that matter.
        target_requires: Facts that must hold at the end.
        keep_order: Make a needed move an error.
        disable: Names of passes that are left out and not inserted.

    Raises:
        ScheduleError: No order keeps all declarations; says which.
        UnknownNameError: A pass, a pipeline or a fact is not registered.
        UsageError: An option is wrong, or a name is ambiguous.
    """
    expanded, expansion_warnings = expand(pipeline, registry)
    warnings = list(expansion_warnings)
    draft = _Drafting(registry, disable).items(expanded)
    warnings += _disabled_in_vain(disable, expanded, registry)
    nodes = list(nodes_of(draft))
    warnings += _absent(nodes, registry)
    warnings += _check_conflicts(nodes)
    arrange(draft, warnings, keep_order=keep_order)
    holds = facts_holding if callable(facts_holding) else facts_holding.__contains__
    simulation = Simulation(holds)
    supply = Supply(
        draft,
        registry,
        simulation,
        target_requires=target_requires,
        disabled=disable,
        keep_order=keep_order,
        warnings=warnings,
    )
    supply.complete()
    numbers = {node: number for number, node in enumerate(nodes_of(draft), 1)}
    return Plan(
        _steps(draft, numbers, registry),
        edges_of(draft, numbers, simulation),
        tuple(dict.fromkeys(warnings)),
    )


class _Drafting:
    """Makes the passes of a pipeline, numbered as written, without the disabled ones."""

    def __init__(self, registry: PassSource, disable: Collection[str]) -> None:
        self.registry = registry
        self.disable = disable
        self.written = 0

    def items(self, pipeline: Pipeline) -> list[Item]:
        items: list[Item] = []
        for item in pipeline.items:
            if isinstance(item, Repeat):
                if body := self.items(item.body):
                    items.append(Block(item.max, body))
                continue
            self.written += 1
            pass_ = self.make(item)
            if item.name not in self.disable:
                items.append(Node(pass_, self.written))
            elif pass_.required:
                raise ScheduleError(f"'{item.name}' is required and cannot be disabled")
        return items

    def make(self, call: Call) -> Pass:
        if call.instance is not None:
            return call.instance
        try:
            return self.registry.make_pass(call.name, dict(call.options))
        except UsageError as error:
            message = str(error) if call.span is None else call.span.point(str(error))
            raise UsageError(message) from error


def _disabled_in_vain(
    disable: Collection[str], pipeline: Pipeline, registry: PassSource
) -> list[str]:
    """Return a warning for each disabled pass that the pipeline does not have."""
    used = set(_names(pipeline))
    for name in disable:
        if name not in used and name not in registry.entries("passes"):
            raise registry.unknown("passes", name)
    return [
        f"'{name}' is disabled, but is not in the pipeline" for name in disable if name not in used
    ]


def _names(pipeline: Pipeline) -> Iterator[str]:
    for item in pipeline.items:
        if isinstance(item, Repeat):
            yield from _names(item.body)
        else:
            yield item.name


def _absent(nodes: Sequence[Node], registry: PassSource) -> list[str]:
    """Return a warning for each constraint on a pass that nobody registered."""
    known = registry.entries("passes").keys() | {node.name for node in nodes}
    return [
        f"'{node.name}' declares {kind} '{order.other}': {registry.unknown('passes', order.other)}"
        for node in nodes
        for kind in ("before", "after", "conflicts")
        for order in getattr(node.pass_, kind)
        if not is_glob(order.other) and order.other not in known
    ]


def _check_conflicts(nodes: Sequence[Node]) -> list[str]:
    """Return a warning for each soft conflict; a hard one is an error."""
    warnings = []
    for first, second, order in conflicts_of(nodes):
        told = f"{order.reason} ({first.declaration('conflicts')})"
        if not order.soft:
            raise ScheduleError(f"{first} conflicts with {second}: {told}; leave one of them out")
        warnings.append(f"{first} goes badly with {second}: {told}")
    return warnings


def _steps(
    items: Sequence[Item], numbers: dict[Node, int], registry: PassSource
) -> tuple[PlanItem, ...]:
    steps: list[PlanItem] = []
    for item in items:
        if isinstance(item, Block):
            steps.append(RepeatStep(item.max, _steps(item.items, numbers, registry)))
        else:
            identity = identify(item.pass_, registry)
            steps.append(
                Step(item.pass_, item.origin, item.reason, numbers[item], item.written, identity)
            )
    return tuple(steps)
