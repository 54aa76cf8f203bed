"""Every layout that is documented loads, from lines rebuilt with invented values.

The headers are written out here once more, from the description of the published files: they are
not taken from what the loader itself reads.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kansen_analysis import load
from kansen_analysis.demo.files import write_ods
from kansen_analysis.errors import DataErrors
from kansen_analysis.sources import DataFolder, feeding, get, names, spec

OLD = "BRIN_NUMMER;VESTIGINGSNUMMER"
NEW = "INSTELLINGSCODE;VESTIGINGSCODE"
PLACE = (
    "INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;"
    "SOORT_PO;DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER"
)
ADVICES = "VMBO_B;VMBO_B_K;VMBO_K;VMBO_K_GT;VMBO_GT;VMBO_GT_HAVO;HAVO;HAVO_VWO;VWO"
LEVELS = (
    "REKENEN_LAGER1F;REKENEN_1F;REKENEN_1S;REKENEN_2F;LV_LAGER1F;LV_1F;LV_2F;TV_LAGER1F;TV_1F;TV_2F"
)
AGES = ";".join(["LEEFTIJD_JONGER", *[f"LEEFTIJD_{a}" for a in range(4, 25)], "LEEFTIJD_OUDER"])
REGISTER = (
    "STRAATNAAM;HUISNUMMER-TOEVOEGING;POSTCODE;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;DENOMINATIE;"
    "TELEFOONNUMMER;INTERNETADRES"
)
REGIONS = (
    "STRAATNAAM CORRESPONDENTIEADRES;HUISNUMMER-TOEVOEGING CORRESPONDENTIEADRES;"
    "POSTCODE CORRESPONDENTIEADRES;PLAATSNAAM CORRESPONDENTIEADRES;NODAAL GEBIED CODE;"
    "NODAAL GEBIED NAAM;RPA-GEBIED CODE;RPA-GEBIED NAAM;WGR-GEBIED CODE;WGR-GEBIED NAAM;"
    "COROPGEBIED CODE;COROPGEBIED NAAM;ONDERWIJSGEBIED CODE;ONDERWIJSGEBIED NAAM;RMC-REGIO CODE;"
    "RMC-REGIO NAAM"
)
BO = "De Aa;7811AA;EMMEN;{};Emmen;Drenthe;Bo;Openbaar;90001"
SBO = "Het Bos;7811AB;EMMEN;{};Emmen;Drenthe;Sbo;Openbaar;90001"


@dataclass
class Case:
    """A file in one layout, and cells of the table it becomes."""

    source: str  # the data set
    layout: str
    file: str
    lines: list[str]
    rows: int  # of the table
    cells: list[tuple[dict, dict]]  # where, what
    encoding: str = "utf-8"
    newline: str = "\r\n"
    quoted: bool = False
    notes: str = ""  # a line of files.csv

    @property
    def text(self) -> str:
        lines = self.lines
        if self.quoted:
            lines = [";".join(f'"{cell}"' for cell in line.split(";")) for line in lines]
        return self.newline.join([*lines, ""])


def hidden(low: int = 1, high: int = 4) -> dict:
    return {"pupils": pd.NA, "pupils_low": low, "pupils_high": high}


def count(number: int) -> dict:
    return {"pupils": number, "pupils_low": number, "pupils_high": number}


ZEROS = ";".join("0" * 17)
CASES = [
    # ---- eindscores
    Case(
        "eindscores",
        "2014",
        "05.-gemiddelde-eindscores-bo-sbo-2014-2015.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{OLD};{PLACE};Leerjaar_8;ONTHEFFING_REDEN_ND;"
            "CET_AANTAL;cet_gem;IEP_AANTAL;iep_gem;ROUTE8_AANTAL;route8_gem;DREMPEL_AANTAL;"
            "drempel_gem",
            f"20150421;20150725;90AA;00;{BO.format(' 114')};12;1;11;535,25;0;0,00;0;0,00;0;0,00",
        ],
        4,
        [
            ({"provider": "CET"}, {"year": 2014, "mean_score": 535.25, **count(11)}),
            ({"provider": "IEP"}, {"mean_score": float("nan"), **count(0)}),
            ({}, {"grade8_pupils": 12, "exempt": 1, "municipality_code": "0114"}),
        ],
        encoding="cp1252",
    ),
    Case(
        "eindscores",
        "2015",
        "05.-gemiddelde-eindscores-bo-sbo-2015-2016.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{OLD};{PLACE};LEERJAAR_8;ONTHEFFING_REDEN_ND;"
            "CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM",
            f"20160419;20160725;90AA;00;{BO.format(' 114')};12;0;0; ;9;78,5;0; ",
            f"20160419;20160725;90AA;01;{SBO.format(' 114')};3;0;3; ;0; ;0; ",
        ],
        6,
        [
            ({"school": "90AA00", "provider": "IEP"}, {"mean_score": 78.5, "year": 2015}),
            # one to four pupils: the count is there, the mean is not
            (
                {"school": "90AA01", "provider": "CET"},
                {"mean_score": float("nan"), "kind": "Sbo", **count(3)},
            ),
        ],
        encoding="cp1252",
    ),
    Case(
        "eindscores",
        "2016",
        "05.-gemiddelde-eindtoetsscores-2016-2017.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{OLD};{PLACE};LEERJAAR_8;ONTHEFFING_REDEN_ND;"
            "CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;"
            "CESAN_AANTAL;CESAN_GEM;AMN_AANTAL;AMN_GEM",
            f"20170418;20170725;90AA;00;{BO.format(' 114')};20;0;0; ;0; ;0; ;0; ;7;61,5;13;401,75",
        ],
        6,
        [
            ({"provider": "CESAN"}, {"mean_score": 61.5, "year": 2016}),
            ({"provider": "AMN"}, {"mean_score": 401.75, **count(13)}),
        ],
        encoding="cp1252",
    ),
    Case(
        "eindscores",
        "2017",
        "05-gemiddelde-eindscores-bo-sbo-2018-2019.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{OLD};{PLACE};LEERJAAR_8;ONTHEFFING_REDEN_ND;"
            "CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;"
            "AMN_AANTAL;AMN_GEM",
            f"20190417;20190725;90AA;00;{BO.format(' 114')};20;0;11;538,636363636364;0; ;0; ;0; "
            ";0; ",
        ],
        5,
        # April 2019 is in the school year 2018-2019
        [({"provider": "CET"}, {"mean_score": 538.636363636364, "year": 2018})],
        encoding="cp1252",
    ),
    Case(
        "eindscores",
        "2022",
        "05.-gemiddelde-eindscores-bo-sbo-2022-2023.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_SCORES;{NEW};{PLACE};ONTHEFFING_REDEN_ND;"
            "CET_AANTAL;CET_GEM;IEP_AANTAL;IEP_GEM;ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;"
            "AMN_AANTAL;AMN_GEM",
            f"20221001;20230601;90AA;00;{BO.format('114')};<5;<5;NA;15;78,6;0;0;0;0;0;0",
        ],
        5,
        [
            # October 2022 is in the school year 2022-2023
            ({"provider": "CET"}, {"mean_score": float("nan"), "year": 2022, **hidden()}),
            ({"provider": "IEP"}, {"mean_score": 78.6, "exempt_high": 4}),
            ({"provider": "DIA"}, {"mean_score": float("nan"), **count(0)}),
        ],
        quoted=True,
    ),
    Case(
        "eindscores",
        "2023",
        "05.-gemiddelde-eindscores-bo-sbo-2024-2025.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM;{NEW};{PLACE};ONTHEFFING_REDEN_ND;IEP_AANTAL;IEP_GEM;"
            "ROUTE8_AANTAL;ROUTE8_GEM;DIA_AANTAL;DIA_GEM;AMN_AANTAL;AMN_GEM;DOE_AANTAL;DOE_GEM;"
            "LIB_AANTAL;LIB_GEM",
            f"20241001;20250904;90AA;00;{BO.format('0114')};0;0;0,0000000000000;0;0,000000000000;0;"
            "0,000000000000;0;0,000000000000;0;0,000000000000;12;174,250000000000",
        ],
        6,
        [
            (
                {"provider": "LIB"},
                {"mean_score": 174.25, "year": 2024, "municipality_code": "0114"},
            ),
            ({"provider": "DOE"}, {"mean_score": float("nan"), **count(0)}),
        ],
        quoted=True,
    ),
    # ---- referentieniveaus
    Case(
        "referentieniveaus",
        "2015",
        "10.-leerlingen-bo-referentieniveaus-2016-2017.csv",
        [
            f"PEILDATUM;{OLD};{PLACE};{LEVELS}",
            f"20170415;90AA;00;{BO.format(' 114')};1;6;5;2;0;4;10;2;7;5",
        ],
        10,
        [
            ({"domain": "rekenen", "level": "2F"}, {"year": 2016, **count(2)}),
            ({"domain": "taalverzorging", "level": "<1F"}, count(2)),
        ],
        encoding="cp1252",
    ),
    Case(
        "referentieniveaus",
        "2022",
        "10.-leerlingen-bo-referentieniveaus-2023-2024.csv",
        [
            f"PEILDATUM;{NEW};{PLACE};{LEVELS}",
            f"20231001;90AA;00;{BO.format('114')};<5;6;5;0;0;<5;10;<5;7;5",
        ],
        10,
        [
            ({"domain": "rekenen", "level": "<1F"}, {"year": 2023, **hidden()}),
            ({"domain": "lezen", "level": "2F"}, count(10)),
        ],
        encoding="utf-8-sig",
        quoted=True,
    ),
    # ---- schooladviezen
    Case(
        "schooladviezen",
        "2011",
        "04.-schooladviezen-2012-2013.csv",
        [
            "BRIN NUMMER;VESTIGINSNUMMER;PrO;VMBO BL;VMBO BL-KL;VMBO KL;VMBO KL-GT;VMBO GT;"
            "VMBO GT-HAVO;HAVO;HAVO-VWO;VWO;ONBEKEND",
            "90AA;00;1;2;0;3;0;4;0;5;6;7;1",
        ],
        11,
        [
            ({"advice": "VMBO_B"}, {"year": 2012, "school": "90AA00", **count(2)}),
            ({"advice": "HAVO_VWO"}, count(6)),
            ({"advice": "ONBEKEND"}, count(1)),
        ],
        encoding="cp1252",
    ),
    Case(
        "schooladviezen",
        "2013",
        "04.-leerlingen-bo-sbo-schooladviezen-2013-2014.csv",
        [
            f"PEILDATUM_LEERLINGEN;PEILDATUM_ADVIEZEN;{OLD};{PLACE};VSO;PRO;VMBO_BL;VMBO_BL_KL;"
            "VMBO_KL;VMBO_KL_GT;VMBO_GT;VMBO_GT_HAVO;HAVO;HAVO_VWO;VWO;ADVIES_NIET_MOGELIJK;"
            "TOTAAL_ADVIES",
            f"20131001;20140501;90AA;00;{BO.format(' 114')};0;0;1;2;3;0;0;0;4;5;6;1;22",
        ],
        12,
        [({"advice": "VMBO_B_K"}, {"year": 2013, "advices_total": 22, **count(2)})],
        encoding="cp1252",
    ),
    Case(
        "schooladviezen",
        "2014",
        "04.-schooladviezen-2014-2015.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_ADVIEZEN;{OLD};{PLACE};VSO;PRO;{ADVICES};"
            "ADVIES_NIET_MOGELIJK;TOTAAL_ADVIES",
            f"20141001;20150501;90AA;00;{BO.format(' 114')};0;0;1;2;3;0;0;0;4;5;6;1;22",
        ],
        12,
        [({"advice": "VWO"}, {"year": 2014, "advices_total": 22, **count(6)})],
        encoding="cp1252",
    ),
    Case(
        "schooladviezen",
        "2017",
        "04-leerlingen-bo-sbo-schooladviezen-2017-2018.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_ADVIEZEN;{OLD};{PLACE};VSO;PRO;{ADVICES};"
            "ADVIES_NIET_MOGELIJK",
            f"20171001;20180501;90AA;00;{BO.format(' 114')};0;0;1;2;3;0;0;0;4;5;6;1",
        ],
        12,
        [({"advice": "HAVO"}, {"year": 2017, **count(4)})],
        encoding="cp1252",
    ),
    Case(
        "schooladviezen",
        "2019",
        "04-leerlingen-bo-sbo-schooladviezen-2022-2023.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM_ADVIEZEN;{NEW};{PLACE};VSO;PRO;{ADVICES};"
            "ADVIES_NIET_MOGELIJK",
            f"20221001;20230501;90AA;00;{BO.format('114')};0;0;<5;0;<5;0;<5;0;7;<5;11;0",
        ],
        12,
        [
            ({"advice": "VMBO_B"}, {"year": 2022, **hidden()}),
            ({"advice": "VWO"}, count(11)),
        ],
        quoted=True,
    ),
    Case(
        "schooladviezen",
        "2023",
        "04-leerlingen-bo-sbo-schooladviezen-2024-2025.csv",
        [
            f"PEILDATUM_LEERLINGEN;PRIKDATUM;{NEW};{PLACE};VSO;PRO;{ADVICES};ADVIES_NIET_MOGELIJK",
            f"20241001;20250904;90AA;00;{BO.format('0114')};0;0;<5;0;<5;0;<5;0;7;<5;11;0",
        ],
        12,
        [({"advice": "HAVO_VWO"}, {"year": 2024, "provisional": True, **hidden()})],
        quoted=True,
    ),
    # ---- registers and pupils
    Case(
        "vestigingen",
        "2017",
        "03-alle-vestigingen-bo.csv",
        [
            "PROVINCIE;BEVOEGD GEZAG NUMMER;BRIN NUMMER;VESTIGINGSNUMMER;VESTIGINGSNAAM;"
            f"{REGISTER};{REGIONS}",
            f"Drenthe;90001;90AA;90AA00;'t Hoge Land;Laan;58;7822 HG;EMMEN;0114;EMMEN;Openbaar;"
            f"0591000000;www.example.org;Laan;58;7822 HG;EMMEN{';x' * 12}",
        ],
        1,
        [({}, {"school": "90AA00", "year": 2020, "kind": "Bo", "name": "’t Hoge Land"})],
        encoding="cp1252",
        newline="\n",
        notes="03-alle-vestigingen-bo.csv,vestigingen,2020-2021,end of 2020",
    ),
    Case(
        "vestigingen",
        "2023",
        "02.-alle-schoolvestigingen-basisonderwijs.csv",
        [
            "PROVINCIE;BEVOEGD GEZAG NUMMER;INSTELLINGSCODE;VESTIGINGSCODE;VESTIGINGSNAAM;"
            f"{REGISTER};{REGIONS};VAKANTIEREGIO",
            "Drenthe;90001;90AA;90AA00;De Aa;Laan;58;7822 HG;EMMEN;0114;EMMEN;Openbaar; ; ;Laan;58;"
            f"7822 HG;EMMEN{';x' * 12};Noord",
        ],
        1,
        [({}, {"school": "90AA00", "year": 2025, "vacation_region": "Noord"})],
        encoding="cp1252",
        notes="02.-alle-schoolvestigingen-basisonderwijs.csv,vestigingen,2025-2026,mid 2026",
    ),
    Case(
        "vestigingen_vo",
        "vo",
        "02-alle-vestigingen-vo.csv",
        [
            "PROVINCIE;BEVOEGD GEZAG NUMMER;BRIN NUMMER;VESTIGINGSNUMMER;VESTIGINGSNAAM;"
            f"{REGISTER};ONDERWIJSSTRUCTUUR;{REGIONS}",
            "Drenthe;90001;90ZA;90ZA00;College Aa;Laan;58;7822 HG;EMMEN;0114;EMMEN;Openbaar; ; ;"
            f"HAVO/VWO;Laan;58;7822 HG;EMMEN{';x' * 12}",
        ],
        1,
        [({}, {"school": "90ZA00", "year": 2020, "structure": "HAVO/VWO", "kind": "Vo"})],
        encoding="cp1252",
        notes="02-alle-vestigingen-vo.csv,vestigingen_vo,2020-2021,end of 2020",
    ),
    Case(
        "leerlingen_historisch",
        "wide",
        "06.-historisch-overzicht-aantal-leerlingen-per-schoolvestiging.csv",
        [
            "INSTELLINGSCODE;VESTIGINGSCODE;NAAM_VESTIGING;SOORT_VESTIGING;DENOMINATIE_VESTIGING;"
            "BEVOEGD_GEZAG_NUMMER;GEMEENTECODE_VESTIGING;GEMEENTENAAM_VESTIGING;LEERLINGEN_1996;"
            "LEERLINGEN_1997;LEERLINGEN_1998",
            "90AA;90AA00;De Aa;BO;Openbaar;90001;114;EMMEN;0;88;<5",
            "90AC;90AC00;onbekend;SO/VSO;onbekend;;9999;onbekend;12;0;0",
        ],
        6,
        [
            ({"school": "90AA00", "year": 1998}, {"kind": "Bo", **hidden()}),
            ({"school": "90AA00", "year": 1997}, count(88)),
            (
                {"school": "90AC00", "year": 1996},
                {"kind": "So/Vso", "municipality_code": None, "name": None, **count(12)},
            ),
        ],
        encoding="utf-8-sig",
    ),
    Case(
        "leerlingen",
        "2016",
        "01.-leerlingen-po-soort-po,-cluster,-leeftijd-2016-2017.csv",
        [
            f"PEILDATUM;{OLD};INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;"
            "GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;SOORT_PO;CLUSTER;DENOMINATIE_VESTIGING;"
            f"BEVOEGD_GEZAG_NUMMER;{AGES};TOTAAL",
            f"20161001;90AA;00;De Aa;7811AA;EMMEN; 114;Emmen;Drenthe;Bo;nvt;Openbaar;90001;"
            f"0;9;10;11;12;13;{ZEROS};55",
            f"20161001;90AB;00;De Zon;7811AB;EMMEN; 114;Emmen;Drenthe;So;  2;Openbaar;90001;"
            f"0;1;0;0;0;0;{ZEROS};1",
            f"20161001;90AB;00;De Zon;7811AB;EMMEN; 114;Emmen;Drenthe;So;3/4;Openbaar;90001;"
            f"0;2;0;5;0;0;{ZEROS};7",
        ],
        2,
        [
            ({"school": "90AA00"}, {"year": 2016, "kind": "Bo", **count(55)}),
            # one row per school and kind: both clusters together
            ({"school": "90AB00"}, {"kind": "So", **count(8)}),
        ],
        encoding="cp1252",
    ),
    Case(
        "leerlingen",
        "2024",
        "01.-leerlingen-po-soort-po-cluster-leeftijd-2024-2025.csv",
        [
            f"PEILDATUM;{NEW};INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;"
            "GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;SOORT_PO;CLUSTER;DENOMINATIE_VESTIGING;"
            f"BEVOEGD_GEZAG_NUMMER;{AGES}",
            "20241001;90AA;00;De Aa;7811AA;EMMEN;0114;Emmen;Drenthe;Bo;nvt;Openbaar;90001;"
            f"0;<5;10;11;12;<5;{ZEROS}",
        ],
        1,
        [({}, {"year": 2024, **hidden(35, 41)})],
        encoding="utf-8-sig",
        quoted=True,
    ),
    Case(
        "leerlingen_herkomst",
        "2024",
        "Emmen afgeschermd.csv",
        [
            "PEILDATUM;GEMEENTENUMMER;GEMEENTENAAM;POSTCODE_LEERLING;GEMEENTENAAM_LEERLING;"
            f"{NEW};INSTELLINGSNAAM_VESTIGING;POSTCODE_VESTIGING;PLAATSNAAM;PROVINCIE;SOORT_PO;"
            f"DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER;{AGES}",
            "20241001;0114;Emmen;7741;Coevorden;90AA;00;De Aa;7811AA;EMMEN;Drenthe;So;Openbaar;"
            f"90001;0;<5;7;0;0;0;{ZEROS}",
        ],
        1,
        [({}, {"year": 2024, "home_municipality": "Coevorden", "kind": "So", **hidden(8, 11)})],
        encoding="utf-8-sig",
        newline="\n",
        quoted=True,
    ),
    # ---- secondary education
    Case(
        "vo_doorstroom",
        "2015",
        "05.-zittenblijven-vo-brinvest-1516-tov-1617.csv",
        [
            "BRINNUMMER;VESTIGINGSNUMMER;INSTELLINGSNAAM VESTIGING;PLAATSNAAM VESTIGING;"
            "GEMEENTENUMMER VESTIGING;GEMEENTENAAM VESTIGING;PROVINCIE VESTIGING;TOTAAL LEERLINGEN;"
            "AANTAL ZITTENBLIJVERS;AANTAL AFSTROMERS;AANTAL OPSTROMERS;PERCENTAGE ZITTENBLIJVERS;"
            "PERCENTAGE AFSTROMERS;PERCENTAGE OPSTROMERS",
            "90ZA;7;Mariëndael;EMMEN;114;EMMEN;Drenthe;1.001;84;25;139;8,39;2,5;13,89",
        ],
        1,
        [
            (
                {},
                {
                    "school": "90ZA07",
                    "year": 2015,
                    "name": "Mariëndael",
                    "municipality_code": "0114",
                    "zittenblijvers": 84,
                    "afstromers": 25,
                    "opstromers_high": 139,
                    "pct_afstromers": 2.5,
                    **count(1001),
                },
            )
        ],
        encoding="cp850",
    ),
    Case(
        "vo_doorstroom",
        "2017",
        "05.-zittenblijvers-niveau-vestiging-2017-2018-tov-2018-2019.csv",
        [
            "BRINNUMMER;INSTELLINGSNAAM_VESTIGING;VESTIGINGSNUMMER;PLAATSNAAM;GEMEENTENUMMER;"
            "GEMEENTENAAM;PROVINCIE;AANTAL_LEERLINGEN;AANTAL_ZITTENBLIJVERS;AANTAL_AFSTROMERS;"
            "AANTAL_OPSTROMERS",
            "90ZA;College Aa;00;EMMEN;0114;EMMEN;Drenthe;1009;113;22;161",
        ],
        1,
        [({}, {"year": 2017, "zittenblijvers": 113, "afstromers": 22, "opstromers": 161})],
        encoding="cp1252",
    ),
    Case(
        "vo_doorstroom",
        "2023",
        "05.-zittenblijvers-niveau-vestiging-2023-2024-tov-2024-2025.csv",
        [
            f"{NEW};VESTIGINGSNAAM;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;"
            "AANTAL_LEERLINGEN;AANTAL_AFSTROMERS;AANTAL_ZITTENBLIJVERS;AANTAL_OPSTROMERS;"
            "EXTRA_INFORMATIE",
            "90ZA;00;College Aa;EMMEN;0114;EMMEN;Drenthe;971;<5;79;112;",
        ],
        1,
        [
            (
                {},
                {
                    "year": 2023,
                    "afstromers": pd.NA,
                    "afstromers_low": 1,
                    "afstromers_high": 4,
                    "zittenblijvers": 79,
                },
            )
        ],
        quoted=True,
    ),
    Case(
        "vsv",
        "2015",
        "15.-vsv-per-swv-2015.csv",
        [
            "SAMENWERKINGSVERBAND_NUMMER;brin_nummer;vestigings_nummer;aantal_leerlingen;"
            "vsv_totaal;vsv_vmbo;vsv_mbo;vsv_overig",
            "VO9901;90ZA;00;1714;6;3;0;3",
        ],
        1,
        [({}, {"school": "90ZA00", "year": 2014, "vsv": 6, "vsv_vmbo": 3, "vsv_overig": 3})],
        newline="\n",
    ),
    Case(
        "vo_resultaten",
        "her-uitgave",
        "inspectie-vo-gymnasia-re-export.csv",
        [
            "Type data;tSchool;Vergelijkingsgroep;Advies nlln 21-22;Advies gem 21-22;"
            "Advies gem 3jr;Advies norm;Advies oordeel;Obsnelheid nlln 19-20;Obsnelheid gem 19-20;"
            "Obsnelheid gem 3jr;Obsnelheid norm;Obsnelheid norm na cor;Obsnelheid oordeel;"
            "Bbsucces nlln 19-20;Bbsucces gem 19-20;Bbsucces gem 3jr;Bbsucces norm;"
            "Bbsucces norm na cor;Bbsucces oordeel;CE nvak 20-21;CE gem 20-21;CE gem 3jr;CE norm;"
            "CE norm na cor;CE oordeel;SECE nvak 20-21;SECE gem 20-21;SECE gem 3jr;SECE norm1;"
            "SECE norm2;SECE oordeel;Berekend oordeel",
            "School;04. 90001-90ZA-001;VWO;127;-0,75;-0,51;1,35;onder de norm;292;98,29;96,46;95,5;"
            "94,59;boven de norm;527;97,91;94,51;82,0;80,81;boven de norm;942;6,94;;6,3;;;942;"
            "-0,12;;1,0;0,5;;voldoende",
        ],
        3,
        [
            (
                {"year": 2021},
                {"school": "90ZA01", "track": "VWO", "advies": -0.75, "advies_n": 127},
            ),
            ({"year": 2019}, {"onderbouwsnelheid": 98.29, "bovenbouwsucces_n": 527}),
            ({"year": 2020}, {"ce": 6.94, "sece": -0.12, "oordeel": "voldoende"}),
        ],
        newline="\n",
    ),
    # ---- the long files of DUO
    Case(
        "eindscores_ckan",
        "lang",
        "brin6_eindscores.csv",
        [
            "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,LEERJAAR,DOORSTROOMTOETS_PO,"
            "GEMIDDELDE_UITSLAG,AANTAL_LEERLINGEN,AANTAL_ONTHEFFINGEN",
            "90AA,00,BO,2023,8,LIB,174.25,12,0",
            "90AB,00,SBO,2022,8,CET,-1,-1,-1",
            "90AB,00,SBO,2022,7,CET,520.5,9,0",
        ],
        2,
        [
            ({"school": "90AA00"}, {"year": 2023, "mean_score": 174.25, "kind": "Bo", **count(12)}),
            ({"school": "90AB00"}, {"mean_score": float("nan"), "exempt_high": 4, **hidden()}),
        ],
        newline="\n",
    ),
    Case(
        "referentieniveaus_ckan",
        "lang",
        "brin6_referentieniveau.csv",
        [
            "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,REFERENTIENIVEAU,DOORSTROOMTOETS_PO,"
            "AANTAL_LEERLINGEN",
            "90AA,00,BO,2023,REKENEN_1S,LIB,7",
            "90AA,00,BO,2023,REKENEN_1S,IEP,-1",
            "90AA,00,BO,2023,TAAL_TV_LAGER_1F,LIB,6",
        ],
        2,
        [
            # the providers of one school together
            ({"domain": "rekenen", "level": "1S"}, {"year": 2023, **hidden(8, 11)}),
            ({"domain": "taalverzorging", "level": "<1F"}, count(6)),
        ],
        newline="\n",
    ),
    Case(
        "leerlingen_ckan",
        "lang",
        "brin6_leerlingen.csv",
        [
            "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,LEEFTIJD,AANTAL_LEERLINGEN",
            "90AA,00,BO,2021,4,11",
            "90AA,00,BO,2021,5,-1",
        ],
        1,
        [({}, {"school": "90AA00", "year": 2021, **hidden(12, 15)})],
        newline="\n",
    ),
    Case(
        "leerlingen_cluster_ckan",
        "lang",
        "brin6_cluster.csv",
        [
            "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,CLUSTER,AANTAL_LEERLINGEN",
            "90AB,00,SO,2021,3,61",
        ],
        1,
        [({}, {"school": "90AB00", "kind": "So", "cluster": "3", **count(61)})],
        newline="\n",
    ),
    Case(
        "heroverweging",
        "lang",
        "brin6_heroverweging.csv",
        [
            "INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,TOETSEN_EN_ADVIEZEN,AANTAL_LEERLINGEN",
            "90AA,00,BO,2022,1,-1",
            "90AA,00,BO,2022,2,6",
        ],
        2,
        [
            ({"outcome": "1"}, {"school": "90AA00", "year": 2022, **hidden()}),
            ({"outcome": "2"}, count(6)),
        ],
        newline="\n",
    ),
    # ---- what schools supply themselves
    Case(
        "leerjaar3",
        "lang",
        "leerjaar3.csv",
        [
            "SCHOOLJAAR_ADVIES;BRINNUMMER;VESTIGINGSNUMMER;LEERLINGEN;ONDER_ADVIES;OP_ADVIES;"
            "BOVEN_ADVIES;HAVO_VWO",
            "2021-2022;90AA;00;22;<5;14;5;11",
        ],
        1,
        [
            (
                {},
                {
                    "school": "90AA00",
                    "year": 2021,
                    "pupils_below": pd.NA,
                    "pupils_below_low": 1,
                    "pupils_below_high": 4,
                    "pupils_havo_vwo": 11,
                    **count(22),
                },
            )
        ],
        newline="\n",
    ),
    # ---- CBS, as fetched: the names of the columns verbatim, keys with their spaces
    Case(
        "cbs_84780ned",
        "84780NED",
        "84780NED.csv",
        [
            "ID,Geslacht,Regiokenmerken,Perioden,Leerlingen_1,VoortijdigSchoolverlaters_2,"
            "NietVoortijdigSchoolverlaters_3,VoortijdigSchoolverlatersPercentage_4",
            "0,T001038,NL01  ,2022SJ00,1300000,28000,1272000,2.2",
            "1,T001038,GM0114,2022SJ00,9000,180,8820,2.0",
            "2,3000   ,GM0114,2022SJ00,4500,,,",
        ],
        3,
        [
            (
                {"region": "GM0114", "sex": "totaal"},
                {"year": 2022, "municipality_code": "0114", "vsv": 180, "pct_vsv": 2.0},
            ),
            ({"region": "NL01"}, {"municipality_code": None, "pupils": 1300000}),
            # empty is unknown, not one to four
            ({"sex": "mannen"}, {"vsv": pd.NA, "vsv_low": pd.NA, "pct_vsv": float("nan")}),
        ],
        newline="\n",
    ),
    Case(
        "cbs_85490ned",
        "85490NED",
        "85490NED.csv",
        [
            "ID,Onderwijssoort,Cluster,Regiokenmerken,Perioden,LeerlingenOpSpecialeScholen_1",
            "0,A024735,T001234,GM0114,2022SJ00,310",
        ],
        1,
        [({}, {"region": "GM0114", "cluster": "T001234", "year": 2022, **count(310)})],
        newline="\n",
    ),
    Case(
        "cbs_85489ned",
        "85489NED",
        "85489NED.csv",
        [
            "ID,Onderwijssoort,HerkomstLeerling,Regiokenmerken,Perioden,Leerlingen_1",
            "0,A024735,T001040,PV22  ,2022SJ00,41000",
        ],
        1,
        [({}, {"region": "PV22", "origin": "T001040", **count(41000)})],
        newline="\n",
    ),
    Case(
        "cbs_85099ned",
        "85099NED",
        "85099NED.csv",
        [
            "ID,VormenVanJeugdzorg,RegioS,Perioden,JongerenMetJeugdzorg_1",
            "0,A045560,GM0114,2022JJ00,1410",
            "1,A045560,GM0114,2022HJ01,1100",
            "2,A999999,GM0114,2022JJ00,10",
        ],
        2,  # half years are left out
        [
            (
                {"form": "jeugdhulp"},
                {"year": 2022, "municipality_code": "0114", "young_people": 1410},
            ),
            ({"form": "A999999"}, {"young_people": 10}),
        ],
        newline="\n",
    ),
    Case(
        "cbs_85098ned",
        "85098NED",
        "85098NED.csv",
        [
            "ID,RegioS,Perioden,JongerenMetJeugdhulpInNatura_1,JongerenMetJeugdhMetVerblInNat_2,"
            "JongerenMetJeugdbescherming_3,JeugdbeschEnJeugdhMetVerblInNat_4,"
            "JongerenMetJeugdreclassering_5",
            "0,GM0114,2022JJ00,15.4,9.5,1.4,46.1,",
        ],
        5,
        [
            ({"form": "jeugdhulp"}, {"share": 15.4, "year": 2022}),
            ({"form": "jeugdbescherming"}, {"share": 1.4}),
            ({"form": "jeugdreclassering"}, {"share": float("nan")}),
        ],
        newline="\n",
    ),
    Case(
        "cbs_jeugdzorg_wijken",
        "wijken",
        "83091NED.csv",
        [
            "ID,TypeJeugdzorg,Wijken,Perioden,Gemeentenaam_1,SoortRegio_2,Codering_3,"
            "TotaalJongerenMetJeugdzorg_5,k_0Tot4Jaar_6",
            "0,T001203,WK011400,2016JJ00,Emmen     ,Wijk,WK011400  ,210,9",
        ],
        1,
        [
            (
                {},
                {
                    "region": "WK011400",
                    "municipality_code": "0114",
                    "form": "jeugdzorg",
                    "year": 2016,
                    "young_people": 210,
                },
            )
        ],
        newline="\n",
    ),
    Case(
        "cbs_kerncijfers_wijken",
        "85984NED",
        "85984NED.csv",
        [
            "ID,WijkenEnBuurten,Gemeentenaam_1,SoortRegio_2,Codering_3,AantalInwoners_5,"
            "JongerenMetJeugdzorgInNatura_91,PercentageJongerenMetJeugdzorg_92",
            "0,BU01140000,Emmen,Buurt,BU01140000,1200,45,12.3",
        ],
        1,
        [
            (
                {},
                {
                    "region": "BU01140000",
                    "municipality_code": "0114",
                    "year": 2024,
                    "young_people": 45,
                    "share": 12.3,
                },
            )
        ],
        newline="\n",
    ),
]
NAMES = [f"{case.source}-{case.layout}" for case in CASES]


def write(folder, case: Case) -> DataFolder:
    text = case.text.replace("'t Hoge", "’t Hoge")
    (folder / case.file).write_bytes(text.encode(case.encoding))
    if case.notes:
        (folder / "files.csv").write_text(f"file,source,school_year,note\n{case.notes}\n")
    return DataFolder(folder)


def same(found, expected) -> bool:
    if expected is pd.NA or expected is None or expected != expected:
        return pd.isna(found)
    return found == expected


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_layout_loads_to_the_values_that_stand_in_it(tmp_path, case):
    folder = write(tmp_path, case)
    table = load(get(case.source).table, folder)
    assert [(file.source, file.path.name) for file in folder.files] == [(case.source, case.file)]
    assert len(table) == case.rows
    for where, what in case.cells:
        rows = table
        for column, value in where.items():
            rows = rows[rows[column] == value]
        assert len(rows) >= 1, where
        for column, value in what.items():
            for found in rows[column]:
                assert same(found, value), (where, column, found, value)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_order_of_the_columns_makes_no_difference(tmp_path, case):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    before = load(get(case.source).table, write(tmp_path / "a", case))
    separator = ";" if ";" in case.lines[0] else ","
    cells = [line.split(separator) for line in case.lines]
    turned = [separator.join(reversed(row)) for row in cells]
    after = load(
        get(case.source).table,
        write(tmp_path / "b", Case(**{**vars(case), "lines": turned})),
    )
    columns = list(before)
    pd.testing.assert_frame_equal(
        before.sort_values(columns, ignore_index=True, key=lambda s: s.astype(str)),
        after[columns].sort_values(columns, ignore_index=True, key=lambda s: s.astype(str)),
    )


def test_every_layout_that_is_written_down_is_tried():
    tried = {(case.source, case.layout) for case in CASES} | WORKBOOKS | SEPARATE
    assert {(n, layout.name) for n in names() for layout in get(n).layouts} == tried


# Workbooks, and the long file of advices, which is only read beside a yearly file.
WORKBOOKS = {
    ("schoolweging", "jaar"),
    ("schoolweging", "driejaars"),
    ("leerresultaten", "2023"),
    ("achterstandsscores", "tabel1"),
    ("achterstandsscores", "tabel2"),
}
SEPARATE = {("schooladviezen_ckan", "lang")}


@dataclass
class Book:
    """The sheets of a workbook."""

    sheets: dict[str, list[list]] = field(default_factory=dict)

    def write(self, path):
        write_ods(path, self.sheets)


WEGING_YEARS = ["2022-2023", "2023-2024", "2024-2025"]
YEAR = ["OVT", "Naam", "BGNR", "schoolweging", "aantal_leerlingen", "spreiding"]


@pytest.mark.parametrize("value", [3147, "3147"])
def test_a_schoolweging_that_lost_its_comma_is_refused(tmp_path, value):
    sheets = {
        "Driejaarsgemiddelde": [
            ["OVT", "Naam", "BGNR", "schoolweging 2022-2023, 2023-2024, 2024-2025"],
            ["90AA|C1", "De Aa", 90001, 31.47],
        ],
        **{year: [YEAR, ["90AA|C1", "De Aa", 90001, 31.47, 98, 7.87]] for year in WEGING_YEARS},
    }
    sheets["2023-2024"][1][3] = value
    Book(sheets).write(tmp_path / "schoolweging-2022-2023-2024.ods")
    with pytest.raises(DataErrors) as caught:
        load("schoolweging", tmp_path)
    [finding] = caught.value.findings
    assert (finding.line, finding.column) == (2, "2023-2024: schoolweging")
    assert "3147" in finding.found
    assert "15" in finding.expected
    assert "50" in finding.expected


@pytest.mark.parametrize("mark", ["-", "/"])
def test_schoolweging_has_years_in_its_sheets_and_a_mean_with_dashes_or_slashes(tmp_path, mark):
    years = WEGING_YEARS
    mean = "schoolweging " + ", ".join(years).replace("-", mark)
    sheets = {
        "Toelichting": [["Schoolweging"]],
        "Driejaarsgemiddelde": [["OVT", "Naam", "BGNR", mean], ["90AA|C1", "De Aa", 90001, 31.47]],
    }
    for number, year in enumerate(years):
        sheets[year] = [
            YEAR,
            ["90AA|C1", "De Aa", 90001, 30 + number, 98, 7.87],
            ["90AB|C3", "Het Bos", 90001, "", "", ""],
            [""] * 6,
        ]
    Book(sheets).write(tmp_path / "schoolweging-2022-2023-2024.ods")
    table = load("schoolweging", tmp_path)
    assert len(table) == 6
    one = table[table["ovt"] == "90AA|C1"].set_index("year")
    assert one["schoolweging"].to_dict() == {2022: 30, 2023: 31, 2024: 32}
    assert one.loc[2024, "schoolweging_driejaars"] == 31.47
    assert one["schoolweging_driejaars"].notna().tolist() == [False, False, True]
    assert table.loc[table["ovt"] == "90AB|C3", "pupils"].isna().all()


def test_leerresultaten_has_text_cells_with_a_comma_beside_number_cells(tmp_path):
    header = ["ovt"]
    for year in ("2223", "2324", "2425"):
        header += [f"Gemiddelde %1F {year}", f"Gemiddelde %1S/2F {year}"]
        header += [f"Aantal leerlingen {year}"]
    header += ["Schoolweging", "Schoolwegingscategorie", "Signaleringswaarde 1F"]
    header += ["Signaleringswaarde 1S/2F", "Gewogen driejaarsgemiddelde %1F"]
    header += ["Gewogen driejaarsgemiddelde %1S/2F", "Totaal aantal leerlingen 3 jaar"]
    header += ["Uitkomst indicator 1F", "Uitkomst indicator 1S/2F"]
    above = "Boven de signaleringswaarde"
    rows = [
        ["90AA|C1", "94,44", "55,56", "18", "92,31", "51,28", "13", "91,67", "47,22", "12"],
        ["90AB|C1", "*", "*", "*", "*", "*", "*", "*", "*", "*"],
    ]
    rows[0] += [31.47, "[31,32)", 85, 43.5, "93,02", "51,94", "43", above, above]
    rows[1] += [27.74, "[27,28)", 85, 50.1, "96,08", "62,75", "17", above, above]
    Book({"Toelichting": [["x"]], "Data": [header, *rows, [""] * len(header)]}).write(
        tmp_path / "leerresultaten.ods"
    )
    table = load("leerresultaten", tmp_path)
    assert len(table) == 6
    one = table[(table["ovt"] == "90AA|C1") & (table["year"] == 2023)].iloc[0]
    assert (one["pct_1f"], one["pct_1s2f"], one["pupils"]) == (92.31, 51.28, 13)
    assert (one["schoolweging_driejaars"], one["signaleringswaarde_1s2f"]) == (31.47, 43.5)
    star = table[table["ovt"] == "90AB|C1"]
    assert star["pct_1s2f"].isna().all()
    assert star["pupils"].isna().all()
    assert (star["pupils_low"] == 0).all()
    assert star["pupils_high"].isna().all()  # one small year hides all three: it may be anything
    assert (star["pct_1s2f_driejaars"] == 62.75).all()


def test_achterstandsscores_joins_its_two_tables_and_stops_at_the_source_line(tmp_path):
    without = "Achterstandsscore zonder drempel"
    sheets = {
        "Voorblad": [["Achterstandsscores basisscholen, 2019"]],
        "Tabel 1": [
            ["Tabel 1"],
            ["Achterstandsscore per basisschoolvestiging, 1 oktober 2019"],
            [""],
            ["School (BRIN vestiging)", "Aantal bekostigde leerlingen", "Achterstandsscore", ""],
            [""],
            ["90AA00", 100, 33.02, ""],
            ["90AB00", 5, ".", "a"],
            [""],
            ["Bron: CBS"],
            ["a De achterstandsscore is onvoldoende betrouwbaar."],
        ],
        "Tabel 2": [
            ["Tabel 2"],
            ["Achterstandsscore zonder drempel per basisschoolvestiging, 1 oktober 2019"],
            [""],
            [
                "School (BRIN vestiging)",
                without,
                f"{without} \n(onderbouw)",
                f"{without} \n(bovenbouw)",
                "",
            ],
            [""],
            ["90AA00", 102.62, 26.17, 76.45, ""],
            ["90AB00", 21.8, 5.46, 16.34, "a, b, c"],
            [""],
            ["Bron: CBS"],
        ],
    }
    Book(sheets).write(tmp_path / "achterstandsscores.ods")
    table = load("achterstandsscores", tmp_path).set_index("school")
    assert table["year"].unique().tolist() == [2019]
    assert table.loc["90AA00", "achterstandsscore"] == 33.02
    assert table.loc["90AA00", "score_zonder_drempel_bovenbouw"] == 76.45
    assert pd.isna(table.loc["90AB00", "achterstandsscore"])
    assert (table.loc["90AB00", "note"], table.loc["90AB00", "pupils"]) == ("a", 5)
    assert len(table) == 2


def test_the_ages_are_a_table_of_their_own(tmp_path):
    case = next(c for c in CASES if (c.source, c.layout) == ("leerlingen", "2024"))
    table = load("leerlingen_leeftijd", write(tmp_path, case)).set_index("age")
    assert len(table) == 23
    assert table["pupils"].dropna().to_dict() == {
        **{str(a): 0 for a in range(9, 25)},
        "<4": 0,
        ">24": 0,
        "5": 10,
        "6": 11,
        "7": 12,
    }
    assert table.loc[["4", "8"], "pupils_high"].tolist() == [4, 4]


def long_advices(order: dict[str, int]) -> str:
    lines = ["INSTELLINGSCODE,VESTIGINGSCODE,TYPE_PO,PEILJAAR,ADVIES,AANTAL_LEERLINGEN"]
    for n in range(30):
        brin = f"90A{chr(65 + n % 26)}" if n < 26 else f"90B{chr(65 + n % 26)}"
        for advice, pupils in zip(ADVICES.split(";"), WIDE[n], strict=True):
            shown = -1 if 0 < pupils < 5 else pupils
            for year in (2022, 2025):
                lines.append(f"{brin},00,BO,{year},{order[advice]},{shown}")
    return "\n".join([*lines, ""])


WIDE = [[(7 * n + 5 * i + i * i) % 23 for i in range(9)] for n in range(30)]


def wide_advices() -> str:
    lines = [
        f"PEILDATUM_LEERLINGEN;PRIKDATUM_ADVIEZEN;{NEW};{PLACE};VSO;PRO;{ADVICES};"
        "ADVIES_NIET_MOGELIJK"
    ]
    for n in range(30):
        brin = f"90A{chr(65 + n % 26)}" if n < 26 else f"90B{chr(65 + n % 26)}"
        cells = ";".join("<5" if 0 < p < 5 else str(p) for p in WIDE[n])
        lines.append(f"20221001;20230501;{brin};00;{BO.format('114')};0;0;{cells};0")
    return "\r\n".join([*lines, ""])


WIDE_NAME = "04-leerlingen-bo-sbo-schooladviezen-2022-2023.csv"
COLUMN_ORDER = {a: i for i, a in enumerate(ADVICES.split(";"), 3)}


def test_numbers_for_advices_are_read_beside_a_yearly_file_that_confirms_them(tmp_path):
    (tmp_path / "brin6_advies.csv").write_text(long_advices(COLUMN_ORDER))
    (tmp_path / WIDE_NAME).write_text(wide_advices())
    table = load("schooladviezen", tmp_path)
    # 2022-2023 from the yearly file, 2025-2026 only from the long one
    assert table.groupby("year")["dataset"].unique().map(list).to_dict() == {
        2022: ["schooladviezen"],
        2025: ["schooladviezen_ckan"],
    }
    new = table[(table["year"] == 2025) & (table["school"] == "90AB00")].set_index("advice")
    assert new.loc["VMBO_K", "pupils"] == WIDE[1][2] == 21


def test_numbers_for_advices_that_mean_something_else_are_refused(tmp_path):
    other = COLUMN_ORDER | {"HAVO_VWO": 11, "VWO": 10}
    (tmp_path / "brin6_advies.csv").write_text(long_advices(other))
    (tmp_path / WIDE_NAME).write_text(wide_advices())
    folder = DataFolder(tmp_path)
    folder.scan()
    assert [(f.file, f.column) for f in folder.findings] == [("brin6_advies.csv", "ADVIES")] * 2
    assert {f.found.split(":")[0] for f in folder.findings} == {
        "code 10 as HAVO_VWO",
        "code 11 as VWO",
    }
    assert "codes.csv" in folder.findings[0].remedy


def test_numbers_for_advices_that_no_file_confirms_are_refused(tmp_path):
    (tmp_path / "brin6_advies.csv").write_text(long_advices(COLUMN_ORDER))
    folder = DataFolder(tmp_path)
    folder.scan()
    (finding,) = folder.findings
    assert (finding.file, finding.column) == ("brin6_advies.csv", "ADVIES")
    assert "schooladviezen of one of the school years 2022-2023 to 2025-2026" in finding.expected


def test_a_long_file_only_fills_the_years_that_no_yearly_file_has(tmp_path):
    yearly = next(c for c in CASES if (c.source, c.layout) == ("eindscores", "2023"))
    write(tmp_path, yearly)
    long = next(c for c in CASES if c.source == "eindscores_ckan")
    lines = [long.lines[0], "90AA,00,BO,2024,8,LIB,170.00,99,0", "90AA,00,BO,2021,8,CET,535.5,9,0"]
    folder = write(tmp_path, Case(**{**vars(long), "lines": lines}))
    table = load("eindscores", folder)
    assert table.loc[table["pupils"] == 99].empty
    assert table.loc[table["year"] == 2021, "mean_score"].tolist() == [535.5]


def test_every_table_of_the_four_goals_can_be_asked_for(tmp_path):
    wanted = (
        "schoolweging leerresultaten eindscores referentieniveaus schooladviezen vestigingen "
        "leerlingen_historisch heroverweging achterstandsscores vo_doorstroom vo_resultaten vsv "
        "leerlingen so_vso jeugdhulp leerjaar3"
    )
    for table in wanted.split():
        assert feeding(table)
        assert len(load(table, tmp_path)) == 0


@pytest.mark.parametrize("name", names())
def test_a_data_set_says_where_it_comes_from_and_what_may_not_be_compared(name):
    source = get(name)
    assert all(source.meta[k] for k in ("title", "publisher", "licence", "citation", "grain"))
    assert source.meta["landing_page"].startswith("https://")
    assert list(source.breaks) == ["year", "change", "effect", "comparison"]
    assert len(source.breaks)
    assert set(source.breaks["effect"]) <= {"verbiedt", "voorwaarde"}
    measured = source.variables[source.variables["kind"].isin(["count", "mean", "share"])]
    assert (measured["unit"] != "").all()
    assert (measured["decimals"] != "").all()
    assert (source.variables["label"] != "").all()


def test_every_key_of_a_source_is_explained():
    folder = Path(spec.__file__).parent
    used = {
        key
        for path in folder.glob("*/source.yml")
        for key in yaml.safe_load(path.read_text("utf-8"))
    }
    told = (folder.parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    assert sorted(key for key in used if f"`{key}" not in told) == []
