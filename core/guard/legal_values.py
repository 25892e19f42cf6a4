"""LegalValues: what the op that an input ends up in accepts: indices, sizes, shapes, keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx_ir as ir

    Dims = Callable[["ir.Value | None"], tuple[int, ...] | None]


@dataclass(frozen=True)
class LegalValues:
    """The values that one use of an input accepts.

    Args:
        low: Smallest legal number.
        high: Largest legal number.
        values: The elements themselves, repeated as often as needed.
        choices: Draw from these.
    """

    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] = ()
    choices: tuple[Any, ...] = ()

    def __and__(self, other: LegalValues) -> LegalValues:
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return LegalValues(
            max(lows, default=None),
            min(highs, default=None),
            self.values or other.values,
            self.choices or other.choices,
        )


@dataclass(frozen=True)
class Use:
    """One use of an input under one choice of symbolic dimensions.

    Args:
        node: The node that uses it.
        index: Which input of the node it is.
        dims: Gives the dimensions of a value, as far as they are known.
        count: How many elements the input has.
    """

    node: ir.Node
    index: int
    dims: Dims
    count: int

    def shape(self, index: int) -> tuple[int, ...] | None:
        """Dimensions of input ``index`` of the node."""
        inputs = self.node.inputs
        return self.dims(inputs[index]) if index < len(inputs) else None

    def output_shape(self) -> tuple[int, ...] | None:
        """Dimensions of the first output."""
        return self.dims(self.node.outputs[0])

    def integer(self, name: str, default: int) -> int:
        """An integer attribute of the node."""
        attribute = self.node.attributes.get(name)
        return default if attribute is None or attribute.is_ref() else int(attribute.value)


def legal_values(use: Use) -> LegalValues | None:
    """Return what ``use`` accepts; ``None`` where it accepts anything of its type."""
    rules = _RULES.get(use.node.op_type)
    if rules is None:
        return None
    rule = rules.get(use.index, rules.get(-1))
    return rule(use) if rule else None


Rule = Callable[[Use], LegalValues | None]


def _constant(*values: float) -> Rule:
    return lambda use: LegalValues(values=values)


def _between(low: float, high: float | None = None) -> Rule:
    return lambda use: LegalValues(low, high)


def _index_of(data: int, default_axis: int = 0) -> Rule:
    """An index into the dimension ``axis`` of input ``data``."""

    def rule(use: Use) -> LegalValues | None:
        shape = use.shape(data)
        axis = use.integer("axis", default_axis)
        if not shape or not -len(shape) <= axis < len(shape):
            return LegalValues(0, 0)
        return LegalValues(0, max(shape[axis] - 1, 0))

    return rule


def _index_of_all(use: Use) -> LegalValues:
    return LegalValues(0, max(min(use.shape(0) or (1,)) - 1, 0))


def _size_of(data: int, axis: int) -> Rule:
    """A count up to a dimension of input ``data``."""

    def rule(use: Use) -> LegalValues:
        shape = use.shape(data) or ()
        return LegalValues(values=(shape[axis] if len(shape) > axis else 1,))

    return rule


def _numbering(use: Use) -> LegalValues:
    return LegalValues(values=tuple(range(use.count)))


def _target(*otherwise: int) -> Rule:
    """The shape of the node's output, as far as it is declared."""

    def rule(use: Use) -> LegalValues:
        shape = use.output_shape()
        if shape is not None and len(shape) == use.count:
            return LegalValues(values=shape)
        return LegalValues(values=otherwise)

    return rule


def _reshape(use: Use) -> LegalValues:
    shape = use.output_shape()
    if shape is not None and len(shape) == use.count:
        return LegalValues(values=shape)
    return LegalValues(values=(-1,) + (1,) * (use.count - 1))


def _tile(use: Use) -> LegalValues:
    new, old = use.output_shape() or (), use.shape(0) or ()
    if len(new) == len(old) == use.count and all(old):
        return LegalValues(values=tuple(n // o for n, o in zip(new, old, strict=True)))
    return LegalValues(values=(2,))


def _split(use: Use) -> LegalValues:
    shape, axis = use.shape(0) or (), use.integer("axis", 0)
    if not use.count or not -len(shape) <= axis < len(shape):
        return LegalValues(values=(1,))
    part, rest = divmod(shape[axis], use.count)
    return LegalValues(values=(part,) * (use.count - 1) + (part + rest,))


def _squeeze(use: Use) -> LegalValues:
    ones = tuple(axis for axis, dim in enumerate(use.shape(0) or ()) if dim == 1)
    return LegalValues(values=ones[: use.count] or (0,))


def _pads(use: Use) -> LegalValues:
    """One element on each side; where elements are mirrored, only along axes that have them."""
    shape = use.shape(0) or ()
    mode = use.node.attributes.get("mode")
    if mode is None or mode.value == "constant" or len(shape) * 2 != use.count:
        return LegalValues(values=(1,))
    return LegalValues(values=tuple(int(dim > 1) for dim in shape))


def _size_along_axis(otherwise: int) -> Rule:
    """The size of the node's output along its axis."""

    def rule(use: Use) -> LegalValues:
        shape, axis = use.output_shape() or (), use.integer("axis", -1)
        known = -len(shape) <= axis < len(shape)
        return LegalValues(values=(shape[axis] if known else otherwise,))

    return rule


def _one_hot_index(use: Use) -> LegalValues:
    depth = use.node.inputs[1]
    tensor = depth.const_value if depth is not None else None
    return LegalValues(0, int(tensor.numpy().reshape(-1)[0]) - 1 if tensor is not None else 3)


def _scales(use: Use) -> LegalValues:
    new, old = use.output_shape() or (), use.shape(0) or ()
    if len(new) == len(old) == use.count and all(old):
        return LegalValues(values=tuple(n / o for n, o in zip(new, old, strict=True)))
    return LegalValues(values=(1.0,) * (use.count - 2) + (2.0,) * min(use.count, 2))


def _affine_size(use: Use) -> LegalValues:
    batch = (use.shape(0) or (1,))[0]
    shape = use.output_shape() or ()
    if len(shape) == use.count:
        return LegalValues(values=(shape[0], 1, *shape[1:-1]))
    return LegalValues(values=(batch, 1) + (4,) * (use.count - 2))


def _keys(*attributes: str) -> Rule:
    """The keys that a dictionary-like op of ``ai.onnx.ml`` knows."""

    def rule(use: Use) -> LegalValues | None:
        for name in attributes:
            attribute = use.node.attributes.get(name)
            if attribute is None or attribute.is_ref() or attribute.value is None:
                continue
            keys: Sequence[Any] = attribute.value
            if hasattr(keys, "numpy"):
                keys = keys.numpy().reshape(-1).tolist()
            if len(keys):
                return LegalValues(choices=tuple(itertools.islice(keys, 1000)))
        return None

    return rule


_POSITIVE = _between(0.01, 1.0)
_AXES: Mapping[int, Rule] = {1: _numbering}
_POSITION: Mapping[int, Rule] = {1: _constant(0)}

_REDUCED = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")

_RULES: dict[str, Mapping[int, Rule]] = {
    "AffineGrid": {1: _affine_size},
    "ArrayFeatureExtractor": {1: _index_of(0, -1)},
    "BatchNormalization": {4: _POSITIVE},
    "Bernoulli": {0: _between(0.0, 1.0)},
    "BitShift": {1: _between(0, 3)},
    "CategoryMapper": {0: _keys("cats_strings", "cats_int64s")},
    "CenterCropPad": {1: _target(2)},
    "Col2Im": {1: _constant(4), 2: _constant(1)},
    "ConstantOfShape": {0: _target(2)},
    "CumSum": _POSITION,
    "DequantizeLinear": {1: _POSITIVE},
    "DFT": {1: _constant(8), 2: _constant(1)},
    "DictVectorizer": {0: _keys("string_vocabulary", "int64_vocabulary")},
    "Div": {1: _between(1)},
    "Dropout": {1: _constant(0.25)},
    "EmbedLayerNormalization": {0: _index_of(2), 1: _index_of(4)},
    "Expand": {1: _target(1)},
    "Gather": {1: _index_of(0)},
    "GatherElements": {1: _index_of(0)},
    "GatherND": {1: _index_of_all},
    "GridSample": {1: _between(-1.0, 1.0)},
    "LabelEncoder": {0: _keys("keys_strings", "keys_int64s", "keys_tensor", "classes_strings")},
    "Loop": {0: _constant(3), 1: _constant(1)},
    "MaxUnpool": {1: _between(0, 8), 2: _target(8)},
    "MelWeightMatrix": {
        0: _constant(8),
        1: _constant(64),
        2: _constant(8192),
        3: _constant(0),
        4: _constant(4096),
    },
    "Mod": {1: _between(1)},
    "NegativeLogLikelihoodLoss": {1: _index_of(0, 1)},
    "NonMaxSuppression": {2: _constant(3), 3: _constant(0.5), 4: _constant(0.1)},
    "OneHot": {0: _one_hot_index, 1: _size_along_axis(4)},
    "OneHotEncoder": {0: _keys("cats_strings", "cats_int64s")},
    "Pad": {1: _pads, 3: _numbering},
    "Pow": {1: _between(0, 3)},
    "QLinearConv": {1: _POSITIVE, 4: _POSITIVE, 6: _POSITIVE},
    "QLinearMatMul": {1: _POSITIVE, 4: _POSITIVE, 6: _POSITIVE},
    "QuantizeLinear": {1: _POSITIVE},
    "Range": {0: _constant(0), 1: _constant(5), 2: _constant(1)},
    "Reshape": {1: _reshape},
    "Resize": {1: _scales, 2: _scales, 3: _target(4)},
    "ReverseSequence": {1: _between(1, 2)},
    "RoiAlign": {2: _index_of(0)},
    "RotaryEmbedding": {1: _index_of(2), 3: _index_of(1)},
    "Scatter": {1: _index_of(0)},
    "ScatterElements": {1: _index_of(0)},
    "ScatterND": {1: _index_of_all},
    "SequenceAt": _POSITION,
    "SequenceErase": _POSITION,
    "SequenceInsert": {2: _constant(0)},
    "Slice": {1: _constant(0), 2: _constant(1 << 30), 3: _numbering, 4: _constant(1)},
    "SoftmaxCrossEntropyLoss": {1: _index_of(0, 1)},
    "Split": {1: _split},
    "SplitToSequence": {1: _split},
    "Squeeze": {1: _squeeze},
    "STFT": {1: _constant(2), 3: _constant(4)},
    "TensorScatter": {2: _constant(0)},
    "TfIdfVectorizer": {0: _keys("pool_strings", "pool_int64s")},
    "Tile": {1: _tile},
    "TopK": {1: _size_along_axis(1)},
    "Trilu": _POSITION,
    "Unsqueeze": _AXES,
    "Upsample": {1: _scales},
    **dict.fromkeys((f"Reduce{kind}" for kind in _REDUCED), _AXES),
    **{name: {0: _constant(8)} for name in ("BlackmanWindow", "HammingWindow", "HannWindow")},
    **{name: {4: _size_of(0, 0)} for name in ("GRU", "LSTM", "RNN")},
}
"""By op type and input index; ops of any domain, since the names do not collide."""
