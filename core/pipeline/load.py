"""What a user gives as a pipeline - text, file, passes, a mix - as one tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from ..contract import Pass, non_default_options, option_specs
from ..errors import UsageError
from .text import parse
from .toml import load_pipeline_file
from .tree import Call, Item, Pipeline, Repeat

PipelineSpec: TypeAlias = "str | Path | Pass | Call | Repeat | Pipeline | Iterable[PipelineSpec]"
"""A text, a path to a TOML file, a pass, a tree, or any number of those in a row."""


def load_pipeline(spec: PipelineSpec) -> Pipeline:
    """Return the tree of whatever a user gives as a pipeline.

    Args:
        spec: A pipeline text, a path that ends with ``.toml``, a pass, a tree or a part of one,
            or a list of those, which run in a row: ``[MyPass(limit=3), "fold-constants"]``.

    Raises:
        UsageError: A text or a file is wrong, or something is no pipeline.
    """
    if isinstance(spec, Pipeline):
        return spec
    if isinstance(spec, Path) or (isinstance(spec, str) and spec.strip().lower().endswith(".toml")):
        return load_pipeline_file(spec.strip() if isinstance(spec, str) else spec)
    if isinstance(spec, str):
        return parse(spec)
    if isinstance(spec, (Call, Repeat)):
        return Pipeline((spec,))
    if isinstance(spec, Pass):
        return Pipeline((_call(spec),))
    if isinstance(spec, type) and issubclass(spec, Pass):
        raise UsageError(f"{spec.__name__} is a class, a pipeline takes a pass: {spec.__name__}()")
    if isinstance(spec, Iterable) and not isinstance(spec, (bytes, dict)):
        items: list[Item] = []
        for part in spec:
            items.extend(load_pipeline(part).items)
        return Pipeline(tuple(items))
    raise UsageError(f"{spec!r} is no pipeline; give a text, a pass or a list of those")


def _call(pass_: Pass) -> Call:
    """Return the call of a pass made in Python, whose options nobody has checked so far."""
    call = Call.of(pass_)
    given = non_default_options(pass_)
    for spec in option_specs(type(pass_)):
        try:
            if spec.name in given:
                spec.validate(given[spec.name])
        except TypeError:  # Of a type that only Python can give, which has no bounds.
            continue
        except ValueError as error:
            raise UsageError(f"pass '{pass_.name}': {error}") from error
    return call
