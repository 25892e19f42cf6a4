"""Passes that break the contract, each in one way, with the check that has to notice."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx_ir as ir

from passmgr.core.contract import Approximate, Pass, PassContext, ops, pass_

WRONG: dict[str, tuple[Pass, str]] = {}
"""By name: the pass, and the check that must fail."""


def wrong(check: str, **declarations: Any) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        made = (
            pass_(function, **declarations) if not declarations else pass_(**declarations)(function)
        )
        WRONG[made.name] = (made, check)
        return made

    return register


def nodes(model: ir.Model, *op_types: str) -> Iterator[ir.Node]:
    """Yield the nodes of the main graph of these types."""
    for node in list(model.graph):
        if node.op_type in op_types and not node.domain:
            yield node


def bypass(ctx: PassContext, node: ir.Node, index: int = 0) -> None:
    """Let an input stand for the first output."""
    source = node.inputs[index]
    if source is not None and ctx.edit.can_replace(node.outputs[0], source) and ctx.action(node):
        ctx.edit.replace(node.outputs[0], source)


def constant(ctx: PassContext, model: ir.Model, array: Any, name: str) -> ir.Value:
    return ctx.edit.add_initializer(model.graph, ir.tensor(array), name)


# -- numbers ---------------------------------------------------------------------------------------


@wrong("numbers")
def concat_along_another_axis(model, ctx):
    """Concatenate along the first axis."""
    for node in nodes(model, "Concat"):
        if ctx.action(node):
            ctx.edit.set_attribute(node, ir.AttrInt64("axis", 0))
            ctx.edit.set_shape(node.outputs[0], None)


@wrong("numbers")
def drop_the_last_input(model, ctx):
    """Leave out the last input of a Sum."""
    for node in nodes(model, "Sum"):
        if ctx.action(node):
            ctx.edit.resize_inputs(node, len(node.inputs) - 1)


@wrong("hash-seeds")
def go_through_a_set(model, ctx):
    """Name the nodes in the order of a set of their operators."""
    for op_type in {node.op_type for node in model.graph}:
        for node in nodes(model, op_type):
            if ctx.action(node):
                ctx.edit.rename_node(node, ctx.edit.unique_name("node"))
                ctx.edit.set_doc(node, f"number {ctx.edit.edits}")


@wrong("documentation", effect=Approximate(rtol=1e-3))
def round_by_nobodys_method(model, ctx):
    """Do nothing, and name no paper."""


@wrong("numbers")
def take_defaults_for_constants(model, ctx):
    """Put a copy of its default in the place of an input that has one."""
    for value in list(model.graph.initializers.values()):
        if value.is_graph_input() and value.uses() and ctx.action():
            copy = constant(ctx, model, value.const_value.numpy(), "copy")
            ctx.edit.replace_uses(value, copy)


@wrong("numbers")
def slice_one_more(model, ctx):
    """Let slices end one later."""
    for node in nodes(model, "Slice"):
        if len(node.inputs) > 2 and node.inputs[2].const_value is not None and ctx.action(node):
            ends = constant(ctx, model, node.inputs[2].const_value.numpy() + 1, "ends")
            ctx.edit.replace_input(node, 2, ends)


@wrong("numbers")
def subtract_for_add(model, ctx):
    """Take Sub for Add."""
    for node in nodes(model, "Add"):
        if ctx.action(node):
            ctx.edit.set_op(node, "Sub")


@wrong("numbers")
def swap_operands(model, ctx):
    """Take all operators of two inputs for commutative."""
    for node in nodes(model, "Sub", "MatMul"):
        if ctx.action(node):
            first, second = node.inputs
            ctx.edit.replace_input(node, 0, second)
            ctx.edit.replace_input(node, 1, first)


@wrong("numbers")
def every_factor_is_one(model, ctx):
    """Leave out every multiplication."""
    for node in nodes(model, "Mul"):
        bypass(ctx, node)


@wrong("numbers")
def relu_of_positives(model, ctx):
    """Take what goes into a Relu for positive."""
    for node in nodes(model, "Relu"):
        bypass(ctx, node)


@wrong("numbers")
def all_transposes_cancel(model, ctx):
    """Leave out every Transpose."""
    for node in nodes(model, "Transpose"):
        bypass(ctx, node)


@wrong("numbers")
def reshapes_are_copies(model, ctx):
    """Leave out every Reshape."""
    for node in nodes(model, "Reshape"):
        bypass(ctx, node)


@wrong("numbers")
def normalization_without_epsilon(model, ctx):
    """Take the variance of a BatchNormalization for one."""
    for node in nodes(model, "BatchNormalization"):
        if ctx.action(node):
            variance = node.inputs[4].const_value.numpy()
            ctx.edit.replace_input(node, 4, constant(ctx, model, np.ones_like(variance), "one"))


@wrong("numbers")
def clip_to_anything(model, ctx):
    """Leave out the bounds of a Clip."""
    for node in nodes(model, "Clip"):
        if len(node.inputs) > 1 and ctx.action(node):
            ctx.edit.resize_inputs(node, 1)


@wrong("numbers")
def gather_the_next(model, ctx):
    """Gather what stands one further on."""
    for node in nodes(model, "Gather"):
        if node.inputs[1].const_value is not None and ctx.action(node):
            index = node.inputs[1].const_value.numpy() - 1
            ctx.edit.replace_input(node, 1, constant(ctx, model, index, "index"))


@wrong("numbers")
def weights_in_half_precision(model, ctx):
    """Round weights to half precision, and call that exact."""
    for value in list(model.graph.initializers.values()):
        if value.dtype == ir.DataType.FLOAT and ctx.action():
            rounded = value.const_value.numpy().astype(np.float16).astype(np.float32)
            ctx.edit.set_const_value(value, ir.tensor(rounded))


@wrong("numbers")
def scale_a_shared_weight(model, ctx):
    """Fold a factor into a weight that others read too."""
    for node in nodes(model, "Mul"):
        weight = node.inputs[1]
        if weight is not None and weight.const_value is not None and ctx.action(node):
            ctx.edit.set_const_value(weight, ir.tensor(weight.const_value.numpy() * 2))


@wrong("numbers")
def quantize_with_another_scale(model, ctx):
    """Double the scale of a QuantizeLinear and not of its partner."""
    for node in nodes(model, "QuantizeLinear"):
        if ctx.action(node):
            scale = node.inputs[1].const_value.numpy() * np.float32(2)
            ctx.edit.replace_input(node, 1, constant(ctx, model, scale, "scale"))


@wrong("numbers")
def default_attributes(model, ctx):
    """Take the attributes of a normalization for their defaults."""
    for node in nodes(model, "LayerNormalization"):
        if "axis" in node.attributes and ctx.action(node):
            ctx.edit.set_attribute(node, ir.AttrInt64("axis", 1))


@wrong("numbers")
def the_branch_is_always_taken(model, ctx):
    """Let both branches of an If be the first one."""
    for node in nodes(model, "If"):
        if ctx.action(node):
            body = node.attributes["else_branch"].value.clone(allow_outer_scope_values=True)
            ctx.edit.set_attribute(node, ir.AttrGraph("then_branch", body))


@wrong("numbers")
def loops_run_once(model, ctx):
    """Take every Loop for one iteration."""
    for node in nodes(model, "Loop"):
        if ctx.action(node):
            ctx.edit.replace_input(node, 0, constant(ctx, model, np.array(1), "once"))


@wrong("numbers")
def functions_with_default_attributes(model, ctx):
    """Leave out the attributes of calls of functions."""
    for node in list(model.graph):
        if node.domain == "local" and node.attributes and ctx.action(node):
            for name in list(node.attributes):
                ctx.edit.remove_attribute(node, name)


@wrong("numbers")
def divide_by_nothing(model, ctx):
    """Divide by zero."""
    for node in nodes(model, "Mul"):
        if ctx.action(node):
            ctx.edit.replace_input(node, 1, constant(ctx, model, np.zeros(1, np.float32), "zero"))
            ctx.edit.set_op(node, "Div")


@wrong("numbers")
def merge_different_constants(model, ctx):
    """Take constants of equal shape for equal."""
    seen: dict[Any, ir.Value] = {}
    for value in list(model.graph.initializers.values()):
        key = (value.dtype, tuple(value.const_value.shape.numpy()))
        first = seen.setdefault(key, value)
        if first is not value and ctx.action():
            ctx.edit.replace_uses(value, first)


@wrong("numbers")
def pads_are_nothing(model, ctx):
    """Let a convolution begin one further on."""
    for node in nodes(model, "Conv"):
        if ctx.action(node):
            ctx.edit.set_attribute(node, ir.AttrInt64s("dilations", [2, 2]))


# -- interface -------------------------------------------------------------------------------------


@wrong("interface")
def rename_the_output(model, ctx):
    """Give an output a nicer name."""
    ctx.edit.rename(model.graph.outputs[0], "result")


@wrong("interface")
def remove_idle_inputs(model, ctx):
    """Remove inputs that nothing reads."""
    kept = [value for value in model.graph.inputs if value.uses()]
    if len(kept) < len(model.graph.inputs):
        ctx.edit.set_inputs(model.graph, kept)


@wrong("interface")
def another_output(model, ctx):
    """Return what goes into the last node, too."""
    node = model.graph[-1]
    if node.inputs and node.inputs[0].producer() is not None and ctx.action():
        ctx.edit.set_outputs(model.graph, [*model.graph.outputs, node.inputs[0]])


@wrong("interface")
def freeze_the_batch(model, ctx):
    """Take the batch for one."""
    for value in model.graph.inputs:
        if value.shape and not isinstance(value.shape[0], int):
            ctx.edit.set_shape(value, [1, *value.shape[1:]])


# -- structure -------------------------------------------------------------------------------------


@wrong("structure")
def put_it_at_the_end(model, ctx):
    """Put a node behind the one that reads it."""
    for node in nodes(model, "Relu"):
        if ctx.action(node):
            made = ctx.edit.insert_node(model.graph, "Identity", [node.inputs[0]])
            ctx.edit.replace_input(node, 0, made.outputs[0])


@wrong("structure")
def axes_as_input_everywhere(model, ctx):
    """Write Unsqueeze as opset 13 has it."""
    for node in nodes(model, "Unsqueeze"):
        if "axes" in node.attributes and ctx.action(node):
            axes = constant(ctx, model, np.array(node.attributes["axes"].value), "axes")
            ctx.edit.remove_attribute(node, "axes")
            ctx.edit.resize_inputs(node, 2)
            ctx.edit.replace_input(node, 1, axes)


@wrong("structure")
def newest_opset(model, ctx):
    """Claim a newer opset without converting anything."""
    if model.opset_imports[""] < 13:
        ctx.edit.set_opset(model, "", 13)
        for node in nodes(model, "Unsqueeze", "Squeeze"):
            ctx.edit.set_metadata(node, "seen", "yes")
            ctx.edit.replace_input(node, 0, node.inputs[0])
            ctx.edit.set_op(node, node.op_type)


@wrong("structure")
def an_operator_that_is_not_there(model, ctx):
    """Take an operator from a later opset."""
    for node in nodes(model, "Relu"):
        if ctx.action(node):
            ctx.edit.set_op(node, "ReluSix")


# -- editing, weights, faults, actions -------------------------------------------------------------


@wrong("editing")
def round_the_editor(model, ctx):
    """Change an attribute behind the back of the editor."""
    for node in nodes(model, "Transpose"):
        node.attributes["perm"] = ir.AttrInt64s("perm", [0, 1, 2])


@wrong("editing")
def remove_behind_the_back(model, ctx):
    """Remove nodes of the graph itself."""
    for node in nodes(model, "Identity"):
        if not node.outputs[0].is_graph_output():
            ir.convenience.replace_all_uses_with(node.outputs[0], node.inputs[0])
            model.graph.remove(node, safe=True)


@wrong("weights")
def write_into_the_weight(model, ctx):
    """Scale a weight where it is."""
    for value in model.graph.initializers.values():
        if value.dtype == ir.DataType.FLOAT:
            array = np.asarray(value.const_value)
            if array.flags.writeable:
                array *= 2


@wrong("faults")
def go_on_after_errors(model, ctx):
    """Catch whatever happens."""
    for node in nodes(model, "Relu"):
        try:
            ctx.edit.set_op(node, "Relu")
        except Exception:
            continue


@wrong("actions")
def never_ask(model, ctx):
    """Edit although the rewrite was forbidden."""
    for node in nodes(model, "Identity"):
        ctx.action(node)
        ctx.edit.set_metadata(node, "seen", "yes")


@wrong("exceptions")
def attributes_are_always_there(model, ctx):
    """Look at an attribute that has a default."""
    for node in nodes(model, "Gather", "Softmax", "ReduceSum"):
        if node.attributes["axis"].value == 7:
            ctx.edit.set_op(node, node.op_type)


@wrong("exceptions")
def inputs_are_always_there(model, ctx):
    """Look at an input that may be left out."""
    for node in nodes(model, "Clip"):
        if node.inputs[1].name == "lower":
            ctx.edit.set_op(node, node.op_type)


# -- promises --------------------------------------------------------------------------------------


@wrong("claims", establishes=("constants-folded",))
def claims_to_fold(model, ctx):
    """Do nothing and claim the result."""
    for node in nodes(model, "Relu"):
        ctx.edit.set_metadata(node, "seen", "yes")


@wrong("idempotence", idempotent=True)
def one_more_each_time(model, ctx):
    """Put an Identity in front of every Relu."""
    for node in nodes(model, "Relu"):
        if ctx.action(node):
            made = ctx.edit.insert_node(node, "Identity", [node.inputs[0]])
            ctx.edit.replace_input(node, 0, made.outputs[0])


@wrong("touches", touches=ops("Conv"))
def touches_too_little(model, ctx):
    """Say Conv and look at Relu."""
    for node in nodes(model, "Relu"):
        if ctx.action(node):
            ctx.edit.set_metadata(node, "seen", "yes")


@wrong("done", done_when=("sorted",))
def done_too_soon(model, ctx):
    """Say that sorted models leave nothing to do."""
    for node in nodes(model, "Relu"):
        if ctx.action(node):
            ctx.edit.set_metadata(node, "seen", "yes")


@wrong("determinism")
def a_name_by_chance(model, ctx):
    """Rename nodes at random."""
    for node in nodes(model, "Relu"):
        ctx.edit.rename_node(node, f"relu_{random.random()}")


@wrong("determinism")
def a_name_by_address(model, ctx):
    """Rename nodes by where they are in memory."""
    for node in nodes(model, "Relu"):
        ctx.edit.rename_node(node, f"relu_{id(node)}")


@wrong("shapes")
def a_shape_from_nowhere(model, ctx):
    """Write down a shape that is not that of the value."""
    for node in nodes(model, "Add"):
        if not node.outputs[0].is_graph_output() and node.outputs[0].shape is not None:
            ctx.edit.set_shape(node.outputs[0], [17, 17, 17])


@wrong("facts", requires=("no-such-fact",))
def requires_what_is_not_there(model, ctx):
    """Require a fact that nobody registers."""


@wrong("name", name="Not_Kebab")
def not_kebab(model, ctx):
    """Have a name that no pipeline can hold."""


@wrong("documentation")
def says_nothing(model, ctx):
    pass


@wrong("work")
def looks_for_what_is_never_there(model, ctx):
    """Change an operator that no model has."""
    for node in nodes(model, "NoSuchOperator"):
        ctx.edit.set_op(node, "Relu")
