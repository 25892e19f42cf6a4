"""``check_plugin`` and its command: what it prints, and with which exit code it ends."""

from __future__ import annotations

import json

import pytest
import wrong_passes

from passmgr.core.cli.app import main
from passmgr.core.errors import UnknownNameError
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
