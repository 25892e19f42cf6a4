"""Identity of passes: which distribution brings them, in which version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..pipeline import Call
from .plan import PassIdentity
from .source_identity import source_digest
from .source_text import UnknownSourceError

if TYPE_CHECKING:
    from ..contract import Pass
    from .source import PassSource


def identify(pass_: Pass, registry: PassSource) -> PassIdentity:
    """Return the identity of ``pass_``.

    One that is not registered belongs to no distribution and is known by its source and closure.
    """
    text = str(Call.of(pass_))
    cls = type(pass_)
    entry = registry.entries("passes").get(pass_.name)
    if entry is None or entry.target not in (cls, f"{cls.__module__}:{cls.__qualname__}"):
        try:
            return PassIdentity("", "", pass_.name, pass_.version, text, source_digest(cls))
        except UnknownSourceError as unknown:
            return PassIdentity("", "", pass_.name, pass_.version, text, uncacheable=str(unknown))
    plugin = entry.plugin
    return PassIdentity(plugin.distribution, plugin.version, pass_.name, pass_.version, text)
