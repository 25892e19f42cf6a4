"""What a failed check says: what happened, what should happen, how to get there, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .subject import Subject


class Violation(AssertionError):
    """A pass does not keep its contract.

    Args:
        problem: What happened, on which model.
        blame: Lines of the pass's own source that did it, as ``file:line: source``.
    """

    def __init__(self, problem: str, blame: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.blame = tuple(blame)
        self.check: Check | None = None
        self.pass_name = ""

    def __str__(self) -> str:
        lines = [self.problem]
        if self.check is not None:
            lines = [
                f"{self.pass_name} fails '{self.check.name}': {self.problem}",
                f"  expected: {self.check.expects}",
                f"  either    {self.check.remedies[0]}",
                f"  or        {self.check.remedies[1]}",
            ]
        lines += [
            f"  {'at' if not index else '  '} {line}" for index, line in enumerate(self.blame)
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Check:
    """One property that every pass must have.

    Args:
        name: Kebab-case name.
        expects: What should happen, in one sentence.
        remedies: Two ways to make it so.
        run: Raises :class:`Violation` where a pass does not have it.
    """

    name: str
    expects: str
    remedies: tuple[str, str]
    run: Callable[[Subject], None] = field(repr=False, compare=False)

    def __call__(self, subject: Subject) -> None:
        """Check one pass.

        Raises:
            Violation: It does not have the property.
        """
        try:
            self.run(subject)
        except Violation as violation:
            violation.check, violation.pass_name = self, subject.name
            raise


CHECKS: dict[str, Check] = {}
"""All checks by name, in the order in which they are made."""


def check(
    expects: str, *remedies: str
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """Register a function as a check, under its name with dashes."""
    either, or_ = remedies

    def register(function: Callable[[Subject], None]) -> Callable[[Subject], None]:
        name = function.__name__.replace("_", "-")
        CHECKS[name] = Check(name, expects, (either, or_), function)
        return function

    return register
