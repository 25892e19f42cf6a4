"""What the verbs found, laid out for a terminal of 80 columns and more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..contract import OptionSpec
from ..registry import Entry, PluginInfo
from ..registry.entries import SINGULAR
from .units import amount, counted, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contract import ValueInfo
    from ..guard.results import OutputDifference
    from ..verbs.check_plugin import CheckResult
    from ..verbs.compare import Comparison
    from ..verbs.describe import Description
    from ..verbs.inspect import Inspection

OPS_SHOWN = 20
"""Op types in an inspection that a person reads; JSON has all."""

NAMED = 3
"""Nodes of unknown cost that are named to a person; JSON has all."""


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table without lines; where it is too wide, all but figures wrap."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column in right,
            overflow="fold",
        )
    return made


def indented(part: RenderableType, by: int = 2) -> Padding:
    """Return ``part`` moved to the right."""
    return Padding(part, (0, 0, 0, by), expand=False)


def pairs(values: Mapping[str, str]) -> Table:
    """Return names and values in two columns; empty values are left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, value in values.items():
        if value:
            grid.add_row(name, Text(value))
    return grid


def entries(kind: str, found: Sequence[Entry]) -> list[RenderableType]:
    """Lay out ``passmgr list KIND``."""
    if not found:
        return [f"no {kind}"]
    third = any(entry.plugin.distribution != "passmgr" for entry in found)
    listing = table("name", *(["plugin"] if third else []), "summary")
    for entry in found:
        summary = entry.summary or (str(entry.target) if entry.kind == "pipelines" else "")
        origin = entry.plugin.distribution or entry.plugin.name
        listing.add_row(entry.name, *([origin] if third else []), Text(summary))
    return [listing]


def plugins(found: Sequence[PluginInfo]) -> list[RenderableType]:
    """Lay out ``passmgr list plugins``: one line each, and below it why one does not take part."""
    listing = table("plugin", "distribution", "version", "state", "origin")
    for plugin in found:
        style = {"loaded": "green", "disabled": "dim"}.get(plugin.state, "red")
        listing.add_row(
            plugin.name,
            plugin.distribution,
            plugin.version,
            Text(plugin.state, style),
            plugin.origin,
        )
    reasons = [
        Text(f"{plugin.name} ({plugin.distribution or 'python'}): {plugin.reason}")
        for plugin in found
        if plugin.reason
    ]
    return [listing, *([""] if reasons else []), *reasons]


def descriptions(found: Sequence[Description]) -> list[RenderableType]:
    """Lay out ``passmgr describe NAME``."""
    parts: list[RenderableType] = []
    for description in found:
        parts += [""] if parts else []
        plugin = description.plugin
        origin = f"{plugin.distribution} {plugin.version}" if plugin.distribution else plugin.name
        head = f"{description.name}  ({SINGULAR[description.kind]}, from {origin})"
        parts += [Text(head, "bold"), "", indented(Text(description.text)), ""]
        if description.options:
            parts += [Text("options", "bold"), indented(_options(description.options)), ""]
        parts.append(pairs(description.declarations))
    return parts


def _options(specs: Sequence[OptionSpec]) -> Table:
    grid = table("name", "type", "default", "meaning")
    for spec in specs:
        required = spec.default is dataclasses.MISSING
        bounds = ""
        if spec.minimum is not None or spec.maximum is not None:
            low = "" if spec.minimum is None else f"{spec.minimum:g}"
            high = "" if spec.maximum is None else f"{spec.maximum:g}"
            bounds = f" [{low}..{high}]"
        default = "(required)" if required else str(spec.default).lower()
        grid.add_row(spec.name, Text(spec.type_text + bounds), Text(default), Text(spec.help))
    return grid


def inspection(model: str, found: Inspection, *, limit: int | None = None) -> list[RenderableType]:
    """Lay out ``passmgr inspect MODEL``, with at most ``limit`` inputs and outputs."""
    opsets = ", ".join(f"{domain or 'ai.onnx'} {v}" for domain, v in found.opsets.items())
    types = ", ".join(f"{name} {size(count)}" for name, count in found.element_types.items())
    parameters = f"{found.parameters:,} ({types})" if found.parameters else "none"
    inner = [counted(found.subgraphs, "subgraph")] if found.subgraphs else []
    inner += [counted(len(found.functions), "function")] if found.functions else []
    facts = {
        "model": model,
        "format": f"IR version {found.ir_version}, opset {opsets}",
        "producer": found.producer,
        "nodes": f"{found.nodes:,}" + (f" (with {' and '.join(inner)})" if inner else ""),
        "parameters": parameters,
        **_costs(found),
        "functions": ", ".join(found.functions),
    }
    facts |= {"external data": _external(found.external_files)}
    facts |= {f"metadata {key}": value for key, value in found.metadata.items()}
    facts |= {"description": found.doc}
    return [
        pairs(facts),
        "",
        _signature("input", found.inputs, limit),
        "",
        _signature("output", found.outputs, limit),
        "",
        _ops(found),
    ]


def _ops(found: Inspection) -> Table:
    """Return the commonest op types, and all that cost MACs."""
    macs = found.costs.by_op if found.costs else {}
    columns = ["nodes", "MACs"] if macs else ["nodes"]
    grid = table("op", *columns, right=columns)
    rest: list[int] = []
    for position, (name, count) in enumerate(found.ops.items()):
        if position < OPS_SHOWN or name in macs:
            cost = [amount(macs[name]) if name in macs else ""] if macs else []
            grid.add_row(Text(name), f"{count:,}", *cost)
        else:
            rest.append(count)
    if rest:
        grid.add_row(f"... {counted(len(rest), 'more op type')}", f"{sum(rest):,}")
    return grid


def _costs(found: Inspection) -> dict[str, str]:
    """Return MACs and memory as text, with what they leave out."""
    at = ", ".join(f"{name} {size}" for name, size in found.dims.items())
    at = f" at {at}" if at else ""
    told: dict[str, str] = {}
    if costs := found.costs:
        told["MACs"] = amount(costs.macs) + at + _without("node", [n for n, _ in costs.unknown])
        told["MACs"] += "".join(f"; {reason}: {name}" for name, reason in costs.approximate[:NAMED])
        more = len(costs.approximate) - NAMED
        told["MACs"] += f" and {more} more" if more > 0 else ""
    if memory := found.memory:
        where = f", largest at {memory.peak_node}" if memory.peak_node else ""
        told["peak memory"] = (
            f"{size(memory.peak_bytes)} of activations{at}{where}"
            + _without("value", [f"'{name}'" for name in memory.unknown])
            + f"; beside {size(memory.constant_bytes)} of constants"
        )
    return told


def _without(noun: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f", without {counted(len(names), noun)} not known: {', '.join(names[:NAMED])}{more}"


def _external(files: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({size(count)})" for name, count in files.items())


def _signature(kind: str, values: Sequence[ValueInfo], limit: int | None) -> Table:
    grid = table(kind, "type", "shape")
    for value in values[:limit]:
        shape = "unknown rank"
        if value.shape is not None:
            shape = "[" + ", ".join("?" if d is None else str(d) for d in value.shape) + "]"
        grid.add_row(Text(value.name), Text(value.type), Text(shape))
    _and_more(grid, values, limit)
    return grid


def _and_more(grid: Table, shown: Sequence[object], limit: int | None) -> None:
    """Say how many rows were left out."""
    if limit is not None and len(shown) > limit:
        grid.add_row(f"... and {len(shown) - limit:,} more")


def comparison(
    a: str, b: str, found: Comparison, *, limit: int | None = None
) -> list[RenderableType]:
    """Lay out ``passmgr compare A B``, with at most ``limit`` outputs and layers."""
    parts: list[RenderableType] = [differences(found.outputs, "output", limit)]
    if found.layers:
        apart = [layer for layer in found.layers if layer.status != "equal"]
        equal = f"{len(found.layers) - len(apart)} of {counted(len(found.layers), 'layer')} equal"
        parts += ["", Text(equal), *([differences(apart, "layer", limit)] if apart else [])]
        if first := found.first_departure:
            parts += ["", Text(f"first layer out of tolerance: {first.name}")]
    parts += ["", *(Text(note) for note in found.notes)] if found.notes else []
    verdict = "equal within tolerance" if found.equal else "not proved equal"
    if found.equal and all(d.status == "equal" for d in found.outputs):
        verdict = "bit-equal"
    style = "green" if found.equal else "red"
    inputs = counted(found.inputs, "set") + " of inputs"
    tolerance = f"rtol {found.rtol:g}, atol {found.atol:g}"
    return [*parts, "", Text(f"{a} and {b}: {verdict} on {inputs} ({tolerance})", style)]


def differences(found: Sequence[OutputDifference], kind: str, limit: int | None = None) -> Table:
    """Return a table of differences between values of two models."""
    grid = table(kind, "status", "relative", "absolute", "reason", right=["relative", "absolute"])
    for difference in found[:limit]:
        grid.add_row(
            Text(difference.name),
            difference.status,
            "-" if difference.relative is None else f"{difference.relative:.2g}",
            "-" if difference.absolute is None else f"{difference.absolute:.2g}",
            Text(difference.reason),
        )
    _and_more(grid, found, limit)
    return grid


def checks(results: Sequence[CheckResult]) -> list[RenderableType]:
    """Lay out what kept the contract: a line for each, then what is wrong in full."""
    labels = {(result.kind, result.name): result for result in results}
    kinds = len({kind for kind, _ in labels})
    found = table(*(["kind"] if kinds > 1 else []), "name", "checks", right=("checks",))
    broken = 0
    for kind, name in labels:
        own = [result for result in results if (result.kind, result.name) == (kind, name)]
        kept = sum(not result.problem for result in own)
        broken += kept < len(own)
        style = "green" if kept == len(own) else "bold red"
        row = [_singular(kind)] if kinds > 1 else []
        found.add_row(*row, Text(name), Text(f"{kept} of {len(own)}", style))
    parts: list[RenderableType] = [found]
    for result in results:
        if result.problem:
            parts += ["", Text(result.problem)]
    deprecated = dict.fromkeys(line for result in results for line in result.deprecations)
    parts += [""] if deprecated else []
    parts += [Text(f"deprecated: {line}", "yellow") for line in deprecated]
    noun = _singular(results[0].kind) if kinds == 1 else "thing"
    end = "every check kept" if not broken else f"{broken} broken"
    style = "bold red" if broken else "green"
    return [*parts, "", Text(f"{counted(len(labels), noun)}: {end}", style)]


def _singular(kind: str) -> str:
    return SINGULAR[kind] if kind in SINGULAR else kind.removesuffix("s")
