"""The draft of a plan: the tree of passes while the scheduler still moves and inserts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..contract import is_lossy

if TYPE_CHECKING:
    from ..contract import Pass
    from .plan import Origin


@dataclass(eq=False)
class Node:
    """One pass of the draft.

    Attributes:
        pass_: The pass.
        written: Its number in the pipeline as written, from 1; ``None`` where it was inserted.
        origin: ``written``, ``moved`` or ``inserted``.
        reason: Why it stands where it stands.
        demand: The node and the fact for which it was put there; the node is ``None`` for the end.
    """

    pass_: Pass
    written: int | None = None
    origin: Origin = "written"
    reason: str = "as written"
    demand: tuple[Node | None, str] | None = None

    @property
    def name(self) -> str:
        """The name of the pass."""
        return self.pass_.name

    @property
    def is_lossy(self) -> bool:
        """Whether the pass changes the outputs by design."""
        return is_lossy(self.pass_.effect)

    def declaration(self, what: str) -> str:
        """Return where the pass declares ``what``, for a person who looks for it."""
        cls = type(self.pass_)
        return f"{cls.__module__}.{cls.__qualname__}.{what}"

    def __str__(self) -> str:
        return f"'{self.name}' ({'inserted' if self.written is None else f'#{self.written}'})"


@dataclass(eq=False)
class Block:
    """A repeat of the draft."""

    max: int
    items: list[Item]


Item: TypeAlias = "Node | Block"


@dataclass(frozen=True)
class Place:
    """A gap in the draft: before ``items[index]``.

    Args:
        items: The whole draft or the body of a block.
        index: Where in it.
        block: The block whose body it is.
        outer: The place of that block.
    """

    items: list[Item]
    index: int
    block: Block | None = None
    outer: Place | None = None


def nodes_of(items: Iterable[Item]) -> Iterator[Node]:
    """Yield all passes in order, those of a block once."""
    for item in items:
        if isinstance(item, Block):
            yield from nodes_of(item.items)
        else:
            yield item


def segments(items: list[Item]) -> Iterator[tuple[list[Item], int, int]]:
    """Yield ``(container, start, stop)`` of every run of passes in which passes may move.

    Lossy passes and borders of repeats end a run.
    """
    start = 0
    for index, item in enumerate([*items, None]):
        if isinstance(item, Node) and not item.is_lossy:
            continue
        if start < index:
            yield items, start, index
        start = index + 1
        if isinstance(item, Block):
            yield from segments(item.items)
