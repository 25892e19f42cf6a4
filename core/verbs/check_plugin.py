"""Hold the passes of a plugin to the contract, outside of pytest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..registry import load_registry

if TYPE_CHECKING:
    from ..manager.context import Progress
    from ..registry import Registry


@dataclass(frozen=True)
class CheckResult:
    """One check of one pass.

    Args:
        pass_name: The pass.
        check: The name of the check.
        problem: What is wrong, with what to do and where; empty where the check passed.
    """

    pass_name: str
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
    """Run the contract suite on the passes of a distribution, or on one pass.

    Args:
        name: The distribution, or the pass.
        models: Files of models to try the passes on besides those of the suite.
        examples: How many generated models each pass is tried on.
        registry: What is installed, by default.
        progress: Shows how far it is.

    Raises:
        UnknownNameError: There is neither a distribution with passes nor a pass of that name.
        ModelError: One of the models cannot be read.
    """
    from ..testing import Violation, bound_checks
    from ..testing.suite import pass_names

    registry = registry or load_registry()
    passes = [name] if name in registry.entries("passes") else pass_names(name, registry)
    if not passes:
        raise registry.unknown("passes", name)
    checks = list(bound_checks(passes, models=models, examples=examples, registry=registry))
    shown = progress.track(checks, f"checking {name}", len(checks)) if progress else checks

    def run() -> Iterator[CheckResult]:
        for bound in shown:
            try:
                bound()
            except Violation as violation:
                yield CheckResult(bound.subject.name, bound.check.name, str(violation))
            else:
                yield CheckResult(bound.subject.name, bound.check.name)

    return list(run())
