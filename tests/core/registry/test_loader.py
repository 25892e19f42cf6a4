"""The loader: whatever a plugin does, the tool works, and tells what happened."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from passmgr.core.contract import API_VERSION
from passmgr.core.errors import PluginError, UnknownNameError
from passmgr.core.registry import PluginInfo, Registry, hookimpl, load_registry
from passmgr.core.registry.registrar import Registrar

GOOD = """
    from passmgr import hookimpl

    @hookimpl
    def passmgr_register(registry):
        registry.add_pass("acme-clean", "acme_passes:Clean", summary="Clean up.")
"""
BROKEN = {
    "fails at import": (
        "import no_such_module_anywhere",
        "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    ),
    "exits at import": ("raise SystemExit('no licence')", "SystemExit: no licence"),
    "has a syntax error": ("def (", "SyntaxError: invalid syntax (acme_passes.py, line 1)"),
    "has a wrong hook name": (
        """
        from passmgr import hookimpl

        @hookimpl
        def passmgr_regsiter(registry): ...
        """,
        "'passmgr_regsiter' is no hook of passmgr; did you mean 'passmgr_register'?",
    ),
    "has a hook of another time": (
        """
        def passmgr_zzz(): ...
        """,
        "'passmgr_zzz' is no hook of passmgr; hooks: passmgr_register, "
        "passmgr_pipeline_point, passmgr_before_pass, passmgr_after_pass, passmgr_pass_failed, "
        "passmgr_remark, passmgr_verify",
    ),
    "has no marker": (
        "def passmgr_register(registry): ...",
        "'passmgr_register' is not marked; write @hookimpl (from passmgr) above it",
    ),
    "has no hooks": (
        "",
        "it has no hooks; it should implement some of passmgr_register, passmgr_pipeline_point, "
        "passmgr_before_pass, passmgr_after_pass, passmgr_pass_failed, passmgr_remark, "
        "passmgr_verify",
    ),
    "has a wrong argument": (
        """
        from passmgr import hookimpl

        @hookimpl
        def passmgr_register(registery): ...
        """,
        "Argument(s) {'registery'} are declared in the hookimpl but can not be found in the "
        "hookspec",
    ),
    "wraps a hook": (
        """
        from passmgr import hookimpl

        @hookimpl(wrapper=True)
        def passmgr_register(registry):
            yield
        """,
        "'passmgr_register' is a wrapper; hooks of passmgr cannot be wrapped",
    ),
    "raises on registering": (
        """
        from passmgr import hookimpl

        @hookimpl
        def passmgr_register(registry):
            registry.add_pass("fine", "acme_passes:Fine")
            1 / 0
        """,
        "ZeroDivisionError: division by zero",
    ),
    "registers twice": (
        """
        from passmgr import hookimpl

        @hookimpl
        def passmgr_register(registry):
            registry.add_pass("twice", "acme_passes:A")
            registry.add_pass("twice", "acme_passes:B")
        """,
        "registers the pass 'twice' twice",
    ),
    "takes a built-in name": (
        """
        from passmgr import hookimpl

        @hookimpl
        def passmgr_register(registry):
            registry.add_runtime("onnxruntime", "acme_passes:Runtime")
        """,
        "it registers the runtime 'onnxruntime', which plugin 'bridges' (passmgr {version}) has "
        "registered",
    ),
}


def plugin_of(registry: Registry, distribution: str) -> PluginInfo:
    return next(p for p in registry.plugins if p.distribution == distribution)


def test_built_ins_come_through_entry_points() -> None:
    loaded = [p for p in load_registry().plugins if p.distribution == "passmgr"]
    assert [(p.name, p.origin, p.state) for p in loaded] == [
        ("bridges", "passmgr.plugins.plugin", "loaded"),
        ("passes", "passmgr.passes.plugin", "loaded"),
    ]


def test_good_plugin_is_loaded(install: Any) -> None:
    install("acme-passes", GOOD)
    registry = load_registry()
    info = plugin_of(registry, "acme-passes")
    assert info == PluginInfo("acme_passes", "acme-passes", "1.2", "acme_passes")
    assert registry.entries("passes")["acme-clean"].plugin == info


@pytest.mark.parametrize(("code", "reason"), BROKEN.values(), ids=BROKEN)
def test_broken_plugin_is_told_and_does_no_harm(install: Any, code: str, reason: str) -> None:
    import passmgr

    built_in = load_registry()
    install("acme-passes", code)
    registry = load_registry()
    info = plugin_of(registry, "acme-passes")
    assert info.state == "broken"
    assert info.reason.endswith(reason.replace("{version}", passmgr.__version__))
    for kind in ("passes", "facts", "runtimes", "frontends", "pipelines"):
        assert registry.entries(kind).keys() == built_in.entries(kind).keys()


def test_unknown_pass_names_the_broken_plugin_that_may_hold_it(install: Any) -> None:
    install("acme-passes", "raise RuntimeError('out of order')")
    with pytest.raises(UnknownNameError) as caught:
        load_registry().make_pass("acme-clean")
    assert str(caught.value) == (
        "unknown pass 'acme-clean'; 'passmgr list passes' shows what there is (it may come from "
        "a plugin that is not loaded: 'acme_passes' (acme-passes 1.2) is broken: RuntimeError: "
        "out of order)"
    )


@pytest.mark.parametrize(
    ("requires", "reason"),
    [
        ("passmgr>=99", "it asks for passmgr>=99, this is {version}"),
        ("PassMgr[test] >= 99; python_version > '3'", "it asks for passmgr>=99, this is {version}"),
        ("passmgr><1", "its requirement 'passmgr><1' cannot be read"),
    ],
)
def test_plugin_for_another_version_is_not_imported(
    install: Any, requires: str, reason: str
) -> None:
    import passmgr

    install("acme-passes", "raise AssertionError('imported')", requires=requires)
    info = plugin_of(load_registry(), "acme-passes")
    assert info.reason == reason.replace("{version}", passmgr.__version__)
    assert info.state == "incompatible"


@pytest.mark.parametrize(
    "requires",
    ["passmgr-extras>=99", "passmgr>=99; extra == 'new'", "passmgr>=99; python_version < '3'"],
)
def test_requirement_that_does_not_apply_is_ignored(install: Any, requires: str) -> None:
    install("acme-passes", GOOD, requires=requires)
    assert plugin_of(load_registry(), "acme-passes").state == "loaded"


def test_duplicate_names_both_distributions(install: Any) -> None:
    install("acme-passes", GOOD)
    install("best-passes", GOOD, version="3")
    second = plugin_of(load_registry(), "best-passes")
    assert second.state == "broken"
    assert second.reason == (
        "it registers the pass 'acme-clean', which plugin 'acme_passes' (acme-passes 1.2) has "
        "registered"
    )


def test_entry_point_name_can_be_taken_once(install: Any) -> None:
    install("acme-passes", GOOD, entry="same")
    install("best-passes", GOOD, entry="same")
    second = plugin_of(load_registry(), "best-passes")
    assert second.state == "broken"
    assert second.reason == (
        "the entry point name 'same' is taken by plugin 'same' (acme-passes 1.2)"
    )


def test_no_plugin_comes_before_the_built_in_ones(install: Any) -> None:
    install("aaa", BROKEN["takes a built-in name"][0])
    registry = load_registry()
    assert plugin_of(registry, "aaa").state == "broken"
    assert registry.entries("runtimes")["onnxruntime"].plugin.distribution == "passmgr"


def test_plugins_can_be_turned_off(install: Any) -> None:
    install("acme-passes", GOOD)
    registry = load_registry(plugins=False)
    info = plugin_of(registry, "acme-passes")
    assert (info.state, info.reason) == ("disabled", "--no-plugins")
    assert "onnxruntime" in registry.entries("runtimes")


@pytest.mark.parametrize("name", ["acme-passes", "Acme_Passes", " acme.passes "])
def test_allow_list_lets_in_what_it_names(
    install: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    install("acme-passes", GOOD)
    install("best-passes", GOOD)
    monkeypatch.setenv("PASSMGR_PLUGINS", f"other-passes,{name}")
    registry = load_registry()
    other = plugin_of(registry, "best-passes")
    assert plugin_of(registry, "acme-passes").state == "loaded"
    assert (other.state, other.reason) == ("disabled", "not in the allow list PASSMGR_PLUGINS")
    assert registry.warnings == ["the allow list names 'other-passes', which brings no plugin"]


def test_empty_allow_list_lets_none_in(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install("acme-passes", GOOD)
    monkeypatch.setenv("PASSMGR_PLUGINS", "")
    assert plugin_of(load_registry(), "acme-passes").state == "disabled"


def test_what_a_plugin_prints_goes_to_stderr(
    install: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    install("acme-passes", f"{GOOD}\n    print('hello from acme')")
    load_registry()
    assert capsys.readouterr() == ("", "hello from acme\n")


def test_leftover_of_an_uninstallation_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    info = tmp_path / "gone-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[passmgr]\ngone = no_longer_here\n")
    assert load_registry().plugins[-1] == PluginInfo(
        "gone",
        "?",
        "?",
        "no_longer_here",
        "broken",
        "ModuleNotFoundError: No module named 'no_longer_here'",
    )


class Extra:
    """A plugin without an installation."""

    @hookimpl
    def passmgr_register(self, registry: Registrar) -> None:
        registry.add_pipeline("mine", "sort", summary="My own.")


def test_extra_plugin_needs_no_installation() -> None:
    registry = load_registry(extra=[Extra()])
    assert registry.pipeline("mine") == "sort"
    assert registry.plugins[-1] == PluginInfo("Extra", "", "", "object Extra")


def test_broken_extra_plugin_is_an_error_of_the_caller() -> None:
    with pytest.raises(PluginError, match="it has no hooks"):
        load_registry(extra=[object()])


def test_plugin_for_another_api_is_told(install: Any) -> None:
    install("acme-passes", f"PASSMGR_API = 99\n{textwrap.dedent(GOOD)}")
    info = plugin_of(load_registry(), "acme-passes")
    assert info.state == "incompatible"
    assert info.reason == f"it is written for plugin API 99, this passmgr has {API_VERSION}"


def test_plugin_that_names_this_api_is_loaded(install: Any) -> None:
    install("acme-passes", f"PASSMGR_API = {API_VERSION}\n{textwrap.dedent(GOOD)}")
    assert plugin_of(load_registry(), "acme-passes").state == "loaded"


def test_what_a_plugin_uses_on_loading_that_will_go_is_kept(install: Any) -> None:
    old = """
        import warnings
        from passmgr.core.contract import PluginDeprecation
        warnings.warn("old_name goes in 0.3;\\n use new_name", PluginDeprecation)
    """
    install("acme-passes", textwrap.dedent(old) + textwrap.dedent(GOOD))
    info = plugin_of(load_registry(), "acme-passes")
    assert info.state == "loaded"
    (line,) = info.deprecations
    assert line.startswith("old_name goes in 0.3; use new_name (")
    assert "acme_passes.py:" in line


def test_other_warnings_come_through(install: Any) -> None:
    install("acme-passes", f"import warnings\nwarnings.warn('mind')\n{textwrap.dedent(GOOD)}")
    with pytest.warns(UserWarning, match="mind"):
        load_registry()
