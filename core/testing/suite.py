"""The suite: all checks on all passes in question, for pytest and without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import Pass
from ..errors import UsageError
from ..registry import load_registry
from . import behaviour, declarations, generated, transactions  # noqa: F401 - they register checks
from .subject import Subject, file_case, supplied_cases
from .violation import CHECKS, Check, Violation

if TYPE_CHECKING:
    from ..registry import Registry

    ExpectedFailures = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class BoundCheck:
    """One check of one pass; calling it runs it.

    Args:
        check: The check.
        subject: The pass.
        expected: Why it is expected to fail; empty where it is not.
    """

    check: Check
    subject: Subject
    expected: str = ""

    @property
    def id(self) -> str:
        """A name for reports: ``pass-name-check-name``."""
        return f"{self.subject.name}-{self.check.name}"

    def __call__(self) -> None:
        """Run the check.

        Raises:
            Violation: The pass does not have the property.
        """
        self.check(self.subject)


def registered_passes(distribution: str, registry: Registry | None = None) -> list[Pass]:
    """Return the passes that a distribution registers, with their default options.

    Raises:
        UsageError: It registers none.
    """
    registry = registry or load_registry()
    names = pass_names(distribution, registry)
    if not names:
        raise UsageError(f"no pass is registered by a distribution '{distribution}'")
    return [registry.make_pass(name) for name in names]


def pass_names(distribution: str, registry: Registry) -> list[str]:
    """Return the names of the passes that a distribution registers, sorted."""
    entries = registry.entries("passes").items()
    return sorted(name for name, entry in entries if entry.plugin.distribution == distribution)


def bound_checks(
    passes: Iterable[Pass | type[Pass] | str],
    *,
    models: Sequence[str | Path] = (),
    expected_failures: ExpectedFailures | None = None,
    examples: int = 20,
    registry: Registry | None = None,
) -> Iterator[BoundCheck]:
    """Yield every check for every pass.

    Args:
        passes: Passes, classes of passes (with default options) or registered names.
        models: Files of models to try the passes on besides those of the suite.
        expected_failures: Reasons by pass name and check name.
        examples: How many generated models each pass is tried on.
        registry: Where names, facts and runtimes come from; by default all that is installed.

    Raises:
        UsageError: An expected failure names a pass or a check that there is not.
    """
    registry = registry or load_registry()
    cases = [*supplied_cases(registry), *(file_case(Path(path), registry) for path in models)]
    subjects = [Subject(_pass(item, registry), registry, cases, examples) for item in passes]
    expected = expected_failures or {}
    _check_names(expected, subjects)
    for subject in subjects:
        reasons = expected.get(subject.name, {})
        for check in CHECKS.values():
            yield BoundCheck(check, subject, reasons.get(check.name, ""))


def parametrize_with_checks(
    passes: Iterable[Pass | type[Pass] | str],
    *,
    models: Sequence[str | Path] = (),
    expected_failures: ExpectedFailures | None = None,
    examples: int = 20,
    registry: Registry | None = None,
) -> Callable[[Any], Any]:
    """Decorate a test that takes ``check`` and calls it: pytest runs it for each pass and check.

        @parametrize_with_checks(passes=["drop-dropout"])
        def test_contract(check):
            check()

    Expected failures are strict: a check that passes although it was expected to fail is an error.
    See :func:`bound_checks` for the arguments.
    """
    import pytest

    parameters = []
    for bound in bound_checks(
        passes,
        models=models,
        expected_failures=expected_failures,
        examples=examples,
        registry=registry,
    ):
        marks = (
            [pytest.mark.xfail(reason=bound.expected, strict=True, raises=Violation)]
            if bound.expected
            else []
        )
        parameters.append(pytest.param(bound, id=bound.id, marks=marks))
    return pytest.mark.parametrize("check", parameters)


def _pass(item: Pass | type[Pass] | str, registry: Registry) -> Pass:
    if isinstance(item, str):
        return registry.make_pass(item)
    return item() if isinstance(item, type) else item


def _check_names(expected: ExpectedFailures, subjects: Sequence[Subject]) -> None:
    names = {subject.name for subject in subjects}
    for pass_name, reasons in expected.items():
        if pass_name not in names:
            raise UsageError(f"a failure is expected of '{pass_name}', which is not checked")
        for check_name, reason in reasons.items():
            if check_name not in CHECKS:
                raise UsageError(
                    f"a failure is expected of the check '{check_name}'; there are "
                    f"{', '.join(CHECKS)}"
                )
            if not reason:
                raise UsageError(f"'{pass_name}' is expected to fail '{check_name}' without reason")
