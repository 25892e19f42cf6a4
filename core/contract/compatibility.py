"""The version of the plugin API, and warnings about what of it will go."""

from __future__ import annotations

API_VERSION = 1
"""Raised when something goes that plugins rely on, or changes its meaning; additions do not count.

What goes has warned for at least one minor version before, by :class:`PluginDeprecation`.
"""


class PluginDeprecation(DeprecationWarning):
    """A plugin uses something that will be removed; says since when, until when, and what instead.

    ``passmgr check-plugin`` shows these warnings. Deprecated functions and classes carry them by
    ``typing_extensions.deprecated(..., category=PluginDeprecation)``, hooks by pluggy's
    ``warn_on_impl``.
    """
