"""The programmes that are shipped: settings, register and tables of each, and nothing made up."""

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from kansen_analysis.edition import schools as stage
from kansen_analysis.edition.beside import check_shown
from kansen_analysis.edition.build import build
from kansen_analysis.edition.open import OPENS
from kansen_analysis.edition.schools import check_region
from kansen_analysis.errors import SettingsError
from kansen_analysis.programme.checks import check_programme
from kansen_analysis.programme.reading import read_programme
from kansen_analysis.programme.schema import tables
from kansen_analysis.programme.settings import Settings, read_settings
from kansen_analysis.publish.shown import left_out
from kansen_analysis.schools.over_time import read_transitions
from kansen_analysis.schools.participants import read_participants

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "programmes"
NAMES = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())
CARVED = [name for name in NAMES if name != "k4k-drenthe"]
DAY = "2025-01-01"
REGISTER = ROOT.parent / "shared" / "real-data" / "raw" / "03-alle-vestigingen-bo.csv"


def read(folder, table):
    path = folder / f"{table}.csv"
    return pd.read_csv(path, dtype=str, keep_default_na=False) if path.is_file() else None


def test_four_programmes_are_shipped():
    assert NAMES == ["gka-meppel", "k4k-drenthe", "kansrijk-opgroeien-coevorden", "spt-groningen"]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_working_folder_without_mistakes(name):
    settings = read_settings(SHIPPED / name)
    people = read_participants(settings.path("register"))
    known = settings.region.area.municipalities
    if name != "k4k-drenthe":
        assert set(people["municipality_code"]) <= set(known)
        assert set(people["programme"]) <= {settings.name}
    folder = settings.path("tables")
    assert settings.name in read_programme(folder, DAY).programmes["programme"].tolist()
    assert check_programme(folder, schools=people["school"], day=DAY) == []


def test_k4k_is_the_programme_of_this_repository():
    here, root = read_settings(SHIPPED / "k4k-drenthe"), read_settings(ROOT)
    assert here.model_dump() == root.model_dump()
    assert here.path("register").resolve() == root.path("register").resolve()


@pytest.mark.parametrize(
    ("name", "person", "schools"),
    [
        ("gka-meppel", "kansencoach", ["06GS00", "10HM00", "13PS00"]),
        ("kansrijk-opgroeien-coevorden", "preventief jeugdwerker", ["08CT00", "18QW00"]),
        ("spt-groningen", "brugfunctionaris", []),
    ],
)
def test_the_register_has_the_schools_a_document_names(name, person, schools):
    settings = read_settings(SHIPPED / name)
    assert settings.person.one == person
    assert sorted(read_participants(settings.path("register"))["school"]) == schools


@pytest.mark.parametrize("name", CARVED)
def test_what_stands_in_two_places_is_the_same(name):
    """The root has the rows of a programme that it shows, all of them, and of no other."""
    settings, root = read_settings(SHIPPED / name), read_settings(ROOT)
    shown = settings.name in root.shows
    for table in tables():
        own = read(settings.path("tables"), table)
        everything = read(root.path("tables"), table)
        copied = everything[everything["programme"] == settings.name].reset_index(drop=True)
        if own is None or not shown:
            assert not len(copied), table
        else:
            pd.testing.assert_frame_equal(own, copied)


def test_the_root_has_only_its_own_programme_and_what_it_shows():
    root = read_settings(ROOT)
    for table in tables():
        assert set(read(root.path("tables"), table)["programme"]) <= {root.name, *root.shows}


def test_coevorden_is_nowhere_said_to_have_a_coach():
    for path in sorted((SHIPPED / "kansrijk-opgroeien-coevorden").rglob("*.*")):
        text = path.read_text("utf-8").replace("geen kansencoach", "")
        words = text.replace("Gezinscoach", "").replace("buurtsportcoach", "")
        words = words.replace("Buurtsportcoach", "").replace("coach_start", "")
        assert "coach" not in words.replace("coach_end", ""), path.name


@pytest.mark.skipif(not REGISTER.is_file(), reason="the published register of schools is not here")
def test_the_postcodes_of_spt_fit_the_streets_of_its_neighbourhoods():
    frame = pd.read_csv(REGISTER, sep=";", encoding="cp1252", dtype=str)
    place = frame[frame["GEMEENTENUMMER"] == "0014"].set_index("STRAATNAAM")["POSTCODE"].str[:4]
    region = read_settings(SHIPPED / "spt-groningen").region
    codes = {each.name: set(each.postcodes) for each in region.neighbourhoods}
    assert {place["Eikenlaan"], place["Prunusstraat"]} == codes["Selwerd"] == codes["Tuinwijk"]
    assert {place["Siriusstraat"], place["Dierenriemstraat"]} == codes["Paddepoel"]
    # De Sterrensteen and De Hoeksteen are schools of Vinkhuizen.
    assert set(place[["Siersteenlaan"]]).isdisjoint(set.union(*codes.values()))


def test_what_another_programme_does_is_shown_only_with_a_reason():
    """The root shows three others and says why; without that line it is refused, by name."""
    settings = read_settings(ROOT)
    programme = read_programme(settings.path("tables"), DAY)
    check_shown(settings, programme)
    with pytest.raises(SettingsError) as error:
        check_shown(settings.model_copy(update={"shows": {}}), programme)
    lines = str(error.value).splitlines()
    assert len(lines) == 2  # the third has no rows in these tables
    assert lines[0].startswith("programme.yml: shows: found no reason to show 'Kansrijk Opgroeien'")


SCHOOLS = pd.DataFrame(
    {
        "municipality_code": ["9001", "9002", None],
        "municipality": ["Voorbeelddam", "ELDERS", None],
    }
)


def region(**changes):
    area = {"municipalities": {"9001": "Voorbeelddam"}}
    content = {
        **{"name": "Samen", "short": "Samen", "what": "Samen helpt."},
        "person": {"one": "gids", "more": "gidsen"},
        "region": {"name": "Hier", "area": area, "own": {"provinces": ["Zeeland"]}, **changes},
    }
    return Settings.model_validate(content)


@pytest.mark.parametrize(
    ("changes", "compared", "told"),
    [
        ({}, ["90AA00"], ""),
        (
            {"area": {"municipalities": {"9002": "Elders"}}},
            [],
            "programme.yml: region.own: found Zeeland, without any school to compare with; "
            "expected provinces or municipalities with other primary schools.",
        ),
        (
            {"area": {"municipalities": {"9003": "Elders"}}},
            ["90AA00"],
            "programme.yml: region.area.municipalities[9003]: found 'Elders', expected a "
            "municipality in which the files know a primary school; Elders is 9002.",
        ),
        (
            {"area": {"municipalities": {"9002": "Voorbeelddam"}}},
            ["90AA00"],
            "programme.yml: region.area.municipalities[9002]: found 'Voorbeelddam', expected "
            "'ELDERS', as the files call 9002.",
        ),
    ],
)
def test_a_region_that_the_files_do_not_know_is_told_with_its_key(changes, compared, told):
    pools = SimpleNamespace(schools=lambda pool: compared)
    if not told:
        check_region(region(**changes), SCHOOLS, pools)
        return
    with pytest.raises(SettingsError) as error:
        check_region(region(**changes), SCHOOLS, pools)
    assert str(error.value) == told


def test_a_school_of_another_programme_is_no_comparison_school(edition):
    """Two programmes side by side: who takes part in one is compared with in neither."""
    other = sorted(edition.pools.members["school"])[:5]
    inputs = {name: edition.work(name) for name in ("tidy", "schools")}
    found = stage.run(
        {
            "tidy": inputs["tidy"],
            "participants": edition.participants,
            "region": edition.region,
            "others": dict.fromkeys(other, "Anders"),
            "transitions": read_transitions(""),
            "year": edition.year,
        }
    )
    assert not set(other) & set(found["pools"].members["school"])
    assert set(other) <= set(found["schools"]["school"])


FOREIGN = re.compile("Kansen4Kinderen|kansencoach|Drenthe|Meppel|Coevorden", re.IGNORECASE)
# The list of provinces, of places that are nobody's name, and of what is printed about provinces,
# of which a site shows its own.
FREE = {"programme/settings.py", "programme/consent.py", "outcomes/printed.csv"}


def strings(tree):
    """Every text in code that is not a docstring."""
    bodies = (each.body for each in ast.walk(tree) if isinstance(getattr(each, "body", None), list))
    docs = {
        id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)
    }  # a text that stands alone tells the builder, not the reader
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in docs:
            yield each.value


def test_no_code_template_term_or_notebook_names_one_programme():
    """What a site of any programme is made of; the demo and the settings are of this one."""
    package = ROOT / "src" / "kansen_analysis"
    found = []
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        if name.startswith("demo/") or name in FREE:
            continue
        if path.suffix == ".py":
            texts = strings(ast.parse(path.read_text(encoding="utf-8")))
        elif path.suffix in (".html", ".csv", ".yml", ".lua", ".js", ".css", ".scss"):
            texts = [path.read_text(encoding="utf-8")]
        else:
            continue
        found += [f"{name}: {text[:80]}" for text in texts if FOREIGN.search(text)]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if FOREIGN.search(text := "".join(cell["source"])):
                found.append(f"{path.name}: {text[:80]}")
    assert found == []


def shown_by(notebook, names):
    """Run the cells of a notebook and give what each shows."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        lines = "".join(cell["source"]).splitlines()
        *code, last = ast.parse("\n".join(each for each in lines if each[:2] != "#|")).body
        exec(compile(ast.Module(code, []), notebook.name, "exec"), names)
        if isinstance(last, ast.Expr):
            yield eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)
        else:
            exec(compile(ast.Module([last], []), notebook.name, "exec"), names)


@pytest.mark.slow
def test_before_any_school_takes_part_every_page_can_be_drawn(demo, tmp_path, monkeypatch):
    """The register of Positief Opgroeien SPT is empty: its plan does not name its schools."""
    header = (SHIPPED / "spt-groningen" / "data" / "participants.csv").read_text("utf-8")
    (tmp_path / "participants.csv").write_text(header.splitlines()[0] + "\n", encoding="utf-8")
    made = build(demo, tmp_path / "participants.csv", folder=tmp_path / "edition")
    assert made.verdicts.loc[0, "reason"] == "Het register noemt nog geen scholen."
    monkeypatch.setenv(OPENS, str(made.folder))
    notebooks = {path.stem: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    gone = left_out(made.settings, made, notebooks)
    assert {"scholen", "gemeenten"} <= gone
    for name, path in notebooks.items():
        if name not in gone:
            assert list(shown_by(path, {})), name
