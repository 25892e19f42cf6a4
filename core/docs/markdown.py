"""Markdown from what the code says of itself: headings, tables, docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

SECTIONS = ("Args", "Attributes", "Raises", "Returns", "Yields")
"""The sections of a Google docstring that become tables or paragraphs of their own."""

_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_LITERAL = re.compile(r"``([^`]+)``")
_CODE = re.compile(r"(`[^`]*`)")
_ENTRY = re.compile(r"\*{0,2}([\w.]+): (.*)")


def heading(level: int, name: str, anchor: str) -> str:
    """Return the heading of a documented thing, with the anchor that links to it use."""
    return f"{'#' * level} `{name}` {{#{anchor}}}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return ``text`` as code within a line; nothing for nothing."""
    told = " ".join(str(text).split())
    return f"`{told}`" if told else ""


def fenced(text: str, language: str = "text") -> str:
    """Return ``text`` as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def prose(text: str) -> str:
    """Return the prose of a docstring as Markdown: its markup turned, all else taken literally."""
    turned = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", text))
    parts = _CODE.split(turned)
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def first_sentence(text: str) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(prose(text.strip().split("\n\n")[0]).split())


def docstring(text: str) -> str:
    """Return a Google docstring as Markdown: paragraphs, blocks of code, a table per section."""
    parts: list[str] = []
    for block in inspect.cleandoc(text).split("\n\n"):
        name, _, body = block.partition(":\n")
        if name in SECTIONS:
            parts.append(_section(name, body))
        elif block.startswith("    "):
            parts.append(fenced(textwrap.dedent(block), "python"))
        else:
            parts.append(prose(re.sub(r"::$", ":", block)))
    return "\n\n".join(parts)


def own_doc(found: Any) -> str:
    """Return the docstring that a class has itself, or that of a function."""
    text = vars(found).get("__doc__") if isinstance(found, type) else found.__doc__
    # A dataclass without a docstring gets its signature for one.
    return "" if not text or text.startswith(f"{found.__name__}(") else inspect.cleandoc(text)


def section_entries(text: str, section: str) -> dict[str, str]:
    """Return the names and meanings of one section of a Google docstring."""
    for block in inspect.cleandoc(text).split("\n\n"):
        name, _, body = block.partition(":\n")
        if name == section:
            return _entries(body)
    return {}


def _section(name: str, body: str) -> str:
    entries = _entries(body)
    if not entries:
        return f"**{name}:** {prose(' '.join(body.split()))}"
    column = {"Args": "argument", "Attributes": "attribute", "Raises": "raises"}.get(name, name)
    return table([column, "meaning"], [[code(key), prose(told)] for key, told in entries.items()])


def _entries(body: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    last = ""
    for line in textwrap.dedent(body).splitlines():
        match = _ENTRY.fullmatch(line)
        if match:
            last = match[1]
            entries[last] = match[2]
        elif last:
            entries[last] += f" {line.strip()}"
    return entries


def _escaped(text: str) -> str:
    return re.sub(r"([*_<\[])", r"\\\1", text)


def _cell(text: str) -> str:
    """Return the text of a cell on one line; a bar outside of code would end the cell."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(p if p.startswith("`") else p.replace("|", "&#124;") for p in parts)
