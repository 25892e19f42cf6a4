"""The reference: pages made from the declarations, so that they cannot say something else."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import UsageError
from ..registry import Kind, Registry
from . import authors, commands, names, registered

OWN = "passmgr"
"""The distribution whose passes every site documents."""


def reference_pages(registry: Registry, plugins: Collection[str] = ()) -> dict[str, str]:
    """Return the pages of the reference by file name.

    Args:
        registry: What is registered.
        plugins: Distributions besides passmgr whose passes and bridges are documented.

    Raises:
        UsageError: A distribution brings no plugin, or none that could be loaded.
        PluginError: Something that is registered cannot be loaded or has no documentation.
    """
    for name in plugins:
        _check_loaded(name, registry)
    only = {OWN, *plugins}
    bridges: tuple[Kind, ...] = ("frontends", "emitters", "runtimes", "targets")
    return {
        "passes.md": registered.page(["passes"], "Passes", registry, only),
        "analyses.md": registered.page(["analyses"], "Analyses", registry, only),
        "facts.md": registered.page(["facts"], "Facts", registry, only),
        "pipelines.md": registered.page(["pipelines"], "Pipelines", registry, only),
        "bridges.md": registered.page(bridges, "Front ends, emitters, runtimes", registry, only),
        "command-line.md": commands.commands_page(),
        "errors.md": commands.errors_page(),
        "declarations.md": authors.declarations_page(),
        "checks.md": authors.checks_page(),
        "hooks.md": authors.hooks_page(),
        "python.md": names.python_page(),
    }


def _check_loaded(name: str, registry: Registry) -> None:
    found = [plugin for plugin in registry.plugins if plugin.distribution == name]
    if any(plugin.state == "loaded" for plugin in found):
        return
    told = "; ".join(f"{plugin} is {plugin.state}: {plugin.reason}" for plugin in found)
    raise UsageError(
        f"distribution '{name}' brings no plugin that is loaded" + f" ({told})" * bool(told)
    )
