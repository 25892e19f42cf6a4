"""The suite: all checks on all that is in question, for pytest and without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract import Pass
from ..errors import UsageError
from ..registry import KINDS, Entry, load_registry
from ..registry.loader import canonical
from . import (  # noqa: F401 - they register checks
    behaviour,
    declarations,
    generated,
    hash_seeds,
    skipping,
    transactions,
)
from .components import Component, components_of
from .subject import Subject, file_case, supplied_cases
from .violation import CHECKS, Check, Violation

if TYPE_CHECKING:
    from ..registry import Registry

    ExpectedFailures = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class BoundCheck:
    """One check of one pass, fact, front end, ...; calling it runs it.

    Args:
        check: The check.
        kind: What is checked: ``passes``, ``facts``, ...
        subject: The pass, or what else it is, with models.
        expected: Why it is expected to fail; empty where it is not.
    """

    check: Check
    kind: str
    subject: Subject | Component
    expected: str = ""

    @property
    def label(self) -> str:
        """What is checked: the name of a pass, ``facts/sorted``, ``frontends/onnx``, ..."""
        return label(self.kind, self.subject.name)

    @property
    def id(self) -> str:
        """A name for reports: ``pass-name-check-name``."""
        return f"{self.label}-{self.check.name}"

    def __call__(self) -> None:
        """Run the check.

        Raises:
            Violation: The subject does not have the property.
        """
        self.check(self.subject)


def label(kind: str, name: str) -> str:
    """Return the name of a pass as it is; anything else's with its kind before it."""
    return name if kind == "passes" else f"{kind}/{name}"


def registered_by(distribution: str, registry: Registry) -> list[Entry]:
    """Return everything that a distribution registers, by kind and name.

    Targets are not among it: there is nothing yet that they have to keep.
    """
    return [
        entry
        for kind in KINDS
        if kind in CHECKS
        for _, entry in sorted(registry.entries(kind).items())
        if canonical(entry.plugin.distribution) == canonical(distribution)
    ]


def bound_checks(
    passes: Iterable[Pass | type[Pass] | str] = (),
    *,
    distribution: str = "",
    entries: Iterable[Entry] = (),
    models: Sequence[str | Path] = (),
    expected_failures: ExpectedFailures | None = None,
    examples: int = 50,
    registry: Registry | None = None,
) -> Iterator[BoundCheck]:
    """Yield every check for everything in question.

    Args:
        passes: Passes, classes of passes (with default options) or registered names.
        distribution: A distribution all of whose passes, analyses, facts, front ends, emitters,
            runtimes and pipelines are checked.
        entries: Single entries of the registry.
        models: Files of models to try them on besides those of the suite.
        expected_failures: Reasons by label (the name of a pass, ``facts/sorted``, ...) and check.
        examples: How many generated models each of them is tried on.
        registry: Where names, facts and runtimes come from; by default all that is installed.

    Raises:
        UsageError: The distribution registers nothing, or an expected failure names something or
            a check that there is not.
    """
    registry = registry or load_registry()
    entries = [*entries, *(registered_by(distribution, registry) if distribution else ())]
    if distribution and not entries:
        raise UsageError(f"nothing is registered by a distribution '{distribution}'")
    files = [Path(path) for path in models]
    cases = [*supplied_cases(registry), *(file_case(path, registry) for path in files)]
    subjects: list[tuple[str, Subject | Component]] = [
        ("passes", Subject(_pass(item, registry), registry, cases, examples))
        for item in [*passes, *(entry.name for entry in entries if entry.kind == "passes")]
    ]
    for entry in entries:
        if entry.kind != "passes":
            found = components_of(entry, registry, cases, files, examples)
            subjects += [(entry.kind, component) for component in found]
    expected = expected_failures or {}
    _check_names(expected, subjects)
    for kind, subject in subjects:
        reasons = expected.get(label(kind, subject.name), {})
        for check in CHECKS[kind].values():
            yield BoundCheck(check, kind, subject, reasons.get(check.name, ""))


def parametrize_with_checks(
    passes: Iterable[Pass | type[Pass] | str] = (),
    *,
    distribution: str = "",
    entries: Iterable[Entry] = (),
    models: Sequence[str | Path] = (),
    expected_failures: ExpectedFailures | None = None,
    examples: int = 50,
    registry: Registry | None = None,
) -> Callable[[Any], Any]:
    """Decorate a test that takes ``check`` and calls it: pytest runs it for each one.

        @parametrize_with_checks(passes=["drop-dropout"])
        def test_contract(check):
            check()

    With ``distribution="my-passes"`` it covers all that the distribution registers, whatever is
    added to it later. Expected failures are strict: a check that passes although it was expected
    to fail is an error. See :func:`bound_checks` for the arguments.
    """
    import pytest

    parameters = []
    for bound in bound_checks(
        passes,
        distribution=distribution,
        entries=entries,
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


def _check_names(
    expected: ExpectedFailures, subjects: Sequence[tuple[str, Subject | Component]]
) -> None:
    kinds = {label(kind, subject.name): kind for kind, subject in subjects}
    for name, reasons in expected.items():
        if name not in kinds:
            raise UsageError(f"a failure is expected of '{name}', which is not checked")
        for check_name, reason in reasons.items():
            if check_name not in CHECKS[kinds[name]]:
                raise UsageError(
                    f"a failure is expected of the check '{check_name}'; there are "
                    f"{', '.join(CHECKS[kinds[name]])}"
                )
            if not reason:
                raise UsageError(f"'{name}' is expected to fail '{check_name}' without reason")
