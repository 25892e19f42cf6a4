"""Hold what a plugin brings to the contract, outside of pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..registry import KINDS, load_registry
from ..registry.loader import canonical, deprecations

if TYPE_CHECKING:
    from ..manager.context import Progress
    from ..registry import Registry
    from ..testing import BoundCheck


@dataclass(frozen=True)
class CheckResult:
    """One check of one pass, fact, front end, ...

    Args:
        kind: What is checked: ``passes``, ``facts``, ...; ``plugins`` for how one was loaded.
        name: Its name.
        check: The name of the check.
        problem: What is wrong, with what to do and where; empty where the check passed.
        deprecations: What it used meanwhile that will be removed from the plugin API.
    """

    kind: str
    name: str
    check: str
    problem: str = ""
    deprecations: tuple[str, ...] = ()


def check_plugin(
    name: str,
    *,
    models: Sequence[str | Path] = (),
    examples: int = 50,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> list[CheckResult]:
    """Run the contract suite on all that a distribution registers, or on what has one name.

    Args:
        name: The distribution, or the name of a pass, an analysis, a fact, a front end, an emitter,
            a runtime or a pipeline.
        models: Files of models to try them on besides those of the suite.
        examples: How many generated models each of them is tried on.
        registry: What is installed, by default.
        progress: Shows how far it is.

    Raises:
        UnknownNameError: There is neither a distribution with plugins nor anything of that name.
        PluginError: Something cannot be loaded, or is not what it is registered as.
        ModelError: One of the models cannot be read.
    """
    from ..testing import Violation, bound_checks
    from ..testing.suite import registered_by

    registry = registry or load_registry()
    entries = [registry.entry(kind, name) for kind in KINDS if name in registry.entries(kind)]
    plugins = []
    if not entries:
        entries = registered_by(name, registry)
        plugins = [p for p in registry.plugins if canonical(p.distribution) == canonical(name)]
    if not entries and not plugins:
        raise registry.unknown(None, name)
    checks: list[BoundCheck] = []
    unusable: list[CheckResult] = []
    for entry in entries:
        try:
            checks += bound_checks(
                entries=[entry], models=models, examples=examples, registry=registry
            )
        except UsageError as error:  # what it needs is not installed, or it has to have options
            unusable.append(CheckResult(entry.kind, entry.name, "use", str(error)))
    shown = progress.track(checks, f"checking {name}", len(checks)) if progress else checks

    def run() -> Iterator[CheckResult]:
        for plugin in plugins:
            yield CheckResult("plugins", plugin.name, "loading", plugin.reason, plugin.deprecations)
        for bound in shown:
            problem = ""
            with deprecations() as found:
                try:
                    bound()
                except Violation as violation:
                    problem = str(violation)
            subject, check = bound.subject.name, bound.check.name
            yield CheckResult(bound.kind, subject, check, problem, tuple(found))

    return [*run(), *unusable]
