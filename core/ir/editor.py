"""Editor: every change of a transaction, logged with its inverse before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx_ir as ir

from ..contract.aspects import Aspect
from . import undo
from .names import NameScope, NodeNames
from .walk import (
    GRAPH_KINDS,
    graph_tree,
    model_graphs,
    model_nodes,
    node_subgraphs,
    owning_graph,
)

if TYPE_CHECKING:
    GraphLike = ir.Graph | ir.Function

ORIGIN_KEY = "passmgr.origin"
"""Key of a node's metadata that names the pass and step that made it."""

# Flags as plain numbers: an edit costs a microsecond, combining two enum members as much again.
_STRUCTURE, _TYPES, _WEIGHTS, _NAMES = (
    aspect.value for aspect in (Aspect.STRUCTURE, Aspect.TYPES, Aspect.WEIGHTS, Aspect.NAMES)
)

Undo = tuple[Callable[..., object], tuple[Any, ...]]


class Editor:
    """The one door through which a pass changes a model.

    Each method logs its inverse, then edits. :meth:`rollback` plays the log backwards, after which
    the model has the same objects, the same uses and the same order as before.

    Args:
        model: The model to edit.
        origin: Stored in the metadata of new nodes as their provenance; nothing if empty.

    Attributes:
        model: The model being edited.
        edited_nodes: Nodes inserted or rewired since then, in order, for incremental verification.
        edited_values: Values renamed, registered or made outputs since then.
        op_changes: By how many nodes each op type has grown since then.
        recount: Whether more nodes came or went than ``op_changes`` tells.
        before_edit: Called with the number of the edit (from 1) before each edit; may raise.
    """

    def __init__(self, model: ir.Model, origin: str = "") -> None:
        self.model = model
        self.origin = origin
        self.before_edit: Callable[[int], None] | None = None
        self._names: NameScope | None = None
        self._node_names: NodeNames | None = None
        self._log: list[Undo] = []
        self._stale = 0
        self._open: list[ir.Node] = []
        self.count = 0
        self._reset()

    def _reset(self) -> None:
        self._snapshots: set[int] = set()
        self._touched = 0
        self.settle()
        self.edited_nodes: dict[ir.Node, None] = {}
        self.edited_values: dict[ir.Value, None] = {}
        self.op_changes: Counter[tuple[str, str]] = Counter()
        self.recount = False

    def know_names(self, owners: dict[str, ir.Value]) -> None:
        """Take over the values of the whole model by their names, of which no two are equal."""
        self._names = NameScope((), owners)

    def _count_op(self, node: ir.Node, by: int) -> None:
        self.op_changes[node._domain, node._op_type] += by
        if node._attributes.data and any(True for _ in node_subgraphs(node)):
            self.recount = True

    # -- transaction ---------------------------------------------------------------------------

    @property
    def aspects(self) -> Aspect:
        """What has been touched since the last :meth:`checkpoint`."""
        return Aspect(self._touched)

    @property
    def edits(self) -> int:
        """The number of logged edits."""
        return len(self._log)

    def checkpoint(self) -> int:
        """Forget what was touched so far, keep the log, and return its length for a rollback."""
        self._reset()
        return len(self._log)

    def settle(self) -> None:
        """Bring nodes of many inputs, which are kept in lists meanwhile, back to their form."""
        undo.close_inputs(self._open)

    def take_stale(self) -> Aspect:
        """Return what was touched since this was last asked."""
        stale, self._stale = self._stale, 0
        return Aspect(stale)

    def rollback(self, to: int = 0) -> None:
        """Undo all edits after the first ``to`` ones, last first."""
        log = self._log
        while len(log) > to:
            inverse, arguments = log.pop()
            inverse(*arguments)
        undo.detach_strays(self.model)
        self._names = self._node_names = None
        self._stale |= self._touched
        self._reset()

    def _record(self, aspects: int, inverse: Callable[..., object], *arguments: Any) -> None:
        self.count += 1
        if self.before_edit is not None:
            self.before_edit(self.count)
        self._log.append((inverse, arguments))
        self._touched |= aspects
        self._stale |= aspects

    def _record_initializers(self, graph: ir.Graph) -> None:
        """Log a change of the initializers of ``graph``: the first one keeps them all, in order."""
        aspects = _STRUCTURE | _WEIGHTS
        if id(graph) in self._snapshots:
            self._record(aspects, undo.undone_earlier)
        else:
            self._record(aspects, undo.restore_initializers, graph, dict(graph.initializers))
            self._snapshots.add(id(graph))

    # -- nodes ---------------------------------------------------------------------------------

    def insert_node(
        self,
        anchor: ir.Node | GraphLike,
        op_type: str,
        inputs: Sequence[ir.Value | None],
        attributes: Mapping[str, Any] | Sequence[ir.Attr] = (),
        *,
        domain: str = "",
        outputs: int = 1,
        name: str = "",
        after: bool = False,
    ) -> ir.Node:
        """Make a node and put it before ``anchor`` (after it on request), or at the end of a graph.

        Args:
            anchor: The node beside which the new one stands, or the graph that it ends.
            op_type: Its op type.
            inputs: Its inputs; ``None`` for an omitted optional one.
            attributes: ``Attr`` objects, or a mapping of names to Python values.
            domain: Its operator domain.
            outputs: The number of its outputs.
            name: What the names of its outputs are derived from; the op type by default.
            after: Put it after ``anchor``.

        Returns:
            The node, its outputs named uniquely; types and shapes are the caller's to set.
        """
        if isinstance(attributes, Mapping):
            attributes = ir.convenience.convert_attributes(attributes)
        # The node registers itself as a user of its inputs: the inverse must be known before.
        slot: list[ir.Node] = []
        self._record(_STRUCTURE, undo.undo_make, slot)
        node = ir.Node(
            domain,
            op_type,
            list(inputs),
            attributes,
            outputs=[ir.Value(name=self.unique_name(name or op_type)) for _ in range(outputs)],
        )
        slot.append(node)
        node.name = node.outputs[0].name if outputs else self.unique_name(op_type)
        self.insert(anchor, [node], after=after)
        return node

    def insert(
        self, anchor: ir.Node | GraphLike, nodes: Iterable[ir.Node], *, after: bool = False
    ) -> None:
        """Put detached ``nodes`` before ``anchor`` (after it on request), or at the end of a graph.

        Nodes and outputs without a name, or whose name is taken, get a unique one.
        """
        graph = anchor.graph if isinstance(anchor, ir.Node) else owning_graph(anchor)
        if graph is None:
            raise ValueError("the anchor belongs to no graph")
        for node in nodes:
            self._record(_STRUCTURE, undo.undo_insert, node)
            if self.origin:
                node.metadata_props.setdefault(ORIGIN_KEY, self.origin)
            for output in node.outputs:
                output.name = self.names.claim(output, output.name or node.op_type)
            self._name_node(node)
            if not isinstance(anchor, ir.Node):
                graph.append(node)
            elif after:
                anchor.append(node)
                anchor = node
            else:
                anchor.prepend(node)
            self.edited_nodes[node] = None
            self._count_op(node, 1)

    def _name_node(self, node: ir.Node) -> None:
        """Give ``node`` a name that no other has: runtimes refuse two of one name."""
        if self._node_names is None:
            self._node_names = NodeNames(model_nodes(self.model))
        hint = node.name or (node.outputs[0].name if node.outputs else None) or node.op_type
        name = self._node_names.claim(hint)
        if node.name and node.name != name:
            self.rename_node(node, name)
        node.name = name

    def remove(self, node: ir.Node) -> None:
        """Take ``node`` out of its graph.

        Raises:
            ValueError: An output is still used or is an output of the graph.
        """
        graph = node.graph
        if graph is None:
            raise ValueError(f"node '{node.name}' belongs to no graph")
        for value in node.outputs:
            if value._uses or value.is_graph_output():
                raise ValueError(
                    f"node '{node.name}' cannot be removed: its output '{value.name}' is in use"
                )
        if node.attributes:
            for subgraph in node_subgraphs(node):
                self._release(subgraph)
        inputs = node.inputs
        previous = graph._nodes._value_ids_to_boxes[id(node)].prev.value
        self._record(_STRUCTURE, undo.undo_remove, node, graph, previous, inputs)
        graph._nodes.remove(node)
        node._graph = None
        for index, read in enumerate(inputs):
            if read is not None:
                read._remove_usage(node, index)
        node._inputs = (None,) * len(inputs)
        self.edited_nodes.pop(node, None)
        self._count_op(node, -1)
        if self._node_names is not None:
            self._node_names.replace(node.name, None)

    def _release(self, subgraph: ir.Graph) -> None:
        """Let a subgraph that goes not keep the values alive that its nodes capture."""
        for inner in (inner for tree in graph_tree(subgraph) for inner in tree):
            for index in range(len(inner.inputs)):
                self.replace_input(inner, index, None)
            self.edited_nodes.pop(inner, None)

    def replace_input(self, node: ir.Node, index: int, value: ir.Value | None) -> None:
        """Let input ``index`` of ``node`` be ``value``."""
        old = node.inputs[index]
        if old is value:
            return
        self._record(_STRUCTURE, undo.undo_input, node, index, old, node.device_configurations)
        undo.put_input(node, index, value, self._open)
        if old is not None:
            old._remove_usage(node, index)
            node._drop_sharding_for_value(old)
        if value is not None:
            value._add_usage(node, index)
        self.edited_nodes[node] = None

    def resize_inputs(self, node: ir.Node, count: int) -> None:
        """Cut the inputs of ``node`` to ``count``, or fill up with omitted ones."""
        for index in range(count, len(node.inputs)):
            self.replace_input(node, index, None)
        self._record(_STRUCTURE, node.resize_inputs, len(node.inputs))
        node.resize_inputs(count)
        self.edited_nodes[node] = None

    def cut_outputs(self, node: ir.Node, count: int) -> None:
        """Cut the outputs of ``node`` to the first ``count``.

        Raises:
            ValueError: One of the others is still used or is an output of the graph.
        """
        outputs = node.outputs
        for value in outputs[count:]:
            if value._uses or value.is_graph_output():
                raise ValueError(
                    f"output '{value.name}' of node '{node.name}' cannot be cut: it is in use"
                )
        self._record(_STRUCTURE, undo.undo_cut_outputs, node, outputs, node.device_configurations)
        node.resize_outputs(count)
        self.edited_nodes[node] = None

    def replace_uses(self, old: ir.Value, new: ir.Value) -> None:
        """Let every node that reads ``old`` read ``new``; outputs of graphs stay as they are."""
        uses = tuple(old._uses)
        if old is new or not uses:
            return
        self._record(_STRUCTURE, undo.undo_uses, old, new, uses)
        for node, index in uses:
            undo.put_input(node, index, new, self._open)
            new._add_usage(node, index)
            self.edited_nodes[node] = None
            if node.device_configurations:
                self._record(
                    _STRUCTURE,
                    setattr,
                    node,
                    "device_configurations",
                    node.device_configurations,
                )
                node._drop_sharding_for_value(old)
        old._uses.clear()

    def can_replace(self, old: ir.Value, new: ir.Value) -> bool:
        """Tell whether :meth:`replace` can put ``new`` in the place of ``old``.

        It cannot where ``old`` is an output of a graph and ``new`` may not take its name: it is an
        input, an initializer, another output, or made in another graph.
        """
        graph, producer = old.graph, new.producer()
        if not old.is_graph_output() or graph is None:
            return True
        return (
            producer is not None
            and producer.graph is graph
            and not new.is_graph_output()
            and sum(output is old for output in graph.outputs) == 1
        )

    def replace(self, old: ir.Value, new: ir.Value) -> None:
        """Put ``new`` in the place of ``old`` everywhere, also as output of the graph.

        An output of a graph keeps its name, type, shape, doc string and metadata: ``new`` takes
        them over.

        Raises:
            ValueError: :meth:`can_replace` says no.
        """
        if not self.can_replace(old, new):
            raise ValueError(f"'{new.name}' cannot take the place of the output '{old.name}'")
        self.replace_uses(old, new)
        if not old.is_graph_output():
            return
        graph = old.graph
        assert graph is not None
        index = next(i for i, output in enumerate(graph.outputs) if output is old)
        name = old.name
        self.rename(old, self.unique_name(f"{name}_replaced"))
        self.rename(new, name or "")
        for key, text in old.metadata_props.items():
            self.set_metadata(new, key, text)
        if old.doc_string != new.doc_string:
            self.set_doc(new, old.doc_string)
        if old.meta:
            self._record(_NAMES, undo.restore_dict, new.meta, dict(new.meta))
            new.meta.update(old.meta)
        self.set_type(new, old.type)
        self.set_shape(new, old.shape)
        self.set_output(graph, index, new)

    def set_attribute(self, node: ir.Node, attribute: ir.Attr) -> None:
        """Set an attribute of ``node``; graphs that it takes the place of are gone for good."""
        self._record(
            _STRUCTURE | _WEIGHTS,
            undo.restore_dict,
            node.attributes,
            dict(node.attributes),
        )
        before = list(node_subgraphs(node))
        node.attributes[attribute.name] = attribute
        if before:
            left = {id(subgraph) for subgraph in node_subgraphs(node)}
            for subgraph in before:
                if id(subgraph) not in left:
                    self._release(subgraph)
        self.recount = self.recount or attribute.type in GRAPH_KINDS
        self.edited_nodes[node] = None

    def remove_attribute(self, node: ir.Node, name: str) -> None:
        """Remove the attribute ``name`` of ``node``; a graph in it may go on in another node."""
        self._record(
            _STRUCTURE | _WEIGHTS,
            undo.restore_dict,
            node.attributes,
            dict(node.attributes),
        )
        self.recount = self.recount or node.attributes[name].type in GRAPH_KINDS
        del node.attributes[name]
        self.edited_nodes[node] = None

    def set_op(self, node: ir.Node, op_type: str, domain: str = "") -> None:
        """Let ``node`` be of another op type, with the inputs, outputs and attributes it has."""
        self._record(_STRUCTURE, undo.undo_op, node, node.op_type, node.domain)
        self._count_op(node, -1)
        node.op_type, node.domain = op_type, domain
        self._count_op(node, 1)
        self.edited_nodes[node] = None

    def reorder(self, graph: GraphLike, nodes: Sequence[ir.Node]) -> None:
        """Bring the nodes of ``graph`` into the order of ``nodes``, which must be all of them."""
        before = list(graph)
        if len(nodes) != len(before) or set(nodes) != set(before):
            raise ValueError("the new order must have exactly the nodes of the graph")
        self._record(_STRUCTURE, graph.extend, before)
        graph.extend(nodes)
        self.edited_nodes.update(dict.fromkeys(nodes))

    # -- values --------------------------------------------------------------------------------

    @property
    def names(self) -> NameScope:
        """The names in use in the whole model, collected when first asked for."""
        if self._names is None:
            self._names = NameScope(model_graphs(self.model))
        return self._names

    def unique_name(self, hint: str) -> str:
        """Return ``hint``, or ``hint`` with a number where a value of the model has that name."""
        return self.names.unique(hint)

    def set_type(self, value: ir.Value, type_: ir.TypeProtocol | None) -> None:
        """Set the type of ``value``."""
        if value.type == type_:
            return
        self._record(_TYPES, setattr, value, "type", value.type)
        value.type = type_

    def set_shape(self, value: ir.Value, shape: Iterable[Any] | None) -> None:
        """Set the shape of ``value``; a dimension is a number, a symbol's name or ``None``."""
        if shape is None:
            new = None
        else:
            new = shape.copy() if isinstance(shape, ir.Shape) else ir.Shape(shape)
        if value.shape == new:
            return
        self._record(_TYPES, setattr, value, "shape", value.shape)
        value.shape = new

    def annotate(self, value: ir.Value, type_: ir.TypeProtocol, shape: ir.Shape | None) -> None:
        """Set the type and the shape of ``value`` in one edit, as inference does for every value.

        Args:
            value: The value.
            type_: Its type; it can be changed in place, so no two values may share it.
            shape: Its shape, which values may share if it is frozen.
        """
        self._record(_TYPES, undo.restore_typing, value, value.type, value.shape)
        undo.restore_typing(value, type_, shape)

    def set_const_value(self, value: ir.Value, tensor: ir.TensorProtocol | None) -> None:
        """Set the tensor of an initializer, with its type and shape."""
        self._record(_WEIGHTS, setattr, value, "const_value", value.const_value)
        value.const_value = tensor
        if tensor is not None:
            self.set_type(value, ir.TensorType(tensor.dtype))
            self.set_shape(value, tensor.shape)

    def rename(self, value: ir.Value, name: str) -> None:
        """Rename ``value``; the caller sees to it that the name is free."""
        if value.name == name:
            return
        if value.is_initializer() and value.graph is not None:
            self._record_initializers(value.graph)
        self._record(_NAMES, undo.undo_rename, value, value.name)
        self.names.release(value)
        value.name = name
        self.names.claim(value, name)
        self.edited_values[value] = None

    def rename_node(self, node: ir.Node, name: str | None) -> None:
        """Rename ``node``."""
        self._record(_NAMES, setattr, node, "name", node.name)
        if self._node_names is not None and node.graph is not None:
            self._node_names.replace(node.name, name)
        node.name = name

    def add_initializer(self, graph: GraphLike, tensor: ir.TensorProtocol, name: str) -> ir.Value:
        """Add an initializer with the data of ``tensor``; its name is made unique.

        Args:
            graph: The main graph or a subgraph; a function has no initializers.
            tensor: The data; not copied.
            name: Its name, where that is free.
        """
        owner = owning_graph(graph)
        value = ir.Value(
            name=self.unique_name(name),
            type=ir.TensorType(tensor.dtype),
            shape=ir.Shape([*tensor.shape.numpy()]),
            const_value=tensor,
        )
        self.register_initializer(owner, value)
        return value

    def register_initializer(self, graph: ir.Graph, value: ir.Value) -> None:
        """Register a detached value that has a ``const_value`` as initializer of ``graph``."""
        self._record_initializers(graph)
        value.name = self.names.claim(value, value.name or "constant")
        graph.initializers.add(value)
        self.edited_values[value] = None

    def remove_initializer(self, value: ir.Value) -> None:
        """Remove an initializer that nothing uses.

        Raises:
            ValueError: It is still used, or is an output of the graph.
        """
        graph = value.graph
        if graph is None or not value.is_initializer():
            raise ValueError(f"'{value.name}' is no initializer")
        if value._uses or value.is_graph_output():
            raise ValueError(f"initializer '{value.name}' cannot be removed: it is in use")
        self._record_initializers(graph)
        self.names.release(value)
        del graph.initializers[value.name or ""]

    # -- graphs and models ---------------------------------------------------------------------

    def set_output(self, graph: GraphLike, index: int, value: ir.Value) -> None:
        """Let output ``index`` of ``graph`` be ``value``."""
        outputs = graph.outputs
        self._record(_STRUCTURE, outputs.__setitem__, index, outputs[index])
        outputs[index] = value
        self.edited_values[value] = None

    def set_outputs(self, graph: GraphLike, values: Sequence[ir.Value]) -> None:
        """Let the outputs of ``graph`` be ``values``."""
        self._record(_STRUCTURE | _NAMES, undo.restore_io, graph.outputs, list(graph.outputs))
        undo.restore_io(graph.outputs, values)
        self.edited_values.update(dict.fromkeys(values))

    def set_inputs(self, graph: GraphLike, values: Sequence[ir.Value]) -> None:
        """Let the inputs of ``graph`` be ``values``."""
        self._record(_STRUCTURE | _NAMES, undo.restore_io, graph.inputs, list(graph.inputs))
        undo.restore_io(graph.inputs, values)
        self.edited_values.update(dict.fromkeys(values))

    def set_opset(self, owner: ir.Model | GraphLike, domain: str, version: int | None) -> None:
        """Import ``domain`` at ``version``; ``None`` removes the import."""
        imports = owner.opset_imports
        self._record(_STRUCTURE, undo.restore_dict, imports, dict(imports))
        if version is None:
            imports.pop(domain, None)
        else:
            imports[domain] = version

    def set_metadata(self, owner: Any, key: str, text: str | None) -> None:
        """Set a metadata property of a model, graph, node or value; ``None`` removes it."""
        properties = owner.metadata_props
        self._record(_NAMES, undo.restore_dict, properties, dict(properties))
        if text is None:
            properties.pop(key, None)
        else:
            properties[key] = text

    def set_doc(self, owner: Any, text: str | None) -> None:
        """Set the doc string of a model, graph, node or value."""
        self._record(_NAMES, setattr, owner, "doc_string", owner.doc_string)
        owner.doc_string = text

    def add_function(self, function: ir.Function) -> None:
        """Add a model-local function."""
        functions = self.model.functions
        self._record(_STRUCTURE, undo.restore_dict, functions, dict(functions))
        functions[function.identifier()] = function
        self._names = self._node_names = None
        self.recount = True

    def remove_function(self, function: ir.Function) -> None:
        """Remove a model-local function."""
        functions = self.model.functions
        self._record(Aspect.ALL.value, undo.restore_dict, functions, dict(functions))
        del functions[function.identifier()]
        for graph in graph_tree(function):
            for node in graph:
                self.edited_nodes.pop(node, None)
        self.recount = True

    def swap(self, other: ir.Model, aspects: Aspect = Aspect.ALL) -> None:
        """Put the contents of ``other`` into the model; the model object stays the same one.

        Args:
            other: The model to take from, which differs in ``aspects``.
            aspects: What is known to differ.
        """
        self._record(aspects.value, undo.restore_contents, self.model, undo.contents(self.model))
        undo.restore_contents(self.model, undo.contents(other))
        self._names = self._node_names = None
        self.recount = True
