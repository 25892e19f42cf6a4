"""Registers the built-in passes, analyses, facts and named pipelines, all by lazy path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passmgr.core.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from passmgr.core.registry import Registrar


@hookimpl
def passmgr_register(registry: Registrar) -> None:
    """Register what this room brings."""
    _register_facts(registry)
    _register_analyses(registry)
    _register_passes(registry)
    _register_pipelines(registry)


def _register_facts(registry: Registrar) -> None:
    for name, attribute, summary in (
        ("sorted", "SORTED", "Nodes stand in topological order in every graph."),
        ("names-unique", "NAMES_UNIQUE", "Every value has a name of its own."),
        ("shapes-inferred", "SHAPES_INFERRED", "Shapes that are easily inferred are written down."),
        ("static-shapes", "STATIC_SHAPES", "All shapes are numbers."),
        ("constants-folded", "CONSTANTS_FOLDED", "Constants are initializers."),
    ):
        registry.add_fact(name, f"passmgr.passes.analyze.facts:{attribute}", summary=summary)
    registry.add_fact_family(
        "opset>=",
        "passmgr.passes.analyze.facts:OPSET",
        summary="The default domain is imported at this version or later.",
    )
    registry.add_fact_family(
        "no-op:",
        "passmgr.passes.analyze.facts:NO_OP",
        summary="No node is of this op type.",
    )


def _register_analyses(registry: Registrar) -> None:
    registry.add_analysis(
        "inferred-shapes",
        "passmgr.passes.analyze.inferred_shapes:InferredShapes",
        summary="Types and shapes that follow from inputs, constants and operators.",
    )
    registry.add_analysis(
        "symbolic-shapes",
        "passmgr.passes.analyze.symbolic_shapes:SymbolicShapes",
        summary="Dimensions and shape arithmetic as expressions of the sizes left open.",
    )
    registry.add_analysis(
        "value-sizes",
        "passmgr.passes.analyze.sizes:ValueSizes",
        summary="Dimensions of every value, also in loops and called functions.",
    )
    registry.add_analysis(
        "costs",
        "passmgr.passes.analyze.costs:Costs",
        summary="Multiply-accumulates of every node.",
    )
    registry.add_analysis(
        "peak-memory",
        "passmgr.passes.analyze.memory:PeakMemory",
        summary="Largest sum of bytes of activations alive at once.",
    )


def _register_passes(registry: Registrar) -> None:
    registry.add_pass(
        "infer-shapes",
        "passmgr.passes.analyze.infer_shapes:InferShapes",
        summary="Write the types and shapes of the values inside the model.",
    )
    registry.add_pass(
        "fold-constants",
        "passmgr.passes.simplify.fold_constants:FoldConstants",
        summary="Compute before the run what does not depend on the inputs.",
    )
    registry.add_pass(
        "sort",
        "passmgr.passes.simplify.sort:Sort",
        summary="Bring the nodes of every graph into topological order, moving as few as needed.",
    )
    registry.add_pass(
        "remove-unused",
        "passmgr.passes.simplify.remove_unused:RemoveUnused",
        summary="Remove nodes, initializers, outputs and functions that no result depends on.",
    )
    registry.add_pass(
        "eliminate-identity",
        "passmgr.passes.simplify.eliminate_identity:EliminateIdentity",
        summary="Replace the result of every Identity by what it copies.",
    )
    registry.add_pass(
        "eliminate-no-ops",
        "passmgr.passes.simplify.eliminate_no_ops:EliminateNoOps",
        summary="Replace the result of a node that changes nothing by its input.",
    )
    registry.add_pass(
        "eliminate-common-subexpressions",
        "passmgr.passes.simplify.eliminate_common_subexpressions:EliminateCommonSubexpressions",
        summary="Replace a node by an earlier one of the same operator, inputs and attributes.",
    )
    registry.add_pass(
        "deduplicate-initializers",
        "passmgr.passes.simplify.deduplicate_initializers:DeduplicateInitializers",
        summary="Let initializers of equal type, shape and bytes be one.",
    )
    registry.add_pass(
        "fix-names",
        "passmgr.passes.simplify.fix_names:FixNames",
        summary="Rename values that have no name, or one that another value in sight has already.",
    )
    registry.add_pass(
        "fold-shapes",
        "passmgr.passes.simplify.fold_shapes:FoldShapes",
        summary="Replace shape arithmetic by constants, or by what has been computed before.",
    )
    registry.add_pass(
        "merge-reshapes",
        "passmgr.passes.simplify.merge_reshapes:MergeReshapes",
        summary="Merge a chain of operators that only rename dimensions into one Reshape.",
    )
    registry.add_pass(
        "merge-concats",
        "passmgr.passes.simplify.merge_concats:MergeConcats",
        summary="Join the inputs of nested Concats, and leave out inputs that have no elements.",
    )
    registry.add_pass(
        "inline-branches",
        "passmgr.passes.simplify.inline_branches:InlineBranches",
        summary="Move the nodes of the branch that an If always takes into the graph around it.",
    )
    registry.add_pass(
        "fold-batchnorm",
        "passmgr.passes.fuse.fold_batchnorm:FoldBatchNorm",
        summary="Fold a BatchNormalization into the Conv, ConvTranspose or Gemm before it.",
    )
    registry.add_pass(
        "fold-scale-and-bias",
        "passmgr.passes.fuse.fold_scale_and_bias:FoldScaleAndBias",
        summary="Fold arithmetic with a constant per channel into the weights before it.",
    )
    registry.add_pass(
        "eliminate-zero-states",
        "passmgr.passes.simplify.eliminate_zero_states:EliminateZeroStates",
        summary="Leave out initial states of recurrent operators that are zeros.",
    )
    registry.add_pass(
        "lift-constant-outputs",
        "passmgr.passes.simplify.lift_constant_outputs:LiftConstantOutputs",
        summary="Let outputs that are constants be initializers, without a node that makes them.",
    )
    registry.add_pass(
        "eliminate-zero-additions",
        "passmgr.passes.simplify.eliminate_zero_additions:EliminateZeroAdditions",
        summary="Leave out additions and subtractions of zeros of either sign.",
    )
    registry.add_pass(
        "merge-reductions",
        "passmgr.passes.simplify.merge_reductions:MergeReductions",
        summary="Merge a reduction with the Squeeze or Unsqueeze of the same axes after it.",
    )
    registry.add_pass(
        "inline-functions",
        "passmgr.passes.simplify.inline_functions:InlineFunctions",
        summary="Put the body of a model-local function in the place of its only call.",
    )
    registry.add_pass(
        "merge-constant-operands",
        "passmgr.passes.fuse.merge_constant_operands:MergeConstantOperands",
        summary="Merge additions, or multiplications, of constants that follow on each other.",
    )


def _register_pipelines(registry: Registrar) -> None:
    registry.add_pipeline(
        "default",
        "fix-names, sort, remove-unused, inline-functions, infer-shapes, eliminate-identity, "
        "fold-constants, "
        "inline-branches, fold-shapes, fold-constants, eliminate-no-ops, merge-reshapes, "
        "merge-concats, merge-reductions, fold-batchnorm, fold-scale-and-bias, "
        "merge-constant-operands, eliminate-zero-additions, eliminate-zero-states, "
        "eliminate-identity, lift-constant-outputs, remove-unused, deduplicate-initializers, "
        "eliminate-common-subexpressions, remove-unused",
        summary="Safe clean-up: what can be left out, computed beforehand or merged.",
    )
