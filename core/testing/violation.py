"""What a failed check says: what happened, what should happen, how to get there, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


class Violation(AssertionError):
    """A pass, or what else a plugin brings, does not keep its contract.

    Args:
        problem: What happened, on which model.
        blame: Lines of its own source that did it, as ``file:line: source``.

    Attributes:
        check: The check that failed.
        subject: The name of what failed it.
    """

    def __init__(self, problem: str, blame: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.blame = tuple(blame)
        self.check: Check | None = None
        self.subject = ""

    def __str__(self) -> str:
        lines = [self.problem]
        if self.check is not None:
            lines = [
                f"{self.subject} fails '{self.check.name}': {self.problem}",
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
    """One property that every pass must have, or everything else of one kind.

    Args:
        name: Kebab-case name.
        expects: What should happen, in one sentence.
        remedies: Two ways to make it so.
        run: Raises :class:`Violation` where the subject does not have it.
    """

    name: str
    expects: str
    remedies: tuple[str, str]
    run: Callable[[Any], None] = field(repr=False, compare=False)

    def __call__(self, subject: Any) -> None:
        """Check one subject.

        Raises:
            Violation: It does not have the property.
        """
        try:
            self.run(subject)
        except Violation as violation:
            violation.check, violation.subject = self, subject.name
            raise


CHECKS: dict[str, dict[str, Check]] = {}
"""All checks by the kind of what they look at (``passes``, ``facts``, ...) and by name."""


def check(
    expects: str, *remedies: str, kinds: Sequence[str] = ("passes",)
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a function as a check of everything of ``kinds``, under its name with dashes."""
    either, or_ = remedies

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        name = function.__name__.strip("_").replace("_", "-")
        for kind in kinds:
            CHECKS.setdefault(kind, {})[name] = Check(name, expects, (either, or_), function)
        return function

    return register
