"""What holds of every plan, on random passes, facts and pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dummies import DummyRegistry, dummy
from hypothesis import given
from hypothesis import strategies as st

from passmgr.core.contract import Exact, Lossy, Order
from passmgr.core.errors import ScheduleError
from passmgr.core.pipeline import Call, Pipeline, Repeat
from passmgr.core.schedule import Plan, RepeatStep, Step, make_plan

NAMES = [f"p{index}" for index in range(6)]
FACTS = ["f", "g", "h"]

some_facts = st.lists(st.sampled_from(FACTS), max_size=2, unique=True).map(tuple)
some_orders = st.lists(
    st.builds(Order, st.sampled_from([*NAMES, "p[01]"]), st.just("because"), st.booleans()),
    max_size=1,
).map(tuple)


@st.composite
def registries(draw: Any) -> DummyRegistry:
    """Draw a registry of passes with random declarations."""
    classes = [
        dummy(
            name,
            requires=draw(some_facts),
            establishes=draw(some_facts),
            breaks=draw(some_facts),
            followed_by=draw(some_facts) if draw(st.integers(0, 4)) == 0 else (),
            before=draw(some_orders),
            after=draw(some_orders),
            effect=draw(st.sampled_from([Exact(), Exact(), Exact(), Lossy()])),
        )
        for name in NAMES
    ]
    normalizers = draw(st.dictionaries(st.sampled_from(FACTS), st.sampled_from(NAMES)))
    return DummyRegistry(*classes, normalizers=normalizers)


calls = st.lists(st.builds(Call, st.sampled_from(NAMES)), max_size=5)
pipelines = st.recursive(
    calls.map(lambda items: Pipeline(tuple(items))),
    lambda inner: st.builds(
        lambda front, body, cap, back: Pipeline((*front, Repeat(cap, body), *back)),
        calls,
        inner,
        st.integers(1, 3),
        calls,
    ),
    max_leaves=3,
)
holding = st.sets(st.sampled_from(FACTS))


def unrolled(items: Sequence[Any]) -> Iterator[Step]:
    """Yield the steps as they run when every repeat goes on to its limit."""
    for item in items:
        if isinstance(item, RepeatStep):
            for _ in range(item.max):
                yield from unrolled(item.steps)
        else:
            yield item


def check_facts(plan: Plan, holds: set[str]) -> None:
    """Run the declarations of the plan and assert that every requirement is met."""
    holds = set(holds)
    owed: set[str] = set()
    for step in unrolled(plan.steps):
        pass_ = step.pass_
        assert holds >= set(pass_.requires), step
        holds -= {*pass_.breaks, *pass_.followed_by}
        holds |= set(pass_.establishes)
        owed |= set(pass_.followed_by)
    assert holds >= owed


def check_constraints(plan: Plan) -> None:
    """Assert that every hard constraint is kept within one round."""
    steps = list(plan.passes())
    for index, earlier in enumerate(steps):
        for later in steps[index + 1 :]:
            if earlier.pass_.name != later.pass_.name:
                assert not asks_before(later, earlier), (later, earlier)


def asks_before(first: Step, second: Step) -> bool:
    def names(order: Order) -> list[str]:
        return ["p0", "p1"] if order.other == "p[01]" else [order.other]

    def hard(orders: tuple[Order, ...], name: str) -> bool:
        return any(not order.soft and name in names(order) for order in orders)

    return hard(first.pass_.before, second.pass_.name) or hard(second.pass_.after, first.pass_.name)


def check_borders(plan: Plan, registry: DummyRegistry, pipeline: Pipeline) -> None:
    """Assert that written passes stay between the same lossy passes and borders."""

    def shape(items: Sequence[Any], name_of: Any, body_of: Any) -> list[Any]:
        runs: list[Any] = [[]]
        for item in items:
            body = body_of(item)
            if body is not None:
                runs += [("repeat", shape(body, name_of, body_of)), []] if leaves(body) else []
            elif isinstance(registry.classes[name_of(item)].effect, Lossy):
                runs += [("lossy", name_of(item)), []]
            else:
                runs[-1].append(name_of(item))
        return [sorted(run) if isinstance(run, list) else run for run in runs]

    def leaves(items: Sequence[Any]) -> list[Any]:
        found = []
        for item in items:
            inner = item.body.items if isinstance(item, Repeat) else getattr(item, "steps", None)
            found += [item] if inner is None else leaves(inner)
        return found

    def written(items: Sequence[Any]) -> list[Any]:
        return [i for i in items if isinstance(i, RepeatStep) or i.origin != "inserted"]

    planned = shape(
        written(plan.steps),
        lambda item: item.pass_.name,
        lambda item: written(item.steps) if isinstance(item, RepeatStep) else None,
    )
    asked = shape(
        pipeline.items,
        lambda item: item.name,
        lambda item: item.body.items if isinstance(item, Repeat) else None,
    )
    assert planned == asked


@given(registries(), pipelines, holding)
def test_a_plan_keeps_all_that_is_declared(
    registry: DummyRegistry, pipeline: Pipeline, holds: set[str]
) -> None:
    try:
        plan = make_plan(pipeline, registry, facts_holding=holds)
    except ScheduleError:
        return
    check_facts(plan, holds)
    check_constraints(plan)
    check_borders(plan, registry, pipeline)
    assert not any(
        isinstance(step.pass_.effect, Lossy) for step in plan.passes() if step.origin != "written"
    )
    again = make_plan(pipeline, registry, facts_holding=holds)
    assert again == plan
    assert again.digest == plan.digest


@given(registries(), pipelines, holding)
def test_kept_order_is_kept(registry: DummyRegistry, pipeline: Pipeline, holds: set[str]) -> None:
    try:
        plan = make_plan(pipeline, registry, facts_holding=holds, keep_order=True)
    except ScheduleError:
        return
    check_facts(plan, holds)
    check_constraints(plan)
    numbers = [step.written for step in plan.passes() if step.origin != "inserted"]
    assert numbers == sorted(number for number in numbers if number is not None)


@given(pipelines)
def test_with_nothing_to_fix_the_plan_is_the_pipeline(pipeline: Pipeline) -> None:
    registry = DummyRegistry(*(dummy(name, establishes=("f",)) for name in NAMES))
    plan = make_plan(pipeline, registry)
    assert {step.origin for step in plan.passes()} <= {"written"}
    check_borders(plan, registry, pipeline)
    numbers = [step.written for step in plan.passes()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert plan.warnings == ()


@given(registries(), pipelines, holding)
def test_a_plan_needs_nothing_more(
    registry: DummyRegistry, pipeline: Pipeline, holds: set[str]
) -> None:
    """Planning what came out of planning, where that can be written, changes nothing."""
    try:
        plan = make_plan(pipeline, registry, facts_holding=holds)
    except ScheduleError:
        return

    def pipeline_of(items: Sequence[Any]) -> Pipeline:
        return Pipeline(
            tuple(
                Repeat(item.max, pipeline_of(item.steps))
                if isinstance(item, RepeatStep)
                else Call(item.pass_.name)
                for item in items
            )
        )

    soft = any(
        order.soft for step in plan.passes() for order in (*step.pass_.before, *step.pass_.after)
    )
    if not soft:  # a soft constraint that gave way to a fact would be tried again
        again = make_plan(pipeline_of(plan.steps), registry, facts_holding=holds)
        assert again.digest == plan.digest
