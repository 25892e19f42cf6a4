"""The reference for authors of passes: hooks, declarations of a pass, checks of the contract."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from ..contract import Pass
from ..registry import hookspecs
from ..testing import CHECKS
from ..testing.suite import label
from .markdown import (
    code,
    docstring,
    fenced,
    first_sentence,
    heading,
    own_doc,
    prose,
    section_entries,
    table,
)
from .names import signature_text


def hooks() -> dict[str, Any]:
    """Return the hooks that a plugin may implement, by name."""
    return {
        name: found
        for name, found in vars(hookspecs).items()
        if name.startswith(hookspecs.HOOK_PREFIX) and inspect.isfunction(found)
    }


def hooks_page() -> str:
    """Return the page on hooks."""
    parts = [
        "# Hooks",
        "A plugin is a module, or an object, with functions of these names under "
        "`@passmgr.hookimpl`. It implements those that it needs; each takes by name the arguments "
        "that it uses.",
        table(
            ["hook", "in short"],
            [[f"[`{n}`](#hook-{n})", first_sentence(own_doc(f))] for n, f in hooks().items()],
        ),
    ]
    for name, found in hooks().items():
        parts += [heading(2, name, f"hook-{name}"), fenced(signature_text(name, found), "python")]
        parts.append(docstring(own_doc(found)))
    return "\n\n".join(parts) + "\n"


def declarations() -> dict[str, str]:
    """Return the declarations of a pass with what each means."""
    return section_entries(own_doc(Pass), "Attributes")


def declarations_page() -> str:
    """Return the page on what a pass can declare."""
    types = inspect.get_annotations(Pass)
    rows = []
    for name, meaning in declarations().items():
        kind = str(types[name]).removeprefix("ClassVar[").removesuffix("]")
        default = getattr(Pass, name, dataclasses.MISSING)
        told = "must be given" if default is dataclasses.MISSING else code(default)
        rows.append([code(name), code(kind), told, prose(meaning)])
    return (
        "\n\n".join(
            [
                "# Declarations of a pass",
                "They are class attributes without annotation, or keyword arguments of `@pass_`. "
                "[Facts and scheduling](../facts-and-scheduling.md) shows what they do.",
                table(["declaration", "type", "default", "meaning"], rows),
            ]
        )
        + "\n"
    )


def check_anchor(kind: str, name: str) -> str:
    """Return the anchor of a check on its page."""
    return f"check-{name}" if kind == "passes" else f"check-{kind}-{name}"


def checks_page() -> str:
    """Return the page on the checks of the contract suite."""
    parts = [
        "# Contract checks",
        "`passmgr check-plugin NAME` makes all of them for everything that a distribution brings. "
        "[Testing](../testing.md) shows how to use them.",
    ]
    for kind, checks in CHECKS.items():
        rows = [
            [f"[`{label(kind, name)}`](#{check_anchor(kind, name)})", prose(c.expects)]
            for name, c in checks.items()
        ]
        parts += [heading(2, _TITLES[kind], kind), table(["check", "what it expects"], rows)]
        for name, check in checks.items():
            either, or_ = (prose(remedy) for remedy in check.remedies)
            parts += [
                heading(3, label(kind, name), check_anchor(kind, name)),
                f"Expects that {prose(check.expects)}.",
                f"Where it fails: either {either}; or {or_}.",
            ]
    return "\n\n".join(parts) + "\n"


_TITLES = {
    "passes": "Passes",
    "analyses": "Analyses",
    "facts": "Facts",
    "frontends": "Front ends",
    "emitters": "Emitters",
    "runtimes": "Runtimes",
    "pipelines": "Pipelines",
}
