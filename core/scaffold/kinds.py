"""The kinds of plugins that can be made, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PluginKind = Literal["pass", "rule", "frontend", "runtime"]


@dataclass(frozen=True)
class Scaffold:
    """One kind of plugin; its files are in the folder of templates of the same name.

    Args:
        what: What it brings, for a sentence.
        example: The file of its package that the author replaces.
        listed: What ``passmgr list`` has to be asked for to show it.
        description: One line on the package, for its own metadata.
    """

    what: str
    example: str
    listed: str
    description: str


KINDS: dict[PluginKind, Scaffold] = {
    "pass": Scaffold(
        "a pass",
        "expand_pow.py",
        "passes",
        "A passmgr plugin: small powers as multiplications.",
    ),
    "rule": Scaffold(
        "a rewrite rule",
        "subtract.py",
        "passes",
        "A passmgr plugin: subtraction in the place of adding a negative.",
    ),
    "frontend": Scaffold(
        "a front end",
        "frontend.py",
        "frontends",
        "A passmgr plugin: models from text with one layer per line.",
    ),
    "runtime": Scaffold(
        "a runtime",
        "runtime.py",
        "runtimes",
        "A passmgr plugin: models run by the reference implementation of ONNX.",
    ),
}
