"""The site: built strictly, without network, into a folder that is ours or new."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from passmgr.core.docs.__main__ import main
from passmgr.core.docs.build import MARK, PLAN_SHOWN, build, write_sources
from passmgr.core.docs.picture import plan_picture
from passmgr.core.docs.reference import reference_pages
from passmgr.core.errors import OutputError, PassmgrError
from passmgr.core.registry import load_registry

REGISTRY = load_registry(plugins=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("docs") / "site", registry=REGISTRY)


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = Path(__file__).parents[3] / "core/docs/pages"
    made = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {f"{path.stem}.html" for path in pages.glob("*.md")} <= made
    assert {f"reference/{name[:-3]}.html" for name in reference_pages(REGISTRY)} <= made
    assert "fold-constants" in (site / "reference/passes.html").read_text()


def test_name_of_a_file_stands_before_it(site: Path) -> None:
    text = (site / "write-a-pass.html").read_text()
    names = re.findall(r'<p class="file"><code>(.*?)</code></p>\s*<div class="codehilite', text)
    assert names[:2] == ["dropout.py", "model.onnxtxt"]
    assert "file: " not in text


def test_site_loads_nothing_from_the_network(site: Path) -> None:
    loaded = r'<(?:link|script|img|source|iframe)\b[^>]*?(?:href|src)="((?:https?:)?//[^"]+)"'
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert re.findall(loaded, text) == [], path
        assert re.findall(r"@import[^;]*//|url\([\"']?(?:https?:)?//", text) == [], path


def test_site_has_no_page_address_that_needs_a_server(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="promises.html"' in index
    assert all((site / link).exists() for link in re.findall(r'href="(\w[\w/.-]*\.html)"', index))


def test_own_folder_is_made_again(site: Path) -> None:
    (site / "left-over.html").touch()
    assert build(site, registry=REGISTRY) == site
    assert not (site / "left-over.html").exists()


def test_other_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files that were not made here"):
        build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "error"), [("file", "is no folder"), ("none/site", "the folder 'none'.* does not")]
)
def test_place_that_cannot_be_is_refused(
    name: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(OutputError, match=error):
        build(name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#nowhere"])
def test_broken_link_fails_and_leaves_nothing(
    link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_broken_link(folder: Path, *arguments: object) -> None:
        write_sources(folder, *arguments)  # type: ignore[arg-type]
        with (folder / "index.md").open("a") as page:
            page.write(f"\n[broken]({link})\n")

    monkeypatch.setattr("passmgr.core.docs.build.write_sources", with_broken_link)
    with pytest.raises(PassmgrError, match=r"the documentation is not sound: .*warning"):
        build(tmp_path / "site", registry=REGISTRY)
    assert list(tmp_path.iterdir()) == []


def test_missing_mkdocs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mkdocs", None)
    assert main([str(tmp_path / "site")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "pip install 'passmgr[docs]'" in told
    assert list(tmp_path.iterdir()) == []


def test_unknown_plugin_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "site"), "--plugin", "acme"]) == 2
    assert "distribution 'acme' brings no plugin" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_mark_says_who_made_the_folder(site: Path) -> None:
    assert (site / MARK).read_text().startswith("made by passmgr ")


def test_picture_is_that_of_the_plan() -> None:
    picture = ElementTree.fromstring(plan_picture(PLAN_SHOWN, REGISTRY))
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert words.count("sort") == 2  # as it was written, and where it runs
    assert words.count("fix-names") == 1
    assert words.count("moved") == words.count("inserted") == 1
    assert words[-1] == "sorted, constants-folded, names-unique"
