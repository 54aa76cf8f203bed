"""Pages as they were drawn, kept with their edition until something they rest on changes."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from kansen_analysis.display.publication import Publication
from kansen_analysis.edition import digests, store
from kansen_analysis.edition.open import Edition
from kansen_analysis.publish import empty, manifest
from kansen_analysis.publish.execute import KEY, PAGE, Progress, Task, execute, write

FOLDER = "drawn"  # below the edition
FILES = "files"  # figures and downloads, below the site


def draw(
    edition: Edition,
    pages: Mapping[str, NotebookNode],
    *,
    each: bool,
    progress: Progress | None = None,
) -> None:
    """Draw every page that is not there yet, or was made of something else.

    Parameters
    ----------
    edition : Edition
        What the pages show.
    pages : mapping of str to nbformat.NotebookNode
        By name, as `project.pages` has them; not executed. Other pages that were kept are removed.
    each : bool
        Whether the other pages can link to a page per school and per municipality.
    progress : callable, optional
        Called with a text, the number of pages done and the number to do.

    Raises
    ------
    RenderError
        When a cell fails.
    """
    home = edition.folder.absolute() / FOLDER
    with store.locked(edition.folder):
        kept = {path.parent for path in home.rglob(PAGE)}
        wanted = {folder_of(edition, name): (name, page) for name, page in pages.items()}
        for folder in kept - set(wanted):
            shutil.rmtree(folder)
        tasks = []
        for folder, (name, page) in wanted.items():
            source = nbformat.writes(page)
            key = _key(edition, page, each)
            store.mend(folder)
            if folder not in kept or (folder / KEY).read_text(encoding="utf-8") != key:
                up = "../" * len(PurePosixPath(name).parent.parts)
                around = Publication(Path(FILES), f"{up}{FILES}", each)
                tasks.append(Task(f"{name}.ipynb", source, folder, around, edition.folder, key))
        execute(tasks, progress)


def gather(
    edition: Edition,
    pages: Mapping[str, NotebookNode],
    notebooks: Path,
    work: Path,
    gone: Collection[str] = (),
) -> dict[str, NotebookNode]:
    """Put the drawn pages and their files together in one folder, for an engine.

    What could not be made is left out, see `kansen_analysis.publish.empty`.

    Parameters
    ----------
    edition : Edition
        For which `draw` was called.
    pages : mapping of str to nbformat.NotebookNode
        As `draw` takes it.
    notebooks : pathlib.Path
        Folder of the notebooks; what stands beside them, such as a picture, comes along.
    work : pathlib.Path
        Folder to make.
    gone : collection of str
        Pages that are not shown, to which nothing may lead.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        The pages that have something to say.
    """
    shutil.copytree(notebooks, work, ignore=shutil.ignore_patterns(".*", "_*", "*.ipynb"))
    (work / FILES).mkdir(exist_ok=True)
    drawn = {name: nbformat.read(folder_of(edition, name) / PAGE, as_version=4) for name in pages}
    left = empty.without(drawn, gone)
    for name, page in left.items():
        (work / name).parent.mkdir(exist_ok=True)
        write(page, work / f"{name}.ipynb")
        files = folder_of(edition, name) / FILES
        if files.is_dir():
            shutil.copytree(files, work / FILES, dirs_exist_ok=True)
    return left


def folder_of(edition: Edition, name: str) -> Path:
    """Return where a page is kept; not inside the folder of a page whose name begins its own."""
    return edition.folder.absolute() / FOLDER / f"{name}.page"


def _key(edition: Edition, notebook: NotebookNode, each: bool) -> str:
    """Digest everything that an executed notebook hangs on."""
    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return digests.digest(
        {
            "cells": [[cell.cell_type, cell.source] for cell in notebook.cells],
            "edition": edition.digest,
            **manifest.beside(edition),
            "code": digests.code_of(source),
            "packages": digests.packages(),
            "each": each,
        }
    )
