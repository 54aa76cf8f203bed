"""Folders of invented tables and files, for tests that need a few rows in a known shape."""

import zipfile
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from kansen_analysis.demo.files import write_ods


class Tables(dict):
    """Tidy tables of which only some are there."""

    def __missing__(self, table):
        return pd.DataFrame(columns=["school", "year"])


# ---- the published files, small and invented
#
# In the layouts as they really are, with what makes them hard to read: byte order marks, cp1252,
# padding, commas, quotes around some cells and not around others, `<5`, `NA` and blanks. Nothing
# here is taken from a published file. Headers are written out once more, not read from the package.

YEARS = range(2019, 2025)
HIDES = 2022  # the publisher prints 1 to 4 as `<5` from this school year on
# BRIN, vestiging, name, place, number and name of the municipality, province, board
WIJKERDAM = ("WIJKERDAM", "9003", "Wijkerdam", "Utrecht", "90003")
REGULAR = [
    ("90AA", "00", "'t Hoge Land", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90001"),
    ("90AB", "00", "De Zeeën", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90001"),
    ("90AB", "01", "De Eik", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90001"),
    ("90AC", "00", 'BS "De Parel"', "BOOMPE GEM SÛD", "902", "Sûd-Aast", "Drenthe", "90002"),
    ("90AD", "00", "De Linde", "BOOMPE GEM SÛD", "902", "Sûd-Aast", "Drenthe", "90002"),
    ("90AE", "00", "De Hoorn", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90001"),
    ("90AE", "01", "De Bel", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90001"),
    *(
        (f"90{at}", "00", f"School {at}", *WIJKERDAM)
        for at in map("B{}".format, "ABCDEFGHJKLMNPRST")
    ),
    *(
        (f"90{at}", "00", f"School {at}", *WIJKERDAM)
        for at in map("C{}".format, "ABCDEFGHJKLMNPRST")
    ),
]
SPECIAL = ("90SB", "00", "De Brug", "VERZANDVEEN", "9001", "Verzandveen", "Drenthe", "90004")
SMALL, MIDDLE = "90AD00", "90AE00"  # a few pupils in leerjaar 8; about twelve
PARTICIPANTS = ["90AA00", "90AB00", "90AC00", SMALL, MIDDLE]
STARTED = [SMALL, MIDDLE]  # of the others no document gives the first year with a coach
PLACE = (
    "INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;"
    "SOORT_PO;DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER"
)
ADVICES = (
    "VSO;PRO;VMBO_B;VMBO_B_K;VMBO_K;VMBO_K_GT;VMBO_GT;VMBO_GT_HAVO;HAVO;HAVO_VWO;VWO;"
    "ADVIES_NIET_MOGELIJK"
)
LEVELS = (
    "REKENEN_LAGER1F;REKENEN_1F;REKENEN_1S;REKENEN_2F;LV_LAGER1F;LV_1F;LV_2F;TV_LAGER1F;TV_1F;TV_2F"
)
AGES = ";".join(["LEEFTIJD_JONGER", *[f"LEEFTIJD_{a}" for a in range(4, 25)], "LEEFTIJD_OUDER"])
# Percentage 1S/2F below which the Inspectie looks closer, by schoolweging from 20 to 40.
SIGNAL = [68.3, 65.0, 61.9, 58.9, 56.2, 53.8, 51.8, 50.1, 48.6, 47.1]
SIGNAL += [45.5, 43.5, 41.2, 38.7, 36.3, 34.3, 32.8, 32.0, 31.7, 30.3]


def shown(count: int, year: int) -> str:
    """A count as it is printed in a school year."""
    return "<5" if year >= HIDES and 1 <= count <= 4 else str(count)


def comma(value: float) -> str:
    """A number as the publishers write it: 55,56 and 70."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def write(folder, name, lines, *, encoding="utf-8", quoted=False, newline="\r\n"):
    """Write lines of cells in a publisher's manner; `NA` is never quoted."""
    rows = [
        line.split(";") if isinstance(line, str) else [str(cell) for cell in line] for line in lines
    ]

    def cell(text):
        plain = not (quoted or ";" in text or '"' in text) or text == "NA"
        return text if plain else '"' + text.replace('"', '""') + '"'

    text = "".join(";".join(map(cell, row)) + newline for row in rows)
    (folder / name).write_bytes(text.encode(encoding))


def place(school, code: str, kind: str = "Bo") -> list[str]:
    """The columns of a yearly file that say where a school is."""
    _, _, name, town, _, municipality, province, board = school
    name = name.replace("'", "’")
    return [name, "9999AA", town, code, municipality, province, kind, "Openbaar", board]


class Pupils:
    """Who is in leerjaar 8 of the invented schools, before anything is hidden."""

    def __init__(self):
        rng = np.random.default_rng(20)
        self.advices, self.levels, self.weging = {}, {}, {}
        for school in REGULAR:
            key = school[0] + school[1]
            size = {SMALL: 7, MIDDLE: 12}.get(key, 24)
            weging = rng.uniform(21, 39)
            ability = rng.normal(0, 0.4)
            for year in YEARS:
                chance = np.exp(-((np.arange(1, 13) - 6.5 - ability) ** 2) / 12)
                chance[[0, 11]] = 0.01
                count = int(rng.poisson(size)) + 3
                self.advices[key, year] = rng.multinomial(count, chance / chance.sum()).tolist()
                if year < HIDES:
                    continue
                self.levels[key, year] = [
                    rng.multinomial(count, shares).tolist()
                    for shares in ([0.1, 0.4, 0.5, 0], [0.05, 0.25, 0.7], [0.08, 0.32, 0.6])
                ]
                value = round(weging + rng.normal(0, 0.5), 2)
                self.weging[key, year - 1] = value  # of 2021-2022 to 2023-2024
        # By hand: what a small school prints, a year of nobody, and a mean that is cut.
        self.levels[SMALL, 2022] = [[2, 6, 1, 0], [0, 3, 6], [1, 2, 6]]
        self.levels[SMALL, 2023] = [[0, 0, 3, 0], [0, 1, 2], [0, 0, 3]]
        self.levels[SMALL, 2024] = [[0, 0, 0, 0], [0, 0, 0], [0, 0, 0]]
        for key, values in {
            "90BA00": (19.0, 19.4, 20.9),  # on average below 20
            "90BB00": (40.6, 41.0, 42.39),
            "90BC00": (None, 30.1, 31.2),
            "90BD00": (19.0, 19.4, 22.2),  # on average 20,2; if the years were cut, 20,73
        }.items():
            self.weging |= {(key, 2021 + at): value for at, value in enumerate(values)}

    def result(self, key: str, year: int) -> tuple[int, int, int]:
        """Pupils tested, and levels 1F and 1S/2F they reached."""
        rekenen, lezen, taal = self.levels[key, year]
        target = rekenen[2] + rekenen[3] + lezen[2] + taal[2]
        return sum(lezen), target + rekenen[1] + lezen[1] + taal[1], target


def write_yearly(folder, pupils: Pupils) -> None:
    """Advices, referentieniveaus and one year of eindscores."""
    special = {year: [0, 4, 6, 2, 5, 0, 1, 0, 0, 0, 0, 0] for year in YEARS}
    for year in YEARS:
        day = "PRIKDATUM_ADVIEZEN" if year < 2023 else "PRIKDATUM"
        header = f"PEILDATUM_LEERLINGEN;{day};INSTELLINGSCODE;VESTIGINGSCODE;{PLACE};{ADVICES}"
        lines = [header.split(";")]
        for school in [*REGULAR, SPECIAL]:
            key, is_special = school[0] + school[1], school is SPECIAL
            counts = special[year] if is_special else pupils.advices[key, year]
            code = school[4].zfill(4) if year >= 2024 else school[4].lstrip("0")
            dates = [f"{year}1001", f"{year + 1}{'0904' if year >= 2023 else '0501'}"]
            where = place(school, code, "Sbo" if is_special else "Bo")
            lines.append([*dates, *school[:2], *where, *(shown(c, year) for c in counts)])
        name = f"04-leerlingen-bo-sbo-schooladviezen-{year}-{year + 1}.csv"
        write(folder, name, lines, quoted=True)
    for year in (2022, 2023, 2024):
        lines = [f"PEILDATUM;INSTELLINGSCODE;VESTIGINGSCODE;{PLACE};{LEVELS}".split(";")]
        for school in REGULAR:
            code = school[4].zfill(4) if year >= 2024 else school[4].lstrip("0")
            counts = [c for domain in pupils.levels[school[0] + school[1], year] for c in domain]
            cells = [f"{year}1001", *school[:2], *place(school, code)]
            lines.append([*cells, *(shown(c, year) for c in counts)])
        write(
            folder,
            f"10.-leerlingen-bo-referentieniveaus-{year}-{year + 1}.csv",
            lines,
            encoding="utf-8" if year == 2022 else "utf-8-sig",
            quoted=True,
        )
    # The day of the test, a blank where nobody or almost nobody sat it, and fifteen digits.
    header = (
        f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;BRIN_NUMMER;VESTIGINGSNUMMER;{PLACE};LEERJAAR_8;"
        "ONTHEFFING_REDEN_ND;CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;"
        "DIA_AANTAL;DIA_GEM;AMN_AANTAL;AMN_GEM"
    )
    sat = {
        "90AA00": ["20", "0", "11", "538,636363636364", "9", "78,5", "0", " ", "0", " ", "0", " "],
        "90AB00": ["24", "1", "8", "531,25", "7", "80", "0", " ", "8", "361,5", "0", " "],
        "90AD00": ["3", "0", "0", " ", "3", " ", "0", " ", "0", " ", "0", " "],
        "90AE00": ["9", "9", "0", " ", "0", " ", "0", " ", "0", " ", "0", " "],
    }
    lines = [header.split(";")]
    for at, school in enumerate([*REGULAR, SPECIAL]):
        mean = comma(530 + at / 3)
        usual = ["22", "0", "22", mean, "0", " ", "0", " ", "0", " ", "0", " "]
        where = place(school, school[4].rjust(4), "Sbo" if school is SPECIAL else "Bo")
        cells = sat.get(school[0] + school[1], usual)
        lines.append(["20190417", "20190725", *school[:2], *where, *cells])
    name = "05-gemiddelde-eindscores-bo-sbo-2018-2019.csv"
    write(folder, name, lines, encoding="cp1252", newline="\n")


REGISTER = (
    "VESTIGINGSNAAM;STRAATNAAM;HUISNUMMER-TOEVOEGING;POSTCODE;PLAATSNAAM;GEMEENTENUMMER;"
    "GEMEENTENAAM;DENOMINATIE;TELEFOONNUMMER;INTERNETADRES;"
)
REGIONS = (
    "STRAATNAAM CORRESPONDENTIEADRES;HUISNUMMER-TOEVOEGING CORRESPONDENTIEADRES;"
    "POSTCODE CORRESPONDENTIEADRES;PLAATSNAAM CORRESPONDENTIEADRES;NODAAL GEBIED CODE;"
    "NODAAL GEBIED NAAM;RPA-GEBIED CODE;RPA-GEBIED NAAM;WGR-GEBIED CODE;WGR-GEBIED NAAM;"
    "COROPGEBIED CODE;COROPGEBIED NAAM;ONDERWIJSGEBIED CODE;ONDERWIJSGEBIED NAAM;RMC-REGIO CODE;"
    "RMC-REGIO NAAM"
)
GONE, NEW = ("90AY", "00", "De Ooit", *REGULAR[0][3:]), "90AB01"


def registered(school) -> list[str]:
    """A school in a register: its vestiging written with the BRIN, its town in capitals."""
    brin, branch, name, town, code, municipality, province, board = school
    address = ["Laan", "58", "9999 AA", town]
    area = [part for at in range(6) for part in (f"{at:02d}", "Verzonnen gebied")]
    where = [code.zfill(4), municipality.upper(), "Openbaar", "0591000000", " "]
    name = name.replace("'", "’")
    return [province, board, brin, brin + branch, name, *address, *where, *address, *area]


def write_registers(folder) -> None:
    """The register of 2020 and that of 2025, which do not say of which year they are."""
    old = f"PROVINCIE;BEVOEGD GEZAG NUMMER;BRIN NUMMER;VESTIGINGSNUMMER;{REGISTER}{REGIONS}"
    new = old.replace("BRIN NUMMER;VESTIGINGSNUMMER", "INSTELLINGSCODE;VESTIGINGSCODE")
    before = [GONE, *(s for s in REGULAR if s[0] + s[1] != NEW)]
    name = "03-alle-vestigingen-bo.csv"
    lines = [old.split(";"), *map(registered, before)]
    write(folder, name, lines, encoding="cp1252", newline="\n")
    name = "02.-alle-schoolvestigingen-basisonderwijs.csv"
    lines = [f"{new};VAKANTIEREGIO".split(";"), *([*registered(s), "Noord"] for s in REGULAR)]
    write(folder, name, lines, encoding="cp1252")
    secondary = old.replace("INTERNETADRES;", "INTERNETADRES;ONDERWIJSSTRUCTUUR;")
    row = registered(("90ZA", "00", "College Aa", *REGULAR[0][3:]))
    lines = [secondary.split(";"), [*row[:14], "HAVO/VWO", *row[14:]]]
    write(folder, "02-alle-vestigingen-vo.csv", lines, encoding="cp1252", newline="\n")
    notes = "file,source,school_year,note\n"
    notes += '03-alle-vestigingen-bo.csv,vestigingen,2020-2021,"as at the end of 2020; undated"\n'
    notes += "02.-alle-schoolvestigingen-basisonderwijs.csv,vestigingen,2025-2026,mid 2026\n"
    (folder / "files.csv").write_text(notes, encoding="utf-8")


def write_history(folder) -> None:
    """Pupils per school from 1996 on, hidden in every year, and their ages in 2024."""
    years = range(1996, 2026)
    header = "INSTELLINGSCODE;VESTIGINGSCODE;NAAM_VESTIGING;SOORT_VESTIGING;DENOMINATIE_VESTIGING;"
    header += "BEVOEGD_GEZAG_NUMMER;GEMEENTECODE_VESTIGING;GEMEENTENAAM_VESTIGING"
    lines = [[*header.split(";"), *(f"LEERLINGEN_{year}" for year in years)]]

    def row(school, kind, counts, municipality=None):
        code, name = municipality or (school[4].lstrip("0"), school[5].upper())
        title = school[2].replace("'", "’")
        cells = [school[0], school[0] + school[1], title, kind, "Openbaar", school[7], code, name]
        lines.append([*cells, *(shown(c, HIDES) for c in counts)])

    for at, school in enumerate(REGULAR):
        start = 2022 if school[0] + school[1] == NEW else 1996
        base = {SMALL: 46, MIDDLE: 95}.get(school[0] + school[1], 150 + 7 * at)
        row(school, "BO", [base - (year - 1996) if year >= start else 0 for year in years])
    row(GONE, "BO", [60 if year < 2020 else 3 if year == 2020 else 0 for year in years])
    late = ("90AX", "00", "De Eens", *REGULAR[0][3:])
    row(late, "BO", [40 if year < 2024 else 0 for year in years])
    past = ("90AW", "00", "onbekend", "", "9999", "onbekend", "", "")
    row(past, "BO", [80 if year < 2005 else 0 for year in years], ("9999", "onbekend"))
    row(SPECIAL, "SBO", [120 - year % 50 for year in years])
    both = ("90SV", "00", "De Zon", *REGULAR[0][3:])
    row(both, "SO/VSO", [70 + year % 50 for year in years])
    row(("90SO", "00", "De Maan", *REGULAR[0][3:]), "SO", [year % 7 for year in years])
    row(("90VS", "00", "De Ster", *REGULAR[0][3:]), "VSO", [30 + year % 5 for year in years])
    name = "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv"
    write(folder, name, lines, encoding="utf-8-sig")

    header = "PEILDATUM;INSTELLINGSCODE;VESTIGINGSCODE;INSTELLINGSNAAM_VESTIGING;"
    header += "POSTCODE_VESTIGING;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;SOORT_PO;"
    header += f"CLUSTER;DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER;{AGES}"
    lines = [header.split(";")]
    for at, (school, kind, cluster) in enumerate(
        [
            *((s, "Bo", "nvt") for s in REGULAR),
            (SPECIAL, "Sbo", "nvt"),
            (both, "So", "3"),
            (both, "So", "4"),
            (both, "Vso", "3"),
        ]
    ):
        counts = [0, *((at * 3 + age * 5) % 23 if age < 13 else 0 for age in range(4, 25)), 0]
        where = place(school, school[4].zfill(4), kind)
        where.insert(7, cluster)
        lines.append(["20241001", *school[:2], *where, *(shown(c, HIDES) for c in counts)])
    name = "01.-leerlingen-po-soort-po-cluster-leeftijd-2024-2025.csv"
    write(folder, name, lines, encoding="utf-8-sig", quoted=True)


def write_secondary(folder) -> None:
    """Who stays down and who leaves, with the columns in another order in each year."""
    header = "BRINNUMMER;INSTELLINGSNAAM_VESTIGING;VESTIGINGSNUMMER;PLAATSNAAM;GEMEENTENUMMER;"
    header += "GEMEENTENAAM;PROVINCIE;AANTAL_LEERLINGEN;AANTAL_ZITTENBLIJVERS;AANTAL_AFSTROMERS;"
    header += "AANTAL_OPSTROMERS"
    lines = [
        header,
        "90ZA;Mariëndael;00;VERZANDVEEN;9001;VERZANDVEEN;Drenthe;1009;113;22;161",
        "90ZA;Mariëndael;01;VERZANDVEEN;9001;VERZANDVEEN;Drenthe;240;11;3;0",
        "90ZB;College ’t Sûd;00;BOOMPE;0902;SUD AAST;Drenthe;655;40;17;58",
        "90ZC;Lyceum C;00;WIJKERDAM;9003;WIJKERDAM;Utrecht;1502;90;41;77",
        *(
            f"91Z{letter};Elders;00;ELDERS;{9010 + at};ELDERS {at};Utrecht;{600 + 9 * at};30;"
            f"{20 + at * 7 % 11};40"
            for at, letter in enumerate("ABCDEFGHJKLM")
        ),
    ]
    name = "05.-zittenblijvers-niveau-vestiging-2017-2018-tov-2018-2019.csv"
    write(folder, name, lines, encoding="cp1252")
    header = "INSTELLINGSCODE;VESTIGINGSCODE;VESTIGINGSNAAM;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;"
    header += "PROVINCIE;AANTAL_LEERLINGEN;AANTAL_AFSTROMERS;AANTAL_ZITTENBLIJVERS;"
    header += "AANTAL_OPSTROMERS;EXTRA_INFORMATIE"
    lines = [
        header,
        "90ZA;00;Mariëndael, vmbo, havo en vwo;VERZANDVEEN;9001;VERZANDVEEN;Drenthe;971;33;79;112;",
        "90ZA;01;Mariëndael praktijk;VERZANDVEEN;9001;VERZANDVEEN;Drenthe;228;<5;9;<5;",
        "90ZB;00;College ’t Sûd;BOOMPE;0902;SUD AAST;Drenthe;640;12;38;41;Per 1 augustus gefuseerd",
        "90ZC;00;Lyceum C;WIJKERDAM;9003;WIJKERDAM;Utrecht;1480;<5;95;80;",
        "90ZD;00;Nieuwe School;WIJKERDAM;9003;WIJKERDAM;Utrecht;<5;0;0;0;",
        *(
            f"91Z{letter};00;Elders;ELDERS;{9010 + at};ELDERS {at};Utrecht;{610 + 8 * at};"
            f"{18 + at * 5 % 9};31;44;"
            for at, letter in enumerate("ABCDEFGHJKLM")
        ),
    ]
    name = "05.-zittenblijvers-niveau-vestiging-2023-2024-tov-2024-2025.csv"
    write(folder, name, lines, quoted=True)
    header = "SAMENWERKINGSVERBAND_NUMMER;brin_nummer;vestigings_nummer;aantal_leerlingen;"
    header += "vsv_totaal;vsv_vmbo;vsv_mbo;vsv_overig"
    lines = [header, "VO9901;90ZA;00;1714;6;3;0;3", "VO9901;90ZB;00;655;0;0;0;0"]
    lines += ["VO9902;90ZC;00;1502;9;4;1;4"]
    write(folder, "15.-vsv-per-swv-2015.csv", lines, newline="\n")


def ovts(pupils: Pupils) -> list[tuple[str, str, str | None]]:
    """The objects of the Inspectie: key, name, and the vestiging whose pupils it has."""
    listed = []
    for school in REGULAR:
        key = school[0] + school[1]
        if key in ("90AB01", "90AE01"):  # C3, and C2 under the name that is not of vestiging 01
            continue
        listed.append((f"{school[0]}|C1", "OBS " + school[2].replace("'", "’"), key))
    listed = [each for each in listed if each[0] != "90AE|C1"]
    listed += [("90AB|C3", "Basisschool de eik", "90AB01"), ("90AE|C2", "De Hoorn", "90AE00")]
    listed += [("90AE|C3", "De Ver Weg", None)]  # no vestiging at all
    return sorted(listed)


def write_inspectorate(folder, pupils: Pupils) -> None:
    """Schoolweging and leerresultaten: workbooks with texts around the tables."""
    years, listed = (2021, 2022, 2023), ovts(pupils)
    weging = {ovt: [pupils.weging.get((key, year)) for year in years] for ovt, _, key in listed}
    named = ", ".join(f"{year}-{year + 1}" for year in years)
    mean: dict[str, float | str] = {}
    for ovt, values in weging.items():
        known = [v for v in values if v is not None]
        mean[ovt] = min(max(round(sum(known) / len(known), 2), 20.0), 40.0) if known else ""
    sheets = {
        "Toelichting": [["Schoolweging 2021/2022 - 2022/2023 - 2023/2024"], [""], ["Verzonnen"]],
        "Veranderingen_in_'23-24": [["Veranderingen"], [""], ["Verzonnen"]],
        "Driejaarsgemiddelde": [
            ["OVT", "Naam", "BGNR", f"schoolweging {named}"],
            *([ovt, name, 90001, mean[ovt]] for ovt, name, _ in listed),
            [""] * 4,
        ],
    }
    header = ["OVT", "Naam", "BGNR", "schoolweging", "aantal_leerlingen", "spreiding"]
    for at, year in reversed(list(enumerate(years))):
        rows = [header]
        for ovt, name, _ in listed:
            value = weging[ovt][at]
            rest = ["", 0 if at == 2 else "", ""] if value is None else [value, 98, 6.93]
            rows.append([ovt, name, 90001, *rest])
        sheets[f"{year}-{year + 1}"] = [*rows, [""] * 6]
    write_ods(folder / "schoolweging-2021-2024.ods", sheets)

    header = ["ovt"]
    for year in ("2223", "2324", "2425"):
        header += [f"Gemiddelde %1F {year}", f"Gemiddelde %1S/2F {year}"]
        header += [f"Aantal leerlingen {year}"]
    header += ["Schoolweging", "Schoolwegingscategorie", "Signaleringswaarde 1F"]
    header += ["Signaleringswaarde 1S/2F", "Gewogen driejaarsgemiddelde %1F"]
    header += ["Gewogen driejaarsgemiddelde %1S/2F", "Totaal aantal leerlingen 3 jaar"]
    header += ["Uitkomst indicator 1F", "Uitkomst indicator 1S/2F"]
    rows = [header]
    for ovt, _, key in listed:
        if key is None or key == "90BN00":  # of this one DUO has results and the Inspectie none
            continue
        results = [pupils.result(key, year) for year in (2022, 2023, 2024)]
        cells: list[str | float] = [ovt]
        star = any(1 <= n <= 4 for n, *_ in results)  # in one year, and all three are hidden
        for n, basic, target in results:
            share = (
                [comma(100 * basic / (3 * n)), comma(100 * target / (3 * n)), str(n)] if n else []
            )
            cells += ["*"] * 3 if star else share or [""] * 3
        place_ = min(int(float(mean[ovt])), 39)
        total, basic, target = (sum(part) for part in zip(*results, strict=True))
        three = [comma(100 * part / (3 * total)) for part in (basic, target)]
        cells += [
            mean[ovt],
            f"[{place_},{place_ + 1})",
            85,
            SIGNAL[place_ - 20],
            *three,
            str(total),
        ]
        cells += ["Boven de signaleringswaarde", "Onder de signaleringswaarde"]
        rows.append(cells)
    about = [["Toelichting leerresultaten primair onderwijs"], [""], ["Inleiding"]]
    described = [
        ["Bestandsbeschrijving", "", "", "", "", ""],
        [""],
        ["Ovt", "", "", "", "", "Kenmerk"],
    ]
    book = {"Toelichting": about, "Bestandsbeschrijving": described, "Data": rows}
    write_ods(folder / "leerresultaten-2023-2024-2025.ods", book)


def write_backlogs(folder) -> None:
    """The workbook of CBS, with a colour that openpyxl takes for a mistake."""
    without = "Achterstandsscore zonder drempel"
    sheets = {
        "Voorblad": [["Achterstandsscores basisscholen, 2019"], [""], ["Verzonnen"]],
        "Tabel 1": [
            ["Tabel 1"],
            ["Achterstandsscore per basisschoolvestiging, 1 oktober 2019"],
            [],
            ["School (BRIN vestiging)", "Aantal bekostigde leerlingen", "Achterstandsscore"],
            [],
            ["90AA00", 100, 33.02],
            ["90AB00", 142, 0],
            ["90AC00", 88, "."],
            ["90AD00", 5, 18.32, "a"],
            [],
            ["Bron: CBS"],
            ["a De achterstandsscore is onvoldoende betrouwbaar."],
        ],
        "Tabel 2": [
            ["Tabel 2"],
            ["Achterstandsscore zonder drempel per basisschoolvestiging, 1 oktober 2019"],
            [],
            [
                "School (BRIN vestiging)",
                without,
                f"{without} \n(onderbouw)",
                f"{without} \n(bovenbouw)",
            ],
            [],
            ["90AA00", 102.62, 26.17, 76.45],
            ["90AB00", 19.46, 10.33, 9.14, "b, c"],
            ["90AC00", ".", ".", "."],
            ["90AD00", 21.8, 5.46, 16.34, "a, b, c"],
            [],
            ["Bron: CBS"],
        ],
    }
    write_xlsx(folder / "achterstandsscores-scholen-2019.xlsx", sheets)


def write_xlsx(path, sheets: dict[str, list[list]]) -> None:
    """Write a workbook as CBS does: shared strings, rows left out, a colour `rgb="#000000"`."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    top = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    strings: list[str] = []

    def cell(at: int, row: int, value) -> str:
        where = f"{chr(65 + at)}{row}"
        if not isinstance(value, str):
            return f'<c r="{where}" t="n"><v>{value}</v></c>'
        strings.append(value)
        return f'<c r="{where}" t="s"><v>{len(strings) - 1}</v></c>'

    parts = {
        "xl/styles.xml": f'{top}<styleSheet xmlns="{main}"><fonts count="1"><font><sz val="10"/>'
        '<color rgb="#000000"/><name val="Arial"/></font></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellXfs count="1"><xf fontId="0"/></cellXfs>'
        "</styleSheet>"
    }
    for number, rows in enumerate(sheets.values(), 1):
        body = "".join(
            f'<row r="{at}">{"".join(cell(c, at, value) for c, value in enumerate(row))}</row>'
            for at, row in enumerate(rows, 1)
            if row
        )
        text = f'{top}<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        parts[f"xl/worksheets/sheet{number}.xml"] = text
    items = "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in strings)
    parts["xl/sharedStrings.xml"] = f'{top}<sst xmlns="{main}">{items}</sst>'
    named = "".join(
        f'<sheet name="{name}" sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(sheets, 1)
    )
    parts["xl/workbook.xml"] = (
        f'{top}<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{named}</sheets></workbook>'
    )
    kinds = [("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(sheets) + 1)]
    kinds += [("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{rel}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(kinds, 1)
    )
    form = f'<Relationships xmlns="{package}/relationships">{{}}</Relationships>'
    parts["xl/_rels/workbook.xml.rels"] = top + form.format(links)
    parts["_rels/.rels"] = top + form.format(
        f'<Relationship Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/>'
    )
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    overrides |= {"/xl/sharedStrings.xml": "sharedStrings"}
    overrides |= {f"/xl/worksheets/sheet{at}.xml": "worksheet" for at in range(1, len(sheets) + 1)}
    parts["[Content_Types].xml"] = (
        f'{top}<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(
            f'<Override PartName="{part}" ContentType="{sheet_type}.{kind}+xml"/>'
            for part, kind in overrides.items()
        )
        + "</Types>"
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)


def write_other(folder) -> None:
    """What stands in folders of its own: a re-export, and pupils by where they live."""
    header = ["Type data", "tSchool", "Vergelijkingsgroep"]
    for name, count, years in (
        ("Advies", "nlln", ("21-22", "22-23", "23-24")),
        ("Obsnelheid", "nlln", ("19-20", "21-22", "22-23")),
        ("Bbsucces", "nlln", ("19-20", "21-22", "22-23")),
        ("CE", "nvak", ("20-21", "21-22", "22-23")),
        ("SECE", "nvak", ("20-21", "21-22", "22-23")),
    ):
        for year in years:
            header += [f"{name} {count} {year}", f"{name} gem {year}"]
        header += [f"{name} gem 3jr"]
        header += ["SECE norm1", "SECE norm2"] if name == "SECE" else [f"{name} norm"]
        header += [] if name in ("Advies", "SECE") else [f"{name} norm na cor"]
        header += [f"{name} oordeel"]
    row = "School;04. 90001-90ZA-000;VWO;127;0,0;133;-0,75;132;-0,76;-0,51;1,35;onder de norm;"
    row += "292;98,29;296;92,91;287;98,26;96,46;95,5;94,59;boven de norm;"
    row += "527;97,91;495;91,31;491;94,09;94,51;82,0;80,81;boven de norm;"
    row += ";;;;942;6,94;;6,3;;;;;;;942;-0,12;;1,0;0,5;;voldoende"
    write(
        folder,
        "inspectie-vo-gymnasia-re-export.csv",
        [[*header, "Berekend oordeel"], row],
        newline="\n",
    )

    homes = folder / "leerlingen-po-herkomst"
    homes.mkdir()
    header = "PEILDATUM;GEMEENTENUMMER;GEMEENTENAAM;POSTCODE_LEERLING;GEMEENTENAAM_LEERLING;"
    header += "INSTELLINGSCODE;VESTIGINGSCODE;INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;"
    header += "PLAATSNAAM;PROVINCIE;SOORT_PO;DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER"
    zeros = ["0"] * 17
    for code, name, schools in (
        ("9001", "Verzandveen", [REGULAR[0], SPECIAL]),
        ("0902", "Sûd-Aast", [REGULAR[3]]),
    ):
        lines = [[*header.split(";"), *AGES.split(";")]]
        for school in schools:
            for home, town, ages in (
                ("9999", name, ["0", "7", "<5", "11", "0", "<5"]),
                ("40", "Onbekend", ["0", "<5", "<5", "0", "0", "0"]),
            ):
                where = place(school, code, "Sbo" if school is SPECIAL else "Bo")
                del where[3:5]  # its municipality stands in front
                lines.append(
                    ["20241001", code, name, home, town, *school[:2], *where, *ages, *zeros]
                )
        write(homes, f"{name} afgeschermd.csv", lines, encoding="utf-8-sig", quoted=True)


def write_excerpts(folder) -> None:
    """Scores of the years in which a mean is quoted, bare, `NA` or a long row of zeros."""
    where = place(REGULAR[0], "9001")
    front = f"INSTELLINGSCODE;VESTIGINGSCODE;{PLACE};ONTHEFFING_REDEN_ND;"
    old = "CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;"
    old += "AMN_AANTAL;AMN_GEM"
    header = f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{front}{old}"
    start = ["20221001", "20230601", "90AA", "00", *where]
    lines = [
        header,
        [*start, "0", "18", "533,5", *["0", "0"] * 4],
        [*start[:3], "01", *where, "<5", "<5", "NA", "15", "78,6", *["0", "0"] * 3],
    ]
    name = "05.-gemiddelde-eindscores-bo-sbo-2022-2023.excerpt.csv"
    write(folder, name, lines, quoted=True)
    new = "IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;AMN_AANTAL;AMN_GEM;"
    new += "DOE_AANTAL;DOE_GEM;LIB_AANTAL;LIB_GEM"
    nobody = ["0", "0,0000000000000", *["0", "0,000000000000"] * 4]
    for year, exempt, cells in (
        (2023, "<5", ["13", "173,692307692308"]),
        (2024, "0", ["12", "174,250000000000"]),
    ):
        start = [f"{year}1001", f"{year + 1}0904", "90AA", "00", *place(REGULAR[0], "9001")]
        lines = [f"PEILDATUM_LEERLINGEN;PRIKDATUM;{front}{new}", [*start, exempt, *nobody, *cells]]
        name = f"05.-gemiddelde-eindscores-bo-sbo-{year}-{year + 1}.excerpt.csv"
        write(folder, name, lines, quoted=True)


def write_published(folder) -> None:
    """Write all of it as it stands beside the repository: raw, excerpts and other."""
    pupils = Pupils()
    for name in ("raw", "excerpts", "other"):
        (folder / name).mkdir()
    raw = folder / "raw"
    write_yearly(raw, pupils)
    write_registers(raw)
    write_history(raw)
    write_secondary(raw)
    write_inspectorate(raw, pupils)
    write_backlogs(raw)
    write_excerpts(folder / "excerpts")
    write_other(folder / "other")
    header = "school,name,municipality,municipality_code,programme,network_start,coach_start,hours"
    rows = [f"{header},source"]
    for school in REGULAR:
        key = school[0] + school[1]
        if key in PARTICIPANTS:
            start = "2021-2022" if key in STARTED else ""
            name = school[2].replace('"', "")
            rows.append(
                f"{key},{name},{school[5]},{school[4]},Kansen4Kinderen,{start},{start},,brief"
            )
    (folder / "participants.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
