"""The summary of a run: what each pass did, why the others did nothing, what was proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from .terminal import differences, indented
from .units import counted, duration, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contract import Remark
    from ..guard.results import Verdict
    from ..manager.records import RunResult, StepRecord

_HEAD = ("#", "pass", "nodes", "weights", "time")
_STYLE = {"changed": "green", "unchanged": "dim", "skipped": "dim", "failed": "bold red"}


def summary(result: RunResult) -> list[RenderableType]:
    """Lay out a run: the steps, remarks by code, warnings, what the guard found, one last line."""
    parts: list[RenderableType] = [*steps(result.records)]
    if result.amendments:
        parts += ["", Text("repairs that the plan did not have", "bold")]
        parts += [indented(Text(amendment)) for amendment in result.amendments]
    if result.remarks:
        parts += [
            "",
            Text("remarks", "bold"),
            *(indented(Text(t)) for t in condensed(result.remarks)),
        ]
    if result.guard is not None:
        parts += ["", Text(f"guard: {result.guard.reason or result.guard.status}")]
        told = [d for d in result.guard.differences if d.status not in ("equal", "within")]
        parts += [indented(differences(told, "output"))] if told else []
    return [*parts, "", conclusion(result)]


def steps(records: Sequence[StepRecord]) -> list[RenderableType]:
    """Return one line for each step, and under it the reason where nothing was changed."""
    if not records:
        return [Text("no passes to run")]
    rows = [_row(record) for record in records]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines: list[RenderableType] = [Text(_line(_HEAD, widths) + "result", "bold")]
    for record, row in zip(records, rows, strict=True):
        line = Text(_line(row, widths))
        line.append(_result(record), _STYLE[record.status])
        lines.append(line)
        origin = "" if record.origin == "written" else record.origin
        if why := ": ".join(filter(None, (origin, record.reason))):
            lines.append(indented(Text(why, "dim"), widths[0] + 4))
    return lines


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


def condensed(remarks: Sequence[Remark]) -> list[str]:
    """Return one line for each kind of remark of each pass: how often, and the first of them."""

    def key(remark: Remark) -> tuple[str, str, str]:
        return remark.pass_name, remark.kind, remark.code

    lines = []
    for (pass_name, kind, code), group in groupby(sorted(remarks, key=key), key):
        same = list(group)
        first = same[0]
        where = f" at {first.node}" if first.node else ""
        hint = f" ({first.suggestion})" if first.suggestion else ""
        label = f"{kind}: " if kind in ("failed", "warning") else ""
        lines.append(
            f"{len(same)} x {pass_name or 'passmgr'}/{code}: {label}{first.message}{where}{hint}"
        )
    return lines


def conclusion(result: RunResult) -> Text:
    """Return the one line that a person reads first."""
    name = result.output or "not written (no -o)"
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
