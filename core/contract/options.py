"""Options: the fields of a pass, with defaults, bounds and help."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")
_KEY = "passmgr.option"


@dataclass(frozen=True)
class OptionSpec:
    """The declaration of one option.

    Args:
        name: The field's name.
        type: The annotated type: ``bool``, ``int``, ``float``, ``str``, ``Literal``, an optional
            of those, or a tuple of them.
        default: The default, or ``dataclasses.MISSING`` where the option must be given.
        help: One sentence.
        minimum: Smallest legal number, inclusive.
        maximum: Largest legal number, inclusive.
    """

    name: str
    type: Any
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None

    @property
    def type_text(self) -> str:
        """The type as a user reads it, such as ``int``, ``float or none`` or ``mse|entropy``."""
        return _type_text(self.type)

    def validate(self, value: Any) -> Any:
        """Return ``value`` converted to the option's type.

        Raises:
            ValueError: The type does not fit or the value is out of range; says what is legal.
        """
        try:
            converted = _convert(value, self.type)
        except ValueError as error:
            raise ValueError(f"option '{self.name}' takes {self.type_text}, not {error}") from None
        for number in converted if isinstance(converted, tuple) else (converted,):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                continue
            too_small = self.minimum is not None and number < self.minimum
            if too_small or (self.maximum is not None and number > self.maximum):
                raise ValueError(f"option '{self.name}' is {number:g}, legal is {self._range()}")
        return converted

    def _range(self) -> str:
        if self.minimum is None:
            return f"at most {self.maximum:g}"
        if self.maximum is None:
            return f"at least {self.minimum:g}"
        return f"{self.minimum:g} to {self.maximum:g}"


def option(
    default: T, *, help: str, minimum: float | None = None, maximum: float | None = None
) -> T:
    """Declare a field of a pass as an option.

    Args:
        default: The value where the user gives none.
        help: One sentence, shown by ``passmgr describe``.
        minimum: Smallest legal number, inclusive.
        maximum: Largest legal number, inclusive.
    """
    metadata = {_KEY: {"help": help, "minimum": minimum, "maximum": maximum}}
    field: T = dataclasses.field(default=default, metadata=metadata)
    return field


def option_specs(cls: type) -> tuple[OptionSpec, ...]:
    """Return the options that the dataclass ``cls`` declares, in their order."""
    hints = _hints(cls)
    specs = []
    for field in dataclasses.fields(cls):
        declared = field.metadata.get(_KEY, {"help": ""})
        specs.append(OptionSpec(field.name, hints[field.name], field.default, **declared))
    return tuple(specs)


@functools.cache  # resolving annotations takes most of a millisecond
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def validate_options(cls: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` converted to the types that ``cls`` declares.

    Raises:
        ValueError: An option is unknown, of the wrong type or out of range.
        TypeError: An option that has no default is missing.
    """
    specs = {spec.name: spec for spec in option_specs(cls)}
    for name in given:
        if name not in specs:
            known = ", ".join(specs) or "none"
            raise ValueError(f"unknown option '{name}'; options: {known}")
    for spec in specs.values():
        if spec.default is dataclasses.MISSING and spec.name not in given:
            raise TypeError(f"option '{spec.name}' must be given")
    return {name: specs[name].validate(value) for name, value in given.items()}


def non_default_options(instance: Any) -> dict[str, Any]:
    """Return the options of ``instance`` that differ from their defaults, in their order."""
    values = {
        spec.name: (getattr(instance, spec.name), spec) for spec in option_specs(type(instance))
    }
    return {
        name: value
        for name, (value, spec) in values.items()
        if spec.default is dataclasses.MISSING
        or type(value) is not type(spec.default)
        or value != spec.default
    }


def _type_text(kind: Any) -> str:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return "|".join(str(arg) for arg in args)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_type_text(arg) for arg in args)
    if origin is tuple:
        return f"list of {_type_text(args[0])}"
    return "none" if kind is type(None) else str(getattr(kind, "__name__", kind))


def _convert(value: Any, kind: Any) -> Any:
    """Convert ``value`` to ``kind``; a ``ValueError`` carries the value as a user wrote it."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        if value in args and type(value) in {type(arg) for arg in args}:
            return value
    elif origin in (types.UnionType, typing.Union):
        for arg in args:
            try:
                return _convert(value, arg)
            except ValueError:
                continue
    elif origin is tuple:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(_convert(item, args[0]) for item in value)
    elif kind is type(None):
        if value is None:
            return None
    elif kind is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(value, kind):
        return value
    raise ValueError("none" if value is None else repr(value))
