"""Mutation check of the contract suite: every built-in pass with one thing changed must be caught.

The mutants of a pass's module, and of the modules that hold its rules, go through the contract
suite (without ``imports`` and ``pickling``, which look at files) and, where that finds nothing,
through the guard in a pipeline among innocent passes. Those that survive are tried on 300
models more: *equivalent* ones make the same model of each, *weaker* ones do less, *other* ones
something else, and all of it right; *wrong* ones break the contract on one of them. The last two
must be listed with a reason in ``tests/support/survivors.toml``. The figure is of those mutants
that break the contract anywhere: at least 95 % of them must be caught.

Exit code 1: a survivor is not listed, a listed one is caught, or a pass that is not changed fails.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from mutant_child import Outcome
from mutant_modules import module_of, mutants, passes_by_module
from mutant_oracle import classify
from mutant_trials import false_alarm, try_mutant
from mutants import Mutant
from rich.console import Console
from rich.table import Table
from survivors import compare

WRONG = "wrong"
LIMIT = 95.0
"""Per cent of the mutants that break the contract, of which so many must be caught."""


@dataclass(frozen=True)
class Row:
    """One mutant, what caught it, and, where nothing did, what it is."""

    mutant: Mutant
    outcome: Outcome
    verdict: Outcome | None
    seconds: float


def run_one(task: tuple[str, int, int]) -> Row:
    """Try one mutant; the task is its module, its number and the number of generated models."""
    module, number, examples = task
    start = time.perf_counter()
    mutant, names = mutants(module)[number], passes_by_module()[module]
    outcome = try_mutant(mutant, names, examples)
    verdict = None if outcome.caught else classify(mutant, names)
    return Row(mutant, outcome, verdict, time.perf_counter() - start)


def tasks_of(options: argparse.Namespace) -> list[tuple[str, int, int]]:
    """Return what is to be done, chosen by the options."""
    chosen = []
    for module, names in passes_by_module().items():
        if options.pass_ and options.pass_ not in names:
            continue
        for number, mutant in enumerate(mutants(module)):
            place = f"{mutant.file}:{mutant.line}"
            if not options.line or place.endswith(options.line):
                chosen.append((module, number, options.examples))
    if options.sample and options.sample < len(chosen):
        picked = random.Random(0).sample(range(len(chosen)), options.sample)
        chosen = [chosen[index] for index in sorted(picked)]
    return chosen


def run_all(tasks: Sequence[tuple[str, int, int]], jobs: int) -> Iterator[Row]:
    """Try the mutants, in order."""
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(run_one, tasks, chunksize=10)


def table_of(rows: Sequence[Row]) -> Table:
    """Return the table: a line for each module, and the whole."""
    table = Table("module", "passes", title="mutants of the built-in passes")
    for head in ("mutants", "suite", "guard", "equivalent", "weaker", "other", "wrong", "caught"):
        table.add_column(head, justify="right")
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        by_file.setdefault(row.mutant.file, []).append(row)
    for file, group in by_file.items():
        made_of = passes_by_module()[module_of(file)]
        shown = made_of[0] if len(made_of) == 1 else f"{made_of[0]} and {len(made_of) - 1} more"
        table.add_row(file.removeprefix("passes/"), shown, *cells(group))
    table.add_section()
    table.add_row("all", "", *cells(rows))
    return table


def cells(rows: Sequence[Row]) -> list[str]:
    """Return the figures of some mutants as text."""
    caught = Counter(
        "guard" if row.outcome.caught == "guard" else "suite" for row in rows if row.outcome.caught
    )
    left = Counter(row.verdict.caught for row in rows if row.verdict)
    share = rate(rows)
    return [
        str(count) if count else ""
        for count in (
            len(rows),
            caught["suite"],
            caught["guard"],
            left["equivalent"],
            left["weaker"],
            left["other"],
            left["wrong"],
        )
    ] + ["" if share is None else f"{share:.1f} %"]


def rate(rows: Sequence[Row], *, raw: bool = False) -> float | None:
    """Return per cent caught, of all (``raw``), or of those that break the contract."""
    caught = sum(bool(row.outcome.caught) for row in rows)
    wrong = sum(row.verdict is not None and row.verdict.caught == WRONG for row in rows)
    whole = len(rows) if raw else caught + wrong
    return 100 * caught / whole if whole else None


def main() -> int:
    """Try the mutants, print the table, and tell whether all is as it is written down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write every mutant with its fate to this file")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--pass", dest="pass_", help="only what this pass is made of")
    parser.add_argument("--line", default="", help="only mutants of this line, as file.py:LINE")
    parser.add_argument("--sample", type=int, help="only so many, always the same ones")
    parser.add_argument("--examples", type=int, default=50, help="generated models of the suite")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    start = time.perf_counter()
    tasks = tasks_of(options)
    modules = dict.fromkeys(module for module, _, _ in tasks)
    passes = sorted({name for module in modules for name in passes_by_module()[module]})
    alarms = [found for name in passes if (found := false_alarm(name, options.examples))]
    for alarm in alarms:
        print(f"FALSE ALARM: {alarm}")
    rows = []
    for row in run_all(tasks, options.jobs):
        rows.append(row)
        if console.is_terminal:
            console.print(f"{len(rows)} of {len(tasks)}", end="\r")
    console.print(table_of(rows))
    by = Counter(row.outcome.caught for row in rows if row.outcome.caught)
    print("caught by: " + ", ".join(f"{name} {count}" for name, count in by.most_common()))
    blamed = sum(row.outcome.blamed for row in rows)
    print(f"a line of the changed file was blamed for {blamed} of {by.total()}")
    share, raw = rate(rows), rate(rows, raw=True)
    verdicts = {row.mutant.key: row.verdict for row in rows if row.verdict is not None}
    told = list(compare({row.mutant.key: row.outcome.caught for row in rows}, verdicts))
    for line in told:
        print(line)
    print(f"false alarms: {len(alarms)} on {len(passes)} passes as they are")
    if share is not None and raw is not None:
        print(
            f"caught: {raw:.1f} % of all mutants, {share:.1f} % of those that break the contract "
            f"({'within' if share >= LIMIT else 'UNDER'} {LIMIT:g} %), in "
            f"{time.perf_counter() - start:.0f} s"
        )
    if options.json:
        options.json.write_text(json.dumps([as_json(row) for row in rows], indent=1) + "\n")
    return 1 if told or alarms or (share is not None and share < LIMIT) else 0


def as_json(row: Row) -> dict[str, object]:
    """Return a row for machines."""
    mutant, verdict = row.mutant, row.verdict
    return {
        "file": mutant.file,
        "line": mutant.line,
        "where": mutant.where,
        "operator": mutant.operator,
        "before": mutant.before,
        "after": mutant.after,
        "caught": row.outcome.caught,
        "pass": row.outcome.pass_name,
        "problem": row.outcome.problem,
        "blamed": row.outcome.blamed,
        "verdict": verdict.caught if verdict else "",
        "reason": verdict.problem if verdict else "",
        "seconds": round(row.seconds, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
