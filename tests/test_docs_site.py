"""`make docs`: every page is there, no link is dead, the gallery gives what it says."""

import importlib.util
import json
import re
from html.parser import HTMLParser

import nbformat
import pytest

import kansen_analysis
from kansen_analysis.errors import RenderError
from kansen_analysis.programme.workspace import root
from kansen_analysis.publish import links
from kansen_analysis.words.frame import DUTCH

ROOT = root()


@pytest.fixture(scope="module")
def docs():
    found = importlib.util.spec_from_file_location("docs_site", ROOT / "docs" / "make_site.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(docs, tmp_path_factory):
    output = tmp_path_factory.mktemp("docs") / "site"
    docs.write(output)
    return output


class Ids(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.lang = [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids += [named["id"]] if "id" in named else []
        self.lang = named.get("lang", self.lang) if tag == "html" else self.lang


def test_every_document_is_a_page_and_no_link_is_dead(docs, site):
    there = {path.resolve() for path in (ROOT / "docs").glob("*.md")}
    assert there <= {(ROOT / file).resolve() for file in docs.FILES.values()}
    for name in docs.FILES:
        page = Ids(site / f"{name}.html")
        assert page.lang == ("nl" if name in docs.DUTCH else "en")
        assert len(page.ids) == len(set(page.ids)), name
    assert links.broken(site) == []
    start = (site / "index.html").read_text(encoding="utf-8")
    for name in ("readme-nl", "own-analysis", "methods", "edition", "reference", "changelog"):
        assert f'href="{name}.html' in start
    assert 'id="how-to-cite"' in start


def test_an_english_page_has_an_english_frame(docs, site):
    text = (site / "methods.html").read_text(encoding="utf-8")
    assert DUTCH.keys() - docs.FRAME.keys() == {"annex"}  # a page of the documentation has none
    assert not [words for words in DUTCH.values() if f">{words}<" in text or f'"{words}"' in text]
    assert ">Skip to content<" in text and "Search this table" in text
    dutch = (site / "readme-nl.html").read_text(encoding="utf-8")
    assert f">{DUTCH['skip']}<" in dutch and "data-words" not in dutch


def test_the_reference_has_every_public_name_with_an_example(docs, site):
    text = (site / "reference.html").read_text(encoding="utf-8")
    parts = dict(re.findall(r'<h2 id="([\w-]+)"[^>]*>(.*?)(?=<h2 |</main>)', text, re.DOTALL))
    assert set(kansen_analysis.__all__) < set(parts)
    for name in kansen_analysis.__all__:
        for word in ("Parameters", "Returns", "Examples", "&gt;&gt;&gt;"):
            assert word in parts[name], f"{name}: {word}"
    assert {"effect-plot", "outlook-to_frame", "edition-panel"} <= set(
        Ids(site / "reference.html").ids
    )
    assert " at 0x" not in text


def test_the_gallery_has_every_figure_of_the_notebooks(docs):
    shown = docs.gallery()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        made = [
            cell.source.splitlines()[-1]
            for cell in cells
            if "#| label: fig-" in cell.source and "kansen-figure" in json.dumps(cell.outputs)
        ]
        page = shown.get(f"gallery-{path.stem}")
        told = [cell.source for cell in page.cells if "```python" in cell.source] if page else []
        assert [text.splitlines()[-2] for text in told] == made, path.name


def test_the_lines_of_the_gallery_make_the_figure(docs, edition):
    """Those of the goal on tests, run as they stand but for where the edition lies."""
    cells = docs.gallery()["gallery-eindtoets"].cells[1:]
    for told, given in zip(cells[:4:2], cells[1:4:2], strict=True):
        lines = told.source.strip("`").removeprefix("python\n").splitlines()
        assert len([line for line in lines if line.strip()]) <= 5
        names = {}
        head = "\n".join(lines[:-1]).replace(docs.EDITION, str(edition.folder))
        exec(head, names)
        figure = eval(lines[-1], names)
        drawn = figure._repr_mimebundle_()["text/html"]
        assert drawn.count("<svg") == given.outputs[0].data["text/html"].count("<svg") >= 1
        assert given.outputs[0].data["text/plain"] == repr(figure)


def test_a_dead_link_stops_it(docs, tmp_path):
    with pytest.raises(RenderError, match=r"README\.md: docs/nergens\.md leads to nothing"):
        docs.from_markdown("# A\n\nSee [it](docs/nergens.md).", ROOT / "README.md", set())
    text = (
        "# A\n\n`[it](docs/nergens.md)` is only an example, [`goals`](docs/goals.md#rules) is not."
    )
    page = docs.from_markdown(text, ROOT / "README.md", set())
    assert "`[it](docs/nergens.md)`" in page.cells[1].source
    assert "[`goals`](goals.ipynb#rules)" in page.cells[1].source
