"""How long the commands take beside what anybody would do by hand: ``make bench-speed``.

Each row is a ratio of processor seconds (of a process and its children, so that other work on the
machine does not count) or of memory, of two things measured one after the other in the same run;
the figure is the median over the rounds. Nothing here decides whether a test passes.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

ROOT = Path(__file__).parents[1]
KANSEN = (sys.executable, "-m", "kansen_analysis")
PAGE, RESULTS = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.json"
COUNTRY = 6  # times the schools of the demo
NATIONAL = 6_500  # schools of `kansen demo --schools`
TIMES = (1, 2, 4)  # countries
INVENTED = re.compile(rb"\b9[0-3](?=[A-Z]{2})")  # how the codes of the demo begin
OWN_CODES = (94, *range(0, 88, 4))  # how those of its copies may begin: with this, or 1 to 3 more
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# Every byte of the folder as text, with neither a question asked nor an answer checked.
BARE = """
import sys, pathlib, pandas, python_calamine
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.suffix.lower() == ".csv":
        head = path.open("rb").readline().decode("cp1252")
        mark = max(",;\\t", key=head.count)
        for encoding in ("utf-8", "cp1252"):
            try:
                pandas.read_csv(path, dtype=str, sep=mark, encoding=encoding, on_bad_lines="skip")
                break
            except UnicodeDecodeError:
                pass
    elif path.suffix.lower() in (".ods", ".xlsx"):
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            book.get_sheet_by_name(name).to_python()
"""
LOAD = """
import sys
from kansen_analysis.schools.coverage import check
check(sys.argv[1])
"""
# What is doubted is found and not raised: no country has twice its schools.
SCAN = """
import sys
from kansen_analysis.errors import PlausibilityError
from kansen_analysis.sources import DataFolder
folder = DataFolder(sys.argv[1])
folder.scan()
assert all(isinstance(finding, PlausibilityError) for finding in folder.findings)
"""
# Each notebook in a kernel of its own, and as a page without a site around it.
NOTEBOOKS = """
import sys, pathlib, nbformat, nbclient, pypandoc
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.ipynb")):
    book = nbformat.read(path, 4)
    nbclient.NotebookClient(book, resources={"metadata": {"path": sys.argv[1]}}).execute()
    pypandoc.convert_text(nbformat.writes(book), "html", format="ipynb")
"""

# The pages that every monitor has, without one for each school and municipality.
PLAIN = """
import sys, pathlib
from kansen_analysis.edition.open import open_edition
from kansen_analysis.publish import RenderConfig, site
edition, here = open_edition(sys.argv[1]), pathlib.Path.cwd()
config = RenderConfig(here, edition, here / "plain", "embedded", settings=edition.settings)
print(site.render(config).pages)
"""


@dataclass(frozen=True)
class Cost:
    """Processor seconds and the most memory (MB) of a command with its children."""

    seconds: float
    megabytes: float


def cost(command: tuple[str, ...], folder: Path = ROOT, **environment: str) -> Cost:
    """Run a command to its end and return what it cost.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails: what went wrong is no measurement.
    """
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=folder, env=os.environ | environment, **quiet)
    told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command, stderr=told)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Cost(spent, used.ru_maxrss / 1024)


@dataclass
class Row:
    """One line of the table: what, beside what, the most it may be, and the ratio of each round."""

    work: str
    beside: str
    most: float
    ratios: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median."""
        return median(self.ratios)

    def as_dict(self) -> dict:
        """For the file of results."""
        told = {"work": self.work, "beside": self.beside, "most": self.most}
        return told | {"ratio": round(self.ratio, 3), "rounds": [round(r, 3) for r in self.ratios]}


def _python(code: str, *arguments: str | Path) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *map(str, arguments))


def starting(rows: dict[str, Row]) -> None:
    """Measure help and an answer that is there already, beside importing pandas."""
    pandas = cost(_python("import pandas")).seconds
    demo = ("--data", "data/demo")
    cost((*KANSEN, "goals", *demo))  # the edition is there after this
    _add(rows, "`kansen --help`", "import pandas", 0.3, cost((*KANSEN, "--help")).seconds / pandas)
    for command in ("goals", "plan"):
        again = cost((*KANSEN, command, *demo)).seconds
        name = f"`kansen {command}`, edition unchanged"
        _add(rows, name, "import pandas", 1.5, again / pandas)


def reading(rows: dict[str, Row], data: Path, name: str) -> None:
    """Measure loading and checking every file of a folder, beside reading them unseen."""
    bare = cost(_python(BARE, data))
    ours = cost(_python(LOAD, data))
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / 2**20
    _add(
        rows, f"load and check {name}", "the same bytes read unseen", 2, ours.seconds / bare.seconds
    )
    _add(rows, f"memory of that ({name})", "bytes on disk", 6, ours.megabytes / size)
    check = (*KANSEN, "check", "--data", str(data))
    cost(check)
    again = cost(check).seconds / bare.seconds
    _add(rows, f"`kansen check` once more, {name}", "the same bytes read unseen", 0.1, again)


def national(rows: dict[str, Row]) -> None:
    """Measure loading eleven years of invented files of a country as large as the real one."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "data")
        cost((*KANSEN, "demo", "--schools", str(NATIONAL), "--output", str(folder)))
        reading(rows, folder, "national data, eleven years")


def stretched(folder: Path, target: Path, times: int) -> Path:
    """Write the texts of the demo with every school several times, under codes of its own.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as there:
    ...     text = Path(there, "a.csv").write_text("BRIN;N\\n90AA;7\\n")
    ...     stretched(Path(there), Path(there, "twice"), 2).joinpath("a.csv").read_text()
    'BRIN;N\\n90AA;7\\n94AA;7\\n'
    """
    target.mkdir()
    for path in sorted(folder.glob("*.csv")):
        head, rows = path.read_bytes().split(b"\n", 1)
        copies = [rows]
        if INVENTED.search(rows) and path.name != "participants.csv":
            copies += [
                INVENTED.sub(lambda m, own=own: b"%02d" % (int(m[0]) - 90 + own), rows)
                for own in OWN_CODES[: times - 1]
            ]
        (target / path.name).write_bytes(b"\n".join([head, b"".join(copies)]))
    return target


def growing(rows: dict[str, Row]) -> None:
    """Measure how time and memory grow from one to four times the schools of the country."""
    with tempfile.TemporaryDirectory() as scratch:
        spent = []
        for times in TIMES:
            folder = stretched(ROOT / "data" / "demo", Path(scratch, str(times)), COUNTRY * times)
            spent.append(cost(_python(SCAN, folder)))
    for name, used in (
        ("time", [each.seconds for each in spent]),
        ("memory", [each.megabytes for each in spent]),
    ):
        slope = math.log(used[-1] / used[0]) / math.log(TIMES[-1] / TIMES[0])
        _add(rows, f"slope of {name}, 1 to {TIMES[-1]} countries", "log-log", 1.1, slope)


def rendering(rows: dict[str, Row]) -> None:
    """Measure a first render of the demo, one after nothing and one after a sentence changed."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "project")
        for name in ("notebooks", "programmes", "data"):
            shutil.copytree(ROOT / name, project / name)
        for path in (*ROOT.glob("*.yml"), *ROOT.glob("*.lock"), ROOT / "pyproject.toml"):
            shutil.copy(path, project)
        demo = ("--data", "data/demo")
        command = (*KANSEN, "render", *demo, "--engine", "embedded")
        built = cost((*KANSEN, "build", *demo), project).seconds
        drawn = cost(command, project).seconds
        first = built + drawn
        again = cost(command, project).seconds
        notebook = project / "notebooks" / "begrippen.ipynb"
        book = json.loads(notebook.read_text(encoding="utf-8"))
        text = next(cell for cell in book["cells"] if cell["cell_type"] == "markdown")
        text["source"] = [*text["source"], "\n\nEen zin erbij.\n"]
        notebook.write_text(json.dumps(book), encoding="utf-8")
        changed = cost(command, project).seconds
        _add(rows, "render after nothing changed", "first render", 0.05, again / first)
        _add(rows, "render after one sentence changed", "first render", 0.2, changed / first)
        edition = next((project / "editions").glob("demo-*"))
        notebooks = sorted((project / "notebooks").glob("*.ipynb"))
        books = cost(_python(NOTEBOOKS, notebooks[0].parent), KANSEN_EDITION=str(edition)).seconds
        words = "its notebooks through nbclient and pandoc"
        _add(rows, "render of the demo, once built", words, 0.15, drawn / books)
        pages = len([*(edition / "drawn").rglob("*.page")])
        plain = cost(_python(PLAIN, edition), project).seconds
        more = (drawn - plain) / (pages - len([*(edition / "drawn").rglob("*.page")]))
        one = books / len(notebooks)
        _add(rows, "a page of a school more", "one of these notebooks", 0.01, more / one)


def _add(rows: dict[str, Row], work: str, beside: str, most: float, ratio: float) -> None:
    rows.setdefault(work, Row(work, beside, most)).ratios.append(ratio)


def table(rows: list[dict]) -> str:
    """Write the rows as a table; what is above its target says so.

    Examples
    --------
    >>> print(table([{"work": "a", "beside": "b", "most": 2, "ratio": 2.5}]).splitlines()[-1])
    | a | b | 2 | **2.5** (above) |
    """
    lines = ["| work | beside it, in the same run | at most | measured |", "|---|---|---|---|"]
    for row in rows:
        above = row["ratio"] > row["most"]
        found = f"**{row['ratio']:.2g}** (above)" if above else f"{row['ratio']:.2g}"
        lines.append(f"| {row['work']} | {row['beside']} | {row['most']:g} | {found} |")
    return "\n".join(lines)


def bench(
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often; medians count.")] = 3,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="More folders with files to load.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Store it in docs/performance.*")] = False,
) -> None:
    """Measure how long the commands take beside what anybody would do by hand."""
    rows: dict[str, Row] = {}
    kinds: list[tuple[Callable[..., None], tuple]] = [(starting, ())]
    kinds.append((reading, (ROOT / "data" / "demo", "the demo")))
    kinds += [(reading, (folder.resolve(), "the published files")) for folder in data or ()]
    kinds += [(national, ()), (growing, ()), (rendering, ())]
    for at in range(rounds):
        for work, given in kinds:
            typer.echo(f"Round {at + 1}: {work.__name__}", err=True)
            work(rows, *given)
    found = [row.as_dict() for row in rows.values()]
    typer.echo(table(found))
    if write:
        about = {"date": date.today().isoformat(), "rounds": rounds, "cores": os.cpu_count()}
        about |= {"processor": platform.machine(), "python": platform.python_version()}
        content = json.dumps({"about": about, "rows": found}, indent=1) + "\n"
        RESULTS.write_text(content, encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        told = f"Measured on {about['date']}: {about['cores']} cores, {about['processor']}, "
        how = "one round" if rounds == 1 else f"median of {rounds} rounds"
        told += f"Python {about['python']}, {how}."
        new = f"{head}{BEGIN}\n\n{told}\n\n{table(found)}\n\n{END}{tail}"
        PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    typer.run(bench)
