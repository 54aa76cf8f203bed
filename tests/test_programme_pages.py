"""The pages about the programme: what the tables say is shown, what nobody agreed to is not."""

import base64
import csv
import itertools
import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from thin import thick

from kansen_analysis.demo.programme import write_demo_programme
from kansen_analysis.display import figures, programme_figures
from kansen_analysis.display.prose import Absent
from kansen_analysis.display.publication import Publication, drawn_for
from kansen_analysis.display.stories import Card
from kansen_analysis.display.tables import Table
from kansen_analysis.edition import beside
from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.pages import netwerk, programma, uren_middelen, verhalen, voortgang, wijkplan
from kansen_analysis.programme import workspace
from kansen_analysis.programme.checks import check_programme
from kansen_analysis.programme.consent import publication_day, uncovered_names
from kansen_analysis.programme.reading import read_programme
from kansen_analysis.programme.settings import read_settings
from kansen_analysis.publish import dialect
from kansen_analysis.schools.participants import COLUMNS, read_participants

ROOT = Path(__file__).parents[1]
HEADER = ",".join((*COLUMNS, "coach_end"))
PEOPLE = f"""{HEADER}
90AA00,De Proef,Zeewijk,0119,Kansen4Kinderen,2020-2021,2021-2022,120,verzonnen,2022-2023
90AB00,De Toets,Zeewijk,0119,Kansen4Kinderen,2021-2022,2021-2022,,verzonnen,
90AC00,Het Bos,Landwijk,0120,Kansen4Kinderen,2022-2023,,,verzonnen,
"""
SHOWN = (
    *(netwerk.size, netwerk.growth, netwerk.documents, netwerk.per_municipality, netwerk.stopped),
    *(netwerk.coverage, netwerk.programmes, voortgang.overview, voortgang.progress),
    *(voortgang.themes, voortgang.moved, voortgang.sdg, voortgang.activities, uren_middelen.sums),
    *(uren_middelen.hours, uren_middelen.money, uren_middelen.budget, uren_middelen.calendar),
    *(uren_middelen.dose, wijkplan.overview, wijkplan.plan_table, verhalen.what_is_here),
    *(verhalen.evidence, verhalen.stories, verhalen.lessons),
)
# Only where a programme works by neighbourhood.
BY_AREA = (wijkplan.neighbourhood, wijkplan.schools, wijkplan.care)


class Around(SimpleNamespace):
    """What the pages ask, with the programme read again each time: tests write in its folder."""

    @property
    def programme(self):
        inputs = {"programme": self.beside, "day": publication_day(), "year": self.year}
        inputs |= {"settings": self.settings, "truth": None}
        return beside.run(inputs)["programme"]

    def load(self, table):
        weging = self.schools[["school", "schoolweging"]].assign(year=2023)
        weging["ovt"] = weging["school"].str[:4] + "|C1"
        return weging if table == "schoolweging" else pd.DataFrame()


def monitor_of(data, register):
    """What the pages ask of a monitor, without reading a country of schools."""
    people = read_participants(register)
    schools = pd.DataFrame(
        {
            "school": [*people["school"], "90ZZ00"],
            "municipality": [*people["municipality"].str.upper(), "ZEEWIJK"],
            "municipality_code": [
                *people["municipality_code"],
                people["municipality_code"].iloc[0],
            ],
            "schoolweging": [float(k) for k in range(30, 31 + len(people))],
            "participant": [True] * len(people) + [False],
        }
    )
    verdicts = pd.DataFrame(
        {"goal": [1, 2, 3, 4], "verdict": ["onbeslist", "onbeslist", "niet toetsbaar", "beter"]}
    )
    return Around(
        settings=read_settings(ROOT),
        protocol=load_protocol(),
        beside=workspace.default_programme(data),
        participants=people,
        year=2024,
        demo=False,
        programme_start=2021,
        schools=schools,
        verdicts=verdicts,
    )


@pytest.fixture
def monitor(tmp_path):
    (tmp_path / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    people = pd.read_csv(tmp_path / "participants.csv", dtype=str)
    write_demo_programme(tmp_path / "programme", people)
    return monitor_of(tmp_path, tmp_path / "participants.csv")


@pytest.fixture
def real(tmp_path):
    """The real tables; a data folder without a programme of its own."""
    return monitor_of(tmp_path, ROOT / "data" / "participants.csv")


def page(monitor):
    """Everything a reader of these pages would see."""
    shown = [call(monitor)._repr_mimebundle_() for call in SHOWN]
    return "\n".join(text for each in shown for text in each.values())


def story(monitor, name="proef", text="Het ging goed.", consent=True, **head):
    until = head.pop("until", "2090-01-01")
    covers = head.pop("covers", "[]")
    head = {
        **{"title": "Een titel", "programme": "Kansrijk Plimmerland", "theme": "Taal"},
        **{"date": "2024-05", "source": "verzonnen"},
        **head,
    }
    lines = [f"{key}: {value}" for key, value in head.items()]
    if consent:
        lines += ["consent:", "  - by: ouder", f"    covers: {covers}", f"    until: {until}"]
    path = monitor.beside / "stories" / f"{name}.md"
    path.write_text("\n".join(["---", *lines, "---", text, ""]), encoding="utf-8")
    return path


def test_the_real_pages_show_what_the_documents_say(real):
    shown = page(real).replace("\u202f", " ")
    for words in (
        *("Inwonersbetrokkenheid en bewustwording", "Schoolverzuim", "Lezen en Schrijven"),
        *("500 uur × €\xa090 = €\xa045 000", "588 uur × €\xa085 = €\xa049 980", "€ 5 100"),
        *("nog niet ingevuld", "Waarborgfonds", "procesbegeleider", "Netwerksessies", "Intervisie"),
        *("landingsplaats", "kinderopvang", "Staatsliedenbuurt en Zeeheldenbuurt (Haveltermade)"),
        *("meer dan 60", "meer dan 90", "10. Ongelijkheid verminderen", "1. Geen armoede"),
        "noemt van geen enkele school het aantal uren",
    ):
        assert words in shown, words
    themes = voortgang.themes(real).frame
    assert themes["activities"].tolist() == [5, 3, 2, 4, 1, 4, 2, 3, 3, 2, 1]
    told = netwerk.documents(real).frame["what"].tolist()
    assert not any("gepland" in each for each in told), "no document at hand gives a plan"


def test_what_no_row_says_takes_no_place(real):
    """A table of zeros, a column of *niet genoemd* and years that are alike are no answer."""
    assert verhalen.what_is_here(real).markdown == "Op deze pagina staan 5 lessen."
    assert isinstance(verhalen.evidence(real), Absent)  # lessons alone: they stand below
    assert isinstance(netwerk.per_municipality(real), Absent)
    for call in SHOWN:
        if not isinstance(made := call(real), Table):
            continue
        cells = made.frame.reindex(columns=made.variables.index)
        silent = cells.isna() | cells.isin(["", 0, "niet genoemd", "geen datum genoemd"])
        assert not silent.all().any(), (made.name, list(cells.columns[silent.all()]))
    assert verhalen.lessons(real).caption == "Lessen, en waar zij vandaan komen"
    assert "verteld, niet getoetst" in verhalen.lessons(real).html()
    assert "nog niet ingevuld" in uren_middelen.budget(real).caption
    assert "noemt geen data" in uren_middelen.calendar(real).caption
    shown = uren_middelen.money(real)
    assert "besteed" not in shown.subtitle and "donkere balk" not in shown.html()
    assert "spent" not in shown.variables.index
    sums = uren_middelen.sums(real).markdown
    assert "Hoogstens 500 uur" in sums and "Hoogstens" not in uren_middelen.budget(real).html()


def test_what_some_row_says_stays(monitor):
    said = verhalen.what_is_here(monitor).markdown
    assert re.search(r"staan \d+ verhalen, 1 beeld en \d+ lessen\.", said)
    assert {"tried", "happened", "advice"} <= set(verhalen.lessons(monitor).variables.index)
    assert {"figures", "stories", "lessons"} <= set(verhalen.evidence(monitor).variables.index)
    assert {"hours_spent", "amount_spent"} <= set(uren_middelen.budget(monitor).variables.index)


def test_the_state_of_activities_is_said_in_words(real):
    said = voortgang.overview(real).markdown
    assert "Daarvan 8 in verkenning, 7 in voorbereiding, 12 die lopen, 1 afgerond" in said
    assert "Daarvan 1 die loopt." in said
    assert isinstance(voortgang.moved(real), Absent) and not voortgang.moved(real).reason


def test_the_register_has_one_name(real):
    assert "register van scholen in het register" not in page(real)


def test_hours_of_different_people_are_never_added_up(real):
    title = uren_middelen.hours(real).title.replace("\u202f", " ")
    assert title == (
        "Begroot: procesbegeleider 500 uur, kansencoach 588 uur; wat is besteed, is nog niet "
        "ingevuld"
    )
    figure = uren_middelen.hours(real)
    told = [figure.alt, uren_middelen.sums(real).markdown, uren_middelen.budget(real).html()]
    assert not any("1 088" in each.replace("\u202f", " ") for each in told)


def test_hours_spent_stand_beside_those_of_the_same_part(monitor):
    rows = pd.read_csv(monitor.beside / "budget.csv").groupby("part", sort=False)
    title = uren_middelen.hours(monitor).title.replace("\u202f", "").replace(" ", "")
    for part, row in rows[["hours_spent", "hours_planned"]].sum().iterrows():
        if row["hours_planned"]:
            told = f"{part}{row['hours_spent']:.0f}van{row['hours_planned']:.0f}uur"
            assert told.replace(" ", "") in title


def test_invented_schools_never_get_the_real_programme(tmp_path):
    (tmp_path / "truth.json").write_text("{}", encoding="utf-8")
    assert workspace.default_programme(tmp_path) == tmp_path / "programme"


@pytest.mark.parametrize(
    "head", [{"consent": False}, {"until": "2020-01-01", "date": "2019-05"}], ids=["none", "past"]
)
def test_a_story_without_consent_is_in_no_output_file(monitor, tmp_path, head):
    story(monitor, text="Het woord zilvermaan staat alleen hier.", title="Over zilvermaan", **head)
    story(monitor, "ander", text="Het woord goudzon staat hier.")
    change = monitor.beside / "lessons.csv"
    change.write_text(
        change.read_text("utf-8")
        .replace("openbaar document", "", 1)
        .replace("klein", "zilvermaan"),
        encoding="utf-8",
    )
    out = tmp_path / "site"
    out.mkdir()
    with drawn_for(Publication(out / "files")):
        (out / "page.html").write_text(page(monitor), encoding="utf-8")
    content = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(content) > 20
    assert not [path for path, data in content.items() if b"zilvermaan" in data]
    assert [path for path, data in content.items() if b"goudzon" in data]
    found = [f for f in check_programme(monitor.beside) if "proef" in f.file]
    assert found, "the check says why it is not shown"


def test_a_script_and_a_formula_in_a_story_are_text(monitor):
    danger = '<script>alert("x")</script>\n\n=HYPERLINK("http://x.nl")\n\n$x^2$ {{< meta title >}}'
    story(monitor, text=danger)
    html = verhalen.stories(monitor).html()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "=HYPERLINK(&quot;" in html
    assert "{{<" not in html


def test_markup_in_a_table_is_text_in_prose_as_well(monitor):
    path = monitor.beside / "budget.csv"
    path.write_text(
        path.read_text("utf-8").replace("Kansencoach", "<b>@fig-x*</b>"), encoding="utf-8"
    )
    assert "\\<b\\>\\@fig-x\\*" in uren_middelen.sums(monitor).markdown
    assert "<b>@fig" not in uren_middelen.budget(monitor).html()


@pytest.mark.parametrize(
    "text",
    [
        "Toen kwam Fatima binnen.",
        "Fatima vertelt erover.",
        "Daarna zei Sem het.",
        "Jan de Wit kwam.",
    ],
)
def test_a_name_that_consent_does_not_cover_is_an_error(monitor, text):
    path = story(monitor, text=text)
    with pytest.raises(DataErrors) as caught:
        read_programme(monitor.beside)
    assert {f.file for f in caught.value.findings} == {f"stories/{path.name}"}


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("Fatima vertelt erover.", {"covers": "[Fatima]"}),
        ("Op De Proef in Zeewijk praat de IB’er met ouders. Kinderen leren Engels.", {}),
        ("Wij gingen naar Ameland.", {"not_persons": "[Ameland]"}),
    ],
)
def test_what_is_covered_or_nobodys_name_is_fine(monitor, text, head):
    story(monitor, text=text, **head)
    shown = [each.file for each in read_programme(monitor.beside).stories]
    assert "proef" in shown


def test_the_title_counts_when_looking_for_names():
    assert uncovered_names("De dag van Noor", [], []) == ["Noor"]
    assert uncovered_names("De dag van Noor", [], ["Noor"]) == []


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ({"picture": "foto.png", "covers": "[foto]"}, "alt"),
        ({"picture": "foto.png", "alt": "Een tuin."}, "picture"),
        ({"picture": "weg.png", "alt": "Een tuin.", "covers": "[foto]"}, "picture"),
        ({"picture": "../foto.png", "alt": "Een tuin.", "covers": "[foto]"}, "picture"),
        ({"picture": "gps.jpg", "alt": "Een tuin.", "covers": "[foto]"}, "picture"),
        ({"goal": "vijf"}, "goal"),
        ({"until": "altijd"}, "until"),
        ({"school": "90AA"}, "school"),
        ({"titel": "x"}, "titel"),
    ],
)
def test_a_mistake_in_the_head_of_a_story_is_named(monitor, head, column):
    folder = monitor.beside / "stories"
    (folder / "foto.png").write_bytes(b"\x89PNG")
    (folder / "gps.jpg").write_bytes(b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00")
    story(monitor, **head)
    with pytest.raises(DataErrors) as caught:
        read_programme(monitor.beside)
    assert [f.column for f in caught.value.findings] == [column]


def test_the_network_counts_years_and_who_stopped(monitor):
    assert isinstance(netwerk.growth(monitor), Absent)  # three schools are no figure
    frame = netwerk._years(monitor).set_index("year")
    # by hand: 90AA since 2020, coach 2021-2022; 90AB both from 2021; 90AC network from 2022
    assert frame["network"].to_dict() == {2020: 1, 2021: 2, 2022: 3, 2023: 3, 2024: 3}
    assert frame["coach"].to_dict() == {2020: 0, 2021: 2, 2022: 2, 2023: 1, 2024: 1}
    assert frame["left"].to_dict() == {2020: 0, 2021: 0, 2022: 0, 2023: 1, 2024: 0}
    assert netwerk.stopped(monitor).frame["school"].tolist() == ["90AA00"]
    reach = netwerk.coverage(monitor).frame.set_index("municipality")
    # weging 30, 31, 32, 33: high are the upper two fifths, above 31.8
    assert reach.loc["Zeewijk", ["schools", "participant", "high", "reached"]].tolist() == [
        3,
        2,
        1,
        0,
    ]


def test_a_register_without_years_draws_no_growth(monitor):
    monitor.participants[["network_start", "coach_start"]] = pd.NA
    assert "beginjaar" in netwerk.growth(monitor).reason


def test_evidence_tells_a_story_from_a_tested_effect(monitor):
    frame = verhalen.evidence(monitor).frame.set_index("theme")
    assert frame.loc["Talent", "figures"] == "doel 1: Onbeslist"
    assert frame.loc["Kansrijke start", "figures"] == "geen cijfer"
    assert frame.loc["Kansrijke start", "strength"] == "verteld, niet getoetst"
    assert frame["pictures"].sum() == 1


def test_pages_of_schools_municipalities_and_goals_point_back(monitor):
    school = programma.of_school(monitor, "90AA00").markdown
    assert "Techniekmiddag" in school
    assert "De koffie staat klaar" in school
    assert "(../verhalen.ipynb)" in school
    goal = programma.of_goal(monitor, 2).markdown
    assert "Een gesprek meer" in goal
    assert "Op zaterdag" not in goal
    assert "(verhalen.ipynb)" in goal
    municipality = programma.of_municipality(monitor, "0119").markdown
    assert "Techniekmiddag" in municipality
    assert "(../netwerk.ipynb)" in municipality
    assert programma.of_school(monitor, "90ZZ00").markdown.startswith("Geen activiteit")


def test_a_municipality_without_anything_says_so(real):
    other = real.participants.assign(municipality="Elders", municipality_code="9999")
    other["school"] = [f"99ZZ0{n}" for n in range(len(other))]
    real.participants = other
    text = programma.of_municipality(real, "9999").markdown
    assert "noemt een school in Elders" in text


def test_a_municipality_names_the_programme_that_works_there(real):
    text = programma.of_municipality(real, "0109").markdown
    # the count of activities in the overview, taken from the table by hand
    path = ROOT / "data" / "programme" / "activities.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["programme"] == "Kansrijk Opgroeien"]
    count = len({(r["theme"], r["activity"]) for r in rows})
    assert f"Hier loopt ook Kansrijk Opgroeien, met {count} activiteiten." in text


def test_a_long_list_says_how_many_it_leaves_out(monitor):
    path = monitor.beside / "activities.csv"
    with path.open("a", encoding="utf-8") as file:
        for n in range(9):
            file.write(f"Kansrijk Plimmerland,Taal,,Kring {n},,,90AC00,,loopt,,2024-09,4,,zelf\n")
    text = programma.of_school(monitor, "90AC00").markdown
    assert text.count("- Activiteit") == programma.MOST
    assert "En nog 5 activiteiten" in text


def test_a_new_user_adds_a_school_an_activity_and_a_story_and_sees_them(monitor, tmp_path):
    """The steps of docs/programme.md, section "Your first change"."""
    with (tmp_path / "participants.csv").open("a", encoding="utf-8") as file:
        file.write("90AD00,De Nieuwe,Zeewijk,0119,Kansen4Kinderen,2024-2025,2024-2025,,besluit,\n")
    with (monitor.beside / "activities.csv").open("a", encoding="utf-8") as file:
        file.write(
            "Kansrijk Plimmerland,Taal,,Leesclub,bibliotheek,groep 4,90AD00,,loopt,2024-08,2024-09,"
            "4,,besluit\n"
        )
    story(monitor, "de-leesclub", "Zes kinderen lezen samen.", title="De leesclub", school="90AD00")
    assert check_programme(monitor.beside) == []
    shown = page(monitor_of(tmp_path, tmp_path / "participants.csv"))
    for words in ("De Nieuwe", "Leesclub", "Zes kinderen lezen samen."):
        assert words in shown, words
    assert "4 scholen" in shown


def test_without_a_programme_every_page_says_what_is_missing(monitor, tmp_path):
    monitor.demo, monitor.beside = True, tmp_path / "leeg"
    for call in SHOWN:
        assert call(monitor)._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("name", ["netwerk", "voortgang", "uren-middelen", "wijkplan", "verhalen"])
def test_the_notebooks_call_only_what_exists(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert dialect.breaches(notebook, name) == []
    assert thick(notebook, name) == []
    known = {
        f"{call.__module__.rpartition('.')[2]}.{call.__name__}(monitor)"
        for call in (*SHOWN, *BY_AREA)
    }
    for cell in notebook.cells[2:]:
        if cell.cell_type == "code":
            assert dialect.split_options(cell.source)[1] in known


def test_progress_marks_draw_one_mark_per_activity():
    rows = [
        ("Taal", "a", "loopt", "verkenning"),
        ("Taal", "b", "loopt", ""),
        ("Sport", "c", "gestopt", ""),
    ]
    frame = pd.DataFrame(rows, columns=["theme", "activity", "state", "state_before"])
    texts = figures.Texts(name="f", title="T", subtitle="S", source="B")
    states = ("verkenning", "loopt", "gestopt")
    figure = programme_figures.progress_marks(frame, texts, states=states)
    assert "2 loopt" in figure.alt
    assert figure.svg == programme_figures.progress_marks(frame, texts, states=states).svg
    still = programme_figures.progress_marks(frame.assign(state_before=""), texts, states=states)
    assert len(figure.svg) > len(still.svg), "an arrow is drawn where something moved"
    with pytest.raises(UsageError, match="not a state"):
        programme_figures.progress_marks(frame, texts, states=("loopt",))


def test_growth_refuses_more_coaches_than_schools():
    frame = pd.DataFrame({"year": [2024], "network": [1], "coach": [2], "joined": 0, "left": 0})
    with pytest.raises(UsageError):
        programme_figures.network_growth(frame, figures.Texts("f", "T", "S", "B"))


def test_a_picture_is_shown_with_its_words():
    card = Card("a", "T", "x", picture=b"123", alt="Een <tuin>.")
    assert base64.b64encode(b"123").decode() in card.html()
    assert 'alt="Een &lt;tuin&gt;."' in card.html()


def test_the_demo_is_the_same_every_time(tmp_path):
    people = pd.DataFrame({"school": ["90AA00", "90AB00", "90AC00"], "municipality": "Zee"})
    one, two = (write_demo_programme(tmp_path / name, people) for name in "ab")
    files = [sorted(p for p in each.rglob("*") if p.is_file()) for each in (one, two)]
    for left, right in zip(*files, strict=True):
        assert left.read_bytes() == right.read_bytes(), left.name
    assert len(list(itertools.chain(*files))) == 2 * (6 + 4)
