"""The picture of a plan: what was written, what runs, and which facts hold after each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ..pipeline import parse
from ..registry import Registry
from ..schedule import Plan, Step, make_plan

BOX, HIGH, GAP = 190, 34, 22
"""Width and height of a box, and the space below it."""

TOP, RIGHT, FACTS = 44, 330, 548
"""Where the boxes begin, where those of the plan begin, and where the facts begin."""

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 12px; fill: #59636e }
.head { font-weight: 600 }
rect { fill: #f6f8fa; stroke: #8c959f; rx: 5 }
.moved rect { fill: #ddf4ff; stroke: #0969da }
.inserted rect { fill: #dafbe1; stroke: #1a7f37 }
path { fill: none; stroke: #8c959f; stroke-width: 1.5 }
path.moved { stroke: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  rect { fill: #262c36; stroke: #656c76 }
  .moved rect { fill: #12304f; stroke: #4493f8 }
  .inserted rect { fill: #12361d; stroke: #3fb950 }
  path { stroke: #656c76 }
  path.moved { stroke: #4493f8 }
}
"""


def plan_picture(text: str, registry: Registry) -> str:
    """Return the plan of a pipeline without repeats, for a model where no fact holds, as SVG."""
    written = [str(item) for item in parse(text).items]
    plan = make_plan(parse(text), registry)
    steps = list(plan.passes())
    height = TOP + (HIGH + GAP) * max(len(written), len(steps))
    title = f"The plan of {text}: " + ", ".join(f"{step} {step.origin}" for step in steps)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            *_head(),
            *_links(steps),
            *(line for row, name in enumerate(written) for line in _box(10, row, name, "written")),
            *_planned(plan),
            "</svg>\n",
        ]
    )


def _head() -> Iterator[str]:
    for x, word in ((10, "written"), (RIGHT, "plan"), (FACTS, "facts that hold after it")):
        yield f'<text class="head" x="{x}" y="20">{word}</text>'


def _links(steps: Sequence[Step]) -> Iterator[str]:
    """Yield a line from where a step was written to where it stands."""
    for row, step in enumerate(steps):
        if step.written is not None:
            start, end = _middle(step.written - 1), _middle(row)
            x, bend = 10 + BOX, (10 + BOX + RIGHT) // 2
            curve = f"M{x},{start} C{bend},{start} {bend},{end} {RIGHT},{end}"
            yield f'<path class="{step.origin}" d="{curve}"/>'


def _planned(plan: Plan) -> Iterator[str]:
    facts: list[str] = []
    for row, step in enumerate(plan.passes()):
        yield from _box(RIGHT, row, str(step), step.origin)
        kept = [fact for fact in facts if fact not in step.pass_.breaks]
        facts = [*kept, *(fact for fact in step.pass_.establishes if fact not in kept)]
        told = escape(", ".join(facts)) or "none is known to"
        yield f'<text class="small" x="{FACTS}" y="{_middle(row) + 4}">{told}</text>'


def _box(x: int, row: int, name: str, origin: str) -> Iterator[str]:
    y = TOP + row * (HIGH + GAP) - 8
    yield f'<g class="{origin}"><rect x="{x}" y="{y}" width="{BOX}" height="{HIGH}" rx="5"/>'
    yield f'<text x="{x + 12}" y="{y + 22}">{escape(name)}</text>'
    if origin != "written":
        yield f'<text class="small" x="{x}" y="{y + HIGH + 14}">{origin}</text>'
    yield "</g>"


def _middle(row: int) -> int:
    return TOP + row * (HIGH + GAP) - 8 + HIGH // 2
