"""What people hand in for the programme: persons are refused, odd heads and files are told."""

import os

import pytest

from kansen_analysis.errors import DataErrors
from kansen_analysis.programme.reading import collect
from kansen_analysis.programme.schema import columns
from kansen_analysis.programme.stories import read_stories
from kansen_analysis.schools.participants import read_participants

HEAD = """title: samen lezen
programme: K4K
theme: Taal
date: 2024-05
source: kansencoach"""
CONSENT = """consent:
  - by: ouder
    covers: [foto]
    until: 2030-07-31"""
REMOVE = "personal data: remove this file"


def story(tmp_path, head=HEAD, text="De school las samen.", name="verhaal.md"):
    folder = tmp_path / "stories"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"---\n{head}\n---\n\n{text}\n", encoding="utf-8")
    return read_stories(tmp_path, ["K4K"])[1]


def test_a_plain_story_has_no_findings(tmp_path):
    assert story(tmp_path, f"{HEAD}\n{CONSENT}") == []


def test_two_consents_under_two_keys_are_a_mistake_with_its_line(tmp_path):
    """The reader of YAML took the last one, and the first person was not asked."""
    other = CONSENT.replace("ouder", "leraar")
    (found,) = story(tmp_path, f"{HEAD}\n{CONSENT}\n{other}")
    assert "'consent', twice" in str(found)
    assert found.line == 11


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (
            f"{HEAD}\nconsent:\n  - by: ouder\n    covers: [[a, b]]\n    until: 2030-07-31",
            "in each other",
        ),
        (f"{HEAD}\nnot_persons: [[Jan]]", "a list of words"),
        (f"{HEAD}\nschool: {'[' * 5000}{']' * 5000}", "a head of"),
        (f"{HEAD}\nschool: {'[' * 900}{']' * 900}", "in each other"),
        (f"{HEAD}\nschool: {'{a: ' * 300}x{'}' * 300}", "in each other"),
        (f"{HEAD}\nx: &a [1]\ny: [{', '.join(['*a'] * 1000)}]", "a reference"),
        (f"{HEAD}\n? [a, b]\n: x", "a list as key"),
        (f"{HEAD}\npicture: {'a' * 400}.png\nalt: x", "404 letters"),
        (f"{HEAD}\npicture: ../../etc/passwd.png\nalt: x", "beside the story"),
        ("- a\n- b", "a head without keys"),
        ("title: [", "not YAML"),
    ],
)
def test_a_head_that_is_odd_is_one_message(tmp_path, head, says):
    found = [str(each) for each in story(tmp_path, head)]
    assert len([each for each in found if says in each]) == 1, found


@pytest.mark.parametrize(
    "text",
    [
        "Bel de ouder op 06-12345678.",
        "Mail naar jan@voorbeeld.nl voor meer.",
        "Het nummer is 111222333.",
        "Het kind is geboren op 12-03-2013.",
    ],
)
def test_a_person_in_a_story_is_refused_and_not_repeated(tmp_path, text):
    found = [str(each) for each in story(tmp_path, f"{HEAD}\n{CONSENT}", text)]
    mine = [each for each in found if REMOVE in each]
    assert len(mine) == 1
    secret = next(
        word.strip(".") for word in text.split() if any(c.isdigit() or c == "@" for c in word)
    )
    assert secret not in mine[0]


def lessons(tmp_path, extra="", cell=""):
    names = [column.name for column in columns("lessons")]
    header = ",".join([*names, *([extra] if extra else [])])
    (tmp_path / "lessons.csv").write_text(f"{header}\n{cell}", encoding="utf-8")
    return [str(each) for each in collect(tmp_path, "2025-08-01")[1]]


def test_a_column_of_persons_is_refused_and_never_asked_for(tmp_path):
    (found,) = lessons(tmp_path, "leerlingnummer")
    assert "lessons.csv" in found and REMOVE in found
    assert "columns.csv" not in found


def test_a_number_of_a_person_in_any_cell_is_refused(tmp_path):
    width = len(columns("lessons"))
    row = ",".join(["x"] * (width - 1) + ["zie 111222333"])
    found = lessons(tmp_path, cell=row + "\n")
    assert [each for each in found if REMOVE in each and "line 2" in each]
    assert not any("111222333" in each for each in found)


def test_a_note_in_the_register_is_searched_too(tmp_path, demo):
    lines = (demo / "participants.csv").read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    at = lines[0].split(",").index("source")
    cells[at] = "bel 06-12345678"
    path = tmp_path / "participants.csv"
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(DataErrors) as error:
        read_participants(path)
    assert REMOVE in str(error.value) and "12345678" not in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_a_folder_and_a_loop_are_told_and_never_waited_for(tmp_path):
    (tmp_path / "stories").mkdir()
    os.mkfifo(tmp_path / "stories" / "pijp.md")
    (tmp_path / "stories" / "map.md").mkdir()
    (tmp_path / "stories" / "lus.md").symlink_to("lus.md")
    os.mkfifo(tmp_path / "budget.csv")
    (tmp_path / "goals.csv").symlink_to("weg.csv")
    found = "\n".join(str(each) for each in collect(tmp_path, "2025-08-01")[1])
    for file, what in (
        *(("stories/pijp.md", "a pipe"), ("stories/map.md", "a folder")),
        *(("stories/lus.md", "a link to no file"), ("budget.csv", "a pipe")),
        ("goals.csv", "a link to no file"),
    ):
        assert f"{file}: found {what}" in found
