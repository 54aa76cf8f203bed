"""Draw everything, on all cores or on a Dask cluster, and go on where it stopped."""

from __future__ import annotations

import ast
import hashlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import joblib
import pandas as pd
import yaml

import kansen_analysis
from bench.cases import Case, draw
from kansen_analysis.errors import UsageError

BACKENDS = ("local", "dask")
METHOD = (
    *("demo/panels.py", "estimate/panel.py", "estimate/components.py", "estimate/etwfe.py"),
    *("estimate/specifications.py", "estimate/inference.py", "estimate/randomisation.py"),
    *("estimate/event.py", "estimate/guards.py", "estimate/effects.py", "estimate/power.py"),
    *("estimate/per_school.py", "goals/rule.py", "goals/goals.yml"),
)


def method() -> str:
    """Return a checksum of the code that is measured, so that draws of older code do not count.

    Layout and comments do not change it.

    Examples
    --------
    >>> len(method())
    12
    """
    folder = Path(kansen_analysis.__file__).parent
    parts = [meaning((folder / name).read_text(encoding="utf-8"), name) for name in METHOD]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def meaning(text: str, name: str) -> str:
    """What a file says, without layout and comments; of the protocol, the limits and numbers."""
    if name.endswith(".py"):
        return ast.dump(_without_texts(ast.parse(text)))
    content = yaml.safe_load(text)
    rules = [
        {key: each["outcome"][key] for key in ("decides", "smallest_difference", "pupil_sd")}
        for each in content["goals"]
    ]
    return json.dumps([content["verdict"], rules], sort_keys=True)


def _without_texts(tree: ast.Module) -> ast.Module:
    """Leave docstrings out: a better sentence does not change what was measured."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            first = body[0].value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                body[0] = ast.Pass()
    return tree


def read_draws(path: Path) -> pd.DataFrame:
    """Read the draws that are there already.

    Parameters
    ----------
    path : Path
        One JSON object per line; lines of other code, and a line that was cut off, do not count.

    Returns
    -------
    DataFrame
        One row per draw, sorted by case and seed; empty when there are none.
    """
    rows, wanted = [], method()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if row.pop("method") == wanted:
            rows.append(row)
    table = pd.DataFrame(rows, columns=None if rows else ["case", "seed"])
    table = table.drop_duplicates(["case", "seed"])
    return table.sort_values(["case", "seed"], ignore_index=True, kind="stable")


@contextmanager
def _workers(backend: str, jobs: int, scheduler: str | None) -> Iterator[None]:
    if backend not in BACKENDS:
        raise UsageError(f"There is no backend {backend!r}; choose from {', '.join(BACKENDS)}.")
    if backend == "local":
        # One thread each: the draws share the processors already.
        with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
            yield
        return
    from distributed import Client  # a development extra, and slow to import

    own = {"n_workers": None if jobs < 0 else jobs, "threads_per_worker": 1}
    own |= {"dashboard_address": None}
    with Client(scheduler, **({} if scheduler else own)), joblib.parallel_config("dask"):
        yield


def draw_all(
    tasks: Sequence[tuple[Case, int]],
    path: Path,
    *,
    backend: str = "local",
    jobs: int = -1,
    scheduler: str | None = None,
    seconds: float = float("inf"),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Draw what is not there yet, and write every draw down as soon as it is ready.

    Parameters
    ----------
    tasks : sequence of (Case, int)
        From `bench.cases.tasks`.
    path : Path
        File of draws; it is appended to.
    backend : str
        ``local`` (joblib's own processes) or ``dask``.
    jobs : int
        Processes; -1 for one per core.
    scheduler : str, optional
        Address of a Dask cluster; without it a local one is started.
    seconds : float
        Stop after this long; what is not drawn then waits for the next time.
    progress : callable
        Called with the number of draws that are there, and wanted.

    Returns
    -------
    DataFrame
        All draws of these tasks, old and new, as `read_draws` gives them.
    """
    there = set(zip(*(read_draws(path)[name] for name in ("case", "seed")), strict=True))
    todo = [task for task in tasks if (task[0].name, task[1]) not in there]
    done, code, stop = len(tasks) - len(todo), method(), time.monotonic() + seconds
    progress(done, len(tasks))
    if todo and seconds > 0:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file, _workers(backend, jobs, scheduler):
            file.write("\n" if path.stat().st_size else "")  # end a line that was cut off
            found = joblib.Parallel(return_as="generator_unordered")(
                joblib.delayed(draw)(case, seed) for case, seed in todo
            )
            for row in found:
                file.write(json.dumps({"method": code} | row) + "\n")
                file.flush()
                done += 1
                progress(done, len(tasks))
                if time.monotonic() > stop:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # that the rest is not drawn is meant
                        found.close()
                    break
    rows = read_draws(path)
    wanted = {(case.name, seed) for case, seed in tasks}
    keep = [key in wanted for key in zip(rows["case"], rows["seed"], strict=True)]
    return rows.loc[keep].reset_index(drop=True)
