"""What the scheduler asks of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..pipeline import PipelineSource

if TYPE_CHECKING:
    from ..contract import Fact, Pass
    from ..errors import UnknownNameError


class PassSource(PipelineSource, Protocol):
    """What the scheduler asks of the registry; see :class:`passmgr.core.registry.Registry`.

    Entries of passes have a ``target`` and a ``plugin`` with ``distribution`` and ``version``.
    """

    def make_pass(self, name: str, options: Mapping[str, Any], /) -> Pass:
        """Return the pass of that name with options; raises ``UsageError`` on wrong ones."""
        ...

    def pass_class(self, name: str, /) -> type[Pass]:
        """Return the class of a pass."""
        ...

    def fact(self, name: str, /) -> Fact:
        """Return the fact of that name."""
        ...

    def unknown(self, kind: Literal["passes"], name: str, /) -> UnknownNameError:
        """Return the error for a name that is not registered."""
        ...
