from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from passmgr.core.ir.editor import Editor
from passmgr.core.ir.walk import model_graphs


class StubContext:
    """The parts of a pass context that these passes use."""

    def __init__(self, model, limit=None):
        self.edit = Editor(model)
        self.remarks = []
        self.actions = []
        self.limit = limit

    def get(self, analysis):
        return analysis().compute(self.edit.model, self)

    def graphs(self, model):
        return model_graphs(model)

    def action(self, node=None, code="rewrite"):
        self.actions.append((node, code))
        return self.limit is None or len(self.actions) <= self.limit

    def remark(self, code, message, *, node=None, kind="missed", suggestion="", **args):
        self.remarks.append(SimpleNamespace(code=code, message=message, node=node, kind=kind))


@pytest.fixture
def run_pass():
    """Run a pass on a model, in place; return its context."""

    def run(pass_, model, limit=None, serialize=True):
        ctx = StubContext(model, limit)
        pass_.run(model, ctx)
        if serialize:
            ir.serde.serialize_model(model)
        return ctx

    return run


@pytest.fixture
def parse():
    """Make a model of ONNX text; the header is opset 18, IR 9 unless the text has its own."""

    def make(text):
        text = text.strip()
        if not text.startswith("<"):
            text = '<ir_version: 9, opset_import: ["" : 18]>\n' + text
        return ir.from_onnx_text(text)

    return make


@pytest.fixture
def ops():
    """List the op types of a graph in order."""
    return lambda graph: [node.op_type for node in graph]


@pytest.fixture
def evaluate():
    """Run a model with ONNX Runtime as it is written, on seeded inputs; return its outputs."""

    def run(model, sizes=(), seed=0):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            ir.to_proto(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        rng = np.random.default_rng(seed)
        sizes = dict(sizes)
        feeds = {}
        for info in session.get_inputs():
            shape = [d if isinstance(d, int) else sizes.get(d, 2) for d in info.shape]
            dtype = np.dtype(DTYPES[info.type])
            numbers = rng.normal(size=shape) * 3
            feeds[info.name] = np.asarray(numbers > 0 if dtype.kind == "b" else numbers, dtype)
        return session.run(None, feeds)

    return run


DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
}
