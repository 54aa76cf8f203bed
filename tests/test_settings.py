"""The settings of a programme: what is read, and what is told when something is wrong."""

from pathlib import Path

import pytest
import yaml

from kansen_analysis.errors import SettingsError
from kansen_analysis.programme import workspace
from kansen_analysis.programme.settings import PAGES, read_settings

ROOT = Path(__file__).parents[1]
SMALL = {
    "name": "Samen Verder",
    "short": "Samen Verder",
    "what": "Samen Verder zet een brugfunctionaris in elke basisschool van de wijk.",
    "person": {"one": "brugfunctionaris", "more": "brugfunctionarissen"},
    "region": {
        "name": "Verzonnenland",
        "area": {"municipalities": {"9001": "Voorbeelddam"}},
        "own": {"provinces": ["Zeeland"]},
    },
}


def write(folder, **changes):
    content = {**SMALL, **changes}
    text = yaml.safe_dump({k: v for k, v in content.items() if v is not None})
    (folder / "programme.yml").write_text(text, encoding="utf-8")
    return folder


def test_the_settings_of_this_repository_are_those_of_kansen4kinderen():
    settings = read_settings(ROOT)
    assert settings.name == "Kansen4Kinderen"
    assert settings.person.the == "de kansencoach"
    assert settings.path("register") == ROOT / "data" / "participants.csv"
    assert settings.path("goals") is None
    assert settings.region.own.municipalities["1708"] == "Steenwijkerland"


def test_a_small_file_is_enough(tmp_path):
    settings = read_settings(write(tmp_path))
    assert settings.pages == PAGES
    assert settings.path("tables") == tmp_path / "data" / "programme"
    assert settings.region.elsewhere is None


def test_one_programme_can_be_that_of_another_folder(tmp_path):
    write(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "programme.yml").write_text("same_as: ..\n", encoding="utf-8")
    assert read_settings(tmp_path / "other").folder == tmp_path / "other" / ".."


REGION = SMALL["region"]
WRONG = [
    ({"name": None}, "name: found nothing"),
    ({"what": "Zonder punt"}, "what: found 'Zonder punt', expected a sentence that ends with"),
    ({"colour": "blue"}, "found the key 'colour', expected one of aim, citation, contact"),
    ({"unit": "stad"}, "unit: found 'stad', expected one of school, neighbourhood"),
    ({"unit": "neighbourhood"}, "expected region.neighbourhoods"),
    ({"pages": ["wanneer", "blog"]}, "pages[1]: found 'blog', expected one of"),
    ({"contact": "javascript:alert(1)"}, "contact: found 'javascript:alert(1)', expected an addr"),
    ({"person": {"one": "coach"}}, "person.more: found nothing"),
    *(
        ({"aim": text}, f"aim: found {text!r}, expected a text on one line without signs")
        for text in ("[klik](javascript:x)", "<b>x</b>", "$x$", "@x", "a\n\n## b", "*a*", "&lt;b")
    ),
    ({"region": {**REGION, "own": {}}}, "region.own: expected at least one province or municip"),
    (
        {"region": {**REGION, "own": {"municipalities": {14: "Groningen"}}}},
        "region.own.municipalities[14]: found 14, expected four digits in quotes.",
    ),
    ({"editions": {"2024": "2025-12-01"}}, "expected a school year like 2024-2025"),
    (
        {"network": [{"says": "Meer dan tien scholen.", "document": "krant"}]},
        "expected a document of the list in network, not 'krant'",
    ),
]


@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[told[:30] for _, told in WRONG])
def test_a_mistake_is_told_once_with_key_found_and_expected(tmp_path, changes, told):
    with pytest.raises(SettingsError) as error:
        read_settings(write(tmp_path, **changes))
    assert told in str(error.value)
    assert str(error.value).startswith("programme.yml: ")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "\x00"])
def test_a_file_that_is_no_settings_is_told(tmp_path, text):
    (tmp_path / "programme.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"programme\.yml"):
        read_settings(tmp_path)


def test_a_folder_without_settings_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="kansen init"):
        read_settings(tmp_path)


def test_away_from_a_project_the_settings_are_those_of_this_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert workspace.root() == ROOT
    assert workspace.settings_of(tmp_path).name == "Kansen4Kinderen"


def test_a_data_folder_can_have_settings_of_its_own(tmp_path):
    assert workspace.settings_of(write(tmp_path)).name == "Samen Verder"
