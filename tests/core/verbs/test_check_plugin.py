"""``check_plugin`` and its command: what it prints, and with which exit code it ends."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir
import pytest
import wrong_passes

from passmgr.core.cli.app import main
from passmgr.core.contract import Pass, PassContext, PluginDeprecation, pass_
from passmgr.core.errors import UnknownNameError, UsageError
from passmgr.core.registry import hookimpl, load_registry
from passmgr.core.verbs.check_plugin import check_plugin


class Plugin:
    """Registers one right and one wrong pass."""

    @hookimpl
    def passmgr_register(self, registry):  # type: ignore[no-untyped-def]
        registry.add_pass("relu-of-positives", wrong_passes.relu_of_positives)


REGISTRY = load_registry(plugins=False, extra=[Plugin()])


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["check-plugin", *arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_what_is_wrong_is_told_for_each_check() -> None:
    results = check_plugin("relu-of-positives", registry=REGISTRY, examples=0)
    wrong = {result.check: result.problem for result in results if result.problem}
    assert set(wrong) == {"numbers"}
    assert "wrong_passes.py:" in wrong["numbers"]


def test_a_name_that_is_neither_a_distribution_nor_a_pass() -> None:
    with pytest.raises(UnknownNameError, match="unknown name 'srot'; did you mean 'sort'"):
        check_plugin("srot", registry=REGISTRY)


def test_the_command_for_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sort", "--examples", "0") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 pass: every check kept"


def test_the_command_says_what_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passmgr.core.cli.verb.Settings.registry", lambda self: REGISTRY)
    assert run("relu-of-positives", "--examples", "0", "--json") == 3
    found = json.loads(capsys.readouterr().out)
    assert [item["check"] for item in found if item["problem"]] == ["numbers"]
    assert run("relu-of-positives", "--examples", "0") == 3
    out = capsys.readouterr().out
    assert "relu-of-positives fails 'numbers': on model '" in out
    assert out.splitlines()[-1] == "1 pass: 1 broken"


class Old:
    """Registers a pass that uses what will be removed."""

    @hookimpl
    def passmgr_register(self, registry):  # type: ignore[no-untyped-def]
        registry.add_pass("old-fashioned", old_fashioned)


@pass_()
def old_fashioned(model: ir.Model, ctx: PassContext) -> None:
    """Use what will be removed."""
    warnings.warn("ctx.old goes in 0.3; use ctx.new", PluginDeprecation, stacklevel=1)


def test_what_will_be_removed_is_shown_once_and_breaks_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = load_registry(plugins=False, extra=[Old()])
    monkeypatch.setattr("passmgr.core.cli.verb.Settings.registry", lambda self: registry)
    assert run("old-fashioned", "--examples", "0") == 3  # it changes no model
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("deprecated: ")]
    assert line.startswith("deprecated: ctx.old goes in 0.3; use ctx.new (")


def test_a_plugin_that_was_not_loaded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PASSMGR_PLUGINS", raising=False)
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[passmgr]\nacme = no_such_module\n")
    (result,) = check_plugin("acme")
    assert (result.kind, result.check) == ("plugins", "loading")
    assert "No module named 'no_such_module'" in result.problem


def test_what_cannot_be_used_is_told_and_the_rest_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Both:
        @hookimpl
        def passmgr_register(self, registry):  # type: ignore[no-untyped-def]
            registry.add_pass("needs-more", NeedsMore, summary="Need a library.")
            registry.add_pipeline("fine", "sort", summary="Sort.")

    registry = load_registry(plugins=False, extra=[Both()])
    results = check_plugin("", registry=registry, examples=0)
    assert [r.problem for r in results if r.name == "needs-more"] == [
        "pass 'needs-more': pip install 'it'"
    ]
    assert {r.problem for r in results if r.name == "fine"} == {""}


@dataclass(frozen=True)
class NeedsMore(Pass):
    """Need a library that is not there."""

    name = "needs-more"

    def __post_init__(self) -> None:
        raise UsageError("pip install 'it'")

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Do nothing."""
