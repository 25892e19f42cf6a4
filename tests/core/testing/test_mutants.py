"""The mutator, and some mutants that the suite catches; `benchmarks/mutation.py` tries all."""

from __future__ import annotations

import ast
import itertools
from collections import Counter

import pytest
from mutant_child import Outcome, in_child
from mutant_modules import load_mutant, mutants, passes_by_module, registry
from mutant_oracle import classify
from mutant_trials import guard_verdict, stage, try_mutant
from mutants import Mutant, mutants_of
from survivors import listed

CHANGES = {
    "compare": ("r = a == b", "a != b"),
    "compare, several": ("r = 0 <= a < b", "0 < a < b"),
    "bool": ("r = a and b", "a or b"),
    "operand": ("r = a or b or c", "a or c"),
    "not": ("r = not a", "a"),
    "constant": ("r = a[1]", "2"),
    "constant, of bool": ("r = f(True)", "False"),
    "string": ("r = {'Add': a}", "'Add_'"),
    "arithmetic": ("r = a + b", "a - b"),
    "arithmetic, in place": ("r -= b", "r += b"),
    "arguments": ("r = f(a, b, c)", "f(b, a, c)"),
    "condition": ("if a:\n    b()", "if True:"),
    "condition, of a comprehension": ("r = [x for x in a if x]", "[x for x in a]"),
    "condition, of an expression": ("r = a if b else c", "a if False else c"),
    "statement": ("edit.remove(node)", "pass"),
    "return": ("def f():\n    return a", "return None"),
    "return, of a loop": ("for x in a:\n    continue", "break"),
    "index": ("r = a[:n]", "a[:n + 1]"),
    "declaration": ("class A(Pass):\n    '''Do.'''\n    requires = ('sorted',)", ""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_operator(name: str) -> None:
    source, after = CHANGES[name]
    made = [m for m in mutants_of(source, "a.py") if m.operator == name.partition(",")[0]]
    assert after in [mutant.after for mutant in made]
    (mutant, *_) = [mutant for mutant in made if mutant.after == after]
    assert ast.unparse(mutant.tree()) != ast.unparse(ast.parse(source))
    assert after.partition("\n")[0] in ast.unparse(mutant.tree())


LEFT_ALONE = {
    "docstring": "def f():\n    'docstring'",
    "annotation": "a: Literal['one'] = b",
    "decorator": "@cache(maxsize=1)\ndef f():\n    pass",
    "assertion": "assert a == b",
    "error": "raise ValueError(a == b)",
    "remark": "ctx.remark('code', 'text', node=node)",
    "type checking": "if TYPE_CHECKING:\n    a = b == c",
    "formatted text": "r = f'{a + b}'",
    "code of an action": "r = ctx.action(node, 'merge')",
    "alias": "Rule = Callable[['ir', 'Known'], 'Value']",
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_no_part_of_a_pass_is_left_alone(name: str) -> None:
    assert [str(mutant) for mutant in mutants_of(LEFT_ALONE[name], "a.py")] == []


def all_mutants() -> list[Mutant]:
    return [mutant for module in passes_by_module() for mutant in mutants(module)]


def test_every_mutant_changes_one_thing_and_compiles() -> None:
    made = all_mutants()
    assert len(made) > 3000
    assert max(Counter(mutant.key for mutant in made).values()) == 1
    for mutant in made[::60]:
        source = ast.unparse(ast.parse(mutant.source))
        changed = ast.unparse(mutant.tree())
        assert changed != source
        compile(mutant.tree(), mutant.file, "exec")
        assert ast.unparse(ast.parse(changed)) == changed


def test_every_pass_has_mutants() -> None:
    names = {name for names in passes_by_module().values() for name in names}
    others = {"onnxoptimizer", "onnxruntime-optimize", "onnxslim"}  # code of other libraries
    assert names == set(registry().entries("passes")) - others


def test_what_is_listed_is_a_mutant_of_today() -> None:
    assert set(listed()) <= {mutant.key for mutant in all_mutants()}


CAUGHT = [
    ("analyze.infer_shapes", "", "establishes = ('static-shapes',)", "claims"),
    ("analyze.infer_shapes", "InferShapes.run", "value.is_graph_output() and", "interface"),
    ("fuse.linear", "rescale", "beta == 1.0", "structure"),
    ("fuse.merge_constant_operands", "", "done_when = ('sorted',)", "done"),
    ("fuse.merge_constant_operands", "_combine", "op_type != 'Add'", "numbers"),
    ("simplify.eliminate_identity", "EliminateIdentity.run", "if True", "exceptions"),
    ("simplify.merge_concats", "_merge", "axis != _axis", "numbers"),
    ("simplify.remove_unused", "_is_used", "value.is_graph_output()", "exceptions"),
    ("simplify.sort", "_topological_order", "pass", "claims"),
]
"""Module, function, how the changed text begins, and the check that notices."""
WITHOUT_LINE = ("work", "done")


def find(module: str, where: str, after: str) -> Mutant:
    made = mutants(f"passmgr.passes.{module}")
    return next(m for m in made if m.where == where and m.after.startswith(after))


@pytest.mark.parametrize(("module", "where", "after", "check"), CAUGHT)
def test_the_suite_catches_it_and_blames_its_line(
    module: str, where: str, after: str, check: str
) -> None:
    mutant, names = find(module, where, after), passes_by_module()[f"passmgr.passes.{module}"]
    outcome = try_mutant(mutant, names, 0)
    assert outcome.caught == check, f"{mutant}: {outcome}"
    assert outcome.pass_name in names
    assert outcome.blamed or check in WITHOUT_LINE


def test_the_guard_blames_the_changed_pass_among_innocent_ones() -> None:
    mutant = find("fuse.merge_constant_operands", "_combine", "op_type != 'Add'")

    def judge() -> Outcome:
        failure = guard_verdict(made, load_mutant(mutant, "merge-constant-operands"))
        return Outcome("" if failure is None else failure.pass_name)

    made = stage("merge-constant-operands", 0)
    assert in_child(judge, "", 60).caught == "merge-constant-operands"


def test_what_does_not_end_ends() -> None:
    def count() -> Outcome:
        return Outcome(str(sum(1 for _ in itertools.count())))

    assert in_child(count, "", 1).caught == "does not end"


def test_a_mutant_that_changes_nothing_is_called_equivalent() -> None:
    (mutant,) = (
        m
        for m in mutants("passmgr.passes.simplify.opset")
        if m.operator == "condition" and m.after == "if True:"
    )
    assert classify(mutant, ["eliminate-zero-states"]).caught == "equivalent"
