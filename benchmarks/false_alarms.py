"""False alarms of the contract suite: everything built in, on many generated models each.

The passes that run other people's optimizers are left out: what the suite finds there is no false
alarm (tests/contract/test_suite.py lists it).
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from measure import write_json

from passmgr.core.registry import Entry, load_registry
from passmgr.core.testing.suite import registered_by
from passmgr.core.verbs.check_plugin import CheckResult, check_plugin

OTHERS = "passmgr.plugins.optimizers."


def names() -> list[str]:
    """Return the names of what is checked, each once: a name may be that of several kinds."""
    found = registered_by("passmgr", load_registry(plugins=False))
    return list(dict.fromkeys(entry.name for entry in found if not _is_of_others(entry)))


def _is_of_others(entry: Entry) -> bool:
    return isinstance(entry.target, str) and entry.target.startswith(OTHERS)


def check(name: str, examples: int) -> tuple[list[CheckResult], float]:
    """Return how what is called ``name`` keeps its contract, and the seconds that took."""
    start = time.perf_counter()
    registry = load_registry(plugins=False)
    results = check_plugin(name, examples=examples, registry=registry)
    return results, time.perf_counter() - start


def main() -> int:
    """Check, print a line for each, and tell whether there was no alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="generated models for each")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    options = parser.parse_args()
    alarms: list[CheckResult] = []
    checks, figures = 0, {}
    print(f"{'':34}{'checks':>8}{'alarms':>8}{'time':>10}")
    with ProcessPoolExecutor(options.jobs) as pool:
        done = {name: pool.submit(check, name, options.examples) for name in names()}
        for name, future in done.items():
            results, seconds = future.result()
            wrong = [result for result in results if result.problem]
            print(f"{name:34}{len(results):8}{len(wrong):8}{seconds:8.1f} s", flush=True)
            figures[name] = {"checks": len(results), "alarms": len(wrong), "seconds": seconds}
            alarms += wrong
            checks += len(results)
    for alarm in alarms:
        print(f"\n{alarm.problem}")
    print(f"\n{checks} checks, {options.examples} generated models each: {len(alarms)} alarms")
    write_json(options.json, figures)
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main())
