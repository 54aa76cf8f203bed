"""A working folder from nothing: `kansen init`."""

import csv
import json
from types import SimpleNamespace

import pytest
import yaml

from kansen_analysis import cli
from kansen_analysis.errors import SettingsError, UsageError
from kansen_analysis.programme.initialise import basic_settings, initialise
from kansen_analysis.programme.settings import read_settings
from kansen_analysis.publish.project import Project
from kansen_analysis.publish.quarto import configuration
from kansen_analysis.schools.participants import read_participants

SAMEN = basic_settings(
    "Samen: Verder & Co",
    what="Samen Verder helpt",
    person=("gids", "gidsen"),
    provinces=["Zeeland"],
)


def test_a_new_folder_holds_all_that_a_monitor_needs(tmp_path):
    folder = initialise(tmp_path / "samen", SAMEN)
    settings = read_settings(folder)
    assert settings.name == "Samen: Verder & Co"
    assert settings.what == "Samen Verder helpt."
    site = yaml.safe_load((folder / "_quarto.yml").read_text(encoding="utf-8"))
    assert site["website"]["title"] == "Monitor Samen: Verder & Co"
    filters = [each["path"] for each in site["format"]["html"]["filters"]]
    frame = ["theme/publish/assets/page.html", "theme/display/assets/kansen.css"]  # what they read
    for name in [*site["project"]["post-render"], *filters, *frame]:
        assert (folder / name).is_file()
    copied = configuration(Project("M", raw=site), {}, "nu")
    assert copied["project"]["post-render"] == ["assets/publish/assets/quarto/scripts.lua"]
    first = json.loads((folder / "notebooks" / "index.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in first["cells"])
    assert len(read_participants(folder / "data" / "participants.csv")) == 0
    with (folder / "data" / "programme" / "activities.csv").open(encoding="utf-8") as file:
        assert "state" in next(csv.reader(file))
    explained = (folder / "data" / "README.md").read_text(encoding="utf-8")
    assert "| `coach_start` | Op school sinds." in explained


def test_the_goals_of_a_new_folder_are_those_that_open_data_can_bear(tmp_path):
    folder = initialise(tmp_path / "samen", SAMEN)
    goals = yaml.safe_load((folder / "goals.yml").read_text(encoding="utf-8"))["goals"]
    assert [(goal["id"], goal["outcome"]["measure"]) for goal in goals] == [
        *((1, "target_levels"), (2, "advice_above_expectation"), (4, "special_education")),
    ]
    text = (folder / "goals.yml").read_text(encoding="utf-8")
    assert "vul in" in text and "&id" not in text  # own words asked for, nothing by reference


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        initialise(tmp_path, SAMEN)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_wrong_settings_leave_nothing_behind(tmp_path):
    with pytest.raises(SettingsError, match="province or municipality"):
        initialise(tmp_path / "samen", basic_settings("Samen", what="Iets."))
    assert list(tmp_path.iterdir()) == []


def test_what_no_option_says_is_asked(monkeypatch, tmp_path):
    folder = tmp_path / "samen"
    options = {"person": "gids,gidsen", "province": None, "municipality": None, "owner": None}
    monkeypatch.setattr(cli.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    given = ["Samen Verder", "Samen Verder helpt.", "zeeland, 9001=Voorbeelddam"]
    monkeypatch.setattr(cli.typer, "prompt", lambda question: given.pop(0))
    cli.init(folder, None, None, **options)
    area = read_settings(folder).region.area
    assert area.provinces == ("Zeeland",)
    assert dict(area.municipalities) == {"9001": "Voorbeelddam"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "Nothing to ask on: give --name."),
        ({"name": "S", "what": "S helpt."}, "Nothing to ask on: give --province."),
        ({"name": "S", "what": "S.", "province": ["Holland"]}, "found 'Holland', expected a prov"),
        ({"name": "S", "what": "S.", "municipality": ["119=Meppel"]}, "found '119=Meppel'"),
        ({"name": "S", "what": "S.", "province": ["Zeeland"], "person": "gids"}, "found 'gids'"),
    ],
)
def test_without_a_terminal_or_with_a_wrong_word_it_says_what_to_give(
    monkeypatch, tmp_path, options, told
):
    monkeypatch.setattr(cli.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    empty = dict.fromkeys(("name", "what", "province", "municipality", "owner"))
    with pytest.raises(UsageError) as error:
        cli.init(tmp_path / "samen", **{**empty, "person": "gids,gidsen", **options})
    assert told in str(error.value)
    assert not (tmp_path / "samen").exists()
