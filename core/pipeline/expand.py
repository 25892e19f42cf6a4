"""Expansion: named pipelines inside a pipeline are replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Protocol

from ..errors import UnknownNameError, UsageError
from .span import Span
from .text import parse
from .tree import Call, Item, Pipeline, Repeat


class PipelineSource(Protocol):
    """What expansion asks of the registry."""

    def entries(self, kind: Literal["passes", "pipelines"], /) -> Mapping[str, Any]:
        """Return what is registered of a kind, by name."""
        ...

    def pipeline(self, name: str, /) -> str:
        """Return the text of a named pipeline."""
        ...

    def contributions(self, point: str, /) -> tuple[list[tuple[Any, str]], tuple[Any, ...]]:
        """Return what plugins add at ``NAME:begin`` or ``NAME:end``, and remarks."""
        ...

    def unknown(self, kind: Literal["passes"], name: str, /) -> UnknownNameError:
        """Return the error for a name that is not registered."""
        ...


def expand(pipeline: Pipeline, registry: PipelineSource) -> tuple[Pipeline, tuple[str, ...]]:
    """Replace the named pipelines in ``pipeline`` by their passes.

    What plugins add to a named pipeline stands at its begin and end; an addition that is wrong is
    left out with a warning.

    Returns:
        The pipeline, in which every call is one of a pass, and warnings.

    Raises:
        UnknownNameError: A name is neither a pass nor a pipeline.
        UsageError: A name is both, a named pipeline contains itself, or is given options.
    """
    expansion = _Expansion(registry)
    return Pipeline(tuple(expansion.items(pipeline, ()))), tuple(expansion.warnings)


class _Expansion:
    def __init__(self, registry: PipelineSource) -> None:
        self.registry = registry
        self.warnings: list[str] = []

    def items(self, pipeline: Pipeline, within: tuple[str, ...]) -> list[Item]:
        """Expand ``pipeline``, which the named pipelines ``within`` led to."""
        found: list[Item] = []
        for item in pipeline.items:
            if isinstance(item, Repeat):
                body = Pipeline(tuple(self.items(item.body, within)))
                found.append(replace(item, body=body))
            elif self.is_pass(item):
                found.append(item)
            else:
                found.extend(self.named(item, within))
        return found

    def is_pass(self, call: Call) -> bool:
        if call.instance is not None:
            return True
        known_pass = call.name in self.registry.entries("passes")
        known_pipeline = call.name in self.registry.entries("pipelines")
        if known_pass and known_pipeline:
            message = (
                f"'{call.name}' is both a pass and a pipeline; one plugin has to rename its own"
            )
            raise UsageError(_point(call.span, message))
        if not known_pass and not known_pipeline:
            unknown = str(self.registry.unknown("passes", call.name))
            raise UnknownNameError(_point(call.span, unknown))
        return known_pass

    def named(self, call: Call, within: tuple[str, ...]) -> list[Item]:
        name = call.name
        if call.options:
            raise UsageError(_point(call.span, f"'{name}' is a pipeline and takes no options"))
        if name in within:
            cycle = " -> ".join((*within[within.index(name) :], name))
            raise UsageError(_point(call.span, f"the pipeline '{name}' contains itself: {cycle}"))
        body = parse(self.registry.pipeline(name), f"pipeline '{name}'")
        path = (*within, name)
        return [
            *self.added(f"{name}:begin", path),
            *self.items(body, path),
            *self.added(f"{name}:end", path),
        ]

    def added(self, point: str, within: tuple[str, ...]) -> list[Item]:
        contributions, remarks = self.registry.contributions(point)
        self.warnings.extend(remark.message for remark in remarks)
        found: list[Item] = []
        for plugin, text in contributions:
            try:
                found.extend(self.items(parse(text, f"addition at {point}"), within))
            except UsageError as error:
                self.warnings.append(f"plugin {plugin} is left out at {point}: {error}")
        return found


def _point(span: Span | None, message: str) -> str:
    return message if span is None else span.point(message)
