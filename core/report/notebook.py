"""What a notebook shows: the layouts of the terminal, as HTML that suits light and dark grounds."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.segment import Segment
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from . import terminal
from .run import remark_table, summary
from .study import study_layout

if TYPE_CHECKING:
    from ..contract import Remark
    from ..manager.records import RunResult
    from ..study.records import PipelineStudy
    from ..verbs.compare import Comparison
    from ..verbs.inspect import Inspection

WIDTH = 110
ROWS = 200
"""Rows of a table of values, layers or remarks; the objects have all."""

HEAD, TAIL = 400, 20
"""Lines from the begin and from the end that are shown of a long text."""

LONGEST = 300
"""Characters that are shown of a line that does not wrap."""

_GREY = (128, 128, 128)
_COLOURS = [_GREY, (214, 69, 65), (42, 140, 82), (168, 121, 0), (58, 124, 200), (166, 84, 180),
            (20, 138, 150), _GREY]  # fmt: skip
_THEME = TerminalTheme(_GREY, _GREY, _COLOURS, _COLOURS)
"""Colours between light and dark, as nobody tells on which of them they will stand."""

_BLOCK = (
    "white-space:pre;overflow-x:auto;line-height:1.35;margin:0;background:none;color:inherit;"
    "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:0.9em"
)


def run(result: RunResult) -> list[RenderableType]:
    """Show a run: its warnings, then the summary of the terminal."""
    warnings = [Text(f"warning: {warning}", "yellow") for warning in result.warnings]
    return [*warnings, *summary(result, unwritten="the model")]


def inspection(found: Inspection) -> list[RenderableType]:
    """Show what a model consists of."""

    def short(text: str) -> str:
        return text if len(text) <= 10 * LONGEST else text[: 10 * LONGEST] + " ..."

    metadata = {short(key): short(value) for key, value in list(found.metadata.items())[:ROWS]}
    functions = found.functions[:ROWS]
    shown = replace(found, metadata=metadata, doc=short(found.doc), functions=functions)
    return terminal.inspection("", shown, limit=ROWS)


def comparison(found: Comparison) -> list[RenderableType]:
    """Show how far two models are apart."""
    return terminal.comparison("the first model", "the second", found, limit=ROWS)


def study(found: PipelineStudy) -> list[RenderableType]:
    """Show what pipelines did to a set of models."""
    return study_layout(found, limit=ROWS)


def remarks(found: Sequence[Remark]) -> list[RenderableType]:
    """Show remarks, one in a row."""
    return remark_table(found, limit=ROWS)


def diffs(texts: Iterable[str]) -> list[RenderableType]:
    """Show diffs of the IR, or texts of it, below each other."""
    lines: list[RenderableType] = []
    for text in texts:
        lines += ["", *map(_diff_line, text.split("\n", HEAD)[:HEAD])]
        if len(lines) > HEAD:
            lines = [*lines[: HEAD + 1], Text("... and more", "dim")]
            break
    return lines[1:] or [Text("no difference that the text shows")]


def _diff_line(line: str) -> Text:
    style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
    style = "bold" if line.startswith(("+++", "---")) else style
    line = line if len(line) <= LONGEST else line[:LONGEST] + " ..."
    return Text(line, style, no_wrap=True, overflow="ignore")


def to_html(*parts: RenderableType) -> str:
    """Return ``parts``, below each other, as one block of HTML; of a long one head and tail."""
    text = "\n".join("".join(map(_span, line)).rstrip() for line in _lines(parts))
    return f'<pre style="{html.escape(_BLOCK)}">{text}</pre>'


def to_text(*parts: RenderableType) -> str:
    """Return ``parts``, below each other, without colours; of a long one head and tail."""
    return "\n".join("".join(part.text for part in line).rstrip() for line in _lines(parts))


def _lines(parts: Sequence[RenderableType]) -> list[list[Segment]]:
    console = Console(
        file=io.StringIO(),
        width=WIDTH,
        height=HEAD,
        force_jupyter=False,
        no_color=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    lines = console.render_lines(Group(*parts), pad=False)
    if len(lines) <= HEAD + TAIL:
        return lines
    left = Segment(f"... {len(lines) - HEAD - TAIL:,} more lines ...")
    return [*lines[:HEAD], [left], *lines[-TAIL:]]


def _span(segment: Segment) -> str:
    # What is no Unicode, such as a name in another encoding, could not be sent to a browser.
    text = html.escape(segment.text.encode("utf-8", "replace").decode())
    rule = segment.style.get_html_style(_THEME) if segment.style else ""
    return f'<span style="{rule}">{text}</span>' if rule and text.strip() else text
