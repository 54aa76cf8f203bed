"""A working folder from nothing: `kansen init`."""

import csv
import json

import pytest
import yaml

from kansen_analysis.errors import SettingsError, UsageError
from kansen_analysis.programme.initialise import basic_settings, initialise
from kansen_analysis.programme.settings import read_settings
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
    html = site["format"]["html"]
    named = [html["theme"], html["css"], html["filters"][0]["path"]]
    for name in [one for each in named for one in (each if isinstance(each, list) else [each])]:
        assert (folder / name).is_file()
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
