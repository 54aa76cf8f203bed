"""Pages per school and municipality: notebooks that were executed here, and links that hold."""

import ast
import csv
import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_raw_cell

from kansen_analysis.errors import RenderError
from kansen_analysis.pages import school
from kansen_analysis.programme.workspace import root
from kansen_analysis.publish import dialect, embedded, execute, generated, links, project

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
def made(demo, people, tmp_path_factory):
    """A work folder with the pages of three schools, of which one is in no file."""
    folder = tmp_path_factory.mktemp("generated")
    unknown = people[1] | {"school": "99ZZ00", "name": "In geen bestand", "coach_start": ""}
    with (folder / "participants.csv").open("w", encoding="utf-8", newline="") as file:
        register = csv.DictWriter(file, unknown)
        register.writeheader()
        named = [row | {"name": name} for row, name in zip(people, NAMES, strict=True)]
        register.writerows([*named, unknown])
    work = folder / "work"
    (work / "files").mkdir(parents=True)
    linked = ("verantwoording", "voortgang", "verhalen", "netwerk")
    for page in ("index", "scholen", "gemeenten", *linked):
        cells = [new_raw_cell(f"---\ntitle: {page}\n---"), new_markdown_cell("Tekst.")]
        nbformat.write(new_notebook(cells=cells), work / f"{page}.ipynb")
    told = execute.environment(demo, folder / "participants.csv", 2024, work / "files")
    before = dict(os.environ)
    names = generated.write(work, told)
    assert dict(os.environ) == before  # the rest of the program is told nothing
    return work, names, told


def test_every_school_and_municipality_has_a_page_and_a_line_in_the_menu(made, people):
    work, names, _ = made
    schools = sorted([*(row["school"] for row in people), "99ZZ00"])
    places = sorted(row["municipality_code"] for row in people)
    assert names == [*(f"scholen/{s}" for s in schools), *(f"gemeenten/{p}" for p in places)]
    titles = {page.name: page.title for page in embedded.read_pages(work)}
    menu = {entry.text: entry for entry in project.read(root()).tree(titles)}
    lines = [line.text for line in menu["Scholen"].children]
    assert lines == [NAMES[1], "In geen bestand", NAMES[0]]  # by name, not by code
    assert {line.page for line in menu["Gemeenten"].children} == {f"gemeenten/{p}" for p in places}


def test_the_pages_keep_to_the_dialect_and_are_thin(made):
    work, names, _ = made
    for name in names:
        notebook = nbformat.read(work / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert dialect.breaches(notebook, name) == []
        assert dialect.thick(notebook, name) == []
    assert embedded.check(work, project.read(root())) == []


def test_the_site_hangs_together_with_files_in_one_place(made, people, tmp_path):
    work, _names, _ = made
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


def test_a_cell_shows_what_running_it_gives(made, people, monkeypatch):
    work, _, told = made
    for name, value in (dict(told) | {"KANSEN_FILES_PREFIX": "../files"}).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(work / "scholen" / f"{people[0]['school']}.ipynb", as_version=4)
    space: dict = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        *lines, last = ast.parse(cell.source).body
        exec(compile(ast.Module(lines, []), "cell", "exec"), space)
        result = eval(compile(ast.Expression(last.value), "cell", "eval"), space)
        assert cell.outputs[0].data == result._repr_mimebundle_()


def test_a_school_that_is_in_no_file_says_so_and_shows_no_numbers(made):
    work, _, _ = made
    notebook = nbformat.read(work / "scholen" / "99ZZ00.ipynb", as_version=4)
    text = [o.data["text/plain"] for c in notebook.cells for o in c.get("outputs", [])]
    assert sum(each.startswith("Niet te maken") for each in text) == 4
    # and no caption stands under what is not there
    assert not any("#| label: fig-" in cell.source for cell in notebook.cells)


def test_a_page_that_fails_is_named(made, tmp_path, monkeypatch):
    if not Path("/proc").is_dir():
        pytest.skip("the broken function reaches the other process on Linux only")
    _, _, told = made

    def broken(monitor, code):
        raise ZeroDivisionError("kapot")

    monkeypatch.setattr(school, "opening", broken)
    told = {name: value for name, value in told.items() if name != "KANSEN_FILES"}
    with pytest.raises(RenderError, match=r"scholen/\w+.ipynb: ZeroDivisionError: kapot"):
        generated.write(tmp_path, told)
