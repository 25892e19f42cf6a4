"""Inputs from files, functions and Python, and the words for those that do not fit."""

import re
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from passmgr.core.contract import ValueInfo
from passmgr.core.errors import UsageError
from passmgr.core.guard import load_inputs

X = ValueInfo("x", "tensor(float)", ("batch", 3))
IDS = ValueInfo("ids", "tensor(int64)", (None,))
SIGNATURE = [X, IDS]
FEED = {"ids": np.array([1, 2]), "x": np.ones((2, 3), np.float32)}


def assert_is_feed(loaded):
    assert list(loaded) == ["x", "ids"]
    for name, value in loaded.items():
        np.testing.assert_array_equal(value, FEED[name])


def save_pb(folder, *values):
    folder.mkdir(parents=True, exist_ok=True)
    for index, value in enumerate(values):
        message = (
            numpy_helper.from_list(value)
            if isinstance(value, list)
            else numpy_helper.from_array(value)
        )
        (folder / f"input_{index}.pb").write_bytes(message.SerializeToString())


def npz(folder):
    np.savez(folder / "in.npz", **FEED)
    return folder / "in.npz"


def npy(folder):
    for name, value in FEED.items():
        np.save(folder / f"{name}.npy", value)
    return str(folder)


def pb(folder):
    save_pb(folder, FEED["x"], FEED["ids"])
    return folder


@pytest.mark.parametrize("make", [npz, npy, pb])
def test_files(make, tmp_path):
    (loaded,) = load_inputs(make(tmp_path), SIGNATURE)
    assert_is_feed(loaded)


def test_several_test_data_sets_in_numeric_order(tmp_path):
    for number in (0, 2, 10):
        save_pb(tmp_path / f"test_data_set_{number}", FEED["x"] * number, FEED["ids"])
    loaded = load_inputs(tmp_path, SIGNATURE)
    assert [feed["x"][0, 0] for feed in loaded] == [0, 2, 10]


def test_sequences_in_protobuf(tmp_path):
    save_pb(tmp_path, [np.ones(2, np.float32), np.ones(3, np.float32)])
    (loaded,) = load_inputs(tmp_path, [ValueInfo("s", "seq(tensor(float))", None)])
    assert [part.shape for part in loaded["s"]] == [(2,), (3,)]


def test_function_of_a_module_in_the_current_folder(tmp_path, monkeypatch):
    name = f"inputs_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        "import numpy as np\n"
        "def feeds():\n"
        "    while True:\n"
        "        yield {'x': np.ones((2, 3), 'float32'), 'ids': np.array([1, 2])}\n"
    )
    monkeypatch.chdir(tmp_path)
    loaded = load_inputs(f"{name}:feeds", SIGNATURE, limit=3)
    assert len(loaded) == 3
    assert_is_feed(loaded[0])


@pytest.mark.parametrize("spec", [FEED, [FEED], iter([FEED]), lambda: FEED, lambda: [FEED]])
def test_python_values(spec):
    (loaded,) = load_inputs(spec, SIGNATURE)
    assert_is_feed(loaded)


def test_python_numbers_take_the_dtype_of_the_input():
    (loaded,) = load_inputs({"x": [[1, 2, 3]], "ids": [1]}, SIGNATURE)
    assert (loaded["x"].dtype, loaded["ids"].dtype) == (np.float32, np.int64)


FITTING = [
    ("tensor(string)", ["a", "b"]),
    ("tensor(bfloat16)", np.ones(2, ml_dtypes.bfloat16)),
    ("seq(tensor(float))", [np.ones(2)]),
    ("optional(tensor(float))", None),
    ("optional(tensor(float))", np.ones(2, np.float32)),
    ("map(string,float)", {"a": 1.0}),
    ("sparse_tensor(float)", object()),
]


@pytest.mark.parametrize(("type_", "value"), FITTING)
def test_values_of_every_kind_pass(type_, value):
    (loaded,) = load_inputs({"v": value}, [ValueInfo("v", type_, None)])
    assert list(loaded) == ["v"]


def bad_npz(folder):
    (folder / "in.npz").write_bytes(b"PK\3\4 no zip")
    return folder / "in.npz"


def junk_npz(folder):
    (folder / "in.npz").write_bytes(b"\0junk" * 9)
    return folder / "in.npz"


def one_array(folder):
    np.save(folder / "in.npy", np.ones(2))
    return folder / "in.npy"


def bad_npy(folder):
    (folder / "x.npy").write_bytes(b"nothing")
    return folder


def bad_pb(folder):
    (folder / "input_0.pb").write_bytes(b"\xff\xff\xff")
    return folder


def extra_pb(folder):
    save_pb(folder, FEED["x"], FEED["ids"], FEED["ids"])
    return folder


def empty_folder(folder):
    return folder


def text(value):
    return lambda folder: value


def feed(**changes):
    return lambda folder: {**FEED, **changes}


REFUSED = {
    "bad npz": (bad_npz, r"in.npz' cannot be read as .npz"),
    "junk npz": (junk_npz, r"in.npz' cannot be read as .npz$"),
    "raising": (text("math:sqrt"), r"'math:sqrt' raised TypeError: "),
    "one array": (one_array, r"in.npy' holds one array; name the arrays in an .npz file"),
    "bad npy": (bad_npy, r"x.npy' cannot be read as .npy"),
    "bad pb": (bad_pb, r"input_0.pb' is no tensor\(float\) in protobuf"),
    "extra pb": (extra_pb, r"input_2.pb' is for input 2, the model has 2 from 0 on"),
    "empty folder": (empty_folder, r"holds no .npy and no input_\*.pb files"),
    "nothing": (text("absent"), r"'absent' is no file, no folder and no function such as"),
    "no module": (text("absent_module:f"), r"module 'absent_module' of 'absent_module:f' is not"),
    "no name": (text("math:absent"), r"module 'math' has no function 'absent'"),
    "no function": (text("math:pi"), r"'math:pi' is no function"),
    "odd result": (text(lambda: 3), r"the function must give a mapping .*, not int"),
    "odd element": (text([3]), r"what was given must give mappings .*, not int"),
    "none": (text([]), r"what was given has no set of inputs"),
    "unknown": (feed(y=1), r"the model has no input 'y'; it has 'x', 'ids'"),
    "missing": (text({"x": FEED["x"]}), r"'ids' \(tensor\(int64\)\) is missing; given are 'x'"),
    "dtype": (feed(x=np.ones((2, 3))), r"input 'x' takes dtype float32, got float64"),
    "plain dtype": (feed(ids=[1.5]), r"input 'ids' takes dtype int64, got float64"),
    "rank": (feed(x=np.ones(3, np.float32)), r"'x' takes rank 2, shape \[batch, 3\], got \[3\]"),
    "dim": (feed(x=np.ones((2, 4), np.float32)), r"takes shape \[batch, 3\], got \[2, 4\]"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_inputs_say_which_what_and_what_instead(make, message, tmp_path):
    with pytest.raises(UsageError) as caught:
        load_inputs(make(tmp_path), SIGNATURE)
    assert str(caught.value).startswith("inputs: ")
    assert "\n" not in str(caught.value)
    assert re.search(message, str(caught.value))


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("seq(tensor(float))", 3, "takes a list, got int"),
        ("map(string,float)", 3, "takes a mapping, got int"),
    ],
)
def test_refused_containers(type_, value, message):
    with pytest.raises(UsageError, match=message):
        load_inputs({"v": value}, [ValueInfo("v", type_, None)])


def test_the_shipped_example_has_what_onnx_writes(tmp_path):
    # The layout of the onnx package's backend tests, written by its own functions.
    message = onnx.helper.make_tensor("x", onnx.TensorProto.FLOAT, (1, 3), [1, 2, 3])
    folder = Path(tmp_path) / "test_data_set_0"
    folder.mkdir()
    onnx.save_tensor(message, folder / "input_0.pb")
    (loaded,) = load_inputs(tmp_path, [X])
    np.testing.assert_array_equal(loaded["x"], [[1, 2, 3]])
