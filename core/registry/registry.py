"""Registry: what the tool asks for passes, facts, bridges and pipelines by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pluggy

from ..contract import PASS_NAME, Fact, FactFamily, Pass, Remark, validate_options
from ..errors import PluginError, UnknownNameError, UsageError
from . import hookspecs
from .entries import KINDS, SINGULAR, Entry, Kind, PluginInfo, describe_error
from .validate import check_analysis, check_fact, check_family, check_pass

if TYPE_CHECKING:
    from ..contract import Analysis, Emitter, Frontend, Runtime
    from .registrar import Registrar


class Registry:
    """Everything that the loaded plugins registered, looked up by name.

    Attributes:
        warnings: What went wrong on loading without harm, one sentence each.
    """

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self._plugins: dict[tuple[str, str], PluginInfo] = {}
        self._entries: dict[Kind, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self._loaded: dict[tuple[Kind, str], Any] = {}
        self._hooks = pluggy.PluginManager(hookspecs.PROJECT)
        self._hooks.add_hookspecs(hookspecs)
        self._switched_off: set[tuple[str, str]] = set()

    # -- plugins -------------------------------------------------------------------------------

    @property
    def plugins(self) -> tuple[PluginInfo, ...]:
        """All plugins that were found, in the order of loading, with their states."""
        return tuple(self._plugins.values())

    def add_plugin(
        self, info: PluginInfo, plugin: Any = None, registrar: Registrar | None = None
    ) -> None:
        """Take in a plugin with all that it registered, or record one that does not take part.

        Raises:
            PluginError: It registers a name that another plugin has registered; nothing of it is
                taken in then.
        """
        for entry in registrar or ():
            if other := self._entries[entry.kind].get(entry.name):
                raise PluginError(
                    f"it registers the {entry}, which plugin {other.plugin} has registered"
                )
        if plugin is not None:
            self._hooks.register(plugin, _key(info))
        for entry in registrar or ():
            self._entries[entry.kind][entry.name] = entry
        self._plugins[info.distribution, info.name] = info

    def notify(self, hook: str, **arguments: Any) -> tuple[Remark, ...]:
        """Call the observer ``hook`` of every plugin.

        An observer that raises is switched off for the rest of the registry's life.

        Returns:
            A warning for each observer that raised now.
        """
        return self._call(hook, arguments)[1]

    def verify(self, model: Any) -> tuple[list[str], tuple[Remark, ...]]:
        """Return the problems that the plugins' verifiers find, and warnings as :meth:`notify`."""
        results, remarks = self._call("passmgr_verify", {"model": model})
        return [
            f"{problem} (plugin {info})" for info, found in results for problem in found
        ], remarks

    def _call(
        self, hook: str, arguments: Mapping[str, Any]
    ) -> tuple[list[tuple[PluginInfo, Any]], tuple[Remark, ...]]:
        results, remarks = [], []
        # pluggy itself would stop at the first exception; the last registered goes first, as there
        for implementation in reversed(getattr(self._hooks.hook, hook).get_hookimpls()):
            plugin = implementation.plugin_name
            if (plugin, hook) in self._switched_off:
                continue
            info = next(info for info in self.plugins if _key(info) == plugin)
            try:
                values = [arguments[name] for name in implementation.argnames]
                result = implementation.function(*values)
            except Exception as error:  # foreign code that only looks on must not stop the run
                self._switched_off.add((plugin, hook))
                told = f"{hook} was switched off after {describe_error(error)}"
                reason = f"{info.reason}; {told}" if info.reason else told
                self._plugins[info.distribution, info.name] = replace(info, reason=reason)
                message = f"plugin {info}: {told}"
                remarks.append(Remark("warning", "observer-failed", message, args={"hook": hook}))
            else:
                if result is not None:
                    results.append((info, result))
        return results, tuple(remarks)

    # -- lookup --------------------------------------------------------------------------------

    def entries(self, kind: Kind) -> Mapping[str, Entry]:
        """Return what is registered of a kind (``passes``, ``facts``, ...), by name."""
        return self._entries[kind]

    def entry(self, kind: Kind, name: str) -> Entry:
        """Return the entry of that name.

        Raises:
            UnknownNameError: There is none.
        """
        try:
            return self._entries[kind][name]
        except KeyError:
            raise self.unknown(kind, name) from None

    def unknown(self, kind: Kind | None, name: str) -> UnknownNameError:
        """Return the error for a name that is not registered, with what the user may have meant.

        Args:
            kind: What was asked for; ``None`` for a name of any kind.
            name: The name.
        """
        known = [entry for k in KINDS if kind in (k, None) for entry in self._entries[k]]
        message = f"unknown {SINGULAR[kind] if kind else 'name'} '{name}'"
        if near := difflib.get_close_matches(name, sorted(set(known)), n=3):
            message += "; did you mean " + " or ".join(f"'{match}'" for match in near) + "?"
        else:
            message += f"; 'passmgr list {kind or ''}".rstrip() + "' shows what there is"
        absent = [plugin for plugin in self.plugins if plugin.state != "loaded"]
        if absent:
            told = "; ".join(f"{plugin} is {plugin.state}: {plugin.reason}" for plugin in absent)
            message += f" (it may come from a plugin that is not loaded: {told})"
        return UnknownNameError(message)

    def pass_class(self, name: str) -> type[Pass]:
        """Return the class of a pass; its declarations are checked on first use.

        Raises:
            UnknownNameError: There is no such pass.
            PluginError: It does not keep the contract.
        """
        return cast("type[Pass]", self._checked("passes", name, check_pass))

    def make_pass(self, name: str, options: Mapping[str, Any] | None = None) -> Pass:
        """Return the pass of that name with ``options``.

        Raises:
            UnknownNameError: There is no such pass.
            UsageError: An option is unknown, missing, of the wrong type or out of range.
            PluginError: The pass does not keep the contract.
        """
        cls = self.pass_class(name)
        try:
            return cls(**validate_options(cls, options or {}))
        except (ValueError, TypeError) as error:
            raise UsageError(f"pass '{name}': {error}") from error

    def analysis(self, name: str) -> type[Analysis[Any]]:
        """Return the class of an analysis."""
        return cast("type[Analysis[Any]]", self._checked("analyses", name, check_analysis))

    def fact(self, name: str) -> Fact:
        """Return the fact of that name, built by its family where it has a parameter.

        Raises:
            UnknownNameError: There is no such fact and no such family.
            UsageError: The family does not take the parameter.
        """
        key: tuple[Kind, str] = ("facts", name)
        if name in self._entries["facts"] and PASS_NAME.fullmatch(name):
            return cast("Fact", self._checked("facts", name, check_fact))
        if key not in self._loaded:
            self._loaded[key] = self._member(name)
        return cast("Fact", self._loaded[key])

    def facts(self) -> tuple[Fact, ...]:
        """Return all facts that take no parameter."""
        return tuple(self.fact(n) for n in self._entries["facts"] if PASS_NAME.fullmatch(n))

    def family(self, prefix: str) -> FactFamily:
        """Return the family of facts whose names begin with ``prefix``."""
        return cast("FactFamily", self._checked("facts", prefix, check_family))

    def _member(self, name: str) -> Fact:
        for prefix in self._entries["facts"]:
            if not PASS_NAME.fullmatch(prefix) and name.startswith(prefix):
                try:
                    return self.family(prefix).make(name.removeprefix(prefix))
                except ValueError as error:
                    raise UsageError(f"fact '{name}': {error}") from error
        raise self.unknown("facts", name)

    def frontend_for(self, path: str | Path) -> Frontend:
        """Return the front end that reads files named like ``path``.

        Raises:
            UsageError: None does.
        """
        return cast("Frontend", self.bridge(self._by_suffix("frontends", Path(path), "reads")))

    def emitter_for(self, path: str | Path) -> Emitter:
        """Return the emitter that writes files named like ``path``.

        Raises:
            UsageError: None does.
        """
        return cast("Emitter", self.bridge(self._by_suffix("emitters", Path(path), "writes")))

    def runtime(self, name: str) -> Runtime:
        """Return the runtime of that name."""
        return cast("Runtime", self.bridge(self.entry("runtimes", name)))

    def pipeline(self, name: str) -> str:
        """Return the text of a named pipeline."""
        return str(self.entry("pipelines", name).target)

    def contributions(self, point: str) -> tuple[list[tuple[PluginInfo, str]], tuple[Remark, ...]]:
        """Return what plugins add at ``NAME:begin`` or ``NAME:end``, and warnings."""
        results, remarks = self._call("passmgr_pipeline_point", {"point": point})
        return [(info, text) for info, texts in results for text in texts], remarks

    def bridge(self, entry: Entry) -> Any:
        """Return the front end, emitter or runtime behind ``entry``, the same one each time."""
        key = (entry.kind, entry.name)
        if key not in self._loaded:
            found = entry.load()
            self._loaded[key] = found() if isinstance(found, type) else found
        return self._loaded[key]

    def _by_suffix(self, kind: Kind, path: Path, verb: str) -> Entry:
        matches = {
            suffix: entry
            for entry in self._entries[kind].values()
            for suffix in entry.suffixes
            if path.name.lower().endswith(suffix.lower())
        }
        if not matches:
            known = sorted(s for entry in self._entries[kind].values() for s in entry.suffixes)
            raise UsageError(
                f"no {SINGULAR[kind]} {verb} '{path}'; known suffixes: {', '.join(known) or 'none'}"
            )
        return matches[max(matches, key=len)]

    def _checked(self, kind: Kind, name: str, check: Any) -> Any:
        key = (kind, name)
        if key not in self._loaded:
            entry = self.entry(kind, name)
            self._loaded[key] = check(entry, entry.load())
        return self._loaded[key]


def _key(info: PluginInfo) -> str:
    return f"{info.distribution}:{info.name}"
