"""Notebooks are executed as copies, told what they need, and stopped at their first error."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from kansen_analysis.errors import RenderError
from kansen_analysis.publish import execute

TOLD = """
import os, sys
print(os.environ.get("KANSEN_SCHOOL_YEAR"), os.environ.get("KANSEN_FILES"))
print(os.environ["MPLBACKEND"], sys.executable, os.getcwd())
"""


def save(path, *codes):
    cells = [new_raw_cell("---\ntitle: Proef\n---"), *(new_code_cell(code) for code in codes)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    return [output.text for cell in cells for output in cell.get("outputs", [])]


def test_a_notebook_is_told_its_surroundings_and_nothing_of_a_former_run(tmp_path, monkeypatch):
    monkeypatch.setenv("KANSEN_FILES", "left over")
    path = save(tmp_path / "a.ipynb", TOLD)
    execute.execute([path], execute.environment(tmp_path, school_year=2024))
    expected = f"2024-2025 None\nAgg {sys.executable} {tmp_path.resolve()}\n"
    assert outputs(path) == [expected]


@pytest.mark.parametrize("fresh", [False, True])
def test_notebooks_do_not_see_each_other(tmp_path, monkeypatch, fresh):
    monkeypatch.setattr(execute, "AT_ONCE", 1)  # so that they come one after the other
    (tmp_path / "sub").mkdir()
    one = save(tmp_path / "one.ipynb", "import os\nx = 1", "print(x)")
    two = save(tmp_path / "sub" / "two.ipynb", "print('x' in globals(), 'os' in globals(), Out)")
    three = save(tmp_path / "three.ipynb", "import os\nprint(os.getcwd())", "1")
    steps = []
    execute.execute([one, two, three], {}, lambda *step: steps.append(step), fresh=fresh)
    assert outputs(one) == ["1\n"]
    assert outputs(two) == ["False False {}\n"]
    cells = nbformat.read(three, as_version=4).cells
    assert cells[1].outputs[0].text == f"{tmp_path.resolve()}\n"
    assert cells[2].outputs[0].execution_count == cells[2].execution_count == 2
    names = ["one", "sub/two", "three"]
    assert steps == [(f"executed {n}.ipynb", i, 3) for i, n in enumerate(names, 1)]


def test_a_kernel_that_takes_the_next_notebook_is_the_same_process(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "AT_ONCE", 1)
    paths = [save(tmp_path / f"{n}.ipynb", "import os\nprint(os.getpid())") for n in "ab"]
    execute.execute(paths, {})
    assert outputs(paths[0]) == outputs(paths[1])
    execute.execute(paths, {}, fresh=True)
    assert outputs(paths[0]) != outputs(paths[1])


def test_the_first_error_is_named_with_notebook_and_cell(tmp_path):
    (tmp_path / "scholen").mkdir()
    good = save(tmp_path / "index.ipynb", "1")
    bad = save(tmp_path / "scholen" / "a.ipynb", "x = 0", "1 / x", "print('later')")
    with pytest.raises(RenderError) as caught:
        execute.execute([good, bad], {})
    assert str(caught.value) == "scholen/a.ipynb, cell 3: ZeroDivisionError: division by zero"
    assert "1 / x" in caught.value.details
    assert outputs(bad) == []


def test_a_notebook_that_ends_python_is_an_error(tmp_path):
    path = save(tmp_path / "a.ipynb", "import os\nos._exit(1)")
    with pytest.raises(RenderError, match=r"a\.ipynb, cell 2: Python stopped"):
        execute.execute([path], {})


def test_refreshing_in_place_twice_gives_the_same_file(tmp_path):
    path = save(tmp_path / "a.ipynb", "print('één')", "print(1 + 1)")
    execute.execute_in_place([path], data=tmp_path)
    first = path.read_bytes()
    execute.execute_in_place([path], data=tmp_path)
    assert path.read_bytes() == first
    assert outputs(path) == ["één\n", "2\n"]
    assert b"execution" not in first.replace(b"execution_count", b"")
    assert sys.version.split()[0].encode() not in first


def test_refreshing_in_place_writes_nothing_when_one_notebook_fails(tmp_path):
    good = save(tmp_path / "good.ipynb", "print(1)")
    bad = save(tmp_path / "bad.ipynb", "1 / 0")
    before = good.read_bytes()
    with pytest.raises(RenderError, match=r"bad\.ipynb, cell 2"):
        execute.execute_in_place([good, bad], data=tmp_path)
    assert good.read_bytes() == before


def test_cells_with_the_same_source_get_different_ids():
    notebook = new_notebook(cells=[new_markdown_cell("a"), new_markdown_cell("a")])
    ids = [cell.id for cell in execute.tidy(notebook).cells]
    assert len(set(ids)) == 2
    nbformat.validate(notebook)


def test_copies_leave_out_what_is_hidden(tmp_path):
    source = tmp_path / "notebooks"
    (source / ".ipynb_checkpoints").mkdir(parents=True)
    save(source / "index.ipynb", "1")
    save(source / "_draft.ipynb", "1")
    save(source / ".ipynb_checkpoints" / "index.ipynb", "1")
    (source / "kaart.svg").write_text("<svg/>")
    copies = execute.copy_notebooks(source, tmp_path / "work")
    assert copies == [tmp_path / "work" / "index.ipynb"]
    assert sorted(path.name for path in Path(tmp_path / "work").iterdir()) == [
        "index.ipynb",
        "kaart.svg",
    ]
