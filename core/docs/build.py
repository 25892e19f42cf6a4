"""Build the site: the pages of this room and the reference, by MkDocs, so that it works offline."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError, PassmgrError, UsageError
from ..registry import load_registry
from .picture import plan_picture
from .reference import reference_pages

if TYPE_CHECKING:
    from ..registry import Registry

MARK = ".passmgr-docs"
"""The file that tells a folder made here, which may be made again."""

PLAN_SHOWN = "fold-constants, merge-reshapes, sort, remove-unused"
"""The pipeline whose plan is shown as a picture: one pass is moved, one is inserted."""

FILE_MARK = re.compile(r"^<!-- file: (\S+?)(?:,[^\n]*)? -->$", re.MULTILINE)
"""The comment before a block of code that is a file; the site shows its name."""

SHADES = {"": "default", "[data-bs-theme=dark] ": "github-dark"}
"""Styles of Pygments for blocks of code, by what the selector says of the colour mode."""


def build(
    output: str | Path, *, plugins: Collection[str] = (), registry: Registry | None = None
) -> Path:
    """Write the documentation as a site into the folder ``output``, and return its path.

    The site needs no network. A broken link fails the build.

    Args:
        output: The folder; it must not exist, be empty, or be a site that was built here.
        plugins: Distributions whose passes and bridges are documented besides the built-in ones.
        registry: What is registered; by default all that is installed.

    Raises:
        UsageError: MkDocs is not installed, or a distribution brings no plugin.
        OutputError: The folder holds something else, or cannot be written; it is as it was.
        PassmgrError: A page has a broken link or another fault.
    """
    output = Path(output)
    _check_free(output)
    try:
        import mkdocs  # noqa: F401 - it is there, or this is told
    except ImportError as error:
        raise UsageError(
            f"the documentation is built by MkDocs, which cannot be imported ({error}); "
            "install it by pip install 'passmgr[docs]'"
        ) from error
    try:
        with tempfile.TemporaryDirectory(dir=output.absolute().parent, prefix=".docs-") as folder:
            sources, site = Path(folder, "sources"), Path(folder, "site")
            write_sources(sources, registry or load_registry(plugins=bool(plugins)), plugins)
            _make_site(sources, site)
            (site / MARK).write_text(f"made by passmgr {version('passmgr')}\n", encoding="utf-8")
            if output.exists():
                shutil.rmtree(output)
            site.rename(output)
    except OSError as error:
        raise OutputError(f"'{output}' cannot be written: {error.strerror}") from error
    return output


def write_sources(folder: Path, registry: Registry, plugins: Collection[str] = ()) -> None:
    """Write all sources of the site into the new ``folder``."""
    with resources.as_file(resources.files(__package__) / "pages") as pages:
        shutil.copytree(pages, folder)
    for page in folder.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(FILE_MARK.sub(r"`\1`\n{: .file }\n", text), encoding="utf-8")
    reference = folder / "reference"
    reference.mkdir()
    for name, text in reference_pages(registry, plugins).items():
        (reference / name).write_text(text, encoding="utf-8")
    picture = plan_picture(PLAN_SHOWN, registry)
    (folder / "pictures" / "plan.svg").write_text(picture, encoding="utf-8")
    (folder / "code.css").write_text(_code_style(), encoding="utf-8")


def _check_free(output: Path) -> None:
    if not output.absolute().parent.is_dir():
        raise OutputError(f"the folder '{output.parent}', to hold it, does not exist")
    if output.is_dir() and not output.is_symlink():
        if (output / MARK).is_file() or not any(output.iterdir()):
            return
        raise OutputError(
            f"'{output}' holds files that were not made here; nothing was changed; choose another "
            "folder, or empty it"
        )
    if output.exists() or output.is_symlink():
        raise OutputError(f"'{output}' is no folder; nothing was changed")


def _make_site(sources: Path, site: Path) -> None:
    from mkdocs.commands.build import build as mkdocs_build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    with resources.as_file(resources.files(__package__) / "mkdocs.yml") as path:
        try:
            config = load_config(str(path), docs_dir=str(sources), site_dir=str(site), strict=True)
            mkdocs_build(config)
        except MkDocsException as error:
            raise PassmgrError(f"the documentation is not sound: {error}") from error


def _code_style() -> str:
    from pygments.formatters import HtmlFormatter

    return "\n".join(
        HtmlFormatter(style=style).get_style_defs(f"{mode}.codehilite")
        for mode, style in SHADES.items()
    )
