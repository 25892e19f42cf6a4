"""Registers the built-in passes, analyses, facts and named pipelines, all by lazy path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passmgr.core.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from passmgr.core.registry import Registrar


@hookimpl
def passmgr_register(registry: Registrar) -> None:
    """Register what this room brings."""
    _register_facts(registry)
    _register_analyses(registry)
    _register_passes(registry)
    _register_pipelines(registry)


def _register_facts(registry: Registrar) -> None:
    pass


def _register_analyses(registry: Registrar) -> None:
    pass


def _register_passes(registry: Registrar) -> None:
    pass


def _register_pipelines(registry: Registrar) -> None:
    pass
