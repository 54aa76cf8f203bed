"""Several programmes in one site, and which pages one shows."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from kansen_analysis.errors import UsageError
from kansen_analysis.goals.protocol import load_protocol
from kansen_analysis.programme import workspace
from kansen_analysis.programme.settings import PAGES
from kansen_analysis.publish import manifest, project, shown, site, together

PEOPLE = pd.DataFrame({"school": ["90AA00", "90AB00"], "name": ["De <Eik>", "De Den"]})


def settings(name):
    return workspace.settings_of(".", name)


def edition(name, people, **more):
    verdicts = pd.DataFrame({"name": ["Eindtoets"], "verdict": ["onbeslist"]})
    given = {"settings": settings(name), "participants": people, "verdicts": verdicts}
    return SimpleNamespace(**given, year=2024, demo=False, digest=name, **more)


@pytest.fixture
def drawn(monkeypatch):
    """Rendering that only writes a first page, and remembers what it was asked."""
    asked = []

    def render(config, progress=None):
        asked.append(config)
        config.output.mkdir(parents=True, exist_ok=True)
        (config.output / "index.html").write_text("x", encoding="utf-8")
        index = config.output / "index.html"
        return site.RenderResult(
            config.output, index, "embedded", "1", False, 20, 1.0, "", ("let op",)
        )

    monkeypatch.setattr(site, "render", render)
    return asked


def test_two_programmes_have_a_page_to_start_from(drawn, tmp_path):
    made = {
        "gka-meppel": edition("gka-meppel", PEOPLE),
        "spt-groningen": edition("spt-groningen", PEOPLE.iloc[:1]),
    }
    for _ in range(2):  # the second time it is there already
        result = together.render(tmp_path, made, tmp_path / "samen", "embedded")
    page = result.index.read_text(encoding="utf-8")
    assert result.index == tmp_path / "samen" / "index.html"
    assert '<a href="gka-meppel/index.html">Gelijke Kansen Agenda Meppel</a>' in page
    assert "Er doen 2 scholen mee." in page and "Er doet 1 school mee." in page
    shared = "De &lt;Eik&gt; (90AA00): Gelijke Kansen Agenda Meppel en Positief Opgroeien SPT"
    assert shared in page and "De Den" not in page
    assert result.pages == 41 and result.warnings[0] == "gka-meppel: let op"
    for name in ("assets/kansen.css", "assets/site.css"):
        assert f'href="{name}"' in page and (tmp_path / "samen" / name).is_file()
    assert json.loads((tmp_path / "samen" / manifest.FILE).read_text())["programmes"]
    assert [config.settings.name for config in drawn[:2]] == [
        *("Gelijke Kansen Agenda Meppel", "Positief Opgroeien SPT"),
    ]


def test_one_programme_is_a_site_of_its_own(drawn, tmp_path):
    result = together.render(tmp_path, {"gka-meppel": edition("gka-meppel", PEOPLE)})
    assert result.output == tmp_path / "reports" / "gka-meppel-2024-2025"
    assert result.pages == 20


def test_what_is_no_monitor_of_these_is_not_written_over(drawn, tmp_path):
    (tmp_path / "samen").mkdir()
    (tmp_path / "samen" / "brief.txt").write_text("mijn", encoding="utf-8")
    made = {name: edition(name, PEOPLE) for name in ("gka-meppel", "spt-groningen")}
    with pytest.raises(UsageError, match="not a monitor of these programmes"):
        together.render(tmp_path, made, tmp_path / "samen")
    assert not drawn


def test_a_programme_is_named_once_and_exists(tmp_path):
    with pytest.raises(UsageError, match="gka-meppel is named twice"):
        together.editions(tmp_path, ["gka-meppel", " gka-meppel"])
    with pytest.raises(UsageError, match="There is no programme atlantis; expected a folder"):
        together.editions(tmp_path, ["atlantis"])


def beside(**rows):
    tables = ("goals", "activities", "budget", "stories", "lessons")
    return SimpleNamespace(**{name: rows.get(name, []) for name in tables})


def test_a_page_is_shown_when_it_is_wanted_and_has_something_to_say():
    one = edition("k4k-drenthe", PEOPLE, protocol=load_protocol(), programme=beside(budget=[1]))
    one.region, one.printed = one.settings.region, []
    names = ["index", "eindtoets", "wijkplan", "uren-middelen", "voortgang", "eigen-pagina"]
    assert shown.left_out(one.settings, one, names) == {"wijkplan", "voortgang"}
    assert shown.left_out(one.settings, one, ["controlegetallen"]) == {"controlegetallen"}
    one.printed = [1]  # something was printed
    assert not shown.left_out(one.settings, one, ["controlegetallen"])
    few = one.settings.model_copy(update={"pages": ("eindtoets",)})
    assert shown.left_out(few, one, names) == {"wijkplan", "voortgang", "uren-middelen"}
    assert set(few.pages) < set(PAGES)
    own = one.settings.model_copy(update={"goals": "goals.yml"})  # teaching is on other goals
    assert shown.left_out(own, one, ["index", "klopt", "analyse/een-doel"]) == {
        *("klopt", "analyse/een-doel"),
    }


def test_a_site_has_the_name_and_the_foot_of_its_programme():
    own = settings("k4k-drenthe").model_copy(
        update={"contact": "mailto:vraag@programma.example", "licence": "CC BY 4.0"}
    )
    found = project.named(project.Project("Anders", raw={"website": {"title": "Anders"}}), own)
    assert found.title == found.raw["website"]["title"] == "Monitor Kansen4Kinderen"
    assert found.colophon == (
        ("Van", "Stichting Leren & Leven", ""),
        ("Vragen", "vraag@programma.example", "mailto:vraag@programma.example"),
        ("Licentie", "CC BY 4.0", ""),
    )
