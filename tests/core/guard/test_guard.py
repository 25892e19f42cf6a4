"""The guard: what it records, what it says of a model that came of it, what it leaves open."""

import gc
import re
import weakref
from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from passmgr.core.contract import Approximate, Exact, Lossy
from passmgr.core.errors import RuntimeFailure, UsageError
from passmgr.core.guard import Guard, guard
from passmgr.plugins.runtimes.onnxruntime import OnnxRuntime


def parse(text, opset=18):
    head = f'<ir_version: 8, opset_import: ["" : {opset}]> '
    return ir.from_proto(onnx.parser.parse_model(head + text))


ADD = "g (float[n, 3] x) => (float[n, 3] y) <float w = {%s}> { y = Add(x, w) }"


class CountingRuntime(OnnxRuntime):
    """Counts sessions that are alive."""

    def __init__(self):
        self.sessions = weakref.WeakSet()

    def session(self, *arguments, **options):
        session = super().session(*arguments, **options)
        self.sessions.add(session)
        return session


def judge(before, after, effect=None, **options):
    watch = Guard(OnnxRuntime(), **options)
    return watch.judge(watch.record(before), after, effect or Exact())


def test_the_same_model_passes_and_says_on_what():
    verdict = judge(parse(ADD % 1), parse(ADD % 1))
    assert (verdict.status, verdict.drift) == ("passed", 0.0)
    assert verdict.reason == "1 of 1 outputs compared on 2 sets of synthesized inputs"
    assert [choice[:7] for choice in verdict.choices] == ["batch 2", "batch 1"]
    assert verdict.to_json()["synthesized"] == list(verdict.choices)


def test_what_was_chosen_is_said_where_there_was_a_choice():
    fixed = parse("g (float[2, 3] x) => (float[2, 3] y) { y = Neg(x) }")
    reference = Guard(OnnxRuntime()).record(fixed)
    assert (reference.source, reference.choices) == ("synthesized inputs", ("floats normal",))
    assert "batch 1, others 8, floats" in Guard(OnnxRuntime()).record(parse(ADD % 1)).choices[1]


def test_given_inputs_are_named_as_such():
    feeds = [{"x": np.ones((2, 3), np.float32)}] * 2
    assert "on 2 sets of given inputs" in judge(parse(ADD % 1), parse(ADD % 1), inputs=feeds).reason


def test_a_breach_names_the_output_and_the_distance():
    verdict = judge(parse(ADD % 1), parse(ADD % 1.5))
    assert verdict.status == "breach"
    assert verdict.reason.startswith("output 'y' moved by ")
    assert verdict.differences[0].absolute == pytest.approx(0.5)


def test_the_effect_decides():
    before, after = parse(ADD % 1), parse(ADD % 1.0001)
    assert judge(before, after, Exact()).status == "breach"
    assert judge(before, after, Approximate(1e-2)).status == "passed"
    assert judge(before, after, Lossy()).status == "passed"
    assert judge(before, after, Lossy()).drift > 0


def test_a_batch_frozen_to_one_size_is_a_breach():
    after = parse("g (float[n, 3] x) => (float[n, 3] y)<int64[2] s={2,3}> {y = Reshape(x, s)}")
    before = parse("g (float[n, 3] x) => (float[n, 3] y) { y = Identity(x) }")
    verdict = judge(before, after)
    assert verdict.status == "breach"


def test_an_original_that_does_not_run_is_unverified_in_the_runtime_s_words():
    odd = parse("g (float[2] x) => (float[2] y) { y = my.Unknown(x) }")
    verdict = judge(odd, parse(ADD % 1))
    assert verdict.status == "unverified"
    assert re.match("the original does not run: ONNX Runtime: .*my", verdict.reason)


def test_an_original_that_accepts_no_inputs_is_unverified():
    odd = parse("g (float[2] x) => (float[n] y) <int64[1] s = {7}> { y = Reshape(x, s) }")
    verdict = judge(odd, odd)
    assert verdict.status == "unverified"
    assert "cannot be reshaped" in verdict.reason


def test_a_new_model_that_does_not_load_or_run_is_a_breach():
    before = parse("g (float[2] x) => (float[2] y) { y = Neg(x) }")
    unloadable = parse("g (float[2] x) => (float[2] y) { y = my.Unknown(x) }")
    other_input = parse("g (float[2] z) => (float[2] y) { y = Neg(z) }")
    assert judge(before, unloadable).reason.startswith("ONNX Runtime: ")
    assert judge(before, unloadable).status == "breach"
    assert judge(before, other_input).status == "breach"


def test_renamed_outputs_are_a_breach():
    before = parse("g (float[2] x) => (float[2] y) { y = Neg(x) }")
    verdict = judge(before, parse("g (float[2] x) => (float[2] z) { z = Neg(x) }"), Lossy())
    assert (verdict.status, verdict.reason) == ("breach", "outputs 'y' became 'z'")


def test_inputs_that_do_not_fit_are_the_user_s_error():
    with pytest.raises(UsageError, match="input 'x' takes rank 2"):
        judge(parse(ADD % 1), parse(ADD % 1), inputs={"x": np.ones(3, np.float32)})


def test_models_over_the_limit_are_not_run():
    verdict = judge(parse(ADD % 1), parse(ADD % 2), size_limit_bytes=3)
    assert verdict.status == "unverified"
    assert "the original has weights of 4 bytes, over the limit of 3 bytes" in verdict.reason


def test_only_some_sets_of_inputs_are_taken_from_an_endless_source():
    def endless():
        while True:
            yield {"x": np.ones((1, 3), np.float32)}

    watch = Guard(OnnxRuntime(), endless())
    for _ in range(2):
        assert len(watch.record(parse(ADD % 1)).inputs) == guard.MOST_INPUTS


RANDOM = (
    "g (float[2] x) => (float[2] y, float[2] z)"
    "{ %s r = RandomNormal<shape=[2]%s>() y = Add(r, x) z = Neg(x) }"
)
SHIFT = "unused = Identity(x)"
"""ONNX Runtime seeds an unseeded op by its position among the nodes."""


def test_outputs_of_unseeded_random_ops_are_unchecked_and_the_others_are_not():
    model, moved = parse(RANDOM % ("", "")), parse(RANDOM % (SHIFT, ""))
    verdict = judge(model, moved)
    assert [difference.status for difference in verdict.differences] == ["unchecked", "equal"]
    assert verdict.status == "passed"
    assert "1 of 2 outputs" in verdict.reason
    assert "'y' unchecked: it depends on a random op without a seed" in verdict.reason
    after = parse((RANDOM % (SHIFT, "")).replace("Neg", "Abs"))
    assert judge(model, after).status == "breach"


def test_seeded_random_ops_are_compared():
    model, moved = (parse(RANDOM % (shift, ", seed=1.0")) for shift in ("", SHIFT))
    assert [d.status for d in judge(model, moved).differences] == ["equal", "equal"]
    assert judge(model, parse(RANDOM % ("", ", seed=2.0"))).status == "breach"


def test_seeded_random_ops_are_compared_after_refused_candidates():
    # Only a batch of 1 is accepted, so the first candidate fails half-way and draws.
    model = parse(
        "g (float[n] x) => (float[1] y) <int64[1] s = {1}>"
        "{ r = RandomNormalLike<seed=1.0>(x) q = Add(r, x) y = Reshape(q, s) }"
    )
    assert judge(model, model).status == "passed"


def test_random_ops_in_branches_and_functions_make_their_outputs_unchecked():
    branch = (
        "g (bool c, float[2] x) => (float[2] y) { y = If (c) <"
        "then_branch = t () => (float[2] a) { %s a = RandomNormal<shape=[2]>() },"
        "else_branch = e () => (float[2] b) { %s b = RandomNormal<shape=[2]>() }> }"
    )
    function = (
        '<ir_version: 8, opset_import: ["" : 18, "f" : 1]> g (float[2] x) => (float[2] y)'
        '{ %s y = f.Noise(x) } <domain: "f", opset_import: ["" : 18]>'
        "Noise (a) => (b) { r = RandomNormalLike(a) b = Add(a, r) }"
    )
    models = [[parse(branch % (s, s)) for s in ("", SHIFT)]]
    models += [[ir.from_proto(onnx.parser.parse_model(function % s)) for s in ("", SHIFT)]]
    for model, moved in models:
        verdict = judge(model, moved)
        assert verdict.status == "unverified"
        assert verdict.differences[0].status == "unchecked"


def test_data_dependent_shapes_are_undecided():
    text = "g (float[4] x) => (int64[1, n] y) <float t = {%s}>{ b = Greater(x, t) y = NonZero(b) }"
    feeds = {"x": np.array([0.1, 0.2, 0.3, 0.4], np.float32)}
    before, after = parse(text % 0.15), parse(text % 0.25)
    verdict = judge(before, after, Approximate(1e-3), inputs=feeds)
    assert (verdict.status, verdict.differences[0].status) == ("unverified", "undecided")
    assert judge(before, after, Exact(), inputs=feeds).status == "breach"


def test_inputs_in_the_domain_of_the_model_are_preferred():
    reference = Guard(OnnxRuntime()).record(parse("g (float[2] x) => (float[2] y) {y = Acosh(x)}"))
    assert np.isfinite(reference.outputs[0][0]).all()
    assert "floats between 1 and 2" in reference.choices[0]


def test_loops_and_branches_are_compared():
    text = (
        "g (float[2] x) => (float[2] y) <int64 n = {3}, bool c = {1}> { y = Loop(n, c, x) <body ="
        "b (int64 k, bool d, float[2] v) => (bool e, float[2] o) { e = Identity(d) o = %s(v, v) }>}"
    )
    assert judge(parse(text % "Add"), parse(text % "Add")).status == "passed"
    assert judge(parse(text % "Add"), parse(text % "Sub")).status == "breach"


def test_the_next_reference_has_the_new_outputs_on_the_same_inputs():
    watch = Guard(OnnxRuntime())
    reference = watch.record(parse(ADD % 1))
    after = parse(ADD % 2)
    verdict = watch.judge(reference, after, Lossy())
    for following in (verdict.current, watch.advance(reference, after)):
        assert following.inputs == reference.inputs
        assert watch.judge(following, after, Exact()).status == "passed"
    with pytest.raises(RuntimeFailure):
        watch.advance(reference, parse("g (float[2] x) => (float[2] y) { y = my.Unknown(x) }"))


def test_a_file_is_judged_and_recorded_as_the_model_is(tmp_path):
    path = tmp_path / "m.onnx"
    ir.save(parse(ADD % 1), path)
    watch = Guard(OnnxRuntime())
    reference = watch.record(parse(ADD % 1), path)
    assert watch.judge(reference, path, Exact()).status == "passed"


def test_no_session_is_kept():
    runtime = CountingRuntime()
    watch = Guard(runtime)
    watch.judge(watch.record(parse(ADD % 1)), parse(ADD % 2), Exact())
    gc.collect()
    assert not runtime.sessions


def test_judging_leaves_the_model_alone():
    model = parse(ADD % 1)
    text = ir.to_proto(model).SerializeToString(deterministic=True)
    judge(model, model)
    assert ir.to_proto(model).SerializeToString(deterministic=True) == text


def test_a_verdict_as_json():
    found = judge(parse(ADD % 1), parse(ADD % "nan")).to_json()
    assert found["status"] == "breach"
    assert found["drift"] == found["outputs"][0]["relative"] == "inf"


HALF = """g (float16[n,8] x) => (float[n,8] y) <float16[8] w = {1, 2, 3, 4, 5, 6, 7, 8}> {
    r = Sqrt(w)  a = Mul(x, r)  e = Tanh(a)  c = Cast<to = 1>(e)  y = Neg(c) }"""


def test_half_precision_may_be_rounded_elsewhere_and_no_further():
    watch, model = Guard(OnnxRuntime()), parse(HALF)
    reference = watch.record(model)
    assert reference.half_eps == 2**-10
    for factor, status in ((1.001, "passed"), (1.01, "breach")):
        outputs = tuple(
            tuple(np.float32(factor) * value for value in run) for run in reference.outputs
        )
        moved = replace(reference, outputs=outputs)
        assert watch.judge(moved, model, Exact()).status == status


def test_no_precision_but_half_is_widened():
    assert Guard(OnnxRuntime()).record(parse(ADD % 1)).half_eps == 0


def test_an_outcome_must_load_where_the_original_loads_but_does_not_run():
    watch = Guard(OnnxRuntime())
    head = "g (float[a, b] x) => (float[c, d] y) <int64[2] s = {7, 0}, int64[2] t = {11, 13}> "
    reference = watch.record(parse(head + "{ u = Reshape(x, s) y = Reshape(u, t) }"))
    assert reference.loads
    assert "does not run" in reference.problem
    fine = parse(head + "{ y = Neg(x) }")
    broken = ir.from_onnx_text(
        '<ir_version: 8, opset_import: ["" : 18, "my" : 1]> '
        "g (float[a, b] x) => (float[c, d] y) { y = my.Nothing(x) }"
    )
    assert watch.judge(reference, fine, Exact()).reason.startswith("it loads; the original does")
    assert watch.judge(reference, broken, Exact()).status == "breach"
    assert watch.judge(replace(reference, loads=False), broken, Exact()).status == "unverified"


DEFAULTS = """g (float[n, 3] x, float w, int64[2] s) => (float[n, 3] y)
    <float w = {2}, int64[2] s = {0, 3}> { a = Mul(x, w)  y = Reshape(a, s) }"""


def test_a_default_taken_for_a_constant_is_a_breach():
    folded = DEFAULTS.replace("Mul(x, w)", "Add(x, x)")
    verdict = judge(parse(DEFAULTS), parse(folded))
    assert verdict.status == "breach"
    assert verdict.choices[-1] == "with other values for the inputs that have defaults"
    assert judge(parse(DEFAULTS), parse(DEFAULTS)).status == "passed"


def test_other_values_for_defaults_are_kept_from_models_that_do_not_take_them():
    inputs = Guard(OnnxRuntime()).record(parse(DEFAULTS)).inputs
    # As the shape [1, 4] the second default does not fit: only the first is changed.
    assert [set(feed) for feed in inputs] == [{"x"}, {"x"}, {"x", "w"}]
    assert inputs[-1]["w"] == 1.25


def test_initializers_of_old_models_are_constants():
    text = DEFAULTS.replace(", int64[2] s)", ")").replace("s = {0, 3}", "s = {0, 3}")
    model = parse(text)
    model.ir_version = 3
    assert all(set(feed) == {"x"} for feed in Guard(OnnxRuntime()).record(model).inputs)


def test_no_dropout_is_put_into_training():
    text = "g (float[3] x, float r, bool m) => (float[3] y) <float r = {0.5}, bool m = {0}> "
    model = parse(text + "{ y = Dropout<seed = 1>(x, r, m) }")
    inputs = Guard(OnnxRuntime()).record(model).inputs
    assert [set(feed) for feed in inputs] == [{"x"}, {"x", "r"}]


DROPOUT = "g (float[8] x) => (float[8] y) <float r={0.5}, bool t={1}> {y = Dropout(x, r, t)}"


def test_what_was_drawn_must_still_be_drawn():
    settled = parse("g (float[8] x) => (float[8] y) { y = Identity(x) }")
    verdict = judge(parse(DROPOUT), settled, Approximate(1e-2))
    assert verdict.status == "breach"
    assert verdict.reason == "output 'y' was drawn at random, and is the same in every run now"
    assert judge(parse(DROPOUT), parse(DROPOUT)).status == "unverified"
    assert judge(parse(DROPOUT), settled, Lossy()).status != "breach"


def test_an_output_of_few_values_is_not_taken_for_drawn():
    coin = "g (float[8] x) => (bool[1] y) { d = RandomUniform<shape=[1]>() h = Cast<to=9>(d) %s }"
    reference = Guard(OnnxRuntime()).record(parse(coin % "y = Not(h)"))
    assert reference.drawn == frozenset()
