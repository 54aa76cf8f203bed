"""A monitor is made beside its target, swapped in whole, and reused while it is still valid."""

import json
import os
from dataclasses import replace
from hashlib import sha256

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from kansen_analysis.edition import store
from kansen_analysis.edition.open import open_edition
from kansen_analysis.edition.stages import FORMAT, Stage, save
from kansen_analysis.errors import EngineError, RenderError, UsageError
from kansen_analysis.publish import RenderConfig, links, manifest, project, quarto, render
from kansen_analysis.publish import site as publishing

CONFIG = """
lang: nl
website:
  title: Proefmonitor & meer
  sidebar:
    contents:
      - {href: notebooks/index.ipynb, text: Start}
      - {href: notebooks/bestaat-niet.ipynb, text: Weg}
      - section: Scholen
        contents: notebooks/scholen/*.ipynb
execute: {echo: false}
"""
DOWNLOAD = """
from IPython.display import HTML
from kansen_analysis.display import downloads
HTML(f'<a href="{downloads.place("downloads/a.csv", b"x", "text/csv")}">CSV</a>')
"""


LINK = "Naar [cijfers](../index.ipynb#cijfers)."


def page(root, name, title, *cells):
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_raw_cell(f"---\ntitle: {title}\n---"), *cells]), path)


@pytest.fixture
def config(tmp_path):
    root = tmp_path / "project"
    page(root, "index", "Begin", new_markdown_cell("## Cijfers {#cijfers}\n\nEen Ω-teken."))
    page(root, "scholen/a", "School A", new_markdown_cell(LINK))
    (root / "_quarto.yml").write_text(CONFIG, encoding="utf-8")
    return RenderConfig(
        root=root,
        edition=written(tmp_path / "editions" / "2024-2025"),
        output=tmp_path / "reports" / "2024-2025",
        engine="embedded",
    )


def written(folder, digest="0"):
    """An edition of which only the files that it rests on are there."""
    files = {"source": ["schooladviezen"], "file": ["po.csv"], "sha256": [digest]}
    told = {"files": pd.DataFrame(files), "dated": "2024-10-01", "disclosure": {"rules": []}}
    with store.whole(folder / "public") as new:
        save(new, Stage("public", "", (), None), digest, told)
    entry = {"file": "po.csv", "sha256": digest}
    made = {"format": FORMAT, "school_year": "2024-2025", "demo": False, "key": digest}
    made |= {"dated": told["dated"], "inputs": [entry]}
    (folder / "manifest.json").write_text(json.dumps(made), encoding="utf-8")
    return open_edition(folder)


def read(path):
    return path.read_text(encoding="utf-8")


def test_a_monitor_holds_pages_downloads_and_what_it_was_made_from(config):
    page(config.root, "scholen/a", "A", new_code_cell(DOWNLOAD), new_markdown_cell(LINK))
    result = render(config)
    assert result.index == config.output / "index.html"
    assert (result.pages, result.reused, result.engine) == (2, False, "embedded")
    assert "Uitgave van 1 oktober 2024." in read(result.index)
    shown = read(config.output / "scholen" / "a.html")
    assert 'href="../files/downloads/a.csv"' in shown
    assert 'href="../index.html#cijfers"' in shown
    found = json.loads(read(config.output / "manifest.json"))
    assert found["school_year"] == "2024-2025"
    assert found["dated"] == "2024-10-01"
    assert "made_at" not in found
    assert found["demo"] is False
    assert found["inputs"] == [{"file": "po.csv", "sha256": "0"}]
    assert found["edition_sha256"] == config.edition.digest
    download = {"sha256": sha256(b"x").hexdigest(), "bytes": 1}
    assert found["output"]["files/downloads/a.csv"] == download
    assert set(found["notebooks"]) == {"index.ipynb", "scholen/a.ipynb"}


def test_a_page_in_a_folder_knows_its_way(config):
    render(config)
    shown = read(config.output / "scholen" / "a.html")
    assert '<link rel="stylesheet" href="../assets/site.css">' in shown
    assert '<a href="../scholen/a.html" aria-current="page">School A</a>' in shown
    crumbs = shown.split('aria-label="Kruimelpad"')[1].split("</nav>")[0]
    assert "<li>Scholen</li>" in crumbs  # a heading without a page of its own
    assert '<span aria-current="page">School A</span>' in crumbs
    assert "Scholen" in crumbs
    assert '<a rel="prev" href="../index.html">' in shown
    start = read(config.output / "index.html")
    assert '<a rel="next" href="scholen/a.html">' in start
    assert "Kruimelpad" not in start
    assert "Weg" not in start  # in the menu, but there is no such page
    assert "<title>Begin – Proefmonitor &amp; meer</title>" in start


def test_search_finds_sections_without_a_server(config):
    render(config)
    script = read(config.output / "assets" / "search-index.js")
    assert script.startswith("window.kansenSearch=")
    index = json.loads(script.removeprefix("window.kansenSearch=").rstrip(";\n"))
    assert ["index.html#cijfers", "Begin", "Cijfers", "Een Ω-teken."] in index


def test_a_valid_monitor_is_reused(config):
    render(config)
    before = manifest.listing(config.output)
    assert render(config).reused
    assert manifest.listing(config.output) == before


@pytest.mark.parametrize("what", ["edition", "notebook", "menu", "page"])
def test_a_change_makes_a_new_monitor(config, what):
    render(config)
    changed = {"menu": config.root / "_quarto.yml", "page": config.output / "index.html"}
    if what == "notebook":
        page(config.root, "index", "Anders", new_markdown_cell("## Cijfers {#cijfers}"))
    elif what == "edition":
        config = replace(config, edition=written(config.edition.folder, "1"))
    else:
        with changed[what].open("a", encoding="utf-8") as file:
            file.write("# x\n")
    assert not render(config).reused
    assert render(config).reused


def test_a_failing_page_leaves_the_old_monitor(config):
    render(config)
    before = manifest.listing(config.output)
    page(config.root, "scholen/a", "School A", new_code_cell("1 / 0"))
    with pytest.raises(RenderError, match=r"scholen/a.ipynb, cell 2: ZeroDivisionError"):
        render(config)
    assert manifest.listing(config.output) == before
    assert list(config.output.parent.iterdir()) == [config.output]


def test_a_broken_link_is_an_error_that_lists_it(config):
    page(
        config.root,
        "index",
        "Begin",
        new_markdown_cell("[a](weg.ipynb) [b](scholen/a.ipynb#nergens)\n\n## Cijfers {#cijfers}"),
    )
    with pytest.raises(RenderError) as caught:
        render(config)
    assert "index.html: weg.html leads to a file that is not there" in str(caught.value)
    message = "index.html: scholen/a.html#nergens leads to an anchor that is not there"
    assert message in str(caught.value)
    assert not config.output.exists()


def test_other_years_are_left_alone(config):
    other = config.output.with_name("2023-2024")
    other.mkdir(parents=True)
    (other / "index.html").write_text("old")
    render(config)
    render(config)
    assert (other / "index.html").read_text() == "old"


def test_a_folder_with_something_else_is_not_replaced(config):
    config.output.mkdir(parents=True)
    (config.output / "scriptie.docx").write_text("work of months")
    with pytest.raises(UsageError, match="not a monitor"):
        render(config)
    assert (config.output / "scriptie.docx").exists()


def test_a_page_outside_the_dialect_is_refused_before_it_is_executed(config):
    page(config.root, "index", "Begin", new_code_cell("#| eval: true\nopen('ran', 'w')"))
    steps = []
    with pytest.raises(RenderError, match=r"index.ipynb, cell 2: option eval"):
        render(config, lambda *step: steps.append(step))
    assert steps == []


def test_an_unknown_engine_is_refused():
    with pytest.raises(UsageError, match="'word' is not an engine"):
        publishing.choose_engine("word")


@pytest.fixture
def quarto_on_path(tmp_path, monkeypatch):
    """Return a function that puts a Quarto of some version on the path, or none."""

    def place(version):
        folder = tmp_path / f"bin-{version}"
        folder.mkdir()
        if version:
            program = folder / "quarto"
            program.write_text(f"#!/bin/sh\necho {version}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return place


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Quarto is a shell script")
@pytest.mark.parametrize(
    ("version", "chosen"),
    [("1.8.25", "quarto"), ("1.10.18", "quarto"), ("1.7.31", "embedded"), ("", "embedded")],
)
def test_quarto_is_used_when_it_is_there_and_new_enough(quarto_on_path, version, chosen):
    quarto_on_path(version)
    assert publishing.choose_engine("auto")[0] == chosen
    assert quarto.usable() == (chosen == "quarto")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Quarto is a shell script")
@pytest.mark.parametrize(("version", "said"), [("1.7.31", "too old"), ("", "not on the path")])
def test_asking_for_a_missing_quarto_says_what_to_do(quarto_on_path, version, said):
    quarto_on_path(version)
    with pytest.raises(EngineError, match=f"{said}; use --engine embedded.*quarto.org"):
        publishing.choose_engine("quarto")


def test_links_are_checked_in_every_form(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<p id="é">x</p>', encoding="utf-8")
    (tmp_path / "a.html").write_text(
        '<a href="b/#%C3%A9">goed</a><a href="#top">goed</a><a href="mailto:a@b.nl">goed</a>'
        '<a href="https://example.org">goed</a><img src="data:image/png;base64,AA==">'
        '<img src="weg.png"><script src="https://cdn.example/x.js"></script>'
        '<source srcset="b/index.html 1x, smal.svg 2x"><a href="b/#x">fout</a>',
        encoding="utf-8",
    )
    assert links.broken(tmp_path) == [
        "a.html: weg.png leads to a file that is not there",
        "a.html: https://cdn.example/x.js would be fetched from outside the site",
        "a.html: smal.svg leads to a file that is not there",
        "a.html: b/#x leads to an anchor that is not there",
    ]


def test_a_menu_follows_the_pages_that_exist(tmp_path):
    (tmp_path / "_quarto.yml").write_text(CONFIG, encoding="utf-8")
    menu = project.read(tmp_path).tree({"index": "Begin", "scholen/b": "B", "scholen/a": "A"})
    assert [(line.text, line.page) for entry in menu for line in entry.walk()] == [
        ("Start", "index"),
        ("Scholen", None),
        ("A", "scholen/a"),  # by title
        ("B", "scholen/b"),
    ]
