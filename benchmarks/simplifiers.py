"""Nodes left of every model of a folder by passmgr and by its peers, and which passes fired.

A peer's result counts where it loads in ONNX Runtime with the same interface and gives the same
numbers (where the original runs at all; otherwise where onnx's checker takes it). Every model is
given to every tool in a process of its own, so that a crash or a hang costs one cell.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from measure import arguments, write_json

Answer = tuple[int, str, list[str]]
"""Nodes of the result, what is wrong with it, and the passes that fired."""


def passmgr(pipeline: str) -> Callable[[Path, Path], list[str]]:
    """Return the call of passmgr with a pipeline."""

    def call(source: Path, out: Path) -> list[str]:
        from passmgr import run

        result = run(source, pipeline, output=out)
        return [record.name for record in result.records if record.status == "changed"]

    return call


def onnxscript(source: Path, out: Path) -> list[str]:
    """Call onnxscript's optimizer."""
    import onnx_ir
    from onnxscript.optimizer import optimize

    model = onnx_ir.load(source)
    optimize(model)
    onnx_ir.save(model, out)
    return []


def onnxslim(source: Path, out: Path) -> list[str]:
    """Call onnxslim."""
    import onnx
    import onnxslim

    onnx.save(onnxslim.slim(str(source)), out)
    return []


def onnxsim(source: Path, out: Path) -> list[str]:
    """Call onnxsim."""
    import onnx
    import onnxsim

    onnx.save(onnxsim.simplify(onnx.load(source))[0], out)
    return []


def onnxoptimizer(source: Path, out: Path) -> list[str]:
    """Call onnxoptimizer."""
    import onnx
    import onnxoptimizer

    onnx.save(onnxoptimizer.optimize(onnx.load(source)), out)
    return []


_GROWTH = "a peer writes out weights of many MiB that the model makes with ConstantOfShape"
_GIVEN = "a peer takes weights for constants that a caller may give as inputs"
REASONS = {
    "KJ_TinyTaxiNet.onnx": _GIVEN,
    "Autoencoder1D/network.onnx": _GIVEN,
    "light_bvlc_alexnet.onnx": _GROWTH,
    "light_inception_v2.onnx": _GROWTH,
    "light_resnet50.onnx": _GROWTH,
    "light_squeezenet.onnx": _GROWTH,
    "light_zfnet512.onnx": _GROWTH,
    "microLlama16_parallel/network.onnx": "a peer computes two MatMuls as one and splits it again",
    "silero_vad_half.onnx": "a peer decides Ifs by declared shapes, which other inputs contradict",
    "g2p.man.onnx": "a peer drops a Softmax before ArgMax, whose rounding makes ties",
}
"""Why a peer is left with fewer nodes, by the end of the model's path."""

PEERS = (onnxscript, onnxslim, onnxsim, onnxoptimizer)


def count_nodes(path: Path) -> int:
    """Count the nodes of a file, subgraphs and functions included."""
    from passmgr import inspect

    return sum(inspect(path).ops.values())


def _fault(source: Path, out: Path) -> str:
    """Return what is wrong with the model ``out`` that was made from ``source``."""
    import onnx

    from passmgr import PassmgrError, compare, inspect

    before, after = inspect(source), inspect(out)
    if [v.name for v in before.outputs] != [v.name for v in after.outputs]:
        return "other outputs"
    if [(v.name, v.type) for v in before.inputs] != [(v.name, v.type) for v in after.inputs]:
        return "other inputs"
    try:
        compare(source, source)
    except PassmgrError:
        try:
            onnx.checker.check_model(str(source))
        except Exception:  # whatever onnx raises: there is nothing to compare with
            return ""
        try:
            onnx.checker.check_model(str(out))
        except Exception as error:
            return f"invalid: {str(error).splitlines()[0]}"
        return ""
    try:
        found = compare(source, out)
    except PassmgrError as error:
        return f"does not run: {error}"
    worst = found.worst
    return "" if worst is None or worst.severity <= 1 else f"other numbers: {worst.name}"


def _work(tool: Callable[[Path, Path], list[str]], source: Path, queue: object) -> None:
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / source.name
        try:
            fired = tool(source, out)
            answer = (count_nodes(out), _fault(source, out), fired)
        except Exception as error:
            answer = (-1, f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}", [])
        queue.put(answer)  # type: ignore[attr-defined]


def ask(tool: Callable[[Path, Path], list[str]], source: Path, timeout: float) -> Answer:
    """Run ``tool`` on ``source`` in a child."""
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_work, args=(tool, source, queue))
    child.start()
    try:
        answer: Answer = queue.get(timeout=timeout)
    except Exception:  # queue.Empty: it crashed or hangs
        answer = (-1, "crashed" if child.exitcode else f"over {timeout:g} s", [])
    child.kill()
    child.join()
    return answer


def main() -> int:
    """Run all tools on all models, print the table and what is to say about the whole."""
    parser = arguments(__doc__ or "", rounds=1)
    parser.add_argument("models", type=Path, help="a folder of .onnx files")
    parser.add_argument("-p", "--pipeline", default="default")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for tool and check")
    options = parser.parse_args()
    tools: dict[str, Callable[[Path, Path], list[str]]] = {"passmgr": passmgr(options.pipeline)}
    tools |= {peer.__name__: peer for peer in PEERS if importlib.util.find_spec(peer.__name__)}
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in tools)
    print(f"{versions}; pipeline {options.pipeline}")
    for name in tools:
        importlib.import_module(name)
    print(f"{'before':>7}" + "".join(f"{name:>14}" for name in tools) + "  model")
    fired: Counter[str] = Counter()
    rows, worse, best, unexplained, wrong = [], 0, 0, 0, Counter[str]()
    for source in sorted(options.models.rglob("*.onnx")):
        answers = {name: ask(tool, source, options.timeout) for name, tool in tools.items()}
        try:
            before = count_nodes(source)
        except Exception:  # refused by us too: the row says so
            before = -1
        fired.update(set(answers["passmgr"][2]))
        wrong.update(name for name, answer in answers.items() if answer[1])
        peers = [n for name, (n, fault, _) in answers.items() if name != "passmgr" and not fault]
        ours, fault, _ = answers["passmgr"]
        behind = bool(fault) or (bool(peers) and ours > min(peers))
        worse += behind
        best += not fault and bool(peers) and ours < min(peers)
        cells = "".join(
            f"{('!' if fault else '') + (str(n) if n >= 0 else 'fails'):>14}"
            for n, fault, _ in answers.values()
        )
        name = source.relative_to(options.models)
        print(f"{before:7}{cells}{' <' if behind else '  '}{name}", flush=True)
        if behind:
            why = [reason for end, reason in REASONS.items() if str(source).endswith(end)]
            unexplained += not why
            print(f"{'':9}{why[0] if why else 'not explained'}")
        rows.append({"model": str(name), "before": before, "answers": answers})
    print(f"{len(rows)} models: fewer nodes than any peer on {best}, more than the best on {worse}")
    print("wrong, refused or crashed (!): " + ", ".join(f"{n} {wrong[n]}" for n in tools))
    print("passes that fired: " + ", ".join(f"{n} {c}" for n, c in fired.most_common()))
    write_json(options.json, {"versions": versions, "rows": rows, "fired": fired})
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
