"""What the manager costs: checks, edit log and bookkeeping around a pass that does next to nothing.

Figure (c), with ``verify="changed"`` and no guard: at most 1 microsecond a node where a pass edits
through ``ctx.edit``, at most 5 more for each edit, at most 30 a node for a foreign pass, which runs
on a clone. The first pass pays for looking at the whole model once, which the others do not. The
cost of an edit is what is left when the same edits made with onnx_ir alone and the cost per node
are taken off.
"""

from __future__ import annotations

import sys

from chain_edits import EDITS, NODES
from measure import Contender, arguments, interleave, print_claim, print_table, write_json

_SETUP = """
import gc
from chain_edits import FIVE, FOREIGN, MANY, ONE, chain, edit_directly
from passmgr.core.manager import run_passes
from passmgr.core.registry import load_registry
registry = load_registry()
run_passes(chain(10), [ONE, FOREIGN], registry=registry)  # imports what is imported when needed
model = chain()
gc.disable()  # as during every run of the tool
"""


def main() -> int:
    """Measure, print the table, and tell whether the limits are kept."""
    options = arguments(__doc__ or "", rounds=7).parse_args()
    results = interleave(
        [
            Contender(name, body, _SETUP)
            for name, body in (
                ("one edit", "run_passes(model, [ONE], registry=registry)"),
                ("one edit in each of five passes", "run_passes(model, FIVE, registry=registry)"),
                (f"{EDITS:,} edits", "run_passes(model, [MANY], registry=registry)"),
                (f"{EDITS:,} edits by onnx_ir alone", "edit_directly(model)"),
                ("foreign pass", "run_passes(model, [FOREIGN], registry=registry)"),
            )
        ],
        rounds=options.rounds,
    )
    print_table(f"manager overhead, chain of {NODES:,} nodes", results)
    one, five, many, directly, foreign = (result.median() * 1e6 for result in results.values())
    figures = {
        "microseconds a node, first pass": (one / NODES, 1.0),
        "microseconds a node, each further pass": ((five - one) / 4 / NODES, 1.0),
        "microseconds an edit": ((many - directly - one) / EDITS, 5.0),
        "microseconds a node, foreign": (foreign / NODES, 30.0),
    }
    kept = [print_claim(name, figure, limit) for name, (figure, limit) in figures.items()]
    write_json(options.json, {"results": results, "figures": figures})
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
