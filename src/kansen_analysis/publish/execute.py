"""Execute notebooks: in a few processes that take one after the other, without a server between.

A cell is run by IPython itself, as a kernel does; what it shows is kept as Jupyter would keep it.
Starting a kernel and importing what pages need takes longer than most pages, so a process that is
done with a notebook forgets its names and takes the next. That no notebook leans on another, and
that a kernel shows the same, is what nbval tests on the stored notebooks.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets.config import Config

from kansen_analysis.display.publication import Publication, drawn_for
from kansen_analysis.edition import store
from kansen_analysis.edition.open import OPENS
from kansen_analysis.errors import RenderError

AT_ONCE = min(4, os.cpu_count() or 1)  # processes; each holds the tables it needs, so not more

PAGE, KEY = "page.ipynb", "key"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Task:
    """A notebook to execute.

    Parameters
    ----------
    name : str
        What it is called when something goes wrong.
    source : str
        The notebook, as JSON.
    folder : pathlib.Path
        Where it is written with its outputs, as `PAGE`: whole, or not at all.
    publication : Publication
        What it is drawn for.
    edition : pathlib.Path or None
        The edition it opens; without one, that of the demo.
    key : str
        What it was made from, kept beside it as `KEY`.
    """

    name: str
    source: str
    folder: Path
    publication: Publication = field(default_factory=Publication)
    edition: Path | None = None
    key: str = ""


def execute(
    tasks: Iterable[Task], progress: Progress | None = None, *, fresh: bool = False
) -> None:
    """Execute notebooks, at most `AT_ONCE` at a time.

    Parameters
    ----------
    tasks : iterable of Task
    progress : callable, optional
        Called with a text, the number done and the number to do.
    fresh : bool
        A new process for each notebook; slower.

    Raises
    ------
    RenderError
        When a cell fails, naming notebook, cell and exception.
    """
    tasks = list(tasks)
    todo = [task for task in tasks if _has_code(task)]
    done = itertools.count(1)

    def tell(task: Task) -> None:
        if progress:
            progress(f"executed {task.name}", next(done), len(tasks))

    for task in tasks:
        if task not in todo:  # nothing to start a process for
            _run(replace(task, edition=None))
            tell(task)
    if not todo:
        return
    with _processes(min(AT_ONCE, len(todo)), fresh) as pool:
        jobs = {pool.submit(_run, task): task for task in todo}
        try:
            for job in as_completed(jobs):
                job.result()
                tell(jobs[job])
        except BrokenProcessPool:
            names = ", ".join(jobs[job].name for job in jobs if not _finished(job))
            raise RenderError(f"Python stopped (out of memory?) while executing {names}") from None
        finally:
            for job in jobs:
                job.cancel()


def _has_code(task: Task) -> bool:
    notebook = nbformat.reads(task.source, as_version=4)
    return any(cell.cell_type == "code" for cell in notebook.cells)


def _finished(job: Future) -> bool:
    return job.done() and not isinstance(job.exception(), BrokenProcessPool)


@contextmanager
def _processes(count: int, fresh: bool) -> Iterator[ProcessPoolExecutor]:
    """Start processes that know nothing of this one."""
    with store.scratch() as scratch:
        context = multiprocessing.get_context("spawn")
        options = {"max_tasks_per_child": 1} if fresh else {}
        with ProcessPoolExecutor(
            count, context, initializer=_begin, initargs=(str(scratch),), **options
        ) as pool:
            yield pool


def _begin(scratch: str) -> None:
    """Prepare a process: no history, profile or settings of whoever runs this, and no afterlife."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for name in [name for name in os.environ if name.startswith("KANSEN_")]:
        del os.environ[name]
    os.environ |= {"IPYTHONDIR": scratch, "MPLBACKEND": "Agg"}


def _end_with_parent() -> None:
    """Stop when the process that started this one does, however it ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(task: Task) -> None:
    if task.edition is not None:
        os.environ[OPENS] = str(task.edition)
    notebook = nbformat.reads(task.source, as_version=4)
    with store.whole(task.folder) as new, chdir(new):
        publication = task.publication
        if publication.files is not None:  # below the folder, wherever that is for now
            publication = replace(publication, files=new / publication.files)
        with drawn_for(publication):
            _cells(notebook, task.name)
        write(notebook, new / PAGE)
        (new / KEY).write_text(task.key, encoding="utf-8")


def _cells(notebook: NotebookNode, name: str) -> None:
    """Execute one notebook in place, with no name left from the one before.

    Only in a process of our own: IPython takes the place of its main module.
    """
    codes = [at for at, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    if not codes:
        return
    shell = _shell()
    shell.reset(new_session=True)
    for number in codes:
        cell = notebook.cells[number - 1]
        cell.outputs, cell.execution_count = [], None
        if not cell.source.strip():
            continue
        with shell.shown_in(cell.outputs):
            result = shell.run_cell(cell.source, store_history=True)
        cell.execution_count = result.execution_count
        if error := result.error_before_exec or result.error_in_exec:
            raise _failed(name, number, error)


def _failed(name: str, number: int, error: BaseException) -> RenderError:
    """Say where it went wrong; `details` keeps the traceback for who asks for it."""
    problem = " ".join(f"{type(error).__name__}: {error}".split())
    if len(problem) > 400:
        problem = problem[:399] + "…"
    told = RenderError(f"{name}, cell {number}: {problem}")
    told.details = "".join(traceback.format_exception(error))
    return told


# What a cell shows -----------------------------------------------------------------------------


class _Shell(InteractiveShell):
    """IPython that puts what a cell shows into the outputs of that cell."""

    outputs: list[NotebookNode] | None = None

    @contextmanager
    def shown_in(self, outputs: list[NotebookNode]) -> Iterator[None]:
        self.outputs = outputs
        out, err = (_Stream(outputs, name) for name in ("stdout", "stderr"))
        with redirect_stdout(out), redirect_stderr(err):
            yield

    def init_displayhook(self) -> None:
        self.displayhook_class = _Result
        super().init_displayhook()

    def init_display_pub(self) -> None:
        self.display_pub_class = _Displayed
        super().init_display_pub()

    def showtraceback(self, *args, **kwargs) -> None:
        """Leave it to whoever ran the cell."""

    def showsyntaxerror(self, *args, **kwargs) -> None:
        """Leave it to whoever ran the cell."""


def _outputs(shell: object) -> list[NotebookNode]:
    """Return what the cell that a shell runs has shown so far."""
    assert isinstance(shell, _Shell) and shell.outputs is not None
    return shell.outputs


class _Result(DisplayHook):
    """What the last line of a cell gives."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        _outputs(self.shell).append(
            new_output(
                "execute_result",
                data=format_dict,
                metadata=md_dict or {},
                execution_count=self.prompt_count,
            )
        )

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Displayed(DisplayPublisher):
    """What a cell displays besides."""

    def publish(
        self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs
    ) -> None:
        shown = new_output("display_data", data=data, metadata=metadata or {})
        _outputs(self.shell).append(shown)


class _Stream(io.TextIOBase):
    """What a cell prints, as one output for as long as nothing comes between."""

    def __init__(self, outputs: list[NotebookNode], name: str):
        self.outputs, self.name = outputs, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = self.outputs[-1] if self.outputs else None
        if text and last is not None and last.get("name") == self.name:
            last.text += text
        elif text:
            self.outputs.append(new_output("stream", name=self.name, text=text))
        return len(text)


def _shell() -> _Shell:
    if not _Shell.initialized():
        config = Config()
        config.HistoryManager.enabled = False
        return _Shell.instance(config=config)
    return _Shell.instance()


# Notebooks as files ----------------------------------------------------------------------------


def execute_in_place(
    notebooks: Iterable[Path], edition: Path | None = None, progress: Progress | None = None
) -> None:
    """Refresh the stored outputs of notebooks, so that a diff shows what changed and no more.

    Parameters
    ----------
    notebooks : iterable of Path
        The notebooks themselves; nothing is written when one of them fails.
    edition : Path, optional
        The edition they show; figures go into the notebook.
    progress : callable, optional
        As for `execute`.

    Raises
    ------
    RenderError
        When a cell fails.
    """
    notebooks = [Path(path) for path in notebooks]
    with store.scratch() as folder:
        copies = [folder / f"{i}" for i, _ in enumerate(notebooks)]
        tasks = [
            Task(path.name, path.read_text(encoding="utf-8"), copy, edition=edition)
            for path, copy in zip(notebooks, copies, strict=True)
        ]
        execute(tasks, progress, fresh=True)
        for path, copy in zip(notebooks, copies, strict=True):
            write(tidy(nbformat.read(copy / PAGE, as_version=4)), path)


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Take from a notebook what differs per run or per machine.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.

    Returns
    -------
    NotebookNode
        The same notebook: no times, no version of Python, cell ids made from the source.

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("1 + 1", metadata={"execution": {"started": "now"}})
    >>> tidy(nbformat.v4.new_notebook(cells=[cell])).cells[0].metadata
    {}
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        for name in ("execution", "collapsed", "scrolled", "jupyter"):
            cell.metadata.pop(name, None)
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook with a newline at its end, as git and the hooks want it."""
    text = nbformat.writes(notebook)
    Path(path).write_text(text.rstrip("\n") + "\n", encoding="utf-8")
