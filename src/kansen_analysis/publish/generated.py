"""A page per school, per municipality and per goal of a programme's own: notebooks made here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import ModuleType

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from kansen_analysis.edition.open import Edition
from kansen_analysis.pages import doel, gemeente, programma, school
from kansen_analysis.pages.markdown import plain
from kansen_analysis.publish import execute


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
    Show("groups", "tbl-scholen", "Scholen in het register en overige basisscholen."),
    Show("size", "fig-omvang", "Leerlingen op scholen in het register en overige basisscholen."),
    "### Wat er gebeurt {#sec-programma}",
    Show("of_municipality", module=programma),
    "## Resultaten aan het eind van groep 8 {#sec-resultaten}",
    Show("results", "fig-resultaten", "Resultaten van de scholen hier, per schooljaar."),
    "## Rond de scholen {#sec-rond}\n\nDit is context en geen toets. De cijfers gaan over alle "
    "kinderen en jongeren die hier wonen, ook over wie nooit op een school in het register zat.",
    "### Speciaal onderwijs {#sec-speciaal}",
    Show("special_education", "fig-speciaal", "Kinderen op een speciale school, naar woonplaats."),
    "### Jeugdhulp {#sec-jeugdhulp}",
    Show("youth_care", "tbl-jeugdhulp", "Jongeren met jeugdhulp, naar woonplaats."),
    "### Voortijdig schoolverlaten {#sec-vsv}",
    Show("dropout", "fig-vsv", "Voortijdig schoolverlaters, naar woonplaats."),
    "## Wat deze cijfers niet zeggen {#sec-niet}",
    Show("missing"),
)
GOAL = (
    "## Het antwoord {#sec-antwoord}",
    Show("answer"),
    Show("wanted"),
    Show("since_start", "fig-start", "Verschil met vergelijkbare scholen, voor en na de start."),
    "## Hoe zeker is dat {#sec-zeker}\n\nDe berekeningen liggen vooraf vast in het "
    "[protocol](../begrippen.ipynb#protocol). Alleen als ze hetzelfde zeggen, gebruikt de monitor "
    "het woord ‘beter’ of ‘slechter’.",
    Show("versions", "fig-versies", "De schatting volgens de vooraf vastgelegde berekeningen."),
    Show("could_be_seen", "fig-zicht", "Het kleinste verschil dat met deze scholen te zien is."),
    Show("doubts"),
    "## Een andere maat, zonder oordeel {#sec-tweede}",
    Show("second", "tbl-tweede", "Een andere maat, volgens dezelfde berekeningen."),
    "## Verhalen en lessen {#sec-verhalen}",
    Show("told"),
)


@dataclass(frozen=True)
class Kind:
    """A kind of page: its folder, the module with its functions, its cells."""

    folder: str
    module: ModuleType
    cells: tuple[str | Show, ...]


KINDS = {
    kind.folder: kind
    for kind in (
        Kind("doelen", doel, GOAL),
        Kind("scholen", school, SCHOOL),
        Kind("gemeenten", gemeente, MUNICIPALITY),
    )
}


def notebooks(edition: Edition) -> dict[str, NotebookNode]:
    """Write a notebook for every participating school, municipality and goal of its own.

    Returns
    -------
    dict of str to nbformat.NotebookNode
        By page, as `project.pages` names it; to be executed like the others.
    """
    people = edition.participants
    keys = {
        "doelen": doel.own(edition),
        "scholen": sorted(people["school"]),
        "gemeenten": sorted(people["municipality_code"].unique()),
    }
    return {
        f"{folder}/{key}": _notebook(edition, kind, key)
        for folder, kind in KINDS.items()
        for key in keys[folder]
    }


def _notebook(edition: Edition, kind: Kind, key: str) -> NotebookNode:
    title, description = map(plain, kind.module.heading(edition, key))
    # JSON text is YAML text, whatever quotes a name holds
    front = {"title": title, "description": description, "lang": "nl"}
    lines = [f"{name}: {json.dumps(text, ensure_ascii=False)}" for name, text in front.items()]
    opening = (
        "#| echo: false\n"
        f"from kansen_analysis.pages import common, {_name(kind.module)}, programma\n\n"
        "monitor = common.open_monitor()\ncommon.banner(monitor)"
    )
    cells = [new_raw_cell("\n".join(["---", *lines, "---"])), new_code_cell(opening)]
    cells += [
        new_code_cell(cell.source(kind.module, key))
        if isinstance(cell, Show)
        else new_markdown_cell(cell)
        for cell in kind.cells
    ]
    return execute.tidy(new_notebook(cells=cells))
