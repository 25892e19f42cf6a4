"""The parser of pipeline texts: ``fold-constants, repeat{max=5}(fuse-gelu, cse)``."""

from __future__ import annotations

import re

from ..errors import UsageError
from .span import Span
from .tree import DEFAULT_REPEAT, NAME, REPEAT, Call, Item, Pipeline, Repeat
from .values import CONSTANTS, ESCAPES, NUMBER, WORD, OptionValue

MAX_DEPTH = 50
"""How deep repeats and lists may be nested."""

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_PLAIN = re.compile(r"""[^"'\\\n]+""")
_HEX = {"u": re.compile(r"[0-9a-fA-F]{4}"), "U": re.compile(r"[0-9a-fA-F]{8}")}


def parse(text: str, label: str = "pipeline") -> Pipeline:
    """Return the tree of a pipeline text; an empty text is the empty pipeline.

    Args:
        text: The text. ``#`` starts a comment; newlines and a trailing comma are legal.
        label: What the text is, for error messages.

    Raises:
        UsageError: The text is wrong; shows it whole with a caret under the place.
    """
    parser = _Parser(text, label)
    pipeline = parser.pipeline()
    if parser.position < len(text):
        raise parser.expected("',' or the end of the pipeline")
    return pipeline


class _Parser:
    """Recursive descent; between calls ``position`` stands on no space and no comment."""

    def __init__(self, text: str, label: str) -> None:
        self.text = text
        self.label = label
        self.position = 0
        self.depth = 0
        self.skip_space()

    def pipeline(self) -> Pipeline:
        """``[item {"," item} [","]]``."""
        items = []
        while NAME.match(self.text, self.position):
            items.append(self.item())
            if not self.take(","):
                return Pipeline(tuple(items))
        if self.peek() not in ("", ")"):
            raise self.expected("a pass name")
        return Pipeline(tuple(items))

    def item(self) -> Item:
        """``NAME [options]`` or ``repeat [options] "(" pipeline ")"``."""
        start = self.position
        name = self.name("a pass name")
        span = Span(self.text, start, start + len(name), self.label)
        options = self.options()
        if name != REPEAT:
            if self.peek() == "(":
                raise self.error("only 'repeat' takes passes in parentheses")
            return Call(name, tuple((key, value) for key, value, _ in options), span=span)
        cap = DEFAULT_REPEAT
        for key, value, place in options:
            if key != "max":
                raise self.error(f"'repeat' has no option '{key}', only 'max'", place)
            if type(value) is not int or value < 1:
                raise self.error("'max' takes a whole number from 1", place)
            cap = value
        if not self.take("("):
            raise self.expected("'(' and the passes to repeat")
        self.enter()
        body = self.pipeline()
        if not self.take(")"):
            raise self.expected("',' or ')'")
        self.depth -= 1
        return Repeat(cap, body, span)

    def options(self) -> list[tuple[str, OptionValue, int]]:
        """``["{" [NAME "=" value {"," NAME "=" value} [","]] "}"]``, each with its place."""
        found: list[tuple[str, OptionValue, int]] = []
        if not self.take("{"):
            return found
        while not self.take("}"):
            place = self.position
            name = self.name("an option name or '}'")
            if any(name == other for other, _, _ in found):
                raise self.error(f"option '{name}' is given twice", place)
            if not self.take("="):
                raise self.expected(f"'=' and the value of '{name}'")
            found.append((name, self.value(), place))
            if not self.take(",") and self.peek() != "}":
                raise self.expected("',' or '}'")
        return found

    def value(self) -> OptionValue:
        """A constant, a number, a word, a quoted string or a list."""
        if self.peek() in {'"', "'"}:
            return self.string()
        if self.peek() == "[":
            return self.list()
        if match := NUMBER.match(self.text, self.position):
            try:
                number = int(match[0]) if match["whole"] else float(match[0])
            except ValueError:
                raise self.error("the number has too many digits") from None
            self.advance(match.end())
            return number
        if match := WORD.match(self.text, self.position):
            self.advance(match.end())
            return CONSTANTS.get(match[0], match[0])
        raise self.expected("a value (a text that starts with a digit or a sign needs quotes)")

    def list(self) -> tuple[OptionValue, ...]:
        """``"[" [value {"," value} [","]] "]"``."""
        self.enter()
        self.take("[")
        values: list[OptionValue] = []
        while not self.take("]"):
            values.append(self.value())
            if not self.take(",") and self.peek() != "]":
                raise self.expected("',' or ']'")
        self.depth -= 1
        return tuple(values)

    def string(self) -> str:
        """A text between two equal quotes, on one line, with escapes."""
        start = self.position
        mark = self.text[start]
        parts: list[str] = []
        at = start + 1
        while at < len(self.text) and self.text[at] not in (mark, "\n"):
            if match := _PLAIN.match(self.text, at):
                parts.append(match[0])
                at = match.end()
            elif self.text[at] == "\\":
                char, at = self.escape(at)
                parts.append(char)
            else:  # the other kind of quote
                parts.append(self.text[at])
                at += 1
        if self.text[at : at + 1] != mark:
            raise self.error(f"the text has no closing {mark} on its line", start)
        self.advance(at + 1)
        return "".join(parts)

    def escape(self, at: int) -> tuple[str, int]:
        r"""Return what the escape at offset ``at`` stands for and the offset after it."""
        letter = self.text[at + 1 : at + 2]
        if letter in ESCAPES:
            return ESCAPES[letter], at + 2
        digits = _HEX[letter].match(self.text, at + 2) if letter in _HEX else None
        if digits is None or int(digits[0], 16) > 0x10FFFF:
            known = r"\" \' \\ \n \r \t \uXXXX \UXXXXXXXX"
            raise self.error(f"unknown escape; there are {known}", at)
        return chr(int(digits[0], 16)), digits.end()

    def name(self, what: str) -> str:
        """Take a name; ``what`` is expected."""
        match = NAME.match(self.text, self.position)
        if match is None:
            raise self.expected(what)
        self.advance(match.end())
        return match[0]

    def peek(self) -> str:
        """Return the character at hand, empty at the end."""
        return self.text[self.position : self.position + 1]

    def take(self, char: str) -> bool:
        """Step over ``char`` if it is at hand."""
        if self.peek() != char:
            return False
        self.advance(self.position + 1)
        return True

    def advance(self, position: int) -> None:
        """Go to ``position`` and over the space and comments there."""
        self.position = position
        self.skip_space()

    def skip_space(self) -> None:
        """Go over space and comments."""
        match = _SPACE.match(self.text, self.position)
        assert match is not None  # the pattern matches the empty text
        self.position = match.end()

    def enter(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested more than {MAX_DEPTH} levels deep")

    def expected(self, what: str) -> UsageError:
        """Return the error that ``what`` was expected at the position."""
        found = repr(self.peek()) if self.peek() else "the end of the text"
        return self.error(f"expected {what}, found {found}")

    def error(self, message: str, place: int | None = None) -> UsageError:
        """Return an error that points at ``place``, by default at the position."""
        start = self.position if place is None else place
        return UsageError(Span(self.text, start, start + 1, self.label).point(message))
