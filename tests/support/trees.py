"""Random pipelines: all trees and values, nasty ones included."""

from __future__ import annotations

from hypothesis import strategies as st

from passmgr.core.pipeline import Call, Pipeline, Repeat

names = st.builds(str.__add__, st.sampled_from("azAZ_éж"), st.text("aZ_é0٣.-", max_size=6))
nasty_texts = st.sampled_from(
    ["", "true", "none", "inf", "nan", "-inf", "1", "1e5", "repeat", "a b", "'", '"', "\\", "#",
     "\ud800", "\u2028", "\x00", "\x7f", "\n\r\t", "]", "}", ",", "./a", "a/b.npz", "8bit", "é"]
)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, categories=None))
    | nasty_texts
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
calls = st.builds(
    Call,
    names,
    st.dictionaries(names, values, max_size=3).map(lambda options: tuple(options.items())),
)
pipelines = st.recursive(
    st.lists(calls, max_size=3).map(lambda items: Pipeline(tuple(items))),
    lambda inner: st.lists(calls | st.builds(Repeat, st.integers(1, 10**6), inner), max_size=3).map(
        lambda items: Pipeline(tuple(items))
    ),
    max_leaves=6,
)
