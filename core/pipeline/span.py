"""A place in a pipeline text, and errors that point at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """The place of something in a pipeline text.

    Args:
        text: The whole text.
        start: Offset of its first character.
        end: Offset after its last character.
        label: What the text is, such as ``pipeline 'int8'``.
    """

    text: str
    start: int
    end: int
    label: str = "pipeline"

    def point(self, message: str) -> str:
        """Return ``message`` with the place, the whole text and carets under the place."""
        line_number = self.text.count("\n", 0, self.start)
        line_start = self.text.rfind("\n", 0, self.start) + 1
        lines = self.text.split("\n")
        column = self.start - line_start
        where = f"column {column + 1}"
        if len(lines) > 1:
            where = f"line {line_number + 1}, {where}"
        width = max(1, min(self.end - self.start, len(lines[line_number]) - column))
        indent = "".join("\t" if char == "\t" else " " for char in lines[line_number][:column])
        lines.insert(line_number + 1, indent + "^" * width)
        shown = "\n".join("  " + _printable(line) for line in lines)
        return f"{self.label}, {where}: {message}\n{shown}"


def _printable(line: str) -> str:
    """Return ``line``, of the same length, with nothing that could confuse a terminal."""
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line)
