"""Two analyses, a fact with a normalizer and a family of facts."""

from dataclasses import dataclass

from passmgr import Analysis, option
from passmgr.core.contract import Aspect, Fact, FactFamily


@dataclass(frozen=True)
class Count(Analysis):
    """Count the nodes of an op type."""

    name = "kept-count"
    reads = Aspect.STRUCTURE

    op_type: str = option("Relu", help="The op type.")

    def compute(self, model, ctx):
        return sum(node.op_type == self.op_type for node in model.graph)


@dataclass(frozen=True)
class Share(Analysis):
    """Tell which share of the nodes are Relus."""

    name = "kept-share"
    reads = Aspect.STRUCTURE
    version = 2

    def compute(self, model, ctx):
        return ctx.get(Count) / max(len(model.graph), 1)


def check_no_relu(model):
    for graph in (model.graph, *model.functions.values()):
        for node in graph.all_nodes():
            if node.op_type == "Relu" and not node.domain:
                return f"there is the Relu '{node.name}'"
    return None


def fewer_than(text):
    limit = int(text)

    def check(model):
        count = len(model.graph)
        return None if count < limit else f"there are {count} nodes"

    return Fact(f"kept-fewer-than:{text}", Aspect.STRUCTURE, check, doc="Few nodes.")


NO_RELU = Fact(
    "kept-no-relu", Aspect.STRUCTURE, check_no_relu, doc="There is no Relu."
)
FEWER = FactFamily("kept-fewer-than:", fewer_than, "The main graph has fewer nodes.", example="9")
