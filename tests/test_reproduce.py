"""An edition can be checked, built again and compared; a digit that changed is named."""

import datetime
import json
import os
import re
import shutil
import subprocess
import sys

import kills
import pytest

from kansen_analysis.edition import manifest
from kansen_analysis.edition.build import build
from kansen_analysis.edition.compare import compare, verify
from kansen_analysis.edition.open import open_edition
from kansen_analysis.edition.reproduce import IDENTICAL, MISSING, OTHER, reproduce
from kansen_analysis.errors import UsageError
from kansen_analysis.pages import verantwoording
from kansen_analysis.programme.workspace import root
from kansen_analysis.publish import site

DAY = "2025-08-15"


@pytest.fixture(scope="module")
def small(demo, tmp_path_factory):
    """A folder with few files of the demo, and the edition of it."""
    folder = tmp_path_factory.mktemp("reproduce")
    kills.folder(folder, demo)
    build(folder / "data", day=DAY, folder=folder / "edition")
    return folder


@pytest.fixture
def copied(small, tmp_path):
    shutil.copytree(small, tmp_path / "copy")
    return tmp_path / "copy"


def test_an_untouched_edition_is_told_from_one_that_was_touched(copied):
    edition = copied / "edition"
    assert verify(edition) == []
    path = edition / "public" / "verdicts.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    (edition / "public" / "protocol.json").unlink()
    (edition / "public" / "more.csv").write_text("x")
    assert verify(edition) == [
        "verdicts.parquet: changed",
        "protocol.json: missing",
        "more.csv: not in the manifest",
    ]
    with pytest.raises(UsageError, match="no manifest"):
        verify(copied / "data")


def test_the_same_files_give_the_same_edition_and_a_changed_digit_is_named(copied):
    edition, data = copied / "edition", copied / "data"
    scores = next(data.glob("05.-gemiddelde-eindscores-bo-sbo-2024-2025.csv"))
    scores.rename(data / "andere naam.csv")  # found by its checksum
    places = [data, root() / "programme.yml"]
    answer = reproduce(edition, places)
    assert answer.word == IDENTICAL, answer.lines()

    (data / "andere naam.csv").rename(scores)
    text = scores.read_bytes()
    number = re.search(rb';"([1-9]\d*,\d)\d*"', text)
    other = b"9" if number[1][-1:] != b"9" else b"8"
    scores.write_bytes(text[: number.end(1) - 1] + other + text[number.end(1) :])
    answer = reproduce(edition, places)
    told = answer.lines()
    assert answer.word == OTHER
    assert f"{scores.name} (eindscores): another content than then" in told
    assert any(re.match(r"eindscores, \w+ at \w{6} 2024.*: \S+ -> \S+$", line) for line in told)
    assert not any("np." in line or "columns[" in line for line in told)

    scores.unlink()
    answer = reproduce(edition, places)
    assert answer.word == MISSING
    assert scores.name in answer.lines()[1]


def test_an_edition_with_a_merger_is_made_again_with_it(copied):
    schools = open_edition(copied / "edition").schools
    one, other = schools.loc[~schools["participant"], "school"].iloc[:2]
    row = f"{one},{other},2023-2024,fusie,brief"
    (copied / "data" / "overgangen.csv").write_text(
        f"school,successor,school_year,kind,source\n{row}\n"
    )
    edition = build(copied / "data", day=DAY, folder=copied / "merged")
    assert edition.over_time["school_over_time"].unique().tolist() == [other]
    assert "overgangen.csv" in [each.get("file") for each in edition.manifest["inputs"]]
    answer = reproduce(edition.folder, [copied / "data", root() / "programme.yml"])
    assert answer.word == IDENTICAL, answer.lines()


def test_two_editions_are_compared_by_what_changed_and_why(copied):
    data = copied / "data"
    register = data / "participants.csv"
    lines = register.read_text(encoding="utf-8").splitlines()
    register.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    build(data, day=DAY, folder=copied / "other")
    found = compare(copied / "edition", copied / "other")
    assert found.answer == "different numbers"
    assert len(found.left) == 1 and found.joined == ()
    assert found.revised == ("participants.csv (programme)",)
    assert found.method == ()
    assert any("Takes part no longer" in line for line in found.lines())
    assert compare(copied / "edition", copied / "edition").lines() == ["identical."]


def test_the_manifest_holds_all_that_is_needed_and_no_clock_and_no_place(small):
    told = json.loads((small / "edition" / "manifest.json").read_text(encoding="utf-8"))
    needed = {"kansen_analysis", "commit", "lock_sha256", "protocol", "system", "processor"}
    assert needed | {"command", "inputs", "outputs", "dated"} <= set(told)
    for each in told["inputs"]:
        assert len(each["sha256"]) == 64
        assert each["source"] == "programme" or each["address"].startswith("https://")
    assert {"participants.csv", "activities.csv"} <= {each["file"] for each in told["inputs"]}
    text = json.dumps(told)
    assert str(small) not in text and "stories" not in json.dumps(told["inputs"])
    outputs = {path.name for path in (small / "edition" / "public").iterdir()} - {".stage.json"}
    assert set(told["outputs"]) == outputs


def test_the_day_is_that_of_the_settings_else_of_the_newest_file(tmp_path, demo):
    from kansen_analysis.programme.workspace import settings_of

    settings, files = settings_of(demo), build(demo).files
    assert manifest.dated(settings, 2024, tmp_path, files) == "2025-08-01"
    entry = {"sha256": files["sha256"].iloc[0], "retrieved_at": "2025-11-03T10:00:00+00:00"}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"a": entry}}), encoding="utf-8")
    assert manifest.dated(settings, 2024, tmp_path, files) == "2025-11-03"
    told = settings.model_copy(update={"editions": {"2024-2025": datetime.date(2026, 3, 12)}})
    assert manifest.dated(told, 2024, tmp_path, files) == "2026-03-12"


def test_no_reader_is_told_a_day_that_nothing_says(demo):
    """The foot said 1 august 2025 of files that were not there on that day."""
    edition = build(demo)
    assert (edition.dated, edition.day) == ("2025-08-01", None)
    assert "augustus" not in verantwoording.citation(edition)
    told = site._made("embedded", "3", edition)
    assert told.endswith("Uitgave over 2024-2025.")


def test_other_settings_of_the_machine_give_the_same_bytes(small, tmp_path):
    """Another time zone, locale, hash seed, number of processors, folder and order of files."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in sorted((small / "data").iterdir(), reverse=True):
        copy = shutil.copytree if path.is_dir() else shutil.copyfile
        copy(path, folder / path.name)
    code = (
        "import sys; from kansen_analysis.edition.build import build\n"
        f"build(sys.argv[1], day={DAY!r}, folder=sys.argv[2])"
    )
    other = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path / "made")],
        env=os.environ | other,
        check=True,
    )
    one, two = (manifest.listing(f / "public") for f in (small / "edition", tmp_path / "made"))
    assert one == two
    told = []
    for made in (small / "edition", tmp_path / "made"):
        told.append(json.loads((made / "manifest.json").read_text(encoding="utf-8")))
        told[-1].pop("command")
    assert told[0] == told[1]
