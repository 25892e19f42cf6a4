"""Identity of passes from notebooks: what they do counts, where and how it is written does not."""

from __future__ import annotations

import itertools
import linecache
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx_ir as ir
import pytest
from dummies import DummyRegistry

import passmgr
from passmgr.core.errors import ScheduleError
from passmgr.core.pipeline import load_pipeline
from passmgr.core.schedule import PassIdentity, check_lock, make_plan, read_lock
from passmgr.core.schedule.identity import identify

PREAMBLE = """
from __future__ import annotations
import enum, functools, math, re
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from passmgr import Approximate, Exact, Pass, ops, option, pass_
from passmgr.core.contract import from_function
"""
MODEL = """<ir_version: 9, opset_import: ["" : 18]>
g (float[2] x) => (float[2] y) { y = Relu(x) }
"""
numbers = itertools.count()


def cell(source: str, names: dict[str, Any] | None = None) -> dict[str, Any]:
    """Execute ``source`` as a notebook does, with its lines where tracebacks look for them."""
    names = {"__name__": "__main__"} if names is None else names
    for text in (PREAMBLE, source) if len(names) == 1 else (source,):
        file = f"<cell {next(numbers)}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        flags = 0x1000000 if names.get("annotations") else 0  # Notebooks carry futures over.
        exec(compile(text, file, "exec", flags, dont_inherit=True), names)
    return names


def identity(source: str | dict[str, Any], name: str = "mine") -> PassIdentity:
    names = source if isinstance(source, dict) else cell(source)
    found = names[name]
    return identify(found() if isinstance(found, type) else found, DummyRegistry())


def digest(source: str | dict[str, Any], name: str = "mine") -> str:
    found = identity(source, name)
    assert found.cacheable, found.uncacheable
    assert found.source
    return found.source


BASE = """
LIMIT, TABLE = 3, {"a": (1, 2.5), "b": [None, b"x"]}
WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 3)

@dataclass(frozen=True)
class Settings:
    ratio: float = 0.5
    kinds: frozenset = frozenset({"Conv", "Gemm", "MatMul"})

class Color(enum.Enum):
    RED = 1

Point = namedtuple("Point", "x y")
SETTINGS, POINT, FILE, PATTERN = Settings(), (1, 2), Path("a"), re.compile("a+")
EFFECT = Approximate(1e-3)

def helper(value, *, scale=2):
    return inner(value) * scale

def inner(value):
    return value + LIMIT if value else helper(value - 1)

def make(factor):
    @pass_(touches=ops("Conv"), effect=EFFECT)
    def mine(model, ctx, table=TABLE):
        # a comment
        for node in model.graph:
            helper(factor) + WEIGHTS + SETTINGS.ratio + math.pi + np.round(Color.RED.value)
            [inner(x) for x in table] + [PATTERN, FILE, POINT, steps]
    return mine

steps = [functools.partial(helper, 1), lambda x: x + 1, lambda x: x - 1]
mine = make(7)
"""


def test_what_does_the_same_is_the_same() -> None:
    comment = BASE.replace("# a comment", "# another")
    blank = "\n\n" + BASE.replace("return inner(value) * scale", "return (inner(value)\n  * scale)")
    documented = BASE.replace("def helper(value, *, scale=2):", "def helper(value, *, scale=2):\n"
                              "    'What it is for.'")  # fmt: skip
    assert len({digest(text) for text in (BASE, comment, blank, documented)}) == 1


def test_another_cell_that_it_does_not_read_is_no_part_of_it() -> None:
    names = cell(BASE)
    before = digest(names)
    cell("LATER = 1\ndef unread(): return LATER", names)
    assert digest(names) == before
    cell("def inner(value): return value", names)
    assert digest(names) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT, TABLE = 3", "LIMIT, TABLE = 4"),  # a global that a helper of a helper reads
        ("(1, 2.5)", "(1.0, 2.5)"),
        ('b"x"', 'b"y"'),
        ("np.arange(6", "-np.arange(6"),
        ("dtype=np.float32", "dtype=np.float64"),
        (".reshape(2, 3)", ".reshape(3, 2)"),
        ("ratio: float = 0.5", "ratio: float = 0.25"),
        ('"Gemm", ', ""),
        ("RED = 1", "RED = 2"),
        ('Path("a")', 'Path("b")'),
        ('re.compile("a+")', 're.compile("a+", re.I)'),
        ("scale=2", "scale=3"),  # a keyword default of a helper
        ("value + LIMIT", "value - LIMIT"),  # a helper of a helper, which call each other
        ("make(7)", "make(8)"),  # a captured value
        ("helper, 1", "helper, 2"),  # an argument of a partial
        ("lambda x: x + 1, lambda x: x - 1", "lambda x: x - 1, lambda x: x + 1"),
        ("math.pi", "math.e"),
        ("table=TABLE", "table=(1,)"),  # a default
        ("[inner(x) for x", "[helper(x) for x"),  # the body
        ('ops("Conv")', 'ops("Gemm")'),  # declarations
        ("Approximate(1e-3)", "Approximate(1e-2)"),
    ],
)
def test_what_does_something_else_is_another(old: str, new: str) -> None:
    assert BASE.count(old) == 1
    assert digest(BASE) != digest(BASE.replace(old, new))


CLASS = """
START = 0.5
class Base(Pass):
    def threshold(self): return 1

@dataclass(frozen=True)
class mine(Base):
    '''What it does.'''
    name = "mine"
    effect = Exact()
    ratio: float = option(START, help="Share.", maximum=1.0)

    def run(self, model, ctx):
        return self.threshold() + self.half

    @property
    def half(self): return self.ratio / 2

    @staticmethod
    def rule(): return 3
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("START = 0.5", "START = 0.25"),
        ("maximum=1.0", "maximum=0.9"),
        ("return 1", "return 2"),
        ("self.half", "-self.half"),
        ("self.ratio / 2", "self.ratio / 3"),
        ("return 3", "return 4"),
        ("Exact()", "Approximate(1e-3)"),
        ("(Base):", "(Pass):"),
        ("frozen=True", "frozen=True, order=True"),
    ],
)
def test_a_class_is_what_is_in_it(old: str, new: str) -> None:
    assert digest(CLASS) == digest(CLASS.replace("What it does", "More of it") + "# more")
    assert digest(CLASS) != digest(CLASS.replace(old, new))


def test_functions_of_every_kind_have_an_identity() -> None:
    made = [
        "mine = from_function(lambda m: None, name='mine', effect=Exact())",
        "mine = from_function(lambda m: m, name='mine', effect=Exact())",
        "def f(m, a): pass\nmine = pass_(name='mine')(functools.partial(f, 1).func)",
        "class K:\n  def f(self, m): pass\n"
        "@dataclass(frozen=True)\nclass L(K): x: int = 1\n"
        "mine = from_function(L().f, name='mine', effect=Exact())",
        "class K:\n  def f(self, m): pass\n"
        "@dataclass(frozen=True)\nclass L(K): x: int = 1\n"
        "mine = from_function(L(2).f, name='mine', effect=Exact())",
        "@functools.lru_cache\ndef f(m): return 1\n"
        "mine = from_function(f, name='mine', effect=Exact())",
        "@pass_()\ndef mine(model, ctx):\n  mine.run\n  missing()",
        "@pass_()\ndef mine(model, ctx):\n  np.float32(1), np.dtype('i4'), np.add, int | None",
        "X = np.float32(1), np.dtype('i4'), np.add, int | None, list[int], 10**5000, {1, 2}\n"
        "@pass_()\ndef mine(model, ctx): X",
        "P = namedtuple('P', 'x y')(1, 2)\n@pass_()\ndef mine(model, ctx): P",
    ]
    assert len({digest(text) for text in made}) == len(made)


UNKNOWN = {
    "file": ("F = open(__import__('os').devnull); F.close()", "'F', which 'mine' reads, is an "
             "object of _io.TextIOWrapper"),
    "object": ("class C: pass\nF = C()", "is an object of __main__.C, whose content is unknown"),
    "nested": ("F = [{'a': object()}]", "'F', which 'mine' reads, is an object of builtins.object"),
    "field": ("@dataclass(frozen=True)\nclass C:\n  a: object\nF = C(object())",
              "'a' of 'F', which 'mine' reads, is an object of builtins.object"),
    "exec": ("exec('def F(): pass')", "the source of 'F' is not to be had"),
    "main": ("import sys; F = sys.modules['__main__']", "the module '__main__'"),
    "generator": ("F = np.random.default_rng(0)", "numpy.random"),
    "masked": ("F = np.ma.array([1])", "numpy.ma"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_cannot_be_told_is_uncacheable(case: str) -> None:
    source, reason = UNKNOWN[case]
    found = identity(f"{source}\n@pass_()\ndef mine(model, ctx):\n    F")
    assert not found.cacheable
    assert not found.source
    assert reason in found.uncacheable


def test_source_that_is_not_what_was_loaded_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "edited.py"
    text = "def f(model, ctx):\n    return 1\n"
    file.write_text(text)
    names: dict[str, Any] = {"__name__": "edited"}
    exec(compile(text, str(file), "exec", dont_inherit=True), names)
    names["mine"] = passmgr.pass_(name="mine")(names["f"])
    assert digest(names)
    file.write_text(text.replace("1", "22"))
    assert "the source of 'f' is not what was loaded" in identity(names).uncacheable


def test_a_module_of_no_distribution_counts_as_its_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my_helpers.py"
    file.write_text("def f(): return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    names = cell("import my_helpers\n@pass_()\ndef mine(model, ctx): my_helpers.f()")
    before = digest(names)
    file.write_text("def f(): return 2\n")
    assert digest(names) != before
    del sys.modules["my_helpers"]


def test_every_process_gives_the_same_digest() -> None:
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from test_source_identity import BASE, CLASS, digest\n"
        "print(digest(BASE), digest(CLASS))"
    )
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "support")]
    told = [
        subprocess.run(
            [sys.executable, "-c", program, *folders],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert told == [[digest(BASE), digest(CLASS)]] * 2


def test_a_plan_tells_and_a_lock_holds_the_source(tmp_path: Path) -> None:
    names = cell("@pass_()\ndef mine(model, ctx): pass")
    lock = tmp_path / "lock"
    plan = passmgr.plan(ir.from_onnx_text(MODEL), names["mine"], lock=lock)
    assert plan.to_json()["steps"][0]["source"] == digest(names)
    check_lock(plan, read_lock(lock))
    cell("@pass_()\ndef mine(model, ctx): return", names)
    with pytest.raises(ScheduleError, match=r"differs from the lock at line 1: 'mine' .*source"):
        passmgr.run(ir.from_onnx_text(MODEL), names["mine"], locked=lock)


def test_a_lock_of_an_uncacheable_pass_is_refused(tmp_path: Path) -> None:
    names = cell("F = object()\n@pass_()\ndef mine(model, ctx): F")
    plan = make_plan(load_pipeline(names["mine"]), DummyRegistry())
    assert plan.uncacheable == tuple(plan.passes())
    assert plan.to_text().endswith(
        "not cacheable, as a change of it would not be seen:\n"
        "  mine: 'F', which 'mine' reads, is an object of builtins.object, whose content is "
        "unknown\n"
    )
    with pytest.raises(ScheduleError, match="cannot be locked: whether 'mine' changed") as refused:
        passmgr.plan(ir.from_onnx_text(MODEL), names["mine"], lock=tmp_path / "lock")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "lock").exists()


def test_a_registered_pass_is_known_by_its_distribution() -> None:
    names = cell("F = object()\n@pass_()\ndef mine(model, ctx): F")
    registry: Any = SimpleNamespace(
        entries=lambda kind: {
            "mine": SimpleNamespace(
                target=type(names["mine"]), plugin=SimpleNamespace(distribution="d", version="1")
            )
        }
    )
    found = identify(names["mine"], registry)
    assert (found.distribution, found.source, found.cacheable) == ("d", "", True)
    assert "source" not in found.to_json()
