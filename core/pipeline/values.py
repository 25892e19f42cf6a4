"""Option values: what they may be, and their canonical text."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

OptionValue: TypeAlias = "bool | int | float | str | tuple[OptionValue, ...] | None"

WORD = re.compile(r"(?:[^\W\d]|[/*?]|\.{1,2}/)[\w./:*?+-]*")
"""A text that needs no quotes: ``mse``, ``per-channel``, ``data/calibration.npz``."""

NUMBER = re.compile(
    r"[+-]?(?:(?P<whole>[0-9]+)|[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
    r"|[0-9]+[eE][+-]?[0-9]+|inf|nan)(?![\w./:*?+-])"
)
"""An integer (group ``whole``) or a float, up to where no word goes on."""

CONSTANTS: dict[str, OptionValue] = {"true": True, "false": False, "none": None}

ESCAPES = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = {char: f"\\{letter}" for letter, char in ESCAPES.items() if letter != "'"}


def format_value(value: OptionValue) -> str:
    """Return the canonical text of ``value``; parsing it gives ``value`` again.

    Raises:
        TypeError: It is no option value.
    """
    if isinstance(value, str):
        is_bare = WORD.fullmatch(value) and value not in CONSTANTS and not NUMBER.match(value)
        return value if is_bare else quote(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(format_value, value)) + "]"
    for word, constant in CONSTANTS.items():
        if value is constant:
            return word
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{value!r} is no option value")


def quote(text: str) -> str:
    """Return ``text`` in double quotes, with escapes that TOML has too (lone surrogates apart)."""
    return '"' + "".join(map(_quote_char, text)) + '"'


def _quote_char(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def to_option_value(value: Any) -> OptionValue:
    """Return ``value`` as an option value; what has no text form is named in a string.

    Options of a pass that was made in Python may be anything. A function or a class goes by its
    module and name, other objects by their ``repr``.
    """
    if value is None or type(value) in (bool, int, float, str):
        scalar: OptionValue = value
        return scalar
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return tuple(map(to_option_value, value))
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return repr(value)


def typed(value: Any) -> Hashable:
    """Return a key that tells ``1`` from ``True`` and ``1.0``, and by which ``nan`` is itself."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    return type(value).__name__, repr(value)
