"""Displayed: what a notebook, or IPython in a terminal, shows as the command line does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType


class Displayed:
    """A base of results that are laid out for a person; IPython asks for text and for HTML."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # IPython looks for it class by class, and in each of them prefers a __repr__ to nothing.
        cls._repr_pretty_ = Displayed._repr_pretty_  # type: ignore[method-assign]

    def _layout(self) -> Sequence[RenderableType]:
        """Return what is shown, part below part."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from .notebook import to_html

        return to_html(*self._layout())

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        from .notebook import to_text

        printer.text(to_text(*self._layout()))
