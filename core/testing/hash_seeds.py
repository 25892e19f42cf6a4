"""The check of what a pass makes of models in interpreters whose sets are in different orders."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from typing import Any

from .snapshot import serialized
from .subject import Subject
from .trial import Trial
from .violation import Violation, check

SEEDS = ("1", "2")
PROGRAM = (
    "import sys; sys.path[:0] = {path!r}; "
    "from passmgr.core.testing.hash_seeds import print_digests; print_digests()"
)


@check(
    "two interpreters, whose sets and hashes are in different orders, give the same bytes",
    "go through lists and dictionaries, not through sets",
    "sort what comes from a set, by what does not depend on hashes",
)
def hash_seeds(subject: Subject) -> None:
    """Check that the pass does not depend on PYTHONHASHSEED."""
    import onnx_ir as ir

    prepared = list(subject.prepared())
    models = [ir.to_proto(model).SerializeToString() for _, model in prepared]
    try:
        job = pickle.dumps((subject.pass_, models))
    except Exception:  # told by the check of pickling
        return
    runs = [_start(seed) for seed in SEEDS]
    outputs = [run.communicate(job) for run in runs]
    for run, (_, errors) in zip(runs, outputs, strict=True):
        if run.returncode:
            raise Violation(f"it fails in another process: {errors.decode().splitlines()[-1]}")
    digests = [out.decode().split() for out, _ in outputs]
    for (case, model), one, two in zip(prepared, *digests, strict=True):
        if one != two:
            lines = subject.trial(model).blamed()
            raise Violation(f"on model '{case.name}' two interpreters differ", lines)


def _start(seed: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(path=sys.path)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def print_digests() -> None:
    """Run the pass that stdin brings on its models, and print a digest of each outcome."""
    import onnx
    import onnx_ir as ir

    from ..registry import load_registry

    registry = load_registry()
    pass_, models = pickle.load(sys.stdin.buffer)
    digests: list[Any] = []
    for data in models:
        model = ir.from_proto(onnx.ModelProto.FromString(data))
        Trial(pass_, model, registry)
        digests.append(hashlib.sha256(serialized(model)).hexdigest())
    print(*digests)
