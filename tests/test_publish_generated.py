"""Pages per school and municipality: notebooks like the others, and links that hold."""

import csv
import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_raw_cell
from thin import thick

from kansen_analysis.edition.build import build
from kansen_analysis.errors import RenderError
from kansen_analysis.programme.workspace import root
from kansen_analysis.publish import dialect, drawn, embedded, generated, links, project
from kansen_analysis.publish.execute import PAGE

NAMES = ("Kindcentrum ’t *Kwintebrink*", "'De |Stand|'")  # such names occur


@pytest.fixture(scope="module")
def people(demo):
    """Two schools of the demo in two municipalities."""
    with (demo / "participants.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    other = next(row for row in rows if row["municipality_code"] != first["municipality_code"])
    return [first, other]


@pytest.fixture(scope="module")
def three(demo, edition, people, tmp_path_factory):
    """The edition of the demo with three participants, of which one is in no file."""
    folder = tmp_path_factory.mktemp("generated")
    unknown = people[1] | {"school": "99ZZ00", "name": "In geen bestand", "coach_start": ""}
    with (folder / "participants.csv").open("w", encoding="utf-8", newline="") as file:
        register = csv.DictWriter(file, unknown)
        register.writeheader()
        named = [row | {"name": name} for row, name in zip(people, NAMES, strict=True)]
        register.writerows([*named, unknown])
    shutil.copytree(edition.folder / "work" / "tidy", folder / "edition" / "work" / "tidy")
    return build(demo, folder / "participants.csv", 2024, folder=folder / "edition")


@pytest.fixture(scope="module")
def made(three, tmp_path_factory):
    """A work folder with the pages of three schools."""
    folder = tmp_path_factory.mktemp("pages")
    pages = generated.notebooks(three)
    names = list(pages)
    linked = ("verantwoording", "voortgang", "verhalen", "netwerk")
    for page in ("index", "scholen", "gemeenten", *linked):
        cells = [new_raw_cell(f"---\ntitle: {page}\n---"), new_markdown_cell("Tekst.")]
        pages[page] = new_notebook(cells=cells)
    drawn.draw(three, pages, each=True)
    (folder / "notebooks").mkdir()
    drawn.gather(three, pages, folder / "notebooks", folder / "work")
    return folder / "work", names


def test_every_school_and_municipality_has_a_page_and_a_line_in_the_menu(made, people):
    work, names = made
    schools = sorted([*(row["school"] for row in people), "99ZZ00"])
    places = sorted(row["municipality_code"] for row in people)
    assert names == [*(f"scholen/{s}" for s in schools), *(f"gemeenten/{p}" for p in places)]
    titles = {page.name: page.title for page in embedded.read_pages(work)}
    menu = {entry.text: entry for entry in project.read(root()).tree(titles)}
    lines = [line.text for line in menu["Scholen"].children]
    straight, told = (
        sorted(re.sub("[‘’]", "'", name) for name in names_)  # a page has the quotes of a printer
        for names_ in (lines, ["In geen bestand", *NAMES[:2]])
    )
    assert straight == told
    assert lines == sorted(lines)  # by name, not by code
    assert {line.page for line in menu["Gemeenten"].children} == {f"gemeenten/{p}" for p in places}


def test_the_pages_keep_to_the_dialect_and_are_thin(made):
    work, names = made
    for name in names:
        notebook = nbformat.read(work / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert dialect.breaches(notebook, name) == []
        assert thick(notebook, name) == []
    assert embedded.check(work, project.read(root())) == []


def test_the_site_hangs_together_with_files_in_one_place(made, people, tmp_path):
    work, _ = made
    embedded.build(work, tmp_path / "site", project.read(root()), "nu")
    assert links.broken(tmp_path / "site") == []
    code, place = people[0]["school"], people[0]["municipality_code"]
    text = (tmp_path / "site" / "scholen" / f"{code}.html").read_text(encoding="utf-8")
    assert f'id="figuur-school-{code.lower()}-jaren"' in text
    assert f'href="../files/downloads/school-{code.lower()}-jaren.csv"' in text
    assert '"data:' not in text  # files stand beside the pages, pictures in them
    assert 'rel="next"' in text and 'aria-label="Kruimelpad"' in text
    written = {path.name for path in (work / "files" / "downloads").iterdir()}
    assert {f"school-{code.lower()}-jaren.csv", f"gemeente-{place}-omvang.csv"} <= written


def test_a_page_that_was_drawn_is_not_drawn_again(three, made):
    _, names = made

    def written():
        return {name: (drawn.folder_of(three, name) / PAGE).stat().st_mtime_ns for name in names}

    pages, before, steps = generated.notebooks(three), written(), []
    pages[names[0]].cells[1].source += "  # another source"
    drawn.draw(three, pages, each=True, progress=lambda *step: steps.append(step))
    assert [name for name, at in written().items() if at != before[name]] == names[:1]
    assert steps == [(f"executed {names[0]}.ipynb", 1, 1)]
    assert not drawn.folder_of(three, "index").exists(), "a page that left the site is gone"


def test_a_school_that_is_in_no_file_says_so_and_shows_no_numbers(made):
    work, _ = made
    notebook = nbformat.read(work / "scholen" / "99ZZ00.ipynb", as_version=4)
    text = [o.data["text/plain"] for c in notebook.cells for o in c.get("outputs", [])]
    assert not any(each.startswith("Niet te maken") for each in text)
    assert sum(each.startswith("Niet op deze pagina: ") for each in text) == 1  # told once
    # and no caption stands under what is not there
    assert not any("#| label: fig-" in cell.source for cell in notebook.cells)


def test_a_page_that_fails_is_named(three):
    pages = generated.notebooks(three)
    broken = next(name for name in pages if name.startswith("gemeenten/"))
    pages[broken].cells[1].source += "\nraise ZeroDivisionError('kapot')"
    with pytest.raises(RenderError, match=rf"{broken}.ipynb, cell 2: ZeroDivisionError: kapot"):
        drawn.draw(three, pages, each=True)
