"""Runs that are killed at any moment: what was there stays whole, the next leaves nothing behind.

``python tests/kills.py 50`` kills fifty renders, builds and fetches of small folders.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE = """
import time
from IPython.display import HTML
from kansen_analysis.display import downloads
time.sleep(0.1)
HTML(f'<a href="{{downloads.place("downloads/{name}.csv", b"x" * 20000, "text/csv")}}">CSV</a>')
"""
RENDER = """
import sys
from pathlib import Path
from kansen_analysis.edition.open import open_edition
from kansen_analysis.publish import RenderConfig, render
root = Path(sys.argv[1])
(root / "project" / "notebooks" / "_turn").write_text(sys.argv[2])
page = root / "project" / "notebooks" / "p0.ipynb"
page.write_text(page.read_text().replace("x = ", f"x = {sys.argv[2]} + "))
edition = open_edition(root / "editions" / "2024-2025")
render(RenderConfig(root / "project", edition, root / "reports" / "2024-2025", "embedded"))
"""
BUILD = """
import sys
from pathlib import Path
from kansen_analysis.edition.build import build
root = Path(sys.argv[1])
register = root / "data" / "participants.csv"
lines = register.read_text().splitlines()
names = lines[0].split(",")
cells = lines[1].split(",")
cells[names.index("source")] = "bron " + sys.argv[2]
register.write_text("\\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\\n")
build(root / "data", day="2025-08-15", folder=root / "editions" / "e")
"""
FETCH = """
import json, sys
from pathlib import Path
from kansen_analysis.fetch import fetch
root = Path(sys.argv[1])
report = fetch(root / "data", ["leerlingen_historisch"], base_urls=json.loads(sys.argv[2]))
report.raise_findings()
"""


@dataclass
class Count:
    """What a series of kills left."""

    kills: int = 0
    damaged: int = 0
    leftovers: int = 0
    alive: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: {self.damaged} damaged, {self.leftovers} leftovers after the "
            f"next run, {self.alive} workers alive after 5 s"
        )


def site(root: Path, pages: int = 5) -> None:
    """Write a small project with an edition."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
    from test_publish_site import CONFIG, written

    notebooks = root / "project" / "notebooks"
    notebooks.mkdir(parents=True)
    (root / "project" / "_quarto.yml").write_text(CONFIG, encoding="utf-8")
    for at, name in enumerate(("index", *(f"p{n}" for n in range(pages)))):
        cells = [new_raw_cell(f"---\ntitle: {name}\n---"), new_markdown_cell("Tekst.")]
        if at:
            cells.append(new_code_cell(f"x = 1{PAGE.format(name=name)}"))
        nbformat.write(new_notebook(cells=cells), notebooks / f"{name}.ipynb")
    written(root / "editions" / "2024-2025")


def folder(root: Path, demo: Path) -> None:
    """Write a small data folder."""
    needed = (
        "02.-alle",
        "03-alle",
        "schoolweging-2022",
        "files",
        "participants",
        "truth",
        "programme",
    )
    needed += ("05.-gemiddelde-eindscores-bo-sbo-2024",)
    (root / "data").mkdir(parents=True)
    for path in demo.iterdir():
        if path.name.startswith(needed):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, root / "data" / path.name)


@contextmanager
def publisher() -> Iterator[tuple[Callable[[int], str], Callable[[Path], bool]]]:
    """Play a slow publisher that revises its file each turn; yields its addresses and a judge."""
    from test_fetch import (
        HISTORY,
        IMAGES,
        Publishers,
        Served,
        assert_whole_and_true,
        sending,
        table,
    )

    server = Publishers()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.handle_error = lambda *about: None  # whoever is killed hangs up
    server.fail(IMAGES + HISTORY, sending(step=0.02))
    before = []

    def revise(turn: int) -> str:
        content = table(40_000, f"{turn % 4}")  # comes back to what there was
        before.append(content)
        server.files[IMAGES + HISTORY] = Served(content)
        return json.dumps({"https://duo.nl": server.base_urls["https://duo.nl"]})

    def damaged(folder: Path) -> bool:
        try:
            return not assert_whole_and_true(folder, server, *before)
        except (AssertionError, KeyError, ValueError):  # half a manifest is damage as well
            return True

    try:
        yield revise, damaged
    finally:
        server.shutdown()
        server.server_close()


def start(code: str, root: Path, turn: int | str) -> subprocess.Popen:
    environment = os.environ | {"TMPDIR": str(root / "tmp"), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(turn)],
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def children(session: int) -> list[int]:
    """Return who is left of a session; a zombie is not."""
    told = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-s", str(session)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in told.splitlines() if "Z" not in line.split()[1]]


def touched(made: Path) -> bool:
    """Tell whether an edition or a site is not there, or not as it was made."""
    from kansen_analysis.edition.compare import verify

    return not made.is_dir() or bool(verify(made))


def kill(
    code: str,
    root: Path,
    made: Path,
    kills: int,
    seed: int = 1,
    *,
    told: Callable[[int], int | str] = int,
    damaged: Callable[[Path], bool] = touched,
) -> Count:
    """Run once, kill so many times, run once more.

    `told` says what a turn is told, `damaged` whether what was made is no longer whole.
    """
    (root / "tmp").mkdir(parents=True, exist_ok=True)
    rng, count = random.Random(seed), Count()
    began = time.monotonic()
    assert start(code, root, told(0)).wait() == 0
    whole = time.monotonic() - began
    for turn in range(1, kills + 1):
        run = start(code, root, told(turn))
        time.sleep(rng.uniform(0.2 * whole, whole))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        count.kills += 1
        until = time.monotonic() + 5
        while children(run.pid) and time.monotonic() < until:
            time.sleep(0.2)
        count.alive += len(children(run.pid))
        count.damaged += damaged(made)
    assert start(code, root, told(kills + 1)).wait() == 0
    count.damaged += damaged(made)
    left = [path for path in made.parent.iterdir() if path.name.startswith(".")]
    left += [
        path
        for path in made.rglob("*")
        if ".new" in path.name or path.name.endswith(".old") or path.name == ".parts"
    ]
    left += [path for top in (root / "tmp").glob("kansen-*") for path in top.iterdir()]
    count.leftovers = len(left)
    return count


def main(kills: int) -> int:
    """Kill renders, builds and fetches; returns how much was lost."""
    from kansen_analysis.demo import demo_folder

    lost = 0
    with tempfile.TemporaryDirectory() as there:
        root = Path(there)
        site(root / "render")
        folder(root / "build", demo_folder())
        for name, code, made in (
            ("render", RENDER, root / "render" / "reports" / "2024-2025"),
            ("build", BUILD, root / "build" / "editions" / "e"),
        ):
            found = kill(code, root / name, made, kills)
            print(f"{name}: {found}", flush=True)
            lost += found.damaged + found.leftovers + found.alive
        with publisher() as (told, damaged):
            made = root / "fetch" / "data"
            found = kill(FETCH, root / "fetch", made, kills, told=told, damaged=damaged)
        print(f"fetch: {found}", flush=True)
        lost += found.damaged + found.leftovers + found.alive
    return lost


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]))))
