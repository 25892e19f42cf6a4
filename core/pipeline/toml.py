"""Pipeline files: TOML, mapped to the same tree as the text form.

``passes`` is a list of pipeline texts and tables::

    passes = [
        "fold-constants",
        { pass = "fold-batchnorm", options = { keep_running_stats = true } },
        { repeat = 5, passes = ["fuse-gelu", "eliminate-common-subexpressions"] },
    ]

A table may as well be written as ``[[passes]]``.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .span import Span
from .text import MAX_DEPTH, parse
from .tree import Call, Item, Pipeline, Repeat
from .values import OptionValue, quote

_PLACE = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end.*)\)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def load_pipeline_file(path: str | Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        UsageError: The file is missing, no TOML or no pipeline; says where.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"pipeline file '{path}' cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: no TOML: byte {error.start} is not UTF-8") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, label: str = "pipeline") -> Pipeline:
    """Return the tree of a pipeline in TOML.

    Args:
        text: The content of a pipeline file.
        label: The file's name, for error messages.

    Raises:
        UsageError: It is no TOML or no pipeline; says where.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_describe(error, text, label)) from None
    except RecursionError:
        raise UsageError(f"{label}: nested too deep") from None
    except ValueError as error:  # a number of more digits than Python converts
        raise UsageError(f"{label}: {error}") from None
    for key in document:
        if key != "passes":
            raise UsageError(f"{label}: unknown key '{key}', a pipeline file has only 'passes'")
    if "passes" not in document:
        raise UsageError(f"{label}: no 'passes', such as passes = [\"fold-constants\"]")
    return _pipeline(document["passes"], f"{label}: passes", 0)


def to_toml(pipeline: Pipeline) -> str:
    """Return ``pipeline`` as the text of a pipeline file; parsing that gives it again."""
    return "passes = [\n" + "".join(f"    {_format_item(i)},\n" for i in pipeline.items) + "]\n"


def _describe(error: tomllib.TOMLDecodeError, text: str, label: str) -> str:
    match = _PLACE.fullmatch(str(error))
    if match is None:
        return f"{label}: no TOML: {error}"
    line = match["line"] or text.count("\n") + 1
    column = match["column"] or len(text) - text.rfind("\n")
    return f"{label}:{line}:{column}: no TOML: {match['what']}"


def _pipeline(found: Any, where: str, depth: int) -> Pipeline:
    if not isinstance(found, list):
        raise UsageError(f"{where}: expected a list of pipeline texts and tables")
    if depth > MAX_DEPTH:
        raise UsageError(f"{where}: nested more than {MAX_DEPTH} levels deep")
    items: list[Item] = []
    for number, item in enumerate(found, 1):
        place = f"{where}[{number}]"
        if isinstance(item, str):
            items.extend(parse(item, place).items)
        elif isinstance(item, dict):
            items.append(_item(item, place, depth))
        else:
            raise UsageError(f"{place}: expected a pipeline text or a table")
    return Pipeline(tuple(items))


def _item(table: dict[str, Any], where: str, depth: int) -> Item:
    kind = "repeat" if "repeat" in table else "pass"
    legal = {"repeat": ("repeat", "passes"), "pass": ("pass", "options")}[kind]
    for key in table:
        if key not in legal:
            raise UsageError(f"{where}: unknown key '{key}', there are {' and '.join(legal)}")
    if kind == "repeat":
        cap = table["repeat"]
        if type(cap) is not int or cap < 1:
            raise UsageError(f"{where}: 'repeat' takes a whole number from 1")
        return Repeat(cap, _pipeline(table.get("passes"), f"{where}.passes", depth + 1))
    name, options = table.get("pass"), table.get("options", {})
    if not isinstance(name, str):
        raise UsageError(f"{where}: 'pass' takes the name of a pass")
    if not isinstance(options, dict):
        raise UsageError(f"{where}: 'options' takes a table")
    pairs = ((key, _value(value, f"{where}: option '{key}'")) for key, value in options.items())
    try:
        return Call(name, tuple(pairs), span=Span(name, 0, len(name), where))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _value(found: Any, where: str) -> OptionValue:
    if isinstance(found, list):
        return tuple(_value(item, where) for item in found)
    if isinstance(found, (bool, int, float, str)):
        return found
    raise UsageError(f"{where} takes a bool, a number, a text or a list")


def _format_item(item: Item) -> str:
    if isinstance(item, Repeat):
        body = ", ".join(map(_format_item, item.body.items))
        return f"{{ repeat = {item.max}, passes = [{body}] }}"
    values = [value for _, value in item.options]
    if not values or not all(map(_has_toml_form, values)):
        return quote(str(item))
    options = ", ".join(f"{_format_key(name)} = {_format(value)}" for name, value in item.options)
    return f"{{ pass = {quote(item.name)}, options = {{ {options} }} }}"


def _has_toml_form(value: OptionValue) -> bool:
    """TOML has no ``none`` and no lone surrogates; those stay in the text form."""
    if isinstance(value, tuple):
        return all(map(_has_toml_form, value))
    if isinstance(value, str):
        return not any("\ud800" <= char <= "\udfff" for char in value)
    return value is not None


def _format(value: OptionValue) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_format, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _format_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else quote(name)
