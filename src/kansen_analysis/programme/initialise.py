"""A working folder for a programme: ``kansen init`` writes everything a monitor needs but data."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

import yaml

from kansen_analysis.errors import UsageError
from kansen_analysis.programme.schema import REGISTER, columns, tables
from kansen_analysis.programme.settings import FILE, PROVINCES, read_settings
from kansen_analysis.sources import hand

GOALS = "goals.yml"
OWN_WORDS = "Het doel zoals het programma het zelf noemt: vul in."
GOALS_HEAD = """\
# Het protocol van dit programma: wat wordt getoetst, waarop, en wanneer een woord mag. Schrijf elk
# doel in eigen woorden (source_text) voordat u naar uitkomsten kijkt; docs/goals.md legt elke regel
# uit en noemt alle uitkomsten. Het staat er met de doelen die met open bestanden te volgen zijn.
"""
PACKAGE = "src/kansen_analysis/"  # where this repository's own _quarto.yml finds the theme
THEME = "theme/"  # and where that of a working folder does
THEME_FOLDERS = ("publish/assets", "display/assets")
IGNORE = """\
# made by kansen, or published by others
/data/raw/*
!/data/raw/README.md
/data/demo/
/editions/
/reports/
/.quarto/
**/*.quarto_ipynb
.ipynb_checkpoints/
"""
RAW = """\
# Gepubliceerde bestanden

Zet hier de bestanden van DUO, de Inspectie van het Onderwijs en CBS, onder elke naam: een bestand
wordt aan zijn kopregel herkend. `kansen fetch` haalt op wat een bekend adres heeft en zegt wat u
zelf moet halen; `kansen check` zegt wat er is, wat er ontbreekt en wat er niet klopt.
"""


def project_files() -> Path:
    """Return the folder with the notebooks and ``_quarto.yml`` that go with this package.

    In an installed package they are package data, in a checkout they stand at its root.
    """
    package = Path(str(resources.files("kansen_analysis")))
    inside = package / "project"
    return inside if inside.is_dir() else package.parents[1]


def initialise(folder: Path | str, settings: Mapping) -> Path:
    """Write a working folder.

    Parameters
    ----------
    folder : pathlib.Path or str
        Made when it is not there; a folder with files in it is left alone.
    settings : mapping
        Content of ``programme.yml``.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    UsageError
        When the folder holds something already.
    SettingsError
        When the settings are not of the expected form; nothing is written then.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name a folder that is new or empty.")
    with hand.scratch(folder.absolute().parent, hand.NEW) as scratch:
        work = scratch / "new"
        for name, content in _contents(settings):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(content, encoding="utf-8")
        read_settings(work)
        ours = project_files() / "notebooks"
        for notebook in sorted([*ours.glob("[!._]*.ipynb"), *ours.glob("analyse/[!._]*.ipynb")]):
            _empty(notebook, work / "notebooks" / notebook.relative_to(ours))
        package = Path(str(resources.files("kansen_analysis")))
        for theme in THEME_FOLDERS:
            shutil.copytree(package / theme, work / THEME / theme)
        if folder.exists():
            folder.rmdir()
        work.rename(folder)
    return folder


def _empty(notebook: Path, target: Path) -> None:
    """Copy a notebook without its outputs: they are of another programme."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


def _contents(settings: Mapping) -> Iterator[tuple[str, str]]:
    """Name every text file of a working folder with what stands in it."""
    head = "# Het programma van deze monitor; docs/programme.md legt elke regel uit.\n"
    yield FILE, head + _yaml(settings)
    yield GOALS, _goals()
    yield ".gitignore", IGNORE
    yield "data/raw/README.md", RAW
    yield "data/participants.csv", _header(REGISTER)
    yield "data/README.md", _explained()
    for table in tables():
        yield f"data/programme/{table}.csv", _header(table)
    site = (project_files() / "_quarto.yml").read_text(encoding="utf-8")
    named = yaml.safe_dump(f"Monitor {settings.get('name', '')}", allow_unicode=True)
    title = named.removesuffix("...\n").strip()
    lines = [
        f"  title: {title}" if line.startswith("  title:") else line.replace(PACKAGE, THEME)
        for line in site.splitlines()
    ]
    yield "_quarto.yml", "\n".join(lines) + "\n"


def _goals() -> str:
    """Return the package's protocol with the goals that open data can bear, as a first version."""
    package = Path(str(resources.files("kansen_analysis")))
    content = yaml.safe_load((package / "goals" / GOALS).read_text(encoding="utf-8"))
    supplied = {"leerjaar3"}  # a table that schools fill in themselves
    goals = [goal for goal in content["goals"] if not supplied & set(goal["outcome"]["sources"])]
    for goal in goals:  # a goal keeps its number: the page that was written for it goes by that
        goal["source_text"] = OWN_WORDS
    today = datetime.date.today()
    first = {"version": "1.0", "date": today, "after_data": False, "what": "Eerste versie."}
    content |= {"version": "1.0", "date": today, "changes": [first], "goals": goals}
    # The first planned edition is that of the school year that ended last.
    content["verdict"]["looks"]["first"] = today.year - (1 if today.month >= 8 else 2)
    return GOALS_HEAD + _yaml(content)


class _Plain(yaml.SafeDumper):
    """Writes what stands in two places twice, as a reader of the file would."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(content: Mapping) -> str:
    return yaml.dump(dict(content), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100)


def region_of(places: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell provinces and municipalities apart.

    Parameters
    ----------
    places : sequence of str
        Names of provinces, and municipalities as ``9001=Voorbeelddam``.

    Returns
    -------
    provinces : list of str
    municipalities : dict of str to str
        Code to name.

    Raises
    ------
    UsageError
        For anything else.

    Examples
    --------
    >>> region_of(["zeeland", "9001=Voorbeelddam"])
    (['Zeeland'], {'9001': 'Voorbeelddam'})
    """
    known = {name.casefold(): name for name in PROVINCES}
    provinces, municipalities = [], {}
    for place in map(str.strip, places):
        if found := re.fullmatch(r"(\d{4})\s*=\s*(\S.*)", place):
            municipalities[found[1]] = found[2]
        elif place.casefold() in known:
            provinces.append(known[place.casefold()])
        else:
            raise UsageError(
                f"Region: found {place!r}, expected a province ({', '.join(PROVINCES)}) or a "
                "municipality with its code of four digits, such as 9001=Voorbeelddam."
            )
    return provinces, municipalities


def _header(table: str) -> str:
    return ",".join(each.name for each in columns(table)) + "\n"


def _explained() -> str:
    """Explain the columns of the register and the tables, in Dutch."""
    lines = ["# Tabellen van het programma", ""]
    for table in (REGISTER, *tables()):
        place = f"{table}.csv" if table == REGISTER else f"programme/{table}.csv"
        lines += [f"## {place}", "", "| kolom | betekenis | verplicht |", "|---|---|---|"]
        lines += [
            f"| `{each.name}` | {each.label}. {each.meaning} | {'ja' if each.required else ''} |"
            for each in columns(table)
        ]
        lines.append("")
    return "\n".join(lines)


def basic_settings(
    name: str,
    *,
    what: str,
    person: Sequence[str] = ("coördinator", "coördinatoren"),
    provinces: Sequence[str] = (),
    municipalities: Mapping[str, str] | None = None,
    owner: str | None = None,
) -> dict:
    """Return the smallest content of ``programme.yml``.

    Parameters
    ----------
    name, what : str
        Name of the programme, and one Dutch sentence on what it does.
    person : sequence of str
        The person at school: one, and several.
    provinces : sequence of str
        Names as DUO writes them.
    municipalities : mapping of str to str
        Four-digit code to name.
    owner : str, optional
        Who carries the programme.

    Examples
    --------
    >>> found = basic_settings("Samen", what="Samen helpt.", provinces=["Zeeland"])
    >>> found["region"]["name"]
    'Zeeland'
    """
    municipalities = dict(municipalities or {})
    area = {"provinces": list(provinces), "municipalities": municipalities}
    area = {key: value for key, value in area.items() if value}
    found = {
        "name": name,
        "short": name,
        "what": what if what.endswith((".", "!", "?")) else f"{what}.",
        "owner": owner,
        "person": {"one": person[0], "more": person[1], "article": "de"},
        "region": {
            "name": ", ".join([*provinces, *municipalities.values()]),
            "area": area,
            "own": dict(area),
        },
        "goals": GOALS,
    }
    return {key: value for key, value in found.items() if value is not None}
