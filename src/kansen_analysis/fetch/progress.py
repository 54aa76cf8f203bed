"""How far a fetch is: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def bars() -> Iterator[Callable[[str, int, int | None], None]]:
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
