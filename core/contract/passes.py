"""Pass: the contract of everything that changes a model."""

from __future__ import annotations

import importlib
import inspect
import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from .effects import Approximate, Effect, Exact, Lossy
from .touches import Touches

if TYPE_CHECKING:
    import onnx_ir as ir

    from .context import PassContext

PASS_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""What a pass may be called: kebab-case."""


@dataclass(frozen=True)
class Order:
    """A constraint on the order of two passes, by name.

    Args:
        other: A pass name or a glob such as ``quantize-*``.
        reason: Why, for the plan and for error messages.
        soft: A soft constraint gives way where it would close a cycle.
    """

    other: str
    reason: str
    soft: bool = False


@dataclass(frozen=True)
class Pass(ABC):
    """A transformation of a model.

    Subclasses are frozen dataclasses; their fields are the options of the pass
    (:func:`passmgr.option`). Everything else is declared on the class. An instance holds no state:
    what a run needs comes from the context.

    Attributes:
        name: Kebab-case name.
        version: Raised when the same options would give another result.
        requires: Facts that must hold before the pass runs.
        establishes: Facts that hold after it; checked, not believed.
        breaks: Facts that it may break; a hint for the scheduler.
        followed_by: Facts that must hold again before the model is emitted.
        touches: Op types without which there is nothing to do.
        done_when: Facts that leave nothing to do where all of them hold.
        effect: How far the outputs may move.
        before: Passes that this one must precede.
        after: Passes that this one must follow.
        conflicts: Passes that may not be in the same pipeline.
        idempotent: A second run changes nothing.
        required: May not be left out by ``--disable``.
        changes_interface: May change inputs or outputs of the model.
        scope: ``graph`` for a pass that looks at one graph at a time, otherwise ``model``.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    requires: ClassVar[tuple[str, ...]] = ()
    establishes: ClassVar[tuple[str, ...]] = ()
    breaks: ClassVar[tuple[str, ...]] = ()
    followed_by: ClassVar[tuple[str, ...]] = ()
    touches: ClassVar[Touches | None] = None
    done_when: ClassVar[tuple[str, ...]] = ()
    effect: ClassVar[Effect] = Exact()
    before: ClassVar[tuple[Order, ...]] = ()
    after: ClassVar[tuple[Order, ...]] = ()
    conflicts: ClassVar[tuple[Order, ...]] = ()
    idempotent: ClassVar[bool] = False
    required: ClassVar[bool] = False
    changes_interface: ClassVar[bool] = False
    scope: ClassVar[Literal["graph", "model"]] = "graph"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = inspect.get_annotations(cls)
        for reserved in RESERVED_NAMES & own.keys():
            if "ClassVar" not in str(own[reserved]):
                raise TypeError(
                    f"{cls.__qualname__}: '{reserved}' is a declaration of every pass and cannot "
                    f"be an option; write '{reserved} = ...' without annotation, or rename it"
                )

    @abstractmethod
    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Change ``model`` through ``ctx.edit``; whether it changed is computed by the manager."""


RESERVED_NAMES = frozenset(Pass.__annotations__)


@dataclass(frozen=True)
class RulePass(Pass):
    """A pass that is a list of ``onnxscript.rewriter`` rules and writes no traversal."""

    @abstractmethod
    def rules(self) -> Sequence[Any]:
        """Return ``RewriteRule`` objects of ``onnxscript.rewriter``, in order of priority."""

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Apply the rules node by node until none matches any more."""
        ctx.rewrite(model, self.rules())


@dataclass(frozen=True)
class ForeignPass(Pass):
    """A pass that edits the model by itself; it runs on a clone that is swapped in on commit.

    Its effect has no default: who adapts foreign code has to say how far it moves the outputs. It
    requires ``sorted``, without which a model cannot be cloned.
    """

    scope: ClassVar[Literal["graph", "model"]] = "model"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not any("effect" in base.__dict__ for base in cls.__mro__[: cls.__mro__.index(Pass)]):
            raise TypeError(f"{cls.__qualname__}: a foreign pass must declare its effect")
        cls.requires = tuple(dict.fromkeys(("sorted", *cls.requires)))

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Not used: the manager calls :meth:`apply` on a clone."""
        raise TypeError("a foreign pass is applied to a clone by the manager")

    @abstractmethod
    def apply(self, model: ir.Model) -> ir.Model | None:
        """Edit ``model`` in place, or return the model that replaces it."""


def check_declarations(declarations: Iterable[str]) -> None:
    """Raise ``TypeError`` where one of the names is no class-level declaration of a pass."""
    for key in declarations:
        if key not in RESERVED_NAMES:
            known = ", ".join(sorted(RESERVED_NAMES))
            raise TypeError(f"'{key}' is no declaration of a pass; there are {known}")


PassFunction = Callable[["ir.Model", "PassContext"], None]
F = TypeVar("F", bound=PassFunction)


def pass_(
    function: PassFunction | None = None, /, *, name: str | None = None, **declarations: Any
) -> Any:
    """Turn a function into a pass.

    ``@pass_(touches=ops("Dropout"))`` over ``def drop_dropout(model, ctx)`` makes a pass called
    ``drop-dropout``. Keyword arguments are declarations of :class:`Pass`.

    Args:
        function: The function, where the decorator is used without arguments.
        name: The name of the pass; by default the function's, with dashes.
        **declarations: Class-level declarations such as ``effect`` or ``requires``.

    Raises:
        TypeError: A keyword is no declaration of a pass.
    """
    check_declarations(declarations)

    def decorate(function: PassFunction) -> Pass:
        def run(self: Pass, model: ir.Model, ctx: PassContext) -> None:
            function(model, ctx)

        def reduce(self: Pass) -> tuple[Any, ...]:
            # The name of the function means the pass now, and its class has no name of its own.
            return _named, (function.__module__, function.__qualname__)

        body = {
            **declarations,
            "name": name or function.__name__.strip("_").replace("_", "-"),
            "run": run,
            "__reduce__": reduce,
            "function": staticmethod(function),
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "__qualname__": function.__qualname__,
        }
        cls: type[Pass] = dataclass(frozen=True)(type(function.__name__, (Pass,), body))
        instance: Pass = cls()
        return instance

    return decorate if function is None else decorate(function)


def _named(module: str, qualname: str) -> Pass:
    """Return the pass that ``@pass_`` made of a function, by its name; for unpickling."""
    found: Pass = operator.attrgetter(qualname)(importlib.import_module(module))
    return found


def is_lossy(effect: Effect) -> bool:
    """Tell whether a pass of this effect changes the outputs by design."""
    return isinstance(effect, Lossy)


def combine_effects(effects: Sequence[Effect]) -> Effect:
    """Return how far the passes of these effects may move the outputs one after the other."""
    for effect in effects:
        if isinstance(effect, Lossy):
            return effect
    approximate = [effect for effect in effects if isinstance(effect, Approximate)]
    if not approximate:
        return Exact()
    return Approximate(sum(e.rtol for e in approximate), sum(e.atol for e in approximate))
