"""Execute copies of notebooks, in a few kernels that take one after the other.

Starting a kernel and importing what pages need takes longer than most pages. So a kernel that is
done with a notebook forgets its names and takes the next. That no notebook leans on another is
shown elsewhere: stored outputs are made, and compared by nbval, with a kernel for each.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from kansen_analysis.errors import RenderError
from kansen_analysis.publish import project
from kansen_analysis.schools.load import HANDED
from kansen_analysis.sources import schoolyear

AT_ONCE = min(4, os.cpu_count() or 1)  # kernels and processes; each holds the data, so not more
CELL_SECONDS = 1800
FORGET = "get_ipython().reset()\nget_ipython().execution_count = 1\nimport os"

Progress = Callable[[str, int, int], None]


class _ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels Jupyter knows on this machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def environment(
    data: Path,
    participants: Path | None = None,
    school_year: int | None = None,
    files: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write down what a notebook is told.

    Parameters
    ----------
    data : Path
        Folder with the published files.
    participants : Path, optional
        Register of the participants.
    school_year : int, optional
        First year of the school year the monitor is about.
    files : Path, optional
        Where figures and downloads go; without it they are put into the notebook.
    extra : mapping, optional
        More variables.

    Returns
    -------
    dict
        Environment variables, to be laid over those of the process.

    Examples
    --------
    >>> environment(Path("/data"), school_year=2024)["KANSEN_SCHOOL_YEAR"]
    '2024-2025'
    """
    told = {"KANSEN_DATA": str(Path(data).absolute()), "MPLBACKEND": "Agg"}
    if participants is not None:
        told["KANSEN_PARTICIPANTS"] = str(Path(participants).absolute())
    if school_year is not None:
        told["KANSEN_SCHOOL_YEAR"] = schoolyear.label(school_year)
    if files is not None:
        told["KANSEN_FILES"] = str(Path(files).absolute())
    return told | {name: str(value) for name, value in (extra or {}).items()}


def copy_notebooks(source: Path, work: Path) -> list[Path]:
    """Copy the notebooks, and what stands beside them, to a work folder.

    Parameters
    ----------
    source : Path
        The notebooks folder of the project.
    work : Path
        Folder to make.

    Returns
    -------
    list of Path
        The copied notebooks, in the order of `project.pages`.
    """
    shutil.copytree(source, work, ignore=shutil.ignore_patterns(".*", "_*"), dirs_exist_ok=True)
    return [work / f"{page}.ipynb" for page in project.pages(work)]


def execute(
    notebooks: Iterable[Path],
    told: Mapping[str, str],
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> None:
    """Execute notebooks in place, at most `AT_ONCE` at a time.

    Parameters
    ----------
    notebooks : iterable of Path
        Copies in one folder: they are overwritten with their outputs.
    told : mapping
        What `environment` gives.
    progress : callable, optional
        Called with a text, the number done and the number to do.
    fresh : bool, optional
        A new kernel for each notebook; slower.

    Raises
    ------
    RenderError
        At the first cell that fails, naming notebook, cell and exception.
    """
    notebooks = list(notebooks)
    base = os.path.commonpath([path.parent for path in notebooks]) if notebooks else ""
    names = [path.relative_to(base).as_posix() for path in notebooks]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KANSEN_") or k == HANDED}
    variables = kept | dict(told)
    todo = deque(zip(notebooks, names, strict=True))
    done = itertools.count(1)

    def take(number: int) -> None:
        with _Kernel(variables, Path(scratch) / f"{number}.json") as kernel:
            while todo:
                try:
                    path, name = todo.popleft()
                except IndexError:  # another one took the last
                    return
                try:
                    kernel.run(path, name)
                except BaseException:
                    todo.clear()  # one that fails is enough to stop
                    raise
                if fresh:
                    kernel.stop()
                if progress:
                    progress(f"executed {name}", next(done), len(notebooks))

    at_once = min(AT_ONCE, len(notebooks))
    with (
        tempfile.TemporaryDirectory(prefix="kansen-") as scratch,
        ThreadPoolExecutor(at_once or 1) as pool,
    ):
        # no history, profile or settings of whoever runs this
        variables |= {"IPYTHONDIR": scratch, "JUPYTER_RUNTIME_DIR": scratch}
        for job in [pool.submit(take, number) for number in range(at_once)]:
            job.result()


def execute_in_place(
    notebooks: Iterable[Path],
    *,
    data: Path,
    participants: Path | None = None,
    school_year: int | None = None,
    extra_env: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Refresh the stored outputs of notebooks, so that a diff shows what changed and no more.

    Parameters
    ----------
    notebooks : iterable of Path
        The notebooks themselves; nothing is written when one of them fails.
    data, participants, school_year, extra_env
        As for `environment`; figures go into the notebook.
    progress : callable, optional
        As for `execute`.

    Raises
    ------
    RenderError
        At the first cell that fails.
    """
    notebooks = [Path(path) for path in notebooks]
    with tempfile.TemporaryDirectory(prefix="kansen-") as folder:
        copies = [Path(folder) / f"{i}" / path.name for i, path in enumerate(notebooks)]
        for path, copy in zip(notebooks, copies, strict=True):
            copy.parent.mkdir()
            shutil.copyfile(path, copy)
        told = environment(data, participants, school_year, extra=extra_env)
        execute(copies, told, progress, fresh=True)
        for path, copy in zip(notebooks, copies, strict=True):
            write(tidy(nbformat.read(copy, as_version=4)), path)


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


class _Kernel:
    """A kernel that runs notebooks one after the other; it starts with the first.

    Parameters
    ----------
    variables : mapping
        Its whole environment.
    connection : Path
        File to make, which says how to reach it.
    """

    def __init__(self, variables: Mapping[str, str], connection: Path):
        self._variables, self._connection = dict(variables), connection
        self._log = connection.with_suffix(".log")
        self._manager: _ThisPython | None = None
        self._channels = None

    def __enter__(self) -> _Kernel:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the kernel; a next notebook starts another."""
        if self._manager is None:
            return
        if run_sync(self._manager.is_alive)():
            run_sync(self._manager.shutdown_kernel)(now=True)
        run_sync(self._manager.cleanup_resources)()
        if self._channels is not None:
            self._channels.stop_channels()
        self._manager = self._channels = None

    def run(self, path: Path, name: str) -> None:
        """Execute one notebook in place, with no name left from the one before."""
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        if all(cell.cell_type != "code" for cell in notebook.cells):
            return
        if self._manager is None:
            # sockets in a folder of our own, where the system has them: nobody else can listen in
            transport = "tcp" if sys.platform == "win32" else "ipc"
            self._manager = _ThisPython(connection_file=str(self._connection), transport=transport)
        else:
            forget = f"{FORGET}\nos.chdir({str(path.parent)!r})\ndel os"
            self._channels.execute(forget, silent=True, store_history=False)
        client = NotebookClient(
            notebook,
            km=self._manager,
            timeout=CELL_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(path.parent)}},
            coalesce_streams=True,
        )
        client.kc = self._channels
        try:
            with self._log.open("ab") as stderr:  # no news, unless it dies
                client.execute(env=self._variables, stderr=stderr)
        except CellExecutionError as error:
            raise _failed(name, notebook, f"{error.ename}: {error.evalue}", str(error)) from error
        except CellTimeoutError as error:
            problem = f"it took longer than {CELL_SECONDS} seconds"
            raise _failed(name, notebook, problem, str(error)) from error
        except DeadKernelError as error:
            details = f"{error}\n{self._log.read_text(errors='replace')}"
            raise _failed(name, notebook, "Python stopped (out of memory?)", details) from error
        finally:
            self._channels = client.kc
        write(notebook, path)


def _failed(name: str, notebook: NotebookNode, problem: str, details: str) -> RenderError:
    """Say where it went wrong; `details` keeps the traceback for who asks for it."""
    started = [i for i, cell in enumerate(notebook.cells, 1) if cell.get("execution_count")]
    failed = [
        i
        for i, cell in enumerate(notebook.cells, 1)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    cell = (failed or started or [1])[0 if failed else -1]
    problem = " ".join(problem.split())
    if len(problem) > 400:
        problem = problem[:399] + "…"
    error = RenderError(f"{name}, cell {cell}: {problem}")
    error.details = details
    return error
