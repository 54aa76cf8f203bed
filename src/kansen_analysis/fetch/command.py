"""The command ``kansen fetch``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from kansen_analysis.programme import workspace

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show one bar per file on a terminal, and a line per file elsewhere."""
    tasks: dict[str, TaskID] = {}
    if not err.is_terminal:

        def line(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = TaskID(0)
                err.print(f"Fetching: {name}", markup=False)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=err, transient=True) as bars:

        def bar(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            finished = total is not None and done >= total
            bars.update(tasks[name], completed=done, total=total, visible=not finished)

        yield bar


def fetch(
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only this source; may be given more than once."),
    ] = None,
    school_year: Annotated[
        list[str] | None,
        typer.Option("--school-year", help="Only this school year, such as 2024-2025."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Where the files go; else data/raw.")
    ] = None,
) -> None:
    """Fetch the published files; run it again to go on after an interruption."""
    from kansen_analysis.fetch import fetch as run

    folder = data or workspace.root() / "data" / "raw"
    with _bars() as progress:
        report = run(folder, source, school_year, progress)
    out.print(f"{folder}: {report}", markup=False)
    report.raise_findings()
