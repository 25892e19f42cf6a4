"""The loader: one plugin at a time, checked before it may take part, told of when it may not."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from importlib import metadata
from typing import Any

import pluggy

from ..contract import API_VERSION, PluginDeprecation
from ..errors import PluginError
from . import hookspecs
from .entries import PluginInfo, PluginState, describe_error
from .registrar import Registrar
from .registry import Registry

ALLOW_VARIABLE = "PASSMGR_PLUGINS"

API_ATTRIBUTE = "PASSMGR_API"
"""Where the module of a plugin may say for which version of the plugin API it is written."""


def load_registry(
    plugins: bool = True, allow: Collection[str] | None = None, extra: Iterable[Any] = ()
) -> Registry:
    """Load the built-in plugins, those of installed distributions, and ``extra``.

    A plugin of another distribution that cannot be loaded does no harm: it is listed in
    ``Registry.plugins`` with its state and the reason.

    Args:
        plugins: Load plugins of other distributions; the built-in ones are always loaded.
        allow: Names of the distributions whose plugins may be loaded; by default those that the
            environment variable ``PASSMGR_PLUGINS`` lists, separated by commas, or all where it
            is not set.
        extra: Modules or objects with hooks, for plugins without an installation.

    Raises:
        PluginError: An object of ``extra`` does not keep the contract.
    """
    if allow is None and (listed := os.environ.get(ALLOW_VARIABLE)) is not None:
        allow = [name for name in listed.split(",") if name.strip()]
    allowed = None if allow is None else {canonical(name) for name in allow}
    registry = Registry()
    taken: dict[str, PluginInfo] = {}
    found = [(_info(point), point) for point in metadata.entry_points(group=hookspecs.PROJECT)]
    for info, point in sorted(found, key=lambda pair: _load_order(pair[0])):
        distribution = canonical(info.distribution)
        if distribution == hookspecs.PROJECT or (
            plugins and (allowed is None or distribution in allowed)
        ):
            _load(registry, point, info, taken)
        else:
            reason = f"not in the allow list {ALLOW_VARIABLE}" if plugins else "--no-plugins"
            registry.add_plugin(replace(info, state="disabled", reason=reason))
    for name in sorted((allowed or set()) - {canonical(p.distribution) for p in registry.plugins}):
        registry.warnings.append(f"the allow list names '{name}', which brings no plugin")
    for plugin in extra:
        name = getattr(plugin, "__name__", type(plugin).__name__)
        info = PluginInfo(name, "", "", f"object {name}")
        registry.add_plugin(info, plugin, _registrations(plugin, info))
    return registry


def _load_order(info: PluginInfo) -> tuple[bool, str, str]:
    """Built-ins first, so that no other plugin can take their names; then by distribution."""
    distribution = canonical(info.distribution)
    return distribution != hookspecs.PROJECT, distribution, info.name


def canonical(distribution: str) -> str:
    """Return the name of a distribution in the one form that all its spellings have."""
    return distribution.strip().lower().replace("_", "-").replace(".", "-")


def _info(point: metadata.EntryPoint) -> PluginInfo:
    # What a broken uninstallation leaves behind has entry points, but neither name nor version.
    about = point.dist.metadata if point.dist is not None else None
    name, version = (
        about[key] if about is not None and key in about else "?" for key in ("Name", "Version")
    )
    return PluginInfo(point.name, name, version, point.value)


def _load(
    registry: Registry,
    point: metadata.EntryPoint,
    info: PluginInfo,
    taken: dict[str, PluginInfo],
) -> None:
    """Load one entry point into ``registry``, or record why not."""

    def rejected(state: PluginState, reason: str) -> None:
        registry.add_plugin(replace(info, state=state, reason=reason))

    if first := taken.get(info.name):
        rejected("broken", f"the entry point name '{info.name}' is taken by plugin {first}")
        return
    taken[info.name] = info
    own = canonical(info.distribution) == hookspecs.PROJECT
    if reason := "" if own else _refuses_this_version(point.dist):
        rejected("incompatible", reason)
        return
    try:
        # What a plugin prints while it loads must not end up among machine-readable results.
        with contextlib.redirect_stdout(sys.stderr), deprecations() as found:
            plugin = point.load()
            if (api := getattr(plugin, API_ATTRIBUTE, API_VERSION)) != API_VERSION:
                this = f"this passmgr has {API_VERSION}"
                rejected("incompatible", f"it is written for plugin API {api!r}, {this}")
                return
            registrar = _registrations(plugin, info)
        registry.add_plugin(replace(info, deprecations=tuple(found)), plugin, registrar)
    except PluginError as error:
        rejected("broken", str(error))
    except (Exception, SystemExit) as error:  # whatever foreign code does when it is loaded
        rejected("broken", describe_error(error))


def _refuses_this_version(distribution: metadata.Distribution | None) -> str:
    """Return why ``distribution`` does not work with this passmgr, read before it is imported."""
    lines = [
        line
        for line in (distribution.requires if distribution else None) or ()
        if canonical(line).startswith(hookspecs.PROJECT)
    ]
    if not lines:
        return ""
    from packaging.requirements import InvalidRequirement, Requirement

    version = metadata.version(hookspecs.PROJECT)
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            return f"its requirement '{line}' cannot be read"
        if canonical(requirement.name) != hookspecs.PROJECT or (
            requirement.marker and not requirement.marker.evaluate({"extra": ""})
        ):
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            return f"it asks for passmgr{requirement.specifier}, this is {version}"
    return ""


@contextlib.contextmanager
def deprecations() -> Iterator[list[str]]:
    """Collect, one line each, what is used meanwhile that will be removed from the plugin API."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PluginDeprecation)
        try:
            yield found
        finally:
            own = [w for w in caught if issubclass(w.category, PluginDeprecation)]
            lines = (f"{' '.join(str(w.message).split())} ({w.filename}:{w.lineno})" for w in own)
            found += dict.fromkeys(lines)
    for other in caught:
        if other not in own:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)


def _registrations(plugin: Any, info: PluginInfo) -> Registrar:
    """Let ``plugin`` register into a staging area, which is returned when all of it is sound.

    Raises:
        PluginError: A hook, a name or a target is wrong.
    """
    _check_hooks(plugin)
    staging = pluggy.PluginManager(hookspecs.PROJECT)
    staging.add_hookspecs(hookspecs)
    try:
        staging.register(plugin, info.name)
        staging.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(" ".join(str(error).split())) from error
    registrar = Registrar(info)
    staging.hook.passmgr_register(registry=registrar)
    return registrar


def _check_hooks(plugin: Any) -> None:
    known = [name for name in vars(hookspecs) if name.startswith(hookspecs.HOOK_PREFIX)]
    names = [name for name in dir(plugin) if name.startswith(hookspecs.HOOK_PREFIX)]
    if not names:
        raise PluginError(f"it has no hooks; it should implement some of {', '.join(known)}")
    for name in names:
        options = getattr(getattr(plugin, name), f"{hookspecs.PROJECT}_impl", None)
        if name not in known:
            # The prefix that all share would make any two names look alike.
            ends = {other.removeprefix(hookspecs.HOOK_PREFIX): other for other in known}
            near = difflib.get_close_matches(name.removeprefix(hookspecs.HOOK_PREFIX), ends, n=1)
            hint = f"did you mean '{ends[near[0]]}'?" if near else f"hooks: {', '.join(known)}"
            raise PluginError(f"'{name}' is no hook of passmgr; {hint}")
        if options is None:
            raise PluginError(f"'{name}' is not marked; write @hookimpl (from passmgr) above it")
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginError(f"'{name}' is a wrapper; hooks of passmgr cannot be wrapped")
