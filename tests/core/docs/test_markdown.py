"""Docstrings to Markdown."""

from __future__ import annotations

import pytest

from passmgr.core.docs.markdown import docstring, prose, section_entries, table

DOC = """Do it; see :func:`other`.

    The stars * and <angles> are kept, ``code * too``.

        run(it)

    Args:
        a: What it
            works on.
        **more: And the rest.

    Raises:
        ValueError: It cannot.

    Returns:
        Nothing of note: really.
    """


def test_docstring_becomes_markdown() -> None:
    assert docstring(DOC).split("\n\n") == [
        "Do it; see `other`.",
        "The stars \\* and \\<angles> are kept, `code * too`.",
        "```python\nrun(it)\n```",
        "| argument | meaning |\n| --- | --- |\n| `a` | What it works on. |\n"
        "| `more` | And the rest. |",
        "| raises | meaning |\n| --- | --- |\n| `ValueError` | It cannot. |",
        "**Returns:** Nothing of note: really.",
    ]


def test_entries_of_a_section() -> None:
    assert section_entries(DOC, "Args") == {"a": "What it works on.", "more": "And the rest."}
    assert section_entries(DOC, "Yields") == {}


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a_b", "a\\_b"),
        ("``a_b``", "`a_b`"),
        (":meth:`~x.replace` [0]", "`x.replace` \\[0]"),
    ],
)
def test_prose_is_taken_literally(text: str, markdown: str) -> None:
    assert prose(text) == markdown


def test_bar_does_not_end_a_cell() -> None:
    assert table(["a"], [["`x|y` x|y"]]).splitlines()[-1] == "| `x|y` x&#124;y |"
