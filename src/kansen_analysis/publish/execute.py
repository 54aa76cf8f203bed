"""Execute copies of notebooks, each in a kernel of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from kansen_analysis import schoolyear
from kansen_analysis.data import HANDED
from kansen_analysis.errors import RenderError
from kansen_analysis.publish import project

AT_ONCE = 2  # kernels; each imports pandas and statsmodels, more gains nothing on a laptop
CELL_SECONDS = 1800

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
) -> None:
    """Execute notebooks in place, at most `AT_ONCE` at a time, each in its own folder.

    Parameters
    ----------
    notebooks : iterable of Path
        Copies: they are overwritten with their outputs.
    told : mapping
        What `environment` gives.
    progress : callable, optional
        Called with a text, the number done and the number to do.

    Raises
    ------
    RenderError
        At the first cell that fails, naming notebook, cell and exception.
    """
    notebooks = list(notebooks)
    base = os.path.commonpath([path.parent for path in notebooks]) if notebooks else ""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KANSEN_") or k == HANDED}
    variables = kept | dict(told)
    with (
        tempfile.TemporaryDirectory(prefix="kansen-") as scratch,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        # no history, profile or settings of whoever runs this
        variables |= {"IPYTHONDIR": scratch, "JUPYTER_RUNTIME_DIR": scratch}
        names = [path.relative_to(base).as_posix() for path in notebooks]
        jobs = [
            pool.submit(_run, path, name, variables, Path(scratch) / f"{i}.json")
            for i, (path, name) in enumerate(zip(notebooks, names, strict=True))
        ]
        try:
            for done, (name, job) in enumerate(zip(names, jobs, strict=True), 1):
                job.result()
                if progress:
                    progress(f"executed {name}", done, len(notebooks))
        finally:
            for job in jobs:
                job.cancel()


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
        execute(copies, told, progress)
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


def _run(path: Path, name: str, variables: Mapping[str, str], connection: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    if all(cell.cell_type != "code" for cell in notebook.cells):
        return
    # sockets in a folder of our own, where the system has them: nobody else can listen in
    transport = "tcp" if sys.platform == "win32" else "ipc"
    kernel = _ThisPython(connection_file=str(connection), transport=transport)
    client = NotebookClient(
        notebook,
        km=kernel,
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
    )
    client.owns_km = True  # it ends the kernel, although it did not make it
    log = connection.with_suffix(".log")
    try:
        with log.open("wb") as stderr:  # what the kernel itself says is no news, unless it dies
            client.execute(env=dict(variables), stderr=stderr)
    except CellExecutionError as error:
        raise _failed(name, notebook, f"{error.ename}: {error.evalue}", str(error)) from error
    except CellTimeoutError as error:
        problem = f"it took longer than {CELL_SECONDS} seconds"
        raise _failed(name, notebook, problem, str(error)) from error
    except DeadKernelError as error:
        details = f"{error}\n{log.read_text(errors='replace')}"
        raise _failed(name, notebook, "Python stopped (out of memory?)", details) from error
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
