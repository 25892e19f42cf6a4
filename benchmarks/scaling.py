"""How ``default`` grows with the graph, file to file, beside ONNX Runtime's own optimization.

Figure (d): on chains and on wide graphs of 1,000 to 100,000 nodes the time grows with an exponent
under 1.15; at 100,000 nodes it is at most half of what ONNX Runtime's offline optimization at level
BASIC takes. The guard is off on both sides. Peers that are installed run where they end in
``--timeout``.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from measure import OURS as SETUP
from measure import (
    Contender,
    Result,
    arguments,
    interleave,
    prepare,
    print_claim,
    print_table,
    write_json,
)

SIZES = (1_000, 10_000, 100_000)
OURS, BASIC = "passmgr.run, default", "ONNX Runtime offline, BASIC"

_MAKE = """
from pathlib import Path
from synthetic import SHAPES
SHAPES[{shape!r}](Path({path!r}), {size})
"""

_ORT_SETUP = """
import onnxruntime as ort
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
options.log_severity_level = 4
"""


def contenders(read: str, write: str) -> list[Contender]:
    """Return the ways from the file ``read`` to the file ``write``."""
    ways = [
        Contender(
            OURS,
            f"run({read!r}, 'default', output={write!r}, guard='off')",
            SETUP,
        ),
        Contender(
            BASIC,
            f"options.optimized_model_filepath = {write!r}\n"
            f"ort.InferenceSession({read!r}, options, providers=['CPUExecutionProvider'])",
            _ORT_SETUP,
        ),
        Contender(
            "onnxscript optimizer",
            f"model = onnx_ir.load({read!r})\noptimize(model)\nonnx_ir.save(model, {write!r})",
            "import onnx_ir\nfrom onnxscript.optimizer import optimize",
        ),
    ]
    for name, body in (
        ("onnxslim", f"onnx.save(onnxslim.slim({read!r}), {write!r})"),
        ("onnxoptimizer", f"onnx.save(onnxoptimizer.optimize(onnx.load({read!r})), {write!r})"),
    ):
        if importlib.util.find_spec(name):
            ways.append(Contender(name, body, f"import onnx, {name}"))
    return ways


def main() -> int:
    """Measure, print the tables, and tell whether the limits are kept."""
    parser = arguments(__doc__ or "", rounds=3)
    parser.add_argument("--timeout", type=float, default=100.0, help="seconds for one run")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    kept = []
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        for shape in ("chain", "wide"):
            ours: dict[int, float] = {}
            ended: set[str] = set()
            for size in SIZES:
                source, out = Path(base) / "model.onnx", Path(base) / "out.onnx"
                prepare(_MAKE.format(shape=shape, path=str(source), size=size))
                ways = [way for way in contenders(str(source), str(out)) if way.name not in ended]
                results: dict[str, Result] = interleave(
                    ways, rounds=options.rounds, timeout=options.timeout
                )
                ended |= {name for name, result in results.items() if result.error}
                print_table(f"{shape} of {size:,} nodes", results, BASIC)
                ours[size] = results[OURS].median()
                figures[f"{shape} {size}"] = results
            ratio = ours[SIZES[-1]] / results[BASIC].median()
            kept.append(print_claim(f"{shape}: ratio to {BASIC}", ratio, 0.5))
            steps = (
                (math.log(ours[b] / ours[a]) / math.log(b / a), f"{shape}: exponent {a:,} - {b:,}")
                for a, b in pairwise(SIZES)
            )
            kept += [print_claim(text, exponent, 1.15) for exponent, text in steps]
    write_json(options.json, figures)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
