"""Hard and soft constraints: passes on the wrong side are moved the shortest way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from ..errors import ScheduleError
from .constraints import Constraint, constraints_of, violated
from .draft import Item, Node, nodes_of, segments


def arrange(draft: list[Item], warnings: list[str], *, keep_order: bool = False) -> None:
    """Move passes in ``draft`` until all hard constraints hold.

    Soft constraints hold too, except where they would close a cycle or cross a border.

    Args:
        draft: What to arrange, in place.
        warnings: Takes a line for each soft constraint that gave way.
        keep_order: Move nothing.

    Raises:
        ScheduleError: The constraints contradict each other, ask for a move across a lossy pass or
            the border of a repeat, or ask for any move where the order is to be kept.
    """
    nodes = list(nodes_of(draft))
    constraints = constraints_of(nodes)
    wrong = violated(constraints, nodes)
    if not wrong:
        return  # networkx takes a while to import
    _check_cycle([c for c in constraints if not c.soft])
    runs = {
        node: (id(container), start)
        for container, start, stop in segments(draft)
        for node in container[start:stop]
    }
    for constraint in wrong:
        first, second = constraint.first, constraint.second
        same_run = first in runs and runs[first] == runs.get(second)
        if same_run and not keep_order:
            continue
        obstacle = (
            "the order is to be kept"
            if same_run
            else "no pass is moved across a lossy pass or the border of a repeat"
        )
        if not constraint.soft:
            raise ScheduleError(
                f"{first} must run before {second}: write it there, {obstacle}\n  {constraint}"
            )
        warnings.append(f"a soft constraint gives way, {obstacle}: {constraint}")
    if keep_order:
        return
    for container, start, stop in segments(draft):
        members = [item for item in container[start:stop] if isinstance(item, Node)]
        inside = set(members)
        own = [c for c in constraints if c.first in inside and c.second in inside]
        if violated(own, members):
            _sort(members, own, warnings)
            container[start:stop] = members


def _sort(members: list[Node], constraints: Sequence[Constraint], warnings: list[str]) -> None:
    """Sort ``members`` in place so that ``constraints`` are kept, and mark those that moved."""
    import networkx as nx

    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(members)
    kept = [c for c in constraints if not c.soft]
    graph.add_edges_from((c.first, c.second) for c in kept)
    for constraint in constraints:
        if not constraint.soft:
            continue
        if nx.has_path(graph, constraint.second, constraint.first):
            warnings.append(f"a soft constraint gives way to the other constraints: {constraint}")
        else:
            graph.add_edge(constraint.first, constraint.second)
            kept.append(constraint)
    position = {node: index for index, node in enumerate(members)}
    wrong = violated(kept, members)
    # From the front, passes move back behind what they wait for; from the end, passes move forward
    # to before what waits for them. Either may be the shorter way; on a tie, the pass moves that
    # declares the constraint.
    later = list(nx.lexicographical_topological_sort(graph, key=position.__getitem__))
    sooner = list(
        nx.lexicographical_topological_sort(graph.reverse(), key=lambda node: -position[node])
    )[::-1]
    free = set(members).difference(*((c.first, c.second) for c in kept))
    owners = {constraint.owner for constraint in wrong}
    candidates = [(order, _moved(order, position, free, owners)) for order in (sooner, later)]
    members[:], moved = min(
        candidates,
        key=lambda c: (_distance(c[0], position), len(c[1]), len(c[1] - owners)),
    )
    for node in moved:
        constraint = next(c for c in (*wrong, *kept) if node in (c.first, c.second))
        is_first = constraint.first is node
        side, other = ("before", constraint.second) if is_first else ("after", constraint.first)
        node.origin = "moved"
        node.reason = f"{side} '{other.name}': {constraint.reason}"


def _distance(order: Iterable[Node], position: Mapping[Node, int]) -> int:
    """Return how many pairs of passes stand the other way round than they were written."""
    return sum(position[a] > position[b] for a, b in combinations(order, 2))


def _moved(
    order: Sequence[Node],
    position: Mapping[Node, int],
    free: Collection[Node],
    owners: Collection[Node],
) -> set[Node]:
    """Return the fewest passes whose moves account for ``order``.

    Those that are ``free`` of constraints stay, and ``owners`` of constraints move before others.
    """
    best: dict[Node, tuple[tuple[int, int, int], Node | None]] = {}  # that stay, up to the node
    for index, node in enumerate(order):
        ahead = [other for other in order[:index] if position[other] < position[node]]
        before = max(ahead, key=lambda other: best[other][0], default=None)
        frees, all_, others = best[before][0] if before is not None else (0, 0, 0)
        best[node] = (frees + (node in free), all_ + 1, others + (node not in owners)), before
    staying = set()
    node_or_none = max(best, key=lambda node: best[node][0], default=None)
    while node_or_none is not None:
        staying.add(node_or_none)
        node_or_none = best[node_or_none][1]
    return set(order) - staying


def _check_cycle(constraints: Sequence[Constraint]) -> None:
    """Raise an error with the shortest cycle of ``constraints``, if there is one."""
    import networkx as nx

    graph: nx.DiGraph[Node] = nx.DiGraph()
    for constraint in constraints:
        graph.add_edge(constraint.first, constraint.second, constraint=constraint)
    if nx.is_directed_acyclic_graph(graph):
        return
    cycles: list[list[Node]] = [
        nx.shortest_path(graph, second, first)
        for first, second in graph.edges
        if nx.has_path(graph, second, first)
    ]
    raise _cycle_error(graph, min(cycles, key=len))


def _cycle_error(graph: Any, cycle: Sequence[Node]) -> ScheduleError:
    pairs = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    lines = [f"  {graph.edges[pair]['constraint']}" for pair in pairs]
    names = " -> ".join(f"'{node.name}'" for node in [*cycle, cycle[0]])
    return ScheduleError(
        f"the passes cannot be ordered, their constraints form a cycle: {names}\n"
        + "\n".join(lines)
        + "\n  leave one of the passes out"
    )
