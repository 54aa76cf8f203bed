"""What is published around the results: secondary schools, municipalities, raised advices.

Nothing of the programme is in it: former pupils are few among many, and the first ones only just
left. So what the pages show here is what chance alone shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pandas as pd

from kansen_analysis.demo.files import (
    count_cell,
    layout_columns,
    percentage,
    write_csv,
    write_table,
)
from kansen_analysis.demo.world import HISTORY, NO_TEST, YEARS, World
from kansen_analysis.sources import spec
from kansen_analysis.sources.rows import each_row

RULE = 2023  # from this school year on advices are raised unless there is a reason not to
CALENDAR_YEARS = range(2015, 2025)
WIDER = 2021  # from this year on CBS counts more providers of youth care
_TO_VO = 0.75  # pupils in vo for every pupil in bo
_VO_SIZE = 700
_MOVES = {"zittenblijvers": 0.06, "afstromers": 0.032, "opstromers": 0.04}


@dataclass(frozen=True)
class Around:
    """Municipalities with their primary pupils, and secondary schools.

    Attributes
    ----------
    places : pandas.DataFrame
        Indexed by municipality code: ``municipality``, ``province``, ``place``.
    pupils : pandas.DataFrame
        Primary pupils, municipality by school year.
    schools : pandas.DataFrame
        One row per vo vestiging: ``brin``, ``branch``, ``name``, ``place``, ``municipality_code``,
        ``size`` (pupils).
    """

    places: pd.DataFrame
    pupils: pd.DataFrame
    schools: pd.DataFrame


def write_around(world: World, folder: Path, seed: int) -> None:
    """Write what DUO publishes about vo vestigingen and CBS about municipalities."""
    folder.mkdir(parents=True, exist_ok=True)
    # A stream of its own: what is drawn here leaves the rest of the country as it was.
    rng = np.random.default_rng([seed, 3])
    around = _around(world, rng)
    _write_moves(around, folder, rng)
    _write_early_leavers(around, folder, rng)
    _write_special(around, folder, rng)
    _write_youth_care(around, folder, rng)
    _write_raised(world, folder, rng)


def _around(world: World, rng: np.random.Generator) -> Around:
    schools = world.schools
    code = schools["municipality_code"]
    places = schools.groupby(code)[["municipality", "province", "place"]].first()
    counts = pd.DataFrame(world.history, columns=list(HISTORY)).groupby(code.to_numpy()).sum()
    pupils = counts[list(YEARS)]
    branches = np.rint(_TO_VO * pupils[2018] / _VO_SIZE).astype(int)
    codes = ("94" + a + b for a, b in product(ascii_uppercase, repeat=2))
    rows = []
    for municipality, count in zip(branches.index, branches.tolist(), strict=True):
        if not count:
            continue
        brin, share = next(codes), rng.dirichlet(np.full(count, 4.0))
        for at in range(count):
            rows.append(
                {
                    "brin": brin,
                    "branch": f"{at:02}",
                    "name": f"College {places['place'].loc[municipality]}"
                    + (f", locatie {at + 1}" if count > 1 else ""),
                    "place": places["place"].loc[municipality],
                    "municipality_code": municipality,
                    "size": max(30, round(_TO_VO * pupils[2018].loc[municipality] * share[at])),
                }
            )
    return Around(places, pupils, pd.DataFrame(rows))


def _write_moves(around: Around, folder: Path, rng: np.random.Generator) -> None:
    """Write zittenblijvers, afstromers and opstromers of the years that are seen published."""
    schools, places = around.schools, around.places
    own = {
        name: rate * np.exp(0.35 * rng.standard_normal(len(schools)))
        for name, rate in _MOVES.items()
    }
    for file in spec.get("vo_doorstroom").files.to_dict("records"):
        year = int(file["school_year"][:4])
        dotted = file["thousands"] == "."
        # The oldest file is in a code page without this sign.
        plain = str.maketrans("’", "'") if file["encoding"] == "cp850" else {}
        records = []
        for at, school in enumerate(each_row(schools)):
            pupils = max(12, round(school.size * (1 + 0.05 * rng.standard_normal())))
            code = school.municipality_code
            record = {
                "brin": school.brin,
                "branch": school.branch.lstrip("0") or "0" if year < 2023 else school.branch,
                "name": school.name,
                "place": school.place.upper(),
                "municipality_code": code if year >= 2023 else code.lstrip("0"),
                "municipality": places["municipality"].loc[code].upper().translate(plain),
                "province": places.at[code, "province"],
                "pupils": f"{pupils:,}".replace(",", ".") if dotted else count_cell(pupils, year),
                "note": "",
            }
            for name, rates in own.items():
                drift = np.exp(0.2 * rng.standard_normal())
                moved = int(rng.binomial(pupils, min(rates[at] * drift, 0.5)))
                record[name] = count_cell(moved, year)
                record[f"pct_{name}"] = percentage(round(10000 * moved / pupils))
            records.append(record)
        columns = layout_columns("vo_doorstroom", file["layout"])
        write_table(folder, file, columns, records, quote_all=year >= 2023)


def _write_cbs(folder: Path, source: str, header: list[str], rows: list[list]) -> None:
    """Write a table of StatLine as it is fetched: numbered rows, regions padded to six signs."""
    file = spec.get(source).files["file"].iloc[0]
    lines = [[str(at), *map(str, row)] for at, row in enumerate(rows)]
    write_csv(folder / file, [["ID", *header], *lines], separator=",", newline="\n")


def _regions(counts: dict[str, pd.DataFrame]) -> list[tuple[str, dict[str, pd.Series]]]:
    """Return the country and every municipality with its counts by year."""
    country = {name: table.sum() for name, table in counts.items()}
    each = next(iter(counts.values())).index
    parts = [(f"GM{code}", {n: t.loc[code] for n, t in counts.items()}) for code in each]
    return [("NL01  ", country), *parts]


def _shares(
    around: Around, mean: float, years: Sequence[int], rng: np.random.Generator
) -> pd.DataFrame:
    """Draw a share per municipality and year around a mean: places differ, years a little."""
    codes = around.pupils.index
    place = 0.22 * rng.standard_normal((len(codes), 1))
    wave = np.cumsum(0.05 * rng.standard_normal((len(codes), len(years))), axis=1)
    return pd.DataFrame(mean * np.exp(place + wave), index=codes, columns=list(years))


def _write_early_leavers(around: Around, folder: Path, rng: np.random.Generator) -> None:
    pupils = (_TO_VO * 1.3 * around.pupils).round().astype(int)
    left = pd.DataFrame(
        rng.binomial(pupils, _shares(around, 0.019, YEARS, rng)),
        index=pupils.index,
        columns=pupils.columns,
    )
    total = "T001038"
    rows = [
        [total, region, f"{y}SJ00", n[y], k[y], n[y] - k[y], f"{100 * k[y] / max(n[y], 1):.1f}"]
        for region, counts in _regions({"n": pupils, "k": left})
        for n, k in [(counts["n"], counts["k"])]
        for y in YEARS
        if y < YEARS[-1]  # the newest year comes out later
    ]
    header = ["Geslacht", "Regiokenmerken", "Perioden", "Leerlingen_1"]
    header += ["VoortijdigSchoolverlaters_2", "NietVoortijdigSchoolverlaters_3"]
    _write_cbs(folder, "cbs_84780ned", [*header, "VoortijdigSchoolverlatersPercentage_4"], rows)


def _write_special(around: Around, folder: Path, rng: np.random.Generator) -> None:
    pupils = around.pupils
    special = pd.DataFrame(
        rng.binomial(pupils, _shares(around, 0.045, YEARS, rng)),
        index=pupils.index,
        columns=pupils.columns,
    )
    place = ["Regiokenmerken", "Perioden"]
    _write_cbs(
        folder,
        "cbs_85490ned",
        ["Onderwijssoort", "Cluster", *place, "LeerlingenOpSpecialeScholen_1"],
        [
            ["A024735", "T001234", region, f"{y}SJ00", counts["k"][y]]
            for region, counts in _regions({"k": special})
            for y in YEARS
        ],
    )
    _write_cbs(
        folder,
        "cbs_85489ned",
        ["Onderwijssoort", "HerkomstLeerling", *place, "Leerlingen_1"],
        [
            ["A024735", "T001040", region, f"{y}SJ00", counts["n"][y]]
            for region, counts in _regions({"n": pupils})
            for y in YEARS
        ],
    )


def _write_youth_care(around: Around, folder: Path, rng: np.random.Generator) -> None:
    forms = {
        "JongerenMetJeugdhulpInNatura_1": 9.5,
        "JongerenMetJeugdhMetVerblInNat_2": 0.9,
        "JongerenMetJeugdbescherming_3": 1.1,
        "JeugdbeschEnJeugdhMetVerblInNat_4": 0.5,
        "JongerenMetJeugdreclassering_5": 0.3,
    }
    tables = {name: _shares(around, mean, CALENDAR_YEARS, rng) for name, mean in forms.items()}
    size = around.pupils[2018]
    rows = []
    for region in ["NL01  ", *(f"GM{code}" for code in size.index)]:
        for year in CALENDAR_YEARS:
            cells = []
            for table in tables.values():
                share = (
                    np.average(table[year], weights=size)
                    if region.startswith("NL")
                    else table[year].loc[region[2:]]
                )
                cells.append(f"{share * (1.12 if year >= WIDER else 1.0):.1f}")
            rows.append([region, f"{year}JJ00", *cells])
    _write_cbs(folder, "cbs_85098ned", ["RegioS", "Perioden", *forms], rows)


def _write_raised(world: World, folder: Path, rng: np.random.Generator) -> None:
    """Write who could get a higher advice after the test and who got it: DUO's long file."""
    file = spec.get("heroverweging").files.to_dict("records")[0]
    columns = layout_columns("heroverweging", file["layout"])
    records = []
    for at, school in enumerate(each_row(world.schools)):
        if school.kind != "Bo":
            continue
        for year in range(2017, YEARS[-1] + 1):
            sat = int(world.scores[at, YEARS.index(year), :, 0].sum())
            if year == NO_TEST or not sat:
                continue
            eligible = int(rng.binomial(sat, 0.18 if year >= RULE else 0.3))
            given = int(rng.binomial(eligible, 0.75 if year >= RULE else 0.28))
            for outcome, number in (("1", eligible), ("2", given)):
                records.append(
                    {
                        "brin": school.brin,
                        "branch": school.branch,
                        "kind": "BO",
                        "year": str(year),
                        "outcome": outcome,
                        "pupils": "-1" if 0 < number < 5 else str(number),
                    }
                )
    write_table(folder, file, columns, records, newline="\n")
