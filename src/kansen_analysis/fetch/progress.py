"""How far a long command is: bars on a terminal, a few lines in a log, nothing when asked."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

PARTS = 4  # lines for a piece of work whose size is known: one at each quarter
PAUSE = 5.0  # seconds between two lines where it is not known


class Log:
    """Progress for a log: a line at each quarter of the work, else one in five seconds.

    Parameters
    ----------
    words : str
        What is being done, such as ``Building``.
    write : callable
        Takes a line.
    clock : callable, optional
        Seconds; another one in a test.

    Examples
    --------
    >>> log = Log("Rendering", print)
    >>> for page in range(1, 201):
    ...     log(f"page {page}", page, 200)
    Rendering: page 1
    Rendering: page 50
    Rendering: page 100
    Rendering: page 150
    Rendering: page 200
    """

    def __init__(
        self, words: str, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ):
        self.words, self.write, self.clock = words, write, clock
        self.part: int | None = None
        self.told = -PAUSE

    def __call__(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Write a line when one is due."""
        now = self.clock()
        if total:
            part = PARTS * (done or 0) // total
            due, self.part = part != self.part, part
        else:
            due = now - self.told >= PAUSE
        if due:
            self.told = now
            self.write(f"{self.words}: {text}")


@contextlib.contextmanager
def bars(quiet: bool = False) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show one bar per file on a terminal, and now and then a line elsewhere.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """
    if quiet:
        yield lambda name, done, total: None
        return
    if not sys.stderr.isatty():
        log = Log("Fetching", lambda text: print(text, file=sys.stderr))
        # Bytes of one file are no measure of how far all of them are.
        yield lambda name, done, total: log(name)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TextColumn,
        TransferSpeedColumn,
    )

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as progress:

        def bar(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name)
            finished = total is not None and done >= total
            progress.update(tasks[name], completed=done, total=total, visible=not finished)

        yield bar
