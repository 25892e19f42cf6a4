"""What counts as a difference between the outputs of two models."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from passmgr.core.contract import Approximate, Exact, Lossy
from passmgr.core.guard import compare, compare_outputs

EFFECTS = [Exact(), Approximate(1e-3), Lossy()]
floats = hnp.arrays(
    st.sampled_from([np.float16, np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=st.floats(width=16),
)
DISCRETE = [np.int8, np.int64, np.uint64, np.bool_]
discrete = hnp.arrays(st.sampled_from(DISCRETE), hnp.array_shapes(max_side=3))


def difference(old, new, effect, **options):
    return compare_outputs([old], [new], effect, ["y"], **options)[0]


@given(st.one_of(floats, discrete), st.sampled_from(EFFECTS))
def test_a_value_equals_its_copy_under_every_effect(value, effect):
    found = difference(value, value.copy(), effect)
    assert (found.status, found.relative, found.absolute) == ("equal", 0.0, 0.0)


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_side=3), elements=st.floats(1.0, 100.0)),
    st.floats(1e-9, 1.0),
    st.booleans(),
)
def test_a_perturbation_is_judged_by_the_largest_magnitude(value, rtol, above):
    scale = np.abs(value).max()
    moved = value.copy()
    moved.flat[0] += scale * rtol * (1.01 if above else 0.99)
    found = difference(value, moved, Approximate(rtol))
    assert found.status == ("breach" if above else "within")
    assert found.relative == pytest.approx(rtol * (1.01 if above else 0.99), rel=1e-5)
    assert difference(value, moved, Exact()).status == "breach"
    assert difference(value, moved, Lossy()).status == "within"


@given(floats, floats)
def test_the_absolute_distance_is_symmetric(a, b):
    there, back = (difference(x, y, Exact()) for x, y in ((a, b), (b, a)))
    assert there.status == back.status
    assert there.absolute == back.absolute


def test_chunks_add_up(monkeypatch):
    old = np.arange(1000, dtype=np.float32)
    new = old.copy()
    new[[3, 997]] += (0.5, 2.0)
    whole = difference(old, new, Approximate(1e-3))
    monkeypatch.setattr(compare, "_CHUNK", 7)
    assert difference(old, new, Approximate(1e-3)) == whole
    assert whole.absolute == 2.0
    assert whole.relative == pytest.approx(2.0 / 999)


def test_small_elements_of_a_large_output_are_not_condemned():
    old = np.array([1e-9, 1.0], np.float32)
    new = np.array([1.1e-9, 1.0], np.float32)
    assert difference(old, new, Approximate(0.0)).status == "within"


@pytest.mark.parametrize(
    ("dtype", "eps"), [(np.float32, 2**-23), (np.float16, 2**-10), (ml_dtypes.bfloat16, 2**-7)]
)
def test_the_tolerance_has_a_floor_of_a_few_eps(dtype, eps):
    old = np.array([1.0], dtype)
    assert difference(old, np.array([1 + 3 * eps], dtype), Approximate(0.0)).status == "within"
    assert difference(old, np.array([1 + 6 * eps], dtype), Approximate(0.0)).status == "breach"


def test_an_output_of_zeros_is_measured_against_one():
    found = difference(np.zeros(3), np.full(3, 1e-6), Approximate(1e-4))
    assert (found.status, found.relative) == ("within", 1e-6)
    assert difference(np.zeros(3), np.full(3, 1e-3), Approximate(1e-4)).status == "breach"


def test_atol_adds_to_rtol():
    old, new = np.array([1.0]), np.array([1.5])
    assert difference(old, new, Approximate(0.1)).status == "breach"
    assert difference(old, new, Approximate(0.1, atol=0.4)).status == "within"


def test_payloads_of_nan_are_no_difference_but_signs_of_zero_are_to_exact():
    old = np.array([0.0, math.nan, math.inf], np.float32)
    assert (
        difference(old, np.array([0.0, -math.nan, math.inf], np.float32), Exact()).status == "equal"
    )
    new = np.array([-0.0, math.nan, math.inf], np.float32)
    assert difference(old, new, Exact()).status == "breach"
    assert difference(old, new, Exact()).reason == "has zeros of another sign"
    assert difference(old, new, Approximate(1e-6)).status == "equal"


F = np.float32
BREACHES = {
    "nan": (np.array([1, 2], F), np.array([1, math.nan], F), "0 NaN elements became 1"),
    "inf": (np.array([math.inf], F), np.array([1], F), "1 infinite elements became 0"),
    "sign": (np.array([math.inf], F), np.array([-math.inf], F), "changed sign"),
    "place": (np.array([math.nan, 1], F), np.array([1, math.nan], F), "stand elsewhere"),
    "dtype": (np.zeros(2, F), np.zeros(2, np.int32), "dtype float32 became int32"),
    "width": (np.ones(2, F), np.ones(2, np.float64), "dtype float32 became float64"),
    "rank": (np.zeros(2, F), np.zeros((2, 1), F), "shape [2] became [2, 1]"),
    "shape": (np.zeros(2, F), np.zeros(3, F), "shape [2] became [3]"),
    "empty": (None, np.zeros(2, F), "was empty, became a value"),
    "emptied": (np.zeros(2, F), None, "was a value, became empty"),
    "sequence": ([np.zeros(2, F)], [], "1 elements became 0"),
    "element": ([np.zeros(2, F)], [np.zeros(3, F)], "shape [2] became [3]"),
    "kind": ([np.zeros(2, F)], np.zeros(2, F), "was a sequence, became a tensor"),
    "map": ({"a": 1.0}, [1.0], "was a map, became a sequence"),
}


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
@pytest.mark.parametrize(("old", "new", "reason"), BREACHES.values(), ids=BREACHES)
def test_changes_that_count_under_every_effect(old, new, reason, effect):
    found = difference(old, new, effect)
    assert found.status == "breach"
    assert reason in found.reason


DISCRETE_CHANGES = {
    "int": (np.array([1, 2]), np.array([1, 3]), "1 of 2 elements differ"),
    "bool": (np.array([True]), np.array([False]), "1 of 1 elements differ"),
    "int4": (np.array([1], ml_dtypes.int4), np.array([2], ml_dtypes.int4), "1 of 1 elements"),
    "text": (np.array(["a"], object), np.array(["b"], object), "1 of 1 strings differ"),
    "keys": ({"a": 1.0}, {"b": 1.0}, "the keys of the map changed"),
}


@pytest.mark.parametrize(("old", "new", "reason"), DISCRETE_CHANGES.values(), ids=DISCRETE_CHANGES)
def test_discrete_values_that_flip_are_undecided_unless_exact(old, new, reason):
    exact, approximate = (difference(old, new, effect) for effect in (Exact(), Approximate(1e-3)))
    assert (exact.status, approximate.status) == ("breach", "undecided")
    assert reason in exact.reason
    assert reason in approximate.reason


def test_extreme_integers_do_not_overflow():
    old, new = np.array([0], np.uint64), np.array([2**64 - 1], np.uint64)
    assert difference(old, new, Exact()).absolute == 2.0**64


def test_data_dependent_shapes_are_undecided_unless_exact():
    old, new = np.zeros((2, 4), F), np.zeros((3, 4), F)
    options = {"data_dependent": {"y"}}
    assert difference(old, new, Approximate(1e-3), **options).status == "undecided"
    assert difference(old, new, Exact(), **options).status == "breach"


def test_unchecked_outputs_say_so_only_where_they_differ():
    options = {"unchecked": {"y": "random"}}
    found = difference(np.zeros(2), np.ones(2), Exact(), **options)
    assert (found.status, found.reason, found.relative) == ("unchecked", "random", None)
    assert difference(np.zeros(2), np.zeros(2), Exact(), **options).status == "equal"


def test_the_worst_element_of_a_sequence_or_a_map_counts():
    old, new = [np.ones(2), np.ones(2)], [np.ones(2), np.full(2, 1.5)]
    assert difference(old, new, Approximate(0.1)).relative == 0.5
    found = difference({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 2.0}, Approximate(0.1))
    assert (found.status, found.relative) == ("breach", 1.0)


def test_another_float_type_tells_the_distance_all_the_same():
    found = difference(np.array([1.0], F), np.array([1.25], np.float16), Approximate(1.0))
    assert (found.status, found.relative) == ("breach", 0.25)


def test_complex_numbers_are_measured():
    assert difference(np.array([1 + 1j]), np.array([1 + 2j]), Exact()).absolute == 1.0


def test_a_different_number_of_outputs_is_the_caller_s_error():
    with pytest.raises(ValueError, match="zip"):
        compare_outputs([1], [], Exact(), ["y"])
