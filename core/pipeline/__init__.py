"""Pipelines: what the user asks for, as text, as TOML and as a tree."""

from .expand import PipelineSource, expand
from .load import PipelineSpec, load_pipeline
from .span import Span
from .text import parse
from .toml import load_pipeline_file, parse_toml, to_toml
from .tree import Call, Item, Pipeline, Repeat
from .values import OptionValue

__all__ = [
    "Call",
    "Item",
    "OptionValue",
    "Pipeline",
    "PipelineSource",
    "PipelineSpec",
    "Repeat",
    "Span",
    "expand",
    "load_pipeline",
    "load_pipeline_file",
    "parse",
    "parse_toml",
    "to_toml",
]
