"""The contract of what plugins bring besides passes: a file for each kind."""

from . import analyses, declarations, emitters, facts, frontends, pipelines, runtimes
from .component import Component, components_of

__all__ = [
    "Component",
    "analyses",
    "components_of",
    "declarations",
    "emitters",
    "facts",
    "frontends",
    "pipelines",
    "runtimes",
]
