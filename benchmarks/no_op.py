"""An empty pipeline, file to file, on a BERT-base-sized model, side by side with onnx and onnx_ir.

Claim: at most 0.25 times the faster of the two; peak memory under 0.8 times the model's size with
the weights inside the file, under 0.3 times with external data. The page cache is warm, all write
to the same file system, and all bring the output to the disk (fsync) or none does.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import Contender, arguments, interleave, prepare, print_table, write_json

_MAKE = """
from pathlib import Path
from transformer import make_transformer
make_transformer(
    Path({path!r}), layers=12, size=768, vocabulary=30522, external={external}
)
"""

_SYNC = """
import os
for _path in os.listdir({folder!r}):
    _file = os.open(os.path.join({folder!r}, _path), os.O_RDONLY)
    os.fsync(_file)
    os.close(_file)
"""


def contenders(source: Path, folder: Path, external: bool) -> list[Contender]:
    """Return the three ways from ``source`` to a file in ``folder``."""
    out, sync = str(folder / "out.onnx"), _SYNC.format(folder=str(folder))
    read = f"{str(source)!r}"
    data = ", save_as_external_data=True, location='out.data'" if external else ""
    ir_data = ", external_data='out.data'" if external else ""
    return [
        Contender(
            "onnx load + save",
            f"model = onnx.load({read})\nonnx.save(model, {out!r}{data})\n{sync}",
            "import onnx",
        ),
        Contender(
            "onnx_ir load + save",
            f"model = onnx_ir.load({read})\nonnx_ir.save(model, {out!r}{ir_data})\n{sync}",
            "import onnx_ir",
        ),
        Contender(
            "passmgr front end + emitter",
            f"OnnxEmitter().emit(OnnxFrontend().load(Path({read})), Path({out!r}))",
            "from pathlib import Path\n"
            "from passmgr.plugins.emitters.onnx_file import OnnxEmitter\n"
            "from passmgr.plugins.frontends.onnx_file import OnnxFrontend",
        ),
    ]


def main() -> None:
    """Measure, print and write the figures."""
    parser = arguments(__doc__.splitlines()[0])
    options = parser.parse_args()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as base:
        for external in (False, True):
            source = Path(base) / ("external" if external else "single") / "bert.onnx"
            source.parent.mkdir()
            prepare(_MAKE.format(path=str(source), external=external))
            size = sum(path.stat().st_size for path in source.parent.iterdir()) / 2**20
            folder = Path(base) / "out"
            folder.mkdir(exist_ok=True)

            def clear(folder: Path = folder) -> None:
                for path in folder.iterdir():
                    path.unlink()

            results = interleave(
                contenders(source, folder, external), rounds=options.rounds, before=clear
            )
            form = "external data" if external else "single file"
            print_table(f"no-op, {size:.0f} MiB, {form}", results, "onnx load + save")
            ours = results["passmgr front end + emitter"]
            faster = min(r.median() for r in results.values() if r is not ours and not r.error)
            limit = 0.3 if external else 0.8
            print(f"time {ours.median() / faster:.2f} of the faster (claim: at most 0.25)")
            print(f"memory {ours.median('peak_mib') / size:.2f} of the model (claim: {limit})")
            figures[form] = {"size_mib": size, "results": results}
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
