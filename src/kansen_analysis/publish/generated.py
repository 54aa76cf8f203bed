"""One page per participating school and per municipality, without a kernel for each of them.

The pages are notebooks like the others, executed already: every code cell shows what its own line
gives, called here. So both engines, the search and the menu treat them as any page. The data are
opened once; a few processes share the pages.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from kansen_analysis.display.prose import Absent
from kansen_analysis.edition.monitor import Monitor
from kansen_analysis.errors import KansenError, RenderError
from kansen_analysis.pages import common, gemeente, programma, school
from kansen_analysis.pages.markdown import GENERATED
from kansen_analysis.publish import execute
from kansen_analysis.publish.execute import AT_ONCE, Progress

TOLD = {GENERATED: "1"}  # tells the other notebooks that they can link to these pages


@dataclass(frozen=True)
class Show:
    """A code cell that shows what one function gives.

    Parameters
    ----------
    call : str
        The function; it takes the monitor and the school or municipality.
    label, caption : str
        For a figure or table that has them.
    module : module, optional
        Where the function is, when not in the page's own module.
    """

    call: str
    label: str = ""
    caption: str = ""
    module: ModuleType | None = None

    def source(self, own: ModuleType, key: str) -> str:
        """Write the cell.

        Examples
        --------
        >>> print(Show("by_year", "fig-jaren", "Per jaar.").source(school, "90AA00"))
        #| label: fig-jaren
        #| fig-cap: "Per jaar."
        school.by_year(monitor, "90AA00")
        """
        options = []
        if self.label:
            kind = self.label.split("-")[0]
            options = [
                f"#| label: {self.label}",
                f"#| {kind}-cap: {json.dumps(self.caption, ensure_ascii=False)}",
            ]
        module = _name(self.module or own)
        return "\n".join([*options, f'{module}.{self.call}(monitor, "{key}")'])


def _name(module: ModuleType) -> str:
    """Return the module as a notebook names it."""
    return module.__name__.rpartition(".")[2]


SCHOOL = (
    Show("opening"),
    "## Resultaten aan het eind van groep 8 {#sec-resultaten}\n\nVoor rekenen, lezen en "
    "taalverzorging is er een streefniveau: 1S bij rekenen, 2F bij lezen en taalverzorging. "
    "Hieronder staat hoeveel procent van die niveaus de leerlingen halen.",
    Show("by_year", "fig-jaren", "Resultaten per schooljaar, naast vergelijkbare scholen."),
    Show("three_years", "tbl-drie-jaar", "Resultaten over drie schooljaren samen."),
    "## Wat veranderde er na de start {#sec-verandering}\n\nResultaten van een school gaan elk "
    "jaar op en neer, ook zonder dat er iets verandert. De vraag is dus of de verandering "
    "groter is dan dat.",
    Show("position", "fig-verandering", "Verandering na de start, en hoeveel daarvan toeval is."),
    "## Schooladviezen {#sec-advies}\n\nDe leerlingen krijgen in groep 8 een advies voor het "
    "vervolgonderwijs. Hier staat het gemiddelde van die adviezen.",
    Show("advice", "fig-advies", "Gemiddeld schooladvies per schooljaar."),
    "## De school en het programma {#sec-school}",
    Show("facts", "tbl-gegevens", "Wat er van de school bekend is, met de bron."),
    "### Wat er gebeurt {#sec-programma}",
    Show("of_school", module=programma),
    "## Wat de bestanden niet zeggen {#sec-niet}",
    Show("missing"),
    "Meer over de rekenwijze staat in de [verantwoording](../verantwoording.ipynb).",
)
MUNICIPALITY = (
    Show("opening"),
    "## Wie doet mee {#sec-wie}",
    Show("participants"),
    Show("groups", "tbl-scholen", "Deelnemende scholen en overige basisscholen."),
    Show("size", "fig-omvang", "Leerlingen op deelnemende en overige basisscholen."),
    "### Wat er gebeurt {#sec-programma}",
    Show("of_municipality", module=programma),
    "## Resultaten aan het eind van groep 8 {#sec-resultaten}",
    Show("results", "fig-resultaten", "Resultaten van de scholen hier, per schooljaar."),
    "## Rond de scholen {#sec-rond}\n\nDit is context en geen toets. De cijfers gaan over alle "
    "kinderen en jongeren die hier wonen, ook over wie nooit op een deelnemende school zat.",
    "### Speciaal onderwijs {#sec-speciaal}",
    Show("special_education", "fig-speciaal", "Kinderen op een speciale school, naar woonplaats."),
    "### Jeugdhulp {#sec-jeugdhulp}",
    Show("youth_care", "tbl-jeugdhulp", "Jongeren met jeugdhulp, naar woonplaats."),
    "### Voortijdig schoolverlaten {#sec-vsv}",
    Show("dropout", "fig-vsv", "Voortijdig schoolverlaters, naar woonplaats."),
    "## Wat deze cijfers niet zeggen {#sec-niet}",
    Show("missing"),
)


@dataclass(frozen=True)
class Kind:
    """A kind of page: its folder, the module with its functions, its cells."""

    folder: str
    module: ModuleType
    cells: tuple[str | Show, ...]


KINDS = {
    kind.folder: kind
    for kind in (Kind("scholen", school, SCHOOL), Kind("gemeenten", gemeente, MUNICIPALITY))
}


def notebook(monitor: Monitor, kind: Kind, key: str) -> nbformat.NotebookNode:
    """Make one page.

    Parameters
    ----------
    monitor : Monitor
    kind : Kind
    key : str
        BRIN6 of a participant, or number of a municipality.

    Returns
    -------
    nbformat.NotebookNode
        With the outputs that running it would give.
    """
    title, description = kind.module.heading(monitor, key)
    # JSON text is YAML text, whatever quotes a name holds
    front = {"title": title, "description": description, "lang": "nl"}
    lines = [f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in front.items()]
    cells = [new_raw_cell("\n".join(["---", *lines, "---"]))]
    opening = (
        "#| echo: false\n"
        f"from kansen_analysis.pages import common, {_name(kind.module)}, programma\n\n"
        "monitor = common.open_monitor()\ncommon.banner(monitor)"
    )
    shown = [(opening, common.banner(monitor))]
    for cell in kind.cells:
        if isinstance(cell, Show):
            result = getattr(cell.module or kind.module, cell.call)(monitor, key)
            if isinstance(result, Absent):  # no number and caption for a figure that is not there
                cell = replace(cell, label="", caption="")
            shown.append((cell.source(kind.module, key), result))
        else:
            shown.append((cell, None))
    count = 0
    for source, result in shown:
        if result is None:
            cells.append(new_markdown_cell(source))
            continue
        count += 1
        output = new_output(
            "execute_result", data=result._repr_mimebundle_(), execution_count=count
        )
        cells.append(new_code_cell(source, outputs=[output], execution_count=count))
    return execute.tidy(new_notebook(cells=cells))


def write(work: Path, told: Mapping[str, str], progress: Progress | None = None) -> list[str]:
    """Write all pages into a work folder.

    Parameters
    ----------
    work : Path
        Folder with the copied notebooks.
    told : mapping
        What `execute.environment` gives; figures and downloads go where it says.
    progress : callable, optional
        Called with a text, the number done and the number to do.

    Returns
    -------
    list of str
        The pages, as `project.pages` names them.

    Raises
    ------
    RenderError
        When a page cannot be made, naming it.
    """
    here = dict(told) | TOLD
    if "KANSEN_FILES" in here:  # seen from a folder below the pages that the files stand beside
        inside = Path(here["KANSEN_FILES"]).relative_to(Path(work).absolute())
        here["KANSEN_FILES_PREFIX"] = f"../{inside.as_posix()}"
    with _told(here):
        monitor = common.open_monitor()
        tasks = [
            *(("scholen", key) for key in sorted(monitor.participants["school"])),
            *(
                ("gemeenten", key)
                for key in sorted(monitor.participants["municipality_code"].unique())
            ),
        ]
        for folder in KINDS:
            (work / folder).mkdir(exist_ok=True)
        paths = [work / folder / f"{key}.ipynb" for folder, key in tasks]
        # A forked process has the data already; where that is not safe, another one opens them.
        fork = sys.platform == "linux"
        if fork:
            _warm(monitor)
            gc.freeze()  # what is there stays: neither process need look through it again
        with ProcessPoolExecutor(
            AT_ONCE, multiprocessing.get_context("fork" if fork else "spawn")
        ) as pool:
            jobs = [
                pool.submit(_write, path, *task) for path, task in zip(paths, tasks, strict=True)
            ]
            try:
                for done, (job, (folder, key)) in enumerate(zip(jobs, tasks, strict=True), 1):
                    job.result()
                    if progress:
                        progress(f"made {folder}/{key}", done, len(jobs))
            finally:
                for job in jobs:
                    job.cancel()
                gc.unfreeze()
    return [f"{folder}/{key}" for folder, key in tasks]


def _warm(monitor: Monitor) -> None:
    """Work out once what all pages need, before there are more processes."""
    school.results(monitor)
    school.changes(monitor)
    school.history(monitor)
    _ = monitor.facts, monitor.pools, monitor.advice_levels


def _write(path: Path, folder: str, key: str) -> None:
    try:
        made = notebook(common.open_monitor(), KINDS[folder], key)
    except Exception as error:
        # plain text: what a page raises need not survive the way between processes
        kind = "" if isinstance(error, KansenError) else f"{type(error).__name__}: "
        raise RenderError(f"{folder}/{key}.ipynb: {kind}{error}") from None
    execute.write(made, path)


@contextmanager
def _told(variables: Mapping[str, str]) -> Iterator[None]:
    """Lay variables over those of the process, and take them off again."""
    before = dict(os.environ)
    try:
        for name in [n for n in os.environ if n.startswith("KANSEN_") and n != "KANSEN_HANDED"]:
            del os.environ[name]
        os.environ.update(variables)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
