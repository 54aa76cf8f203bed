"""Notebooks are executed as copies, told what they need, and stopped at their first error."""

import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from kansen_analysis.display.publication import Publication
from kansen_analysis.errors import RenderError
from kansen_analysis.publish import execute
from kansen_analysis.publish.execute import PAGE, Task

TOLD = """
import os, sys
print([name for name in os.environ if name.startswith("KANSEN_")])
print(os.environ["KANSEN_EDITION"], os.environ["MPLBACKEND"])
"""
PLACE = """
from kansen_analysis.display import downloads
downloads.place("downloads/a.csv", b"x", "text/csv")
"""


def notebook(*codes):
    cells = [new_raw_cell("---\ntitle: Proef\n---"), *(new_code_cell(code) for code in codes)]
    return new_notebook(cells=cells)


def task(folder, name, *codes, **told):
    return Task(f"{name}.ipynb", nbformat.writes(notebook(*codes)), folder / name, **told)


def outputs(folder):
    cells = nbformat.read(folder / PAGE if folder.is_dir() else folder, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", [])]


def texts(folder):
    return [output.get("text") or output.data["text/plain"] for output in outputs(folder)]


def save(path, *codes):
    nbformat.write(notebook(*codes), path)
    return path


def test_a_notebook_is_told_its_edition_and_nothing_of_a_former_run(tmp_path, monkeypatch):
    monkeypatch.setenv("KANSEN_FILES", "left over")
    execute.execute([task(tmp_path, "a", TOLD, edition=tmp_path / "editions")])
    assert texts(tmp_path / "a") == [f"['KANSEN_EDITION']\n{tmp_path / 'editions'} Agg\n"]


@pytest.mark.parametrize("fresh", [False, True])
def test_notebooks_do_not_see_each_other(tmp_path, monkeypatch, fresh):
    monkeypatch.setattr(execute, "AT_ONCE", 1)  # so that they come one after the other
    tasks = [
        task(tmp_path, "one", "import os\nx = 1", "print(x, os.getpid())"),
        task(tmp_path, "two", "print('x' in globals(), 'os' in globals(), Out)"),
        task(tmp_path, "three", "import os\nprint(os.getpid())", "1"),
    ]
    steps = []
    execute.execute(tasks, lambda *step: steps.append(step), fresh=fresh)
    number, first = texts(tmp_path / "one")[0].split()
    assert number == "1"
    assert texts(tmp_path / "two") == ["False False {}\n"]
    last = outputs(tmp_path / "three")
    assert (last[0].text.strip() != first) == fresh  # the same process takes the next
    assert last[1].execution_count == 2
    names = ["one", "two", "three"]
    assert steps == [(f"executed {n}.ipynb", i, 3) for i, n in enumerate(names, 1)]


def test_a_cell_shows_what_a_kernel_would_show(tmp_path):
    """Against nbclient, which runs the same cells in a kernel."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is a development extra")
    codes = (
        "import sys\nprint('een')\nprint('twee')",
        "print('fout', file=sys.stderr)",
        "from IPython.display import HTML, Markdown, display\ndisplay(HTML('<b>1</b>'))\nprint(2)\n"
        "Markdown('**3**')",
        "import pandas as pd\npd.DataFrame({'a': [1.5]})",
        "from kansen_analysis.display.prose import Absent\nAbsent('reden')",
        "x = 1",
        "x;",
        "",
        "_",
        "display(1, 2)\nNone",
    )
    theirs = notebook(*codes)
    execute.execute([task(tmp_path, "ours", *codes)])
    ours = nbformat.read(tmp_path / "ours" / PAGE, as_version=4)
    nbclient.NotebookClient(theirs, kernel_name="python3", coalesce_streams=True).execute()
    for one, two in zip(ours.cells, theirs.cells, strict=True):
        if one.cell_type == "code":
            assert [dict(output) for output in one.outputs] == [dict(o) for o in two.outputs]
            assert one.execution_count == two.execution_count


def test_files_stand_beside_the_page_and_are_linked(tmp_path):
    around = Publication(Path("files"), "../files")
    execute.execute([task(tmp_path, "scholen/a", PLACE, publication=around, key="k")])
    assert texts(tmp_path / "scholen" / "a") == ["'../files/downloads/a.csv'"]
    assert (tmp_path / "scholen" / "a" / "files" / "downloads" / "a.csv").read_bytes() == b"x"
    assert (tmp_path / "scholen" / "a" / execute.KEY).read_text() == "k"


def test_the_first_error_is_named_with_notebook_and_cell(tmp_path):
    good = task(tmp_path, "index", "1")
    bad = task(tmp_path, "scholen/a", "x = 0", "1 / x", "print('later')")
    with pytest.raises(RenderError) as caught:
        execute.execute([good, bad])
    assert str(caught.value) == "scholen/a.ipynb, cell 3: ZeroDivisionError: division by zero"
    assert "1 / x" in caught.value.details
    assert not (tmp_path / "scholen" / "a").exists()


def test_a_cell_that_is_no_python_is_named(tmp_path):
    with pytest.raises(RenderError, match=r"a\.ipynb, cell 2: SyntaxError"):
        execute.execute([task(tmp_path, "a", "1 +")])


def test_a_notebook_that_ends_python_is_an_error(tmp_path):
    with pytest.raises(RenderError, match=r"Python stopped .* a\.ipynb"):
        execute.execute([task(tmp_path, "a", "import os\nos._exit(1)")])


def test_refreshing_in_place_twice_gives_the_same_file(tmp_path):
    path = save(tmp_path / "a.ipynb", "print('één')", "print(1 + 1)")
    execute.execute_in_place([path])
    first = path.read_bytes()
    execute.execute_in_place([path])
    assert path.read_bytes() == first
    assert texts(path) == ["één\n", "2\n"]
    assert b"execution" not in first.replace(b"execution_count", b"")
    assert sys.version.split()[0].encode() not in first


def test_refreshing_in_place_writes_nothing_when_one_notebook_fails(tmp_path):
    good = save(tmp_path / "good.ipynb", "print(1)")
    bad = save(tmp_path / "bad.ipynb", "1 / 0")
    before = good.read_bytes()
    with pytest.raises(RenderError, match=r"bad\.ipynb, cell 2"):
        execute.execute_in_place([good, bad])
    assert good.read_bytes() == before


def test_cells_with_the_same_source_get_different_ids():
    notebook = new_notebook(cells=[new_markdown_cell("a"), new_markdown_cell("a")])
    ids = [cell.id for cell in execute.tidy(notebook).cells]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}(-2)?", each) for each in ids)
    nbformat.validate(notebook)
