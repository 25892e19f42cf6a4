"""The command line as a whole: help, exit codes, one line for each error, pipes, interrupts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from programs import program

from passmgr.core.cli import app as app_module
from passmgr.core.cli.app import VERBS
from passmgr.core.contract import API_VERSION


def test_help_names_every_verb_and_exit_code(passmgr: Any) -> None:
    done = passmgr("--help")
    assert (done.code, done.err) == (0, "")
    for verb, summary in VERBS.items():
        assert f"  {verb}  " in done.out
        assert summary.split()[0] in done.out
    assert "3  a pass, a plugin or passmgr itself failed" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(passmgr: Any, verb: str) -> None:
    done = passmgr(verb, "-h")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: passmgr {verb} ")


def test_help_of_completion_can_be_copied(passmgr: Any) -> None:
    lines = [line.strip() for line in passmgr("completion", "--help").out.splitlines()]
    assert 'zsh:  eval "$(passmgr completion zsh)"         in ~/.zshrc' in lines


def test_version(passmgr: Any) -> None:
    from importlib.metadata import version

    told = f"passmgr {version('passmgr')} (plugin API {API_VERSION})\n"
    assert passmgr("--version") == (0, told, "")


def test_no_verb_shows_the_help(passmgr: Any) -> None:
    done = passmgr()
    assert done.code == 2
    assert "Verbs:" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "frobnicate",
            "unknown verb 'frobnicate'; verbs: run, plan, list, describe, inspect, compare, "
            "check-plugin, new-plugin, completion (see 'passmgr --help')",
        ),
        ("--frobnicate", "No such option '--frobnicate' (see 'passmgr --help')"),
        ("run", "Missing argument 'MODEL' (see 'passmgr run --help')"),
        ("run m.onnx -o", "Option '-o' requires an argument (see 'passmgr run --help')"),
        ("run model.onnx x", "Got unexpected extra argument (x) (see 'passmgr run --help')"),
        (
            "run m.onnx --verify some",
            "Invalid value for '--verify': 'some' is not one of 'off', 'changed', 'each' "
            "(see 'passmgr run --help')",
        ),
        (
            "run m.onnx --pass-timeout 0",
            "Invalid value for '--pass-timeout': 0.0 is not in the range x>0 "
            "(see 'passmgr run --help')",
        ),
        (
            "list things",
            "Invalid value for '[KIND]': 'things' is not one of 'passes', 'analyses', 'facts', "
            "'frontends', 'emitters', 'runtimes', 'targets', 'pipelines', 'plugins' "
            "(see 'passmgr list --help')",
        ),
        ("completion", "Missing argument 'SHELL'. Choose from: bash, zsh, fish (see"),
        (
            "describe fold-konstants",
            "unknown name 'fold-konstants'; did you mean 'fold-constants'",
        ),
        ("describe zzz", "unknown name 'zzz'; 'passmgr list' shows what there is"),
        ("inspect nowhere.onnx", "there is no file 'nowhere.onnx'"),
        (
            "inspect picture.png",
            "no front end reads 'picture.png'; known suffixes: .onnx, .onnxtxt",
        ),
    ],
)
def test_bad_usage_is_one_line(passmgr: Any, tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "picture.png").touch()
    done = passmgr(*arguments.split())
    # Releases of click differ in the quotes round the name of an option.
    assert done.err.replace("option: --frobnicate", "option '--frobnicate'").startswith(
        f"error: {message}"
    )
    assert done.err.count("\n") == 1
    assert (done.code, done.out) == (2, "")


def explode(*_: object, **__: object) -> None:
    raise ZeroDivisionError("one line\nand another")


@pytest.fixture
def exploding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passmgr.core.verbs.list.list", explode)


@pytest.mark.usefixtures("exploding")
def test_unexpected_error_has_no_traceback_unless_asked_for(passmgr: Any) -> None:
    line = "error: ZeroDivisionError: one line; 'passmgr --debug ...' shows where\n"
    assert passmgr("list") == (3, "", line)
    for arguments in (["--debug", "list"], ["list", "--debug"]):
        done = passmgr(*arguments)
        assert done.code == 3
        assert done.err.startswith("Traceback (most recent call last)")
        assert done.err.endswith(line)


def test_wrong_usage_is_json_too(passmgr: Any) -> None:
    done = passmgr("run", "m.onnx", "--frobnicate", "--json")
    assert json.loads(done.out)["error"]["exit_code"] == done.code == 2


@pytest.mark.usefixtures("exploding")
def test_error_is_json_too(passmgr: Any, tmp_path: Path) -> None:
    done = passmgr("list", "--json")
    assert json.loads(done.out) == {
        "error": {
            "type": "ZeroDivisionError",
            "message": "ZeroDivisionError: one line; 'passmgr --debug ...' shows where",
            "exit_code": 3,
        }
    }
    assert passmgr("list", "--json", "out.json").out == ""
    assert json.loads((tmp_path / "out.json").read_text())["error"]["exit_code"] == 3


def test_interrupt_is_one_line(passmgr: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("passmgr.core.verbs.list.list", interrupt)
    assert passmgr("list") == (130, "", "error: interrupted\n")


def test_interrupt_that_became_another_error_is_one(
    passmgr: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:  # As Python 3.11 does in __set_name__.
            raise RuntimeError("Error calling __set_name__") from error

    monkeypatch.setattr("passmgr.core.verbs.list.list", interrupt)
    assert passmgr("list") == (130, "", "error: interrupted\n")


def test_notes_of_an_error_are_shown(passmgr: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from passmgr.core.errors import PassFailed

    def fail(*_: object, **__: object) -> None:
        error = PassFailed("sort (step 1) failed")
        error.add_note("reproducer: there")
        raise error

    monkeypatch.setattr("passmgr.core.verbs.list.list", fail)
    assert passmgr("list") == (3, "", "error: sort (step 1) failed\nreproducer: there\n")


def test_reader_that_leaves_early_is_no_error() -> None:
    done = program("list", "--json")
    assert done.stdout is not None
    assert done.stderr is not None
    done.stdout.close()
    assert done.stderr.read() == ""
    done.stderr.close()
    assert done.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["describe", "sort"]])
def test_full_stdout_is_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full, program(*arguments, stdout=full) as done:
        assert done.stderr is not None
        line = "error: stdout cannot be written: No space left on device\n"
        assert (done.stderr.read(), done.wait()) == (line, 2)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(passmgr: Any, shell: str) -> None:
    done = passmgr("completion", shell)
    assert done.code == 0
    assert app_module.COMPLETE_VARIABLE in done.out


def test_completion_for_fish_keeps_commas(passmgr: Any) -> None:
    assert 'string split --max 1 "," $completion' in passmgr("completion", "fish").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("passmgr de", "describe"),
        ("passmgr list plu", "plugins"),
        ("passmgr describe fold-c", "fold-constants"),
        ("passmgr run m.onnx -p sort,fold-c", "sort,fold-constants"),
        ("passmgr run m.onnx --guard ea", "each"),
    ],
)
def test_shell_completes(words: str, expected: str) -> None:
    last = str(len(words.split()) - 1)
    with program(_PASSMGR_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=last) as done:
        assert done.stdout is not None
        assert [line.partition(",")[2] for line in done.stdout.read().splitlines()] == [expected]
