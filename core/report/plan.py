"""A plan: what runs, in which order, and the reason of every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from .terminal import indented

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..schedule import Plan

_STYLE = {"moved": "yellow", "inserted": "green"}


def plan_layout(plan: Plan) -> list[RenderableType]:
    """Lay out ``passmgr plan``."""
    rows = plan.rows()
    if not rows:
        return [Text("nothing to run")]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", min_width=3, no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(min_width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    for number, name, origin, reason in rows:
        grid.add_row(number, Text(name), Text(origin, _STYLE.get(origin, "")), Text(reason))
    parts: list[RenderableType] = [grid]
    for title, lines in plan.notes().items():
        parts += ["", Text(title), *(indented(Text(line)) for line in lines)]
    return parts
