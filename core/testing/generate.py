"""Random ONNX models for property tests: valid, runnable, with numbers worth comparing.

Every model passes ``onnx.checker.check_model(full_check=True)`` and the verifier of passmgr, and
runs on ONNX Runtime with the inputs that the guard synthesizes, whatever the sizes of its symbolic
dimensions. Magnitudes stay bounded, so that outputs are finite::

    from hypothesis import given

    import passmgr
    from passmgr.core.testing.generate import models


    @given(models(emphasize=["Transpose"]))
    def test_my_pass_keeps_the_numbers(model):
        passmgr.run(model, "my-pass", guard="each", verify="each")

A failing model shrinks to few nodes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import onnx
import onnx_ir as ir

from ..errors import PassmgrError, RuntimeFailure, UsageError
from .generator.kernels import form
from .generator.options import Options
from .generator.table import OPERATORS as OPERATORS
from .generator.values import ANY, BOOL, DOUBLE, FLOAT, INT32, INT64
from .generator.write import write_model

if TYPE_CHECKING:
    from hypothesis import strategies as st

OLDEST_OPSET = 7
DEFAULT_DTYPES = (FLOAT, INT64, DOUBLE, INT32, BOOL)


def models(
    *,
    opsets: tuple[int, int] | None = None,
    dtypes: Iterable[ir.DataType] = DEFAULT_DTYPES,
    max_nodes: int = 15,
    ops: Collection[str] | None = None,
    emphasize: Collection[str] = (),
    subgraphs: bool = True,
    functions: bool = True,
    dynamic_shapes: bool = True,
    initializers: bool = True,
    empty: bool = True,
    unsorted: bool = False,
) -> st.SearchStrategy[ir.Model]:
    """Return a strategy for models.

    Args:
        opsets: The oldest and the newest opset; by default 7 and the newest that the installed
            onnx and ONNX Runtime both know.
        dtypes: Element types of inputs and of what is computed; any of float, double, float16,
            int64, int32 and bool. Shapes, indices and truth values appear besides where an
            operator makes or needs them.
        max_nodes: The most nodes, those of subgraphs and functions included.
        ops: The op types that are drawn, if not all. Others appear where numbers have to be
            bounded (``Tanh``, ``Clip``) or constants written (``Constant``).
        emphasize: Op types, and what is written with them, that make up half of the model.
        subgraphs: Write If, Loop and Scan.
        functions: Write functions of the model and calls of them.
        dynamic_shapes: Let inputs have symbolic dimensions.
        initializers: Write constants as initializers too, and not only as nodes.
        empty: Let dimensions be zero, rarely.
        unsorted: Shuffle the nodes of the main graph. The checker refuses such models.

    Raises:
        UsageError: An argument is out of range, an op type is unknown, or hypothesis is missing.
    """
    return _strategy(
        _options(
            opsets=opsets,
            dtypes=dtypes,
            max_nodes=max_nodes,
            ops=ops,
            emphasize=emphasize,
            subgraphs=subgraphs,
            functions=functions,
            dynamic_shapes=dynamic_shapes,
            initializers=initializers,
            empty=empty,
            unsorted=unsorted,
        )
    )


def random_model(seed: int, **options: Any) -> ir.Model:
    """Return a model by chance, without hypothesis: the same seed gives the same model.

    Choices are more even than those of hypothesis, which goes back to what it has tried, so that
    many models cover more; nothing shrinks.

    Args:
        seed: Seed of the random numbers.
        options: The arguments of :func:`models`.

    Raises:
        UsageError: An argument is out of range, or an op type is unknown.
    """
    return write_model(random.Random(seed).randint, _options(**options))


def model_writer(**options: Any) -> Callable[[Callable[[int, int], int]], ir.Model]:
    """Return a function that writes a model by what another answers.

    Args:
        options: The arguments of :func:`models`.

    Returns:
        Takes a function that is asked for integers from one to another, both included.
    """
    return partial(write_model, options=_options(**options))


def _options(
    *,
    opsets: tuple[int, int] | None = None,
    dtypes: Iterable[ir.DataType] = DEFAULT_DTYPES,
    max_nodes: int = 15,
    ops: Collection[str] | None = None,
    emphasize: Collection[str] = (),
    subgraphs: bool = True,
    functions: bool = True,
    dynamic_shapes: bool = True,
    initializers: bool = True,
    empty: bool = True,
    unsorted: bool = False,
) -> Options:
    newest = newest_opset()
    first, last = opsets or (OLDEST_OPSET, newest)
    if not OLDEST_OPSET <= first <= last <= newest:
        raise UsageError(f"opsets must be within {OLDEST_OPSET} to {newest}, not {first} to {last}")
    if max_nodes < 1:
        raise UsageError(f"max_nodes must be 1 or more, not {max_nodes}")
    for op in (*(ops or ()), *emphasize):
        if op not in OPERATORS:
            raise UsageError(f"the model generator does not know the operator '{op}'")
    wanted = tuple(dict.fromkeys(dtypes))
    if not wanted or not set(wanted) <= set(ANY):
        names = ", ".join(dtype.name for dtype in ANY)
        raise UsageError(f"dtypes must be some of {names}")
    return Options(
        (first, last),
        wanted,
        max_nodes,
        None if ops is None else frozenset(ops),
        frozenset(emphasize),
        subgraphs,
        functions,
        dynamic_shapes,
        initializers,
        empty,
        unsorted,
    )


def _strategy(options: Options) -> st.SearchStrategy[ir.Model]:
    try:
        from hypothesis import strategies as st
    except ImportError as error:
        raise UsageError(
            f"models for hypothesis need hypothesis ({error}): pip install 'passmgr[test]'"
        ) from error

    @st.composite
    def drawn(draw: st.DrawFn) -> ir.Model:
        return write_model(lambda low, high: draw(_integers(low, high)), options)

    return drawn()


@cache
def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    """Return one object for each range: making a strategy costs more than drawing from it."""
    from hypothesis import strategies as st

    return st.integers(low, high)


@cache
def newest_opset() -> int:
    """Return the newest opset that the installed onnx and ONNX Runtime both know.

    Raises:
        PassmgrError: ONNX Runtime is missing.
    """
    from ..registry import load_registry

    runtime = load_registry(plugins=False).runtime("onnxruntime")
    for opset in range(onnx.defs.onnx_opset_version(), OLDEST_OPSET, -1):
        value = ir.Value(name="x", type=ir.TensorType(FLOAT), shape=ir.Shape([1]))
        node = ir.Node("", "Identity", [value], name="copy")
        node.outputs[0].type = ir.TensorType(FLOAT)
        node.outputs[0].name = "y"
        graph = ir.Graph(
            [value], node.outputs, nodes=[node], opset_imports={"": opset}, name="probe"
        )
        try:
            runtime.session(ir.Model(graph, ir_version=10))
        except RuntimeFailure:
            continue
        return opset
    raise PassmgrError("ONNX Runtime runs no model of any opset")


def forms(op_type: str, opsets: tuple[int, int]) -> dict[int, int]:
    """Return the forms of ``op_type`` that the generator writes within some opsets.

    Returns:
        The opset that brought each form, and the first of ``opsets`` that has it.
    """
    first, last = opsets
    found = {form(op_type, opset): opset for opset in range(last, first - 1, -1)}
    return {since: opset for since, opset in found.items() if since is not None}
