"""Hold what a plugin brings to the contract, outside of pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..registry import KINDS, load_registry

if TYPE_CHECKING:
    from ..manager.context import Progress
    from ..registry import Entry, Registry


@dataclass(frozen=True)
class CheckResult:
    """One check of one pass, fact, front end, ...

    Args:
        kind: What is checked: ``passes``, ``facts``, ``frontends``, ...
        name: Its name.
        check: The name of the check.
        problem: What is wrong, with what to do and where; empty where the check passed.
    """

    kind: str
    name: str
    check: str
    problem: str = ""


def check_plugin(
    name: str,
    *,
    models: Sequence[str | Path] = (),
    examples: int = 20,
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

    registry = registry or load_registry()
    found = bound_checks(
        entries=_entries(name, registry), models=models, examples=examples, registry=registry
    )
    checks = list(found)
    shown = progress.track(checks, f"checking {name}", len(checks)) if progress else checks

    def run() -> Iterator[CheckResult]:
        for bound in shown:
            problem = ""
            try:
                bound()
            except Violation as violation:
                problem = str(violation)
            yield CheckResult(bound.kind, bound.subject.name, bound.check.name, problem)

    return list(run())


def _entries(name: str, registry: Registry) -> list[Entry]:
    from ..testing.suite import registered_by

    named = [registry.entry(kind, name) for kind in KINDS if name in registry.entries(kind)]
    entries = named or registered_by(name, registry)
    if not entries:
        raise registry.unknown(None, name)
    return entries
