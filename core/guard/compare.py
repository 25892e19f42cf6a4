"""Compare what two models give for the same inputs, as far as an effect allows them to differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..contract.effects import Approximate, Effect, Exact, Lossy
from .results import DifferenceStatus, OutputDifference, worst_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FLOOR = 4
"""The tolerance is at least so many eps of the output's dtype."""

_CHUNK = 1 << 19
"""Elements that are widened to float64 at once: 4 MiB."""


def compare_outputs(
    reference: Sequence[Any],
    actual: Sequence[Any],
    effect: Effect,
    names: Sequence[str] = (),
    *,
    data_dependent: Collection[str] = (),
    unchecked: Mapping[str, str] | None = None,
) -> list[OutputDifference]:
    """Compare the outputs of two models, output by output.

    The distance of an output is ``max |a - b| / max |reference|`` over its finite elements, in
    float64; where the reference is all zero it is measured against 1. Under ``Approximate`` it
    may be ``rtol`` or :data:`FLOOR` eps of the dtype, whichever is larger, plus ``atol`` in
    absolute terms. Under ``Exact`` every element must be equal, the sign of a zero included; NaN
    equals NaN. A NaN or an infinity that appears, vanishes or changes its sign, another dtype and
    another rank are breaches under every effect, as is another shape unless the output's shape
    depends on data.

    Args:
        reference: Values of the reference: arrays, lists, dictionaries, ``None``.
        actual: Values of the model in question, in the same order.
        effect: What is allowed. ``Lossy`` allows any finite difference of numbers.
        names: Names of the outputs, for the result.
        data_dependent: Names of the outputs whose shapes depend on data.
        unchecked: Names of outputs whose values cannot be compared, with the reason.

    Returns:
        One difference per output.

    Raises:
        ValueError: The two have different numbers of outputs.
    """
    names = names or [f"output {index}" for index in range(len(reference))]
    unchecked = unchecked or {}
    differences = []
    for name, old, new in zip(names, reference, actual, strict=True):
        difference = _Comparer(name, effect, name in data_dependent).compare(old, new)
        if difference.severity > 0 and name in unchecked:
            difference = OutputDifference(name, "unchecked", None, None, unchecked[name])
        differences.append(difference)
    return differences


class _Comparer:
    """The comparison of one output, which may hold many arrays."""

    def __init__(self, name: str, effect: Effect, data_dependent: bool) -> None:
        self.name = name
        self.effect = effect
        self.data_dependent = data_dependent

    def compare(self, old: Any, new: Any) -> OutputDifference:
        if old is None or new is None:
            if old is new:
                return self._equal()
            was, became = ("empty", "a value") if old is None else ("a value", "empty")
            return self._differs("breach", f"was {was}, became {became}")
        if isinstance(old, Mapping) or isinstance(new, Mapping):
            return self._mappings(old, new)
        if isinstance(old, (list, tuple)) or isinstance(new, (list, tuple)):
            return self._sequences(old, new)
        return self._arrays(old, new)

    def _equal(self) -> OutputDifference:
        return OutputDifference(self.name, "equal")

    def _differs(self, status: DifferenceStatus, reason: str) -> OutputDifference:
        return OutputDifference(self.name, status, float("inf"), float("inf"), reason)

    def _discrete(self, reason: str) -> OutputDifference:
        """A discrete value flipped: nothing that an effect but ``Exact`` rules out."""
        status: DifferenceStatus = "breach" if isinstance(self.effect, Exact) else "undecided"
        return OutputDifference(self.name, status, None, None, reason)

    def _reshaped(self, reason: str) -> OutputDifference:
        if self.data_dependent and not isinstance(self.effect, Exact):
            return OutputDifference(self.name, "undecided", None, None, reason)
        return self._differs("breach", reason)

    def _worst(self, parts: Iterator[OutputDifference]) -> OutputDifference:
        return worst_of(list(parts)) or self._equal()

    def _mappings(self, old: Any, new: Any) -> OutputDifference:
        if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
            return self._differs("breach", f"was {_kind(old)}, became {_kind(new)}")
        if old.keys() != new.keys():
            return self._discrete("the keys of the map changed")
        return self._worst(self.compare(old[key], new[key]) for key in old)

    def _sequences(self, old: Any, new: Any) -> OutputDifference:
        if not (isinstance(old, (list, tuple)) and isinstance(new, (list, tuple))):
            return self._differs("breach", f"was {_kind(old)}, became {_kind(new)}")
        if len(old) != len(new):
            return self._reshaped(f"{len(old)} elements became {len(new)}")
        return self._worst(self.compare(a, b) for a, b in zip(old, new, strict=True))

    def _arrays(self, old: Any, new: Any) -> OutputDifference:
        import numpy as np

        a, b = np.asarray(old), np.asarray(new)
        if a.dtype != b.dtype and not (_is_text(a) and _is_text(b)):
            return self._retyped(a, b)
        if a.ndim != b.ndim:
            return self._differs("breach", f"shape {_shape(a)} became {_shape(b)}")
        if a.shape != b.shape:
            return self._reshaped(f"shape {_shape(a)} became {_shape(b)}")
        if a.size == 0:
            return self._equal()
        if _is_text(a):
            count = int((a != b).sum())
            return self._discrete(f"{count} of {a.size} strings differ") if count else self._equal()
        return self._floats(a, b) if _is_float(a) else self._integers(a, b)

    def _retyped(self, a: Array, b: Array) -> OutputDifference:
        """Another dtype; between floats the distance of the numbers is told all the same."""
        difference = self._differs("breach", f"dtype {a.dtype} became {b.dtype}")
        if a.shape != b.shape or not (_is_float(a) and _is_float(b)):
            return difference
        measured = self._floats(a.astype("float64"), b.astype("float64"))
        reason = difference.reason + (f", {measured.reason}" if measured.reason else "")
        return replace(measured, status="breach", reason=reason)

    def _integers(self, a: Array, b: Array) -> OutputDifference:
        unequal = 0
        largest, scale = 0.0, 0.0
        for x, y in _chunks(a, b):
            unequal += int((x != y).sum())
            # Subtracted as they are, 64-bit integers may overflow; float64 loses only last digits.
            x, y = x.astype("float64"), y.astype("float64")
            largest = max(largest, float(abs(x - y).max()))
            scale = max(scale, float(abs(x).max()))
        if not unequal:
            return self._equal()
        reason = f"{unequal} of {a.size} elements differ"
        status: DifferenceStatus = "breach" if isinstance(self.effect, Exact) else "undecided"
        return OutputDifference(self.name, status, largest / (scale or 1.0), largest, reason)

    def _floats(self, a: Array, b: Array) -> OutputDifference:
        import numpy as np

        eps, exact = _eps(a), isinstance(self.effect, Exact)
        unequal = 0
        largest, scale = 0.0, 0.0
        for x, y in _chunks(a, b):
            x, y = _widen(x), _widen(y)
            finite = np.isfinite(x) & np.isfinite(y)
            same = (x == y) | (np.isnan(x) & np.isnan(y))
            if not (same | finite).all():
                return self._differs("breach", _not_finite(x, y))
            if exact:
                same &= np.isnan(x) | (np.signbit(x) == np.signbit(y))
            unequal += int(x.size - np.count_nonzero(same))
            with np.errstate(over="ignore", invalid="ignore"):
                largest = max(largest, float(np.abs(x - y).max(initial=0.0, where=finite)))
            scale = max(scale, float(np.abs(x).max(initial=0.0, where=finite)))
        if not unequal:
            return self._equal()
        relative = largest / (scale or 1.0)
        status, reason = self._judge(relative, largest, scale or 1.0, eps)
        return OutputDifference(self.name, status, relative, largest, reason)

    def _judge(
        self, relative: float, absolute: float, scale: float, eps: float
    ) -> tuple[DifferenceStatus, str]:
        moved = f"moved by {relative:.3g} of its largest magnitude"
        effect = self.effect
        if isinstance(effect, Lossy):
            return "within", moved
        if isinstance(effect, Approximate):
            rtol = max(effect.rtol, FLOOR * eps)
            if absolute <= rtol * scale + effect.atol:
                return "within", moved
            return "breach", f"{moved}, allowed is {rtol:.3g}"
        if absolute == 0:
            return "breach", "has zeros of another sign"
        return "breach", f"{moved}, allowed is none"


def _chunks(a: Array, b: Array) -> Iterator[tuple[Array, Array]]:
    a, b = a.reshape(-1), b.reshape(-1)
    for start in range(0, a.size, _CHUNK):
        yield a[start : start + _CHUNK], b[start : start + _CHUNK]


def _widen(a: Array) -> Array:
    """As float64; complex numbers as pairs."""
    return a.view(a.real.dtype).astype("float64") if a.dtype.kind == "c" else a.astype("float64")


def _eps(a: Array) -> float:
    """The eps of a dtype of NumPy or ml_dtypes; exponent-only types have the eps 1."""
    import ml_dtypes

    finfo: Any = ml_dtypes.finfo
    return float(finfo(a.real.dtype if a.dtype.kind == "c" else a.dtype).eps)


def _not_finite(x: Array, y: Array) -> str:
    import numpy as np

    for label, test in (("NaN", np.isnan), ("infinite", np.isinf)):
        was, became = int(test(x).sum()), int(test(y).sum())
        if was != became:
            return f"{was} {label} elements became {became}"
    return "NaN or infinite elements stand elsewhere or changed sign"


def _is_float(a: Array) -> bool:
    """Whether the elements are real or complex floats, those of ml_dtypes included."""
    name: str = a.dtype.name
    return a.dtype.kind in "fc" or name.startswith(("bfloat", "float"))


def _is_text(a: Array) -> bool:
    return a.dtype.kind in "OUST"


def _shape(a: Array) -> str:
    return f"[{', '.join(map(str, a.shape))}]"


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a map"
    return "a sequence" if isinstance(value, (list, tuple)) else "a tensor"
