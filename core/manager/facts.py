"""FactTracker: which facts hold on the model, checked when somebody needs to know."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ..contract import Aspect, Fact

if TYPE_CHECKING:
    import onnx_ir as ir


_PROVABLE = {"order": Aspect.STRUCTURE, "name": Aspect.NAMES}
"""What the structural verifier proves, by the code of its problems, and what puts it in doubt."""


class FactTracker:
    """Answers whether a fact holds, by its checker, and remembers until the model changes.

    Args:
        model: The model.
        resolve: Returns the fact of a name.
    """

    def __init__(self, model: ir.Model, resolve: Callable[[str], Fact]) -> None:
        self.model = model
        self._resolve = resolve
        self._known: dict[str, str | None] = {}
        self._proved: set[str] = set()

    def fact(self, name: str) -> Fact:
        """Return the declaration of the fact ``name``."""
        return self._resolve(name)

    def prove(self, problems: Collection[str]) -> None:
        """Take over what a verification of the whole model has shown.

        Args:
            problems: The codes of the problems that were found.
        """
        self._proved = _PROVABLE.keys() - problems

    def holds(self, name: str) -> bool:
        """Tell whether the fact ``name`` holds."""
        return self.violation(name) is None

    def violation(self, name: str) -> str | None:
        """Return why the fact ``name`` does not hold, or ``None`` where it does."""
        if name not in self._known:
            fact = self._resolve(name)
            proved = fact.proved_by in self._proved
            self._known[name] = None if proved else fact.check(self.model)
        return self._known[name]

    def invalidate(self, aspects: Aspect, *, verified: bool = False) -> None:
        """Forget what was known of facts that read one of ``aspects``.

        Args:
            aspects: What has changed.
            verified: The structural verifier has passed the change, order included.
        """
        self._proved -= {
            code
            for code, aspect in _PROVABLE.items()
            if aspect & aspects and not (verified and code == "order")
        }
        for name in tuple(self._known):
            fact = self._resolve(name)
            if fact.reads & aspects and fact.proved_by not in self._proved:
                del self._known[name]

    def known_to_hold(self) -> list[str]:
        """Return the facts that were found to hold and have not been touched since."""
        return [name for name, violation in self._known.items() if violation is None]
