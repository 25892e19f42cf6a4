"""Rule driver: applies ``onnxscript`` rewrite rules through the editor, from a worklist."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .editor import ORIGIN_KEY, Editor
from .path import node_path
from .undo import detach
from .walk import model_graphs, owning_graph

if TYPE_CHECKING:
    import onnx_ir as ir

    GraphLike = ir.Graph | ir.Function

Missed = Callable[[str, str, "ir.Node"], None]
"""Called with the rule, the reason and the node where a match came to nothing."""


class RuleLoopError(RuntimeError):
    """Rules undo each other's work and would go on for ever."""


class RuleDriver:
    """Applies rules node by node until none matches any more.

    The library's own driver edits by itself, renames values and removes nodes; this one takes from
    it what a rule would do and does it as logged edits. A match that is then rejected leaves
    nothing behind.

    Args:
        edit: The editor of the transaction.
        rules: ``onnxscript.rewriter`` rules in order of priority.
        action: Asked before each rewrite; ``False`` leaves it out.
        missed: Told of matches that came to nothing.

    Raises:
        TypeError: A rule makes functions (``as_function``), which is left to the library's driver.
    """

    def __init__(
        self,
        edit: Editor,
        rules: Sequence[Any],
        action: Callable[[ir.Node, str], bool],
        missed: Missed,
    ) -> None:
        self.edit = edit
        self.rules = rules
        self.action = action
        self.tracer = _Tracer(missed)
        self.by_op: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.for_any: list[tuple[int, Any]] = []
        for priority, rule in enumerate(rules):
            if rule.as_function:
                raise TypeError(
                    f"rule '{rule}' makes functions; adapt its rule set with from_rule_set instead"
                )
            identifier = rule._target_pattern.output_nodes[0].op_identifier()
            if identifier is None:
                self.for_any.append((priority, rule))
            else:
                self.by_op.setdefault(identifier[:2], []).append((priority, rule))
        for key, found in self.by_op.items():
            self.by_op[key] = sorted(found + self.for_any, key=lambda item: item[0])

    def run(self, model: ir.Model) -> int:
        """Apply the rules to every graph of ``model`` and return how many rewrites were made."""
        fired = 0
        for graph in tuple(model_graphs(model)):
            for rule in self.rules:
                if rule.graph_pre_visitor:
                    rule.graph_pre_visitor()
            fired += self._graph(model, graph)
            for rule in self.rules:
                if rule.graph_post_visitor:
                    rule.graph_post_visitor()
        return fired

    def _graph(self, model: ir.Model, container: GraphLike) -> int:
        graph = owning_graph(container)
        for node in graph:
            if node.op_type == "Constant":
                _know_constant(node)
        work = deque(node for node in graph if self._candidates(node))
        limit = 1000 + 10 * len(graph)
        fired = 0
        while work:
            node = work.popleft()
            if node.graph is not graph:
                continue
            for _, rule in self._candidates(node):
                again = self._try(model, container, graph, node, rule)
                if again is None:
                    continue
                fired += 1
                if fired > limit:
                    raise RuleLoopError(
                        f"{fired} rewrites in a graph of {len(graph)} nodes, the last by rule "
                        f"'{rule}' at {node_path(node)}: the rules undo each other's work"
                    )
                work.extend(other for other in again if self._candidates(other))
                break
        return fired

    def _candidates(self, node: ir.Node) -> Sequence[tuple[int, Any]]:
        found: Sequence[tuple[int, Any]] = self.by_op.get((node.domain, node.op_type), self.for_any)
        return found

    def _try(
        self, model: ir.Model, container: GraphLike, graph: ir.Graph, node: ir.Node, rule: Any
    ) -> list[ir.Node] | None:
        """Apply ``rule`` at ``node``; return the nodes to look at again, or ``None``."""
        owners = (container, model.graph)
        imports = [dict(owner.opset_imports) for owner in owners]
        delta = rule.try_rewrite(model, container, node, tracer=self.tracer)
        if delta is None:
            return None
        wanted = [dict(owner.opset_imports) for owner in owners]
        for owner, before in zip(owners, imports, strict=True):
            if owner.opset_imports != before:
                owner.opset_imports.clear()
                owner.opset_imports.update(before)
        reason = self._rejection(container, graph, delta)
        if reason is None and self.action(node, str(rule)):
            for owner, after in zip(owners, wanted, strict=True):
                for domain, version in after.items():
                    if owner.opset_imports.get(domain) != version:
                        self.edit.set_opset(owner, domain, version)
            return self._apply(graph, node, rule, delta)
        for new in delta.new_nodes:
            detach(new)
        if reason is not None:
            self.tracer.missed(str(rule), reason, node)
        return None

    def _rejection(self, container: GraphLike, graph: ir.Graph, delta: Any) -> str | None:
        if delta.new_initializers and container is not graph:
            return "a function has no initializers, and the rule makes some"
        made = {value for new in delta.new_nodes for value in new.outputs}
        taken = set()
        for old, new in zip(delta.match.outputs, delta.new_outputs, strict=True):
            if not old.is_graph_output():
                continue
            # A value that the rule makes can take the name of an output, an existing one perhaps.
            if new in taken or (new not in made and not self.edit.can_replace(old, new)):
                return f"'{new.name}' cannot take the place of the output '{old.name}'"
            taken.add(new)
        return None

    def _apply(self, graph: ir.Graph, root: ir.Node, rule: Any, delta: Any) -> list[ir.Node]:
        edit, match = self.edit, delta.match
        for value in delta.new_initializers:
            edit.register_initializer(graph, value)
        if edit.origin:
            for node in delta.new_nodes:
                node.metadata_props[ORIGIN_KEY] = f"{edit.origin}[{rule}]"
        edit.insert(root, delta.new_nodes)
        made = {value for node in delta.new_nodes for value in node.outputs}
        users: dict[ir.Node, None] = {}
        for old, new in zip(match.outputs, delta.new_outputs, strict=True):
            users.update(dict.fromkeys(use.node for use in old.uses()))
            if new.type is None and old.type is not None:
                edit.set_type(new, old.type)
            if new.shape is None and old.shape is not None:
                edit.set_shape(new, old.shape)
            was_output, name = old.is_graph_output(), old.name
            edit.replace(old, new)
            if new in made and not was_output and name:
                edit.rename(old, edit.unique_name(f"{name}_replaced"))
                edit.rename(new, name)
        doomed = list(match.nodes) if rule.remove_nodes else [root]
        self._remove(doomed)
        for node in delta.new_nodes:
            if node.op_type == "Constant":
                _know_constant(node)
        producers = {v.producer(): None for n in delta.new_nodes for v in n.inputs if v is not None}
        again = [*delta.new_nodes, *users, *(p for p in producers if p is not None)]
        return [node for node in again if node.graph is graph]

    def _remove(self, doomed: list[ir.Node]) -> None:
        """Remove the nodes that nothing uses any more, users before what they use."""
        removed = True
        while doomed and removed:
            removed = False
            for node in tuple(doomed):
                if node.graph is not None and not any(
                    value._uses or value.is_graph_output() for value in node.outputs
                ):
                    self.edit.remove(node)
                    doomed.remove(node)
                    removed = True


class _Tracer:
    """Hears from the matcher why a match came to nothing."""

    def __init__(self, missed: Missed) -> None:
        self.missed = missed

    def log(self, rule: Any, container: Any, node: ir.Node, match: Any, status: Any) -> None:
        """Called by the matcher; a node that is of another kind altogether is no near miss."""
        if status.name in ("CONDITION_FAILED", "REPLACEMENT_FAILED"):
            self.missed(str(rule), match.reason or "its condition does not hold", node)


def _know_constant(node: ir.Node) -> None:
    """Let patterns see the tensor of a Constant node on its output."""
    attribute = node.attributes.get("value")
    if attribute is not None and not attribute.is_ref() and node.outputs[0].const_value is None:
        node.outputs[0].const_value = attribute.value
