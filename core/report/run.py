"""The summary of a run: what each pass did, why the others did nothing, what was proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from .terminal import differences, indented, table
from .units import counted, duration, size

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from ..contract import Remark
    from ..guard.results import Verdict
    from ..manager.records import RunResult, StepRecord

_LONGEST_LINE = 100
"""Where nobody looks at a screen, a longer reason still has a line of its own."""

_HEAD = ("#", "pass", "nodes", "weights", "time")
_STYLE = {"changed": "green", "unchanged": "dim", "skipped": "dim", "failed": "bold red"}


UNWRITTEN = "not written (no -o)"


def summary(
    result: RunResult, *, stopped: bool = False, unwritten: str = UNWRITTEN
) -> list[RenderableType]:
    """Lay out a run: the steps, remarks by code, what the guard found, one last line.

    Args:
        result: The run.
        stopped: It ended with an error, which has the last word.
        unwritten: What stands for the name of the output where there is none.
    """
    parts: list[RenderableType] = steps(result.records)
    if result.amendments:
        parts += ["", Text("repairs that the plan did not have", "bold")]
        parts += [indented(Text(amendment)) for amendment in result.amendments]
    if remarks := condensed(r for r in result.remarks if not _is_told(r, result.records)):
        parts += ["", Text("remarks", "bold"), *(indented(Text(remark)) for remark in remarks)]
    if result.guard is not None:
        parts += ["", Text(f"guard: {result.guard.reason or result.guard.status}")]
        apart = [d for d in result.guard.differences if d.status not in ("equal", "within")]
        parts += [indented(differences(apart, "output"))] if apart else []
    return parts if stopped else [*parts, "", conclusion(result, unwritten)]


def steps(records: Sequence[StepRecord]) -> list[RenderableType]:
    """Return one line for each step: what it did, or why it did nothing."""
    if not records:
        return [Text("no passes to run")]
    rows = [_row(record) for record in records]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines: list[RenderableType] = [Text(_line(_HEAD, widths) + "result", "bold")]
    for record, row in zip(records, rows, strict=True):
        origin = "" if record.origin == "written" else record.origin
        why = ": ".join(filter(None, (origin, record.reason)))
        lines.append(_Step(_line(row, widths), record, why, widths[0] + 4))
    return lines


@dataclass(frozen=True)
class _Step:
    """A step, with its reason on the line that it has, or below it where the line is too short."""

    line: str
    record: StepRecord
    reason: str
    indent: int

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        status = self.record.status
        line, result = Text(self.line), Text(_result(self.record), _STYLE[status])
        fits = len(line) + len(self.reason) <= min(options.max_width, _LONGEST_LINE)
        if fits and self.reason and status in ("unchanged", "skipped"):
            yield line + Text(self.reason, _STYLE[status])
            return
        yield line + result
        if self.reason:
            yield indented(Text(self.reason, "dim"), self.indent)


def _row(record: StepRecord) -> tuple[str, ...]:
    delta = record.bytes_after - record.bytes_before
    return (
        str(record.index),
        record.name,
        _change(str(record.nodes_before), str(record.nodes_after)),
        f"{'+' if delta > 0 else ''}{size(delta)}" if delta else "",
        duration(record.seconds) if record.seconds else "",
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    number, name, *figures = (
        f"{text:<{width}}" if column == 1 else f"{text:>{width}}"
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"{number}  {name}  {' '.join(figures)}  "


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} -> {after}"


def _result(record: StepRecord) -> str:
    if record.status != "changed":
        return record.status
    done = counted(record.rewrites, "rewrite") if record.rewrites else ""
    return done or counted(record.edits, "edit")


def _is_told(remark: Remark, records: Sequence[StepRecord]) -> bool:
    """Tell whether the remark is the reason of a step that did nothing."""
    return any(
        record.name == remark.pass_name and record.reason.startswith(remark.message)
        for record in records
    )


def condensed(remarks: Iterable[Remark]) -> list[str]:
    """Return one line for each kind of remark of each pass: the first of them, and how often."""

    def key(remark: Remark) -> tuple[str, str, str]:
        return remark.pass_name, remark.kind, remark.code

    lines = []
    for (pass_name, kind, code), group in groupby(sorted(remarks, key=key), key):
        same = list(group)
        first = same[0]
        label = f"{kind}: " if kind in ("failed", "warning") else ""
        where = f"; at {first.node}" if first.node else ""
        more = f" and {counted(len(same) - 1, 'other')}" if len(same) > 1 else ""
        hint = f" ({first.suggestion})" if first.suggestion else ""
        name = f"{pass_name}/{code}" if pass_name else code
        lines.append(f"{name}: {label}{first.message}{where}{more}{hint}")
    return lines


def remark_table(remarks: Sequence[Remark], *, limit: int | None = None) -> list[RenderableType]:
    """Lay out remarks, one in a row."""
    if not remarks:
        return [Text("no remarks")]
    grid = table("step", "pass", "remark", "at", right=["step"])
    for remark in remarks[:limit]:
        label = f"{remark.kind}: " if remark.kind in ("failed", "warning") else ""
        hint = f" ({remark.suggestion})" if remark.suggestion else ""
        told = Text.assemble((f"{remark.code}: ", "bold"), f"{label}{remark.message}{hint}")
        step = str(remark.step) if remark.step else ""
        grid.add_row(step, Text(remark.pass_name), told, Text(remark.node))
    more = len(remarks) - len(remarks[:limit])
    return [grid, *([Text(f"... and {more:,} more")] if more else [])]


def conclusion(result: RunResult, unwritten: str = UNWRITTEN) -> Text:
    """Return the one line that a person reads first."""
    name = result.output or unwritten
    if not result.records:
        return Text(f"{name}: unchanged")
    first, last = result.records[0], result.records[-1]
    nodes = _change(f"{first.nodes_before:,}", f"{last.nodes_after:,}")
    weights = _change(size(first.bytes_before), size(last.bytes_after))
    style = "green" if result.guard is not None and result.guard.status == "passed" else ""
    proof = guarded(result.guard) if result.guard or result.changed else "unchanged"
    return Text(f"{name}: {nodes} nodes, {weights}, {proof}", style)


def guarded(verdict: Verdict | None) -> str:
    """Return in one clause what the numerical check proved."""
    if verdict is None:
        return "outputs not checked"
    if verdict.status != "passed":
        return {"breach": "outputs BROKEN", "unverified": "outputs not verified"}[verdict.status]
    found = Counter(difference.status for difference in verdict.differences)
    if not found["within"]:
        proof = "verified: outputs bit-equal"
    else:
        proof = f"verified: outputs equal within {verdict.drift or 0:.2g}"
    left = [f"{found[s]} {s}" for s in ("undecided", "unchecked") if found[s]]
    return ", ".join([proof, *left])
