"""Scaffolds: the files of a new plugin, from the templates in this room."""

from .kinds import KINDS, PluginKind
from .names import check_name, module_name
from .write import render, write_folder

__all__ = [
    "KINDS",
    "PluginKind",
    "check_name",
    "module_name",
    "render",
    "write_folder",
]
