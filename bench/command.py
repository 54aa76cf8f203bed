"""The command ``python -m bench``."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bench.cases import RUNS
from kansen_analysis import __version__, pages
from kansen_analysis.errors import KansenError, UsageError

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path(pages.__file__).with_name("bench_results.json")
TARGET = ("target_low", "target_high")
LINES = 20  # progress lines when nobody watches
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Backend(StrEnum):
    """Where the draws are made."""

    local = "local"
    dask = "dask"


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal, and a line now and then elsewhere."""
    if not err.is_terminal:
        said = [-1]

        def line(done: int, total: int) -> None:
            if (part := LINES * done // max(total, 1)) > said[0]:
                said[0] = part
                err.print(f"Drawing: {done} of {total}")

        yield line
        return
    columns = (TextColumn("Drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("Drawing")
        yield lambda done, total: bar.update(task, completed=done, total=total)


def write(path: Path, rows: pd.DataFrame, results: list[dict]) -> None:
    """Write the results with what is needed to make them again.

    Parameters
    ----------
    path : Path
        Where to.
    rows : DataFrame
        The draws.
    results : list of dict
        From `bench.figures.count`.
    """
    from bench import cases, peers, running

    seeds = rows.groupby("case")["seed"].agg(["min", "max", "size"])
    names = ("numpy", "pandas", "statsmodels", "pyfixest", "differences")
    absent = peers.missing()
    meta = {
        "version": __version__,
        "date": datetime.date.today().isoformat(),
        "method": running.method(),
        "schools": cases.SCHOOLS,
        "participants": 80,
        "thresholds_chosen_on_seeds_below": cases.FIRST,
        "package_every": cases.PACKAGE_EVERY,
        "seeds": {
            case: dict(zip(("first", "last", "draws"), map(int, row), strict=True))
            for case, row in zip(seeds.index, seeds.to_numpy(), strict=True)
        },
        "packages": {n: importlib.metadata.version(n) for n in names if n not in absent},
        "notes": [f"{name} was not installed, so its peer was not measured." for name in absent],
    }
    # What is the same for many figures stands once, and every figure on a line of its own.
    kept = ("world", "figure", "value", "chance_low", "chance_high", "runs", *TARGET)
    kept = (*kept, "peer", "peer_label", "failed")
    lines = [{name: row[name] for name in kept if row.get(name) is not None} for row in results]
    parts = {
        "meta": meta,
        "worlds": {
            row["world"]: {"label": row["world_label"], "truth": row["truth"]} for row in results
        },
        "figures": {
            row["figure"]: {name: row[name] for name in ("label", "unit", "decimals")}
            for row in results
        },
    }
    told = {"ensure_ascii": False, "allow_nan": False}
    head = json.dumps(parts, indent=1, **told).removesuffix("\n}")
    body = ",\n".join(f"  {json.dumps(line, **told)}" for line in lines)
    text = f'{head},\n "results": [\n{body}\n ]\n}}'
    path.write_text(text + "\n", encoding="utf-8")


def bench(
    runs: Annotated[int, typer.Option("--runs", min=1, help="Draws per world.")] = RUNS,
    backend: Annotated[
        Backend, typer.Option("--backend", help="Processes here, or a Dask cluster.")
    ] = Backend.local,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask cluster; else a local one.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes; -1 for one per core.")] = -1,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="Stop after this long; 0 only counts.")
    ] = None,
    draws: Annotated[
        Path | None, typer.Option("--draws", help="File of draws; else reports/bench-draws.jsonl.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="File of results; else bench_results.json in the package."),
    ] = None,
) -> None:
    """Measure how often the method is wrong; run it again to go on after an interruption."""
    from bench import peers, running, speed
    from bench.cases import tasks
    from bench.figures import count, met

    path = draws or Path("reports") / "bench-draws.jsonl"
    for name in peers.missing():
        text = f"Without {name}: its peer is left out (pip install .[bench] brings it)."
        err.print(text, markup=False)
    seconds = float("inf") if minutes is None else 60 * minutes
    with _progress() as progress:
        rows = running.draw_all(
            tasks(runs),
            path,
            backend=backend.value,
            jobs=jobs,
            scheduler=scheduler,
            seconds=seconds,
            progress=progress,
        )
    if rows.empty:
        raise UsageError(f"{path} holds no draws of the code of today: leave --minutes out.")
    results = count(rows, speed.measure())
    write(output or RESULTS, rows, results)
    table = Table(box=None, header_style="bold")
    for name in ("world", "figure", "value", "at least", "at most", "draws", ""):
        table.add_column(name, no_wrap=True)
    for row in results:
        if (good := met(row)) is not None:
            ends = ["" if row[end] is None else f"{row[end]:g}" for end in TARGET]
            mark = "" if good else "misses"
            value = f"{row['value']:g} {row['unit']}"
            table.add_row(row["world"], row["figure"], value, *ends, str(row["runs"]), mark)
    out.print(table)
    out.print(f"{len(rows)} draws, {len(results)} figures, in {output or RESULTS}.", markup=False)


def main() -> None:
    """Run the command; a mistake ends with one message."""
    try:
        typer.run(bench)
    except KansenError as error:
        err.print(str(error), markup=False)
        sys.exit(2)
