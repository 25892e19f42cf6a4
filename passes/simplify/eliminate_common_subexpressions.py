"""Eliminate-common-subexpressions: nodes that compute what an earlier node has computed."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from passmgr.core.contract import Pass, PassContext
from passmgr.core.ir.walk import graph_tree, node_subgraphs

from .substitution import obstacle, substitute

if TYPE_CHECKING:
    import onnx_ir as ir

    Seen = MutableMapping[tuple[Hashable, ...], ir.Node]

# Dropout is among them for its training mode; in inference it is eliminated as a no-op.
_RANDOM = frozenset(
    {
        "Bernoulli",
        "Dropout",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)
_KNOWN_DOMAINS = frozenset({"", "ai.onnx.ml"})
_MAX_TENSOR_BYTES = 1024


@dataclass(frozen=True)
class EliminateCommonSubexpressions(Pass):
    """Replace a node by an earlier one of the same operator, inputs and attributes.

    A node in a subgraph may give way to one of the graphs around it. Left alone are random
    operators, nodes with subgraphs, operators of unknown domains, and Constant nodes of more than
    1 KiB, whose contents are not compared here.

    Aho, Lam, Sethi, Ullman: Compilers, 2nd ed. (2006), section 8.5.1 (value numbers).
    """

    name = "eliminate-common-subexpressions"
    requires = ("sorted", "names-unique")
    idempotent = True

    def run(self, model: ir.Model, ctx: PassContext) -> None:
        """Number the nodes by value, in their order, scope by scope."""
        pure = _PureOperators(model)
        _number(model.graph, {}, pure, ctx)
        for function in tuple(model.functions.values()):
            _number(function, {}, pure, ctx)


def _number(
    graph: ir.Graph | ir.Function, seen: Seen, pure: _PureOperators, ctx: PassContext
) -> None:
    for node in graph:
        subgraphs = list(node_subgraphs(node)) if node.attributes else []
        for subgraph in subgraphs:
            _number(subgraph, ChainMap({}, seen), pure, ctx)
        key = None if subgraphs else _key(node)
        if key is None:
            continue
        earlier = seen.setdefault(key, node)
        if earlier is not node:
            _merge(node, earlier, pure, ctx)


def _merge(node: ir.Node, earlier: ir.Node, pure: _PureOperators, ctx: PassContext) -> None:
    pairs = list(zip(node.outputs, earlier.outputs, strict=True))
    blocked = [(old, new) for old, new in pairs if not ctx.edit.can_replace(old, new)]
    if not pure(node):
        ctx.remark("not-deterministic", "two runs of this operator may differ", node=node)
    elif node.device_configurations or earlier.device_configurations:
        ctx.remark("placed-on-devices", "it may run on another device", node=node)
    elif blocked:
        ctx.remark("output-needs-name", obstacle(*blocked[0]), node=node)
    elif ctx.action(node, "merge"):
        for old, new in pairs:
            substitute(ctx.edit, old, new)
        ctx.edit.remove(node)


def _key(node: ir.Node) -> tuple[Hashable, ...] | None:
    """Return what two nodes have in common that compute the same, ``None`` if it is not known."""
    attributes: list[Hashable] = []
    if node.attributes:
        for _, attribute in sorted(node.attributes.items()):
            part = _attribute_key(attribute)
            if part is None:
                return None
            attributes.append(part)
    outputs = node.outputs
    return (
        node.domain,
        node.op_type,
        node.overload,
        tuple(map(id, node.inputs)),
        # An output that is left out cannot stand in for one that is used.
        len(outputs) if len(outputs) == 1 else tuple(bool(value.name) for value in outputs),
        *attributes,
    )


def _attribute_key(attribute: ir.Attr) -> Hashable | None:
    if attribute.is_ref():
        return (attribute.name, "ref", attribute.ref_attr_name)
    value = _hashable(attribute.value)
    return None if value is None else (attribute.name, attribute.type, value)


def _hashable(value: Any) -> Hashable | None:
    """Return the contents of an attribute's value for comparison; the bits of floats count."""
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (int, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        parts = tuple(_hashable(item) for item in value)
        return None if None in parts else parts
    if hasattr(value, "tobytes"):
        if value.nbytes > _MAX_TENSOR_BYTES:
            return None
        return (value.dtype, tuple(value.shape.numpy()), _contents(value))
    return None


def _contents(tensor: ir.TensorProtocol) -> Hashable:
    strings = getattr(tensor, "string_data", None)
    return tuple(strings()) if strings is not None else tensor.tobytes()


class _PureOperators:
    """Tells whether a node gives the same results for the same inputs, always."""

    def __init__(self, model: ir.Model) -> None:
        self._functions = model.functions
        self._known: dict[ir.Function, bool] = {}

    def __call__(self, node: ir.Node) -> bool:
        """Look at the operator, or into the function that the node calls."""
        function = self._functions.get(node.op_identifier())
        if function is None:
            return node.domain in _KNOWN_DOMAINS and node.op_type not in _RANDOM
        if function not in self._known:
            self._known[function] = False  # functions do not call themselves
            self._known[function] = all(
                self(inner) for graph in graph_tree(function) for inner in graph
            )
        return self._known[function]
