"""passmgr: a compiler-style pass framework that brings neural networks into production.

Names are imported on first use, so that ``import passmgr`` alone loads no IR and no framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from passmgr.core.contract import (
        Analysis,
        Approximate,
        Exact,
        Lossy,
        Pass,
        RulePass,
        ops,
        option,
        pass_,
    )
    from passmgr.core.errors import PassmgrError
    from passmgr.core.registry.hookspecs import hookimpl
    from passmgr.core.verbs.check_plugin import check_plugin
    from passmgr.core.verbs.compare import compare
    from passmgr.core.verbs.compare_pipelines import compare_pipelines
    from passmgr.core.verbs.describe import describe
    from passmgr.core.verbs.inspect import inspect
    from passmgr.core.verbs.list import list
    from passmgr.core.verbs.new_plugin import new_plugin
    from passmgr.core.verbs.plan import plan
    from passmgr.core.verbs.run import run

__all__ = [
    "Analysis",
    "Approximate",
    "Exact",
    "Lossy",
    "Pass",
    "PassmgrError",
    "RulePass",
    "check_plugin",
    "compare",
    "compare_pipelines",
    "describe",
    "hookimpl",
    "inspect",
    "list",
    "new_plugin",
    "ops",
    "option",
    "pass_",
    "plan",
    "run",
]

_VERBS = {
    "check_plugin",
    "compare",
    "compare_pipelines",
    "describe",
    "inspect",
    "list",
    "new_plugin",
    "plan",
    "run",
}
_ELSEWHERE = {"PassmgrError": "errors", "hookimpl": "registry.hookspecs"}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    from importlib import import_module, metadata

    if name == "__version__":
        return metadata.version("passmgr")
    if name not in __all__:
        raise AttributeError(f"module 'passmgr' has no attribute '{name}'")
    home = f"verbs.{name}" if name in _VERBS else _ELSEWHERE.get(name, "contract")
    value = getattr(import_module(f"passmgr.core.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> tuple[str, ...]:
    return (*__all__, "__version__")
