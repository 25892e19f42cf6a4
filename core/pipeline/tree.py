"""The tree of a pipeline: calls of passes, and repeats of a body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ..contract import non_default_options
from ..errors import UsageError
from .values import OptionValue, format_value, to_option_value, typed

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ..contract import Pass
    from .span import Span

NAME = re.compile(r"[^\W\d][\w.-]*")
"""What may stand for the name of a pass, a pipeline or an option."""

REPEAT = "repeat"
DEFAULT_REPEAT = 10
"""How often a ``repeat`` without ``max`` runs its body at most."""


@dataclass(frozen=True)
class Call:
    """One pass, or a named pipeline, with options.

    Two calls are equal when they print the same and mean the same: ``1``, ``1.0`` and ``true`` are
    different values, ``nan`` equals itself, and the span does not count.

    Args:
        name: The registered name.
        options: Pairs of option name and value, in the written order.
        instance: The pass itself, where it was made in Python; the name need not be registered.
        span: Where it is written.

    Raises:
        UsageError: A name cannot be written in a pipeline, or an option is given twice.
    """

    name: str
    options: tuple[tuple[str, OptionValue], ...] = ()
    instance: Pass | None = field(default=None, repr=False)
    span: Span | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or self.name == REPEAT:
            raise UsageError(f"'{self.name}' cannot be the name of a pass")
        names = [name for name, _ in self.options]
        for index, name in enumerate(names):
            if not NAME.fullmatch(name):
                raise UsageError(f"'{name}' cannot be the name of an option of '{self.name}'")
            if name in names[:index]:
                raise UsageError(f"option '{name}' of '{self.name}' is given twice")

    @classmethod
    def of(cls, pass_: Pass) -> Call:
        """Return the call of a pass that was made in Python."""
        options = non_default_options(pass_)
        pairs = tuple((name, to_option_value(value)) for name, value in options.items())
        return cls(pass_.name, pairs, pass_)

    def _key(self) -> Hashable:
        return self.name, typed(self.options), self.instance and type(self.instance)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        if not self.options:
            return self.name
        options = (f"{name}={format_value(value)}" for name, value in self.options)
        return f"{self.name}{{{', '.join(options)}}}"


@dataclass(frozen=True)
class Repeat:
    """A body that runs again while it changes the model.

    Args:
        max: How often at most.
        body: What is repeated.
        span: Where it is written.

    Raises:
        UsageError: ``max`` is under 1.
    """

    max: int
    body: Pipeline
    span: Span | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.max < 1:
            raise UsageError(f"'repeat' runs its body at least once, max={self.max} is too small")

    def __str__(self) -> str:
        return f"{REPEAT}{{max={self.max}}}({self.body})"


Item: TypeAlias = "Call | Repeat"


@dataclass(frozen=True)
class Pipeline:
    """What the user asks for: passes in the written order.

    ``str(pipeline)`` is its canonical text, and parsing that gives an equal pipeline.
    """

    items: tuple[Item, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.items))
