"""The registry: every pass, fact and bridge arrives through the hooks that third parties use."""

from .entries import KINDS, Entry, Kind, PluginInfo, PluginState
from .hookspecs import hookimpl
from .loader import load_registry
from .registrar import Registrar
from .registry import Registry

__all__ = [
    "KINDS",
    "Entry",
    "Kind",
    "PluginInfo",
    "PluginState",
    "Registrar",
    "Registry",
    "hookimpl",
    "load_registry",
]
