"""An invented programme for the invented schools of the demo."""

from __future__ import annotations

import csv
import struct
import zlib
from pathlib import Path

import pandas as pd

from kansen_analysis.programme.schema import columns

SOURCE = "verzonnen voor de demo"
K4K, PLAN = "Kansen4Kinderen", "Kansrijk Plimmerland"
_ALWAYS = "2099-12-31"  # consent in the demo never ends, so that its pages never change

# theme, activity, partners, target group, state in 2023, state in 2024 (empty: not there), SDG
_ACTIVITIES = (
    (
        "Kansrijke start",
        "Ouderkamer",
        "bibliotheek; JGZ",
        "ouders",
        "voorbereiding",
        "loopt",
        "1;3",
    ),
    ("Kansrijke start", "Boekstart thuis", "bibliotheek", "kinderen tot 4", "loopt", "loopt", "4"),
    ("Talent", "Weekendschool", "bedrijven; scholen", "groep 7 en 8", "loopt", "loopt", "4;10"),
    ("Talent", "Techniekmiddag", "vakschool", "groep 8", "verkenning", "voorbereiding", "4"),
    ("Talent", "Huiswerkklas", "bibliotheek", "groep 7 en 8", "", "verkenning", "4"),
    ("Gezond leven", "Schoolontbijt", "sportakkoord", "alle groepen", "loopt", "afgerond", "2;3"),
    ("Gezond leven", "Beweegscan", "buurtsportcoach", "kleuters", "voorbereiding", "gestopt", "3"),
    ("Gezond leven", "Fietsles", "buurtsportcoach", "groep 5", "voorbereiding", "loopt", "3"),
    ("Taal", "Voorlezen in twee talen", "taalpunt", "kleuters", "loopt", "loopt", "4;10"),
    ("Taal", "Taalmaatjes", "taalpunt; vrijwilligers", "ouders", "verkenning", "loopt", "10"),
)
_GOALS = (
    ("Talent", "", "weekendschool; techniekmiddag; huiswerkklas", ""),
    (
        "Talent",
        "Elk kind ontdekt waar het goed in is",
        "",
        "Elk jaar 120 kinderen mee",
    ),
    ("Talent", "Een schoolloopbaan op eigen niveau", "", ""),
    ("Gezond leven", "", "schoolontbijt; fietsles", ""),
    ("Gezond leven", "Kinderen bewegen elke dag", "", ""),
    ("Meedoen", "", "ouderkamer; taalmaatjes", ""),
    ("Meedoen", "Ouders kennen de weg", "", "Op elke school een vast aanspreekpunt"),
    ("Meedoen", "Genoeg inkomen", "", ""),
)
_BUDGET = (
    # intervention, part, year, granted, hours, rate, planned, hours spent, spent, evaluations
    ("Kansencoach", "uren op school", "2023-2024", 68000, 800, 85, 68000, 760, 64600, ""),
    (
        *("Kansencoach", "uren op school", "2024-2025", 68000, 800, 85, 68000, 512, 43520),
        "2024-09 na één jaar; 2025-06 aan het eind",
    ),
    (
        "Netwerk",
        "procesleider",
        "2024-2025",
        25000,
        200,
        90,
        18000,
        200,
        18000,
        "2025-03 tussentijds",
    ),
    (
        "Netwerk",
        "bijeenkomsten",
        "2024-2025",
        "",
        "",
        "",
        7000,
        "",
        "",
        "elk jaar kennissessie",
    ),
)
_NETWORK = (
    ("2020-2021", "scholen gepland", "precies", 10),
    ("2022-2023", "scholen met een kansencoach", "meer dan", 30),
    ("2022-2023", "scholen in het netwerk", "meer dan", 50),
)
_LESSONS = (
    # theme, goal, date, lesson, tried, happened, advice; the place is a school of the register
    (
        *("Talent", "1", "2024-04", "Begin klein en houd het vol."),
        *("Een weekendschool met één groep.", "Bijna alle kinderen maakten het jaar af."),
        "doe er meer van",
    ),
    (
        *("Gezond leven", "", "2024-05", "Meten zonder vervolg helpt niemand."),
        *("Een beweegscan bij kleuters.", "Er was daarna geen plek in de sportles."),
        "stop",
    ),
    (
        *("Taal", "2", "2024-06", "Praat met ouders in hun eigen taal over het advies."),
        *("Een tolk bij het gesprek over het schooladvies.", "Ouders stelden meer vragen."),
        "leer van elkaar",
    ),
)
_STORIES = (
    # file, title, theme, goal, date, advice, with a picture, text
    (
        *("de-ouderkamer", "De koffie staat klaar", "Kansrijke start", "", "2024-03", ""),
        True,
        "Elke dinsdag staat de deur open. De eerste keer kwamen er twee moeders, nu zijn het er "
        "tien.\n\nWij praten over school, maar ook over het huis en het werk. De kansencoach "
        "schuift aan en kent de weg.",
    ),
    (
        *(
            "de-weekendschool",
            "Op zaterdag naar school",
            "Talent",
            "1",
            "2024-05",
            "doe er meer van",
        ),
        False,
        "Een leerling uit groep 8 wilde eerst niet. Na drie keer stond zij als eerste bij de "
        "deur.\n\nZij wil nu architect worden. Thuis tekent zij huizen.",
    ),
    (
        *("het-gesprek", "Een gesprek meer", "Taal", "2", "2024-06", "leer van elkaar"),
        False,
        "De leraar en de kansencoach spraken twee keer met de ouders over het advies. De tweede "
        "keer was er een tolk bij.\n\nHet advies werd niet anders. Het begrip wel.",
    ),
)


def write_demo_programme(folder: Path | str, schools: pd.DataFrame) -> Path:
    """Write an invented programme: tables, stories and a drawing.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder, ``data/demo/programme``; made when it is not there.
    schools : pandas.DataFrame
        Participants of the demo: ``school`` and ``municipality``, at least three rows.

    Returns
    -------
    pathlib.Path
        The folder. The same schools give the same bytes on every machine.

    Examples
    --------
    >>> import tempfile
    >>> people = pd.DataFrame({"school": ["90AA00", "90AB00", "90AC00"], "municipality": "Zee"})
    >>> folder = write_demo_programme(tempfile.mkdtemp(), people)
    >>> sorted(path.stem for path in folder.iterdir())
    ['activities', 'budget', 'goals', 'lessons', 'network', 'programmes', 'stories']
    """
    folder = Path(folder)
    (folder / "stories").mkdir(parents=True, exist_ok=True)
    brins, towns = list(schools["school"])[:3], list(schools["municipality"])[:3]
    about = ("Een verzonnen programma, zodat te zien is wat deze pagina’s kunnen.", SOURCE)
    _write(
        folder,
        "programmes",
        [
            (K4K, "verzonnen gebied", "verzonnen stichting", "2020", "", "", *about),
            (PLAN, towns[0], "verzonnen gemeente", "2022", "", "1;2;3;4;10", *about),
        ],
    )
    activities = []
    for k, (theme, activity, partners, group, *states, sdg) in enumerate(_ACTIVITIES):
        school = brins[k % 3] if k % 2 else ""
        for date, state in zip(("2023-09", "2024-09"), states, strict=True):
            if state:
                row = (PLAN, theme, "", activity, partners, group, school, "", state)
                activities.append((*row, "", date, sdg, "", SOURCE))
    _write(folder, "activities", activities)
    _write(folder, "goals", [(PLAN, "Wijkplan Plimmerland", *row, SOURCE) for row in _GOALS])
    _write(
        folder,
        "budget",
        [(K4K, what, part, "verzonnen fonds", *row, "", SOURCE) for what, part, *row in _BUDGET],
    )
    _write(folder, "network", [(K4K, *row, SOURCE) for row in _NETWORK])
    consent = ("openbaar document", "", SOURCE)
    _write(
        folder,
        "lessons",
        [
            (PLAN, theme, goal, school, "", date, *rest, *consent)
            for school, (theme, goal, date, *rest) in zip(brins, _LESSONS, strict=True)
        ],
    )
    for school, (file, title, theme, goal, date, advice, drawn, text) in zip(
        brins, _STORIES, strict=True
    ):
        head = {
            **{"title": title, "programme": PLAN, "theme": theme, "goal": goal, "date": date},
            **{"school": school, "advice": advice, "source": SOURCE},
        }
        if drawn:
            head |= {"picture": f"{file}.png", "alt": "Tekening van een huis met een open deur."}
            (folder / "stories" / f"{file}.png").write_bytes(_drawing())
        lines = [f"{key}: {value}" for key, value in head.items() if value]
        covers = "[foto]" if drawn else "[]"
        lines += ["consent:", "  - by: verzonnen ouder", f"    covers: {covers}"]
        lines += [f"    until: {_ALWAYS}"]
        content = "\n".join(["---", *lines, "---", "", text, ""])
        (folder / "stories" / f"{file}.md").write_text(content, encoding="utf-8", newline="\n")
    return folder


def _write(folder: Path, table: str, rows: list[tuple]) -> None:
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([[column.name for column in columns(table)], *rows])


def _drawing(wide: int = 240, tall: int = 160) -> bytes:
    """Draw a house with an open door as a small PNG, byte for byte the same everywhere."""
    paper, line, wall, door = range(4)
    grid = [[paper] * wide for _ in range(tall)]
    for y in range(tall):
        for x in range(wide):
            roof = 20 <= y < 60 and abs(x - wide // 2) <= (y - 20) * 2
            house = 60 <= y < 140 and 60 <= x < 180
            if house:
                grid[y][x] = door if 105 <= x < 135 and y >= 90 else wall
            if roof or y in (140, 141):
                grid[y][x] = line
    colours = bytes.fromhex("FFFFFF12436DD6E8F7801650")
    rows = b"".join(b"\0" + bytes(row) for row in grid)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    # Stored, not compressed: compressors differ between machines.
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", wide, tall, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", colours)
        + chunk(b"IDAT", zlib.compress(rows, 0))
        + chunk(b"IEND", b"")
    )
