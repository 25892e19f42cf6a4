"""The reference: whatever is declared is documented, each with a text that says something."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator

import click
import pytest

from passmgr.core import errors
from passmgr.core.cli.app import EXIT_CODES, VERBS, app
from passmgr.core.contract import Pass, option_specs
from passmgr.core.docs.reference import reference_pages
from passmgr.core.errors import PassmgrError, UsageError
from passmgr.core.registry import KINDS, Registry, hookspecs, load_registry
from passmgr.core.testing import CHECKS
from passmgr.core.testing.suite import label

REGISTRY = load_registry(plugins=False)
PAGES = reference_pages(REGISTRY)

Thing = tuple[str, str, str]
"""What has to be documented: the page, the heading that it stands under, its name."""


def registered(kind: str, page: str) -> Iterator[Thing]:
    for name in REGISTRY.entries(kind):  # type: ignore[arg-type]
        yield page, "", name


def passes() -> Iterator[Thing]:
    yield from registered("passes", "passes.md")


def options() -> Iterator[Thing]:
    for name in REGISTRY.entries("passes"):
        for spec in option_specs(REGISTRY.pass_class(name)):
            yield "passes.md", name, spec.name
    for name in REGISTRY.entries("analyses"):
        for spec in option_specs(REGISTRY.analysis(name)):
            yield "analyses.md", name, spec.name


def analyses() -> Iterator[Thing]:
    yield from registered("analyses", "analyses.md")


def facts() -> Iterator[Thing]:
    yield from registered("facts", "facts.md")


def pipelines() -> Iterator[Thing]:
    yield from registered("pipelines", "pipelines.md")


def bridges() -> Iterator[Thing]:
    for kind in KINDS:
        if kind not in ("passes", "analyses", "facts", "pipelines"):
            yield from registered(kind, "bridges.md")


def hooks() -> Iterator[Thing]:
    manager = REGISTRY._hooks
    for name in vars(manager.hook):
        if name.startswith(hookspecs.HOOK_PREFIX):
            yield "hooks.md", "", name


def error_classes() -> Iterator[Thing]:
    for name, found in vars(errors).items():
        if isinstance(found, type) and issubclass(found, PassmgrError):
            yield "errors.md", "", name


def exit_codes() -> Iterator[Thing]:
    codes = {int(code) for code in re.findall(r"^ +(\d+) ", EXIT_CODES, re.MULTILINE)}
    codes |= {getattr(errors, name).exit_code for _, _, name in error_classes()}
    for code in sorted(codes | {130}):
        yield "errors.md", "Exit codes", str(code)


def verbs() -> Iterator[Thing]:
    for name in VERBS:
        yield "command-line.md", "", name


def verb_options() -> Iterator[Thing]:
    context = click.Context(app)
    for parameter in app.params:
        yield "command-line.md", "Options of all verbs", parameter.opts[0]
    for verb in VERBS:
        yield "command-line.md", verb, "-h"
        command = app.get_command(context, verb)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                for option in parameter.opts:
                    yield "command-line.md", verb, option


def checks() -> Iterator[Thing]:
    for kind, found in CHECKS.items():
        for name in found:
            yield "checks.md", "", label(kind, name)


def declarations() -> Iterator[Thing]:
    for name in Pass.__annotations__:
        yield "declarations.md", "Declarations of a pass", name


def python_names() -> Iterator[Thing]:
    for module in ("passmgr", "passmgr.core.contract", "passmgr.core.testing"):
        for name in importlib.import_module(module).__all__:
            yield "python.md", "", name


ALL: list[Callable[[], Iterator[Thing]]] = [
    passes,
    options,
    analyses,
    facts,
    pipelines,
    bridges,
    hooks,
    error_classes,
    exit_codes,
    verbs,
    verb_options,
    checks,
    declarations,
    python_names,
]


def section(text: str, title: str) -> str:
    """Return what stands under the first heading of that name, up to the next one."""
    heading = rf"^#+ `?{re.escape(title)}`?(?: \{{#[^}}]*\}})?\n"
    found = re.search(rf"{heading}(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def description(text: str, under: str, name: str) -> str:
    """Return what a page says of a thing: a cell, or what stands before the first table."""
    if under:
        for row in section(text, under).splitlines():
            cells = row[2:-2].split(" | ")
            if f"`{name}`" in cells[0].split(", "):
                told = cells[1] if under == "Exit codes" else cells[-1]
                return told.strip()
        return ""
    after_signature = re.sub(r"\A\s*```.*?```", "", section(text, name), flags=re.DOTALL)
    return re.split(r"^(?:\||```)", after_signature, maxsplit=1, flags=re.MULTILINE)[0].strip()


def undocumented(pages: dict[str, str], things: Iterator[Thing]) -> list[str]:
    return [
        f"{name} {f'of {under} ' * bool(under)}in {page}"
        for page, under, name in things
        if len(description(pages[page], under, name)) < 4
    ]


@pytest.mark.parametrize("things", ALL)
def test_all_are_documented(things: Callable[[], Iterator[Thing]]) -> None:
    assert list(things())
    assert undocumented(PAGES, things()) == []


@pytest.mark.parametrize("things", ALL)
def test_missing_one_is_noticed(things: Callable[[], Iterator[Thing]]) -> None:
    page, under, name = list(things())[-1]
    where = under or name
    text = PAGES[page]
    part = section(text, where)
    without = (
        re.sub(rf"^\| .*`{re.escape(name)}`.*\n", "", part, flags=re.MULTILINE) if under else ""
    )
    assert without != part
    pages = PAGES | {page: text.replace(part, without)}
    assert [told for told in undocumented(pages, things()) if told.startswith(f"{name} ")]


@pytest.mark.parametrize("things", ALL)
def test_empty_description_is_noticed(things: Callable[[], Iterator[Thing]]) -> None:
    page, under, name = next(things())
    told = description(PAGES[page], under, name)
    assert told
    pages = PAGES | {page: PAGES[page].replace(told, "")}
    assert [told for told in undocumented(pages, things()) if told.startswith(f"{name} ")]


class Plugin:
    """A plugin of somebody else."""

    def __init__(self, doc: str) -> None:
        self.doc = doc

    def registry(self) -> Registry:
        from passmgr import hookimpl, pass_

        def nothing(model: object, ctx: object) -> None: ...

        nothing.__doc__ = self.doc
        made = pass_(nothing, name="acme-nothing")

        class Plugin:
            @hookimpl
            def passmgr_register(self, registry: object) -> None:
                registry.add_pass("acme-nothing", made)  # type: ignore[attr-defined]

        return load_registry(plugins=False, extra=[Plugin()])


def test_others_are_documented_when_asked_for() -> None:
    registry = Plugin("Do nothing, at no cost.").registry()
    assert "acme-nothing" not in reference_pages(registry)["passes.md"]
    text = reference_pages(registry, [""])["passes.md"]  # from Python: of no distribution
    assert "Do nothing, at no cost." in description(text, "", "acme-nothing")


def test_pass_without_documentation_is_refused() -> None:
    with pytest.raises(PassmgrError, match=r"pass 'acme-nothing' .* has no documentation"):
        reference_pages(Plugin("").registry(), [""])


def test_unknown_distribution_is_told() -> None:
    with pytest.raises(UsageError, match="distribution 'acme' brings no plugin that is loaded"):
        reference_pages(REGISTRY, ["acme"])
