"""The page that tells what changed since the edition before, and why."""

import re
import shutil

import kills
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from kansen_analysis.display.prose import Absent, Prose
from kansen_analysis.edition.build import build
from kansen_analysis.edition.compare import compare
from kansen_analysis.edition.open import open_edition
from kansen_analysis.pages import veranderd
from kansen_analysis.publish import drawn, empty, manifest
from kansen_analysis.words import changed as words

DAY = "2025-08-15"
BEFORE = "05.-gemiddelde-eindscores-bo-sbo-2023-2024.csv"
PARTS = ("overview", "verdicts", "why", "printed", "files", "method", "people")


@pytest.fixture(scope="module")
def shelf(demo, tmp_path_factory):
    """Two editions: between them one score was revised and one school left."""
    folder = tmp_path_factory.mktemp("changed")
    kills.folder(folder, demo)
    data = folder / "data"
    shutil.copy(demo / BEFORE, data)
    build(data, school_year=2023, day=DAY, folder=folder / "editions" / "2023-2024")
    text = (data / BEFORE).read_bytes()
    number = re.search(rb';"([1-9]\d*,\d)\d*"', text)
    other = b"9" if number[1][-1:] != b"9" else b"8"
    (data / BEFORE).write_bytes(text[: number.end(1) - 1] + other + text[number.end(1) :])
    register = data / "participants.csv"
    lines = register.read_text(encoding="utf-8").splitlines()
    register.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    build(data, school_year=2024, day=DAY, folder=folder / "editions" / "2024-2025")
    (folder / "left").write_text(lines[-1].split(",")[1], encoding="utf-8")
    return folder


@pytest.fixture
def monitor(shelf):
    return open_edition(shelf / "editions" / "2024-2025")


def page(monitor):
    """Run the cells of the page as they would be drawn."""
    cells = []
    for name in PARTS:
        shown = getattr(veranderd, name)(monitor)._repr_mimebundle_()
        cells.append(
            new_code_cell(
                f"veranderd.{name}(monitor)", outputs=[new_output("display_data", data=shown)]
            )
        )
    return new_notebook(cells=cells)


def test_publisher_method_and_participants_are_told_apart(monitor, shelf):
    said = veranderd.overview(monitor).markdown
    assert "naast die over 2023-2024" in said
    assert "De uitgevers** veranderden cijfers van eerdere jaren: Eindscores (DUO)" in said
    assert "De methode** is gelijk gebleven" in said
    assert "De deelnemers** zijn niet dezelfde: 1 school eraf" in said
    files = veranderd.files(monitor).markdown
    assert files.count("05.\\-gemiddelde") + files.count("05.-gemiddelde") == 1
    assert "Hetzelfde bestand met andere inhoud" in files
    assert "participants.csv" not in files
    people = veranderd.people(monitor).markdown
    assert f"Niet meer in het register: {(shelf / 'left').read_text(encoding='utf-8')}." in people


def test_the_revised_figure_is_counted_once_and_in_its_year(monitor):
    (found,) = compare(monitor.earlier, monitor, figures=False).printed
    assert (found.table, found.changed, found.years) == ("eindscores", 1, (2023,))
    assert found.rows == len(monitor.earlier.load("eindscores"))
    table = veranderd.printed(monitor).frame
    assert table["changed"].tolist() == [1]
    assert table["years"].tolist() == ["2023-2024"]


def test_another_verdict_gets_its_cause_and_no_more_than_is_known(monitor, monkeypatch):
    def told(then, again, now):
        rows = pd.DataFrame([{"goal": 1, "then": then, "again": again, "now": now}])
        monkeypatch.setattr(veranderd, "_verdicts", lambda *_: rows)
        return veranderd.why(monitor).markdown

    both = told("beter", "onbeslist", "onbeslist")
    assert "herziene cijfers van de uitgever of andere deelnemers; dat is hier niet" in both
    assert "niet te scheiden" in both
    assert "nieuwe schooljaar" not in both
    fresh = told("beter", "beter", "onbeslist")
    assert "komt door het nieuwe schooljaar: de resultaten" in fresh
    assert "deelnemers" not in fresh
    monkeypatch.setattr(veranderd, "_people", lambda found: "")
    # without them the register still is another: start years may have changed
    assert "herziene cijfers van de uitgever of gewijzigde instellingen" in told(
        "beter", "slechter", "slechter"
    )
    monkeypatch.setattr(veranderd, "_chosen", lambda found: False)
    assert "dat komt door herziene cijfers van de uitgever." in told(
        "beter", "slechter", "slechter"
    )
    # a file that came may hold earlier years, and then is a cause like any other
    monkeypatch.setattr(veranderd, "_came_or_went", lambda found: True)
    assert "of bestanden die erbij kwamen of weggingen" in told("beter", "slechter", "slechter")
    assert told("beter", "beter", "beter") == "Geen enkel oordeel veranderde."


def test_a_protocol_that_changed_is_told_in_its_own_words(monitor):
    old, new = monitor.earlier, monitor
    assert words.method(old.manifest, new.manifest) == ""
    told = dict(old.manifest) | {"protocol": {"version": "1.1", "sha256": "x"}}
    assert "het protocol ging van versie 1.1 naar" in words.method(told, new.manifest)
    told = dict(old.manifest) | {"source_sha256": "x"}
    assert "aan het rekenprogramma is gewerkt" in words.method(told, new.manifest)


def test_with_no_edition_beside_it_there_is_no_page_and_with_one_there_is(monitor, tmp_path):
    assert empty.prune(page(monitor)).notebook is not None
    shutil.copytree(monitor.folder, tmp_path / "2024-2025")
    alone = open_edition(tmp_path / "2024-2025")
    assert alone.earlier is None
    assert all(isinstance(getattr(veranderd, name)(alone), Absent) for name in PARTS)
    assert empty.prune(page(alone)).notebook is None
    shutil.copytree(monitor.folder, tmp_path / "2023-2024")  # of another year than it is called
    assert open_edition(tmp_path / "2024-2025").earlier is None


def test_a_page_is_drawn_again_when_the_edition_before_becomes_another(monitor, tmp_path):
    notebook = new_notebook(cells=[new_code_cell("from kansen_analysis.pages import veranderd")])
    shutil.copytree(monitor.folder, tmp_path / "2024-2025")
    alone = open_edition(tmp_path / "2024-2025")
    assert alone.digest == monitor.digest
    assert drawn._key(alone, notebook, True) != drawn._key(monitor, notebook, True)
    assert manifest.beside(alone)["earlier_sha256"] is None
    assert manifest.beside(monitor)["earlier_sha256"] == monitor.earlier.digest


def test_nothing_of_a_supplied_file_is_named(monitor, monkeypatch):
    difference = compare(monitor.earlier, monitor, figures=False)
    supplied = type("D", (), {**vars(difference), "revised": ("supplied (leerjaar3)",)})
    monkeypatch.setattr(veranderd, "_found", lambda m: (m.earlier, supplied))
    said = veranderd.files(monitor)
    assert isinstance(said, Prose)
    assert "aangeleverd, niet openbaar (" in said.markdown
    assert "supplied" not in said.markdown
