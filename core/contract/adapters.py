"""Adapters: passes and rules of other libraries as passes, by one call each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .effects import Approximate, Effect, Exact, Lossy
from .passes import ForeignPass, check_declarations
from .protos import through_proto

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir


def from_onnx_ir(pass_: Any, *, name: str, effect: Effect, **declarations: Any) -> ForeignPass:
    """Adapt an ``onnx_ir.passes`` pass.

    Args:
        pass_: The pass object; what it says about having modified the model is not asked.
        name: Kebab-case name.
        effect: How far it moves the outputs.
        **declarations: Further declarations of :class:`Pass`, such as ``requires``.
    """
    function = _OnnxIrPass(pass_)
    return from_function(function, name=name, effect=effect, doc=pass_.__doc__, **declarations)


def from_rule_set(rules: Any, *, name: str, effect: Effect, **declarations: Any) -> ForeignPass:
    """Adapt an ``onnxscript.rewriter`` ``RewriteRuleSet``, applied by the library's own driver.

    Args:
        rules: The rule set.
        name: Kebab-case name.
        effect: How far it moves the outputs.
        **declarations: Further declarations of :class:`Pass`.
    """
    return from_function(_RuleSet(rules), name=name, effect=effect, **declarations)


class _Foreign:
    """Calls an object of another library; two are equal whose objects have the same state."""

    def __init__(self, adapted: Any) -> None:
        self.adapted = adapted
        self.__module__ = type(adapted).__module__
        self.__doc__ = type(adapted).__doc__

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        one, two = self.adapted, other.adapted
        return bool(one == two) or (type(one) is type(two) and vars(one) == vars(two))

    def __hash__(self) -> int:
        return hash((type(self), type(self.adapted)))


class _OnnxIrPass(_Foreign):
    def __call__(self, model: ir.Model) -> ir.Model:
        result: ir.Model = self.adapted(model).model
        return result


class _RuleSet(_Foreign):
    def __call__(self, model: ir.Model) -> None:
        self.adapted.apply_to_model(model)


def from_model_proto(
    function: Callable[[onnx.ModelProto], onnx.ModelProto | None],
    *,
    name: str,
    effect: Effect,
    **declarations: Any,
) -> ForeignPass:
    """Adapt a function that edits an ``onnx.ModelProto``, or returns the one that replaces it.

    The proto has all weights inside and is of the pass alone. Weights that come back with the same
    name, type, shape and bytes count as unchanged.

    Args:
        function: The function. A model over the 2 GB of a proto does not reach it.
        name: Kebab-case name.
        effect: How far it moves the outputs.
        **declarations: Further declarations of :class:`Pass`.
    """

    def apply(self: ForeignPass, model: ir.Model) -> ir.Model:
        return through_proto(model, function)

    return _adapted(from_model_proto, function, apply, name, effect, None, declarations)


def from_function(
    function: Callable[[ir.Model], ir.Model | None],
    *,
    name: str,
    effect: Effect,
    doc: str | None = None,
    **declarations: Any,
) -> ForeignPass:
    """Adapt a function that edits a model by itself, or returns the one that replaces it.

    Args:
        function: The function; it gets a clone.
        name: Kebab-case name.
        effect: How far it moves the outputs.
        doc: Documentation; by default the function's.
        **declarations: Further declarations of :class:`Pass`.

    Raises:
        TypeError: The effect is none, or a keyword is no declaration of a pass.
    """

    def apply(self: ForeignPass, model: ir.Model) -> ir.Model | None:
        return function(model)

    return _adapted(from_function, function, apply, name, effect, doc, declarations)


def _adapted(
    adapter: Callable[..., ForeignPass],
    function: Callable[..., Any],
    apply: Callable[..., ir.Model | None],
    name: str,
    effect: Effect,
    doc: str | None,
    declarations: dict[str, Any],
) -> ForeignPass:
    """Return the pass that ``adapter`` makes of ``function``.

    Each call makes a class of its own; what was adapted alike, as by unpickling, is equal.
    """
    if not isinstance(effect, (Exact, Approximate, Lossy)):
        raise TypeError(f"pass '{name}': effect is Exact(), Approximate(...) or Lossy(...)")
    check_declarations(declarations)
    given = {"name": name, "effect": effect, **declarations}
    if doc is not None:
        given["doc"] = doc
    adapted = (adapter, function, given)

    def reduce(self: ForeignPass) -> tuple[Any, ...]:
        return partial(adapter, **given), (function,)

    def equal(self: ForeignPass, other: object) -> bool:
        return bool(getattr(other, "_adapted", None) == adapted)

    def hash_(self: ForeignPass) -> int:
        return hash((function, name))

    body = {
        **declarations,
        "name": name,
        "effect": effect,
        "apply": apply,
        "__reduce__": reduce,
        "__eq__": equal,
        "__hash__": hash_,
        "_adapted": adapted,
        "function": staticmethod(function),
        "__doc__": doc or function.__doc__ or f"Foreign pass {name}.",
        "__module__": function.__module__,
    }
    class_name = "".join(part.title() for part in name.split("-"))
    cls: type[ForeignPass] = dataclass(frozen=True)(type(class_name, (ForeignPass,), body))
    return cls()
