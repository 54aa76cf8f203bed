"""From a built wheel to a monitor: a fresh environment, an empty folder, no repository."""

import csv
import re
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from installed import run, wheel

from kansen_analysis.publish import quarto

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
# Words of the programme of this repository, which the monitor of another may not hold.
FOREIGN = ("Kansen4Kinderen", "kansencoach", "Drenthe", "Meppel", "Coevorden")
# Comparable schools may lie anywhere, which this file says of each; files may have any name.
ANYWHERE = ("deelnemers-vergelijking.csv", "manifest.json")
SHOWN = re.compile(r"<script.*?</script>|<style.*?</style>", re.DOTALL)
REGION = "Gelderland"
STEP = re.compile(r"^(\d+)\. (.*(?:\n   .*)*)", re.MULTILINE)


def steps():
    """The steps of the documentation: number to text, on one line."""
    page = (ROOT / "docs" / "programme.md").read_text(encoding="utf-8")
    part = page.split("## From nothing to a monitor, in twelve steps")[1].split("\n## ")[0]
    return {int(number): " ".join(text.split()) for number, text in STEP.findall(part)}


def command(number):
    """What a step says to type, without the program's name."""
    first, *words = shlex.split(re.search(r"`(kansen .+?)`", steps()[number])[1])
    assert first == "kansen"
    return words


@pytest.fixture(scope="module")
def kansen(tmp_path_factory):
    """The command of a wheel that was built here and installed elsewhere."""
    folder = tmp_path_factory.mktemp("installed")
    built = wheel(folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index"]
    run(*pip, "--quiet", "--no-compile", built, cwd=folder)
    # What the package needs is not installed a second time. A folder that a .pth names is searched
    # last, and what its own .pth files name is not: this repository stays out of sight.
    inside = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    there = Path(inside.strip()) / "needs.pth"
    there.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python.with_name("kansen")


@pytest.fixture(scope="module")
def folder(kansen, demo, tmp_path_factory):
    """A working folder of an invented programme, with the files of the demo and eleven schools."""
    home = tmp_path_factory.mktemp("empty")
    run(kansen, *command(3), cwd=home)
    folder = home / "samen"
    for path in demo.iterdir():
        if path.is_file() and path.name != "participants.csv":
            shutil.copyfile(path, folder / "data" / "raw" / path.name)
    take_part(demo, folder)
    own_goals(folder / "goals.yml")
    return folder


def own_goals(path):
    """Give the programme three goals of its own, by other outcomes than it began with."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    kept = {goal["id"]: goal for goal in content["goals"]}
    share = kept[2] | {"id": 1, "name": "Vaker havo of vwo", "secondary": []}
    share["question"] = "Krijgen meer leerlingen een advies havo of hoger?"
    share["outcome"] |= {"measure": "havo_vwo_share", "sources": ["schooladviezen"]}
    share["outcome"] |= {"unit": "procentpunt", "smallest_difference": 3.5, "pupil_sd": 50.0}
    score = kept[1] | {"id": 2, "name": "Hogere scores", "secondary": []}
    score["question"] = "Gaan de scores vooruit?"
    score["outcome"] |= {"measure": "test_score_z", "sources": ["eindscores"], "unit": "z"}
    score["outcome"] |= {"smallest_difference": 0.07, "pupil_sd": 1.0}
    content["goals"] = [share, score, kept[4] | {"id": 3}]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def take_part(demo, folder):
    """Fill the register with the first eleven schools of the region."""
    with (demo / "03-alle-vestigingen-bo.csv").open(encoding="cp1252") as file:
        there = [row for row in csv.DictReader(file, delimiter=";") if row["PROVINCIE"] == REGION]
    register = folder / "data" / "participants.csv"
    names = register.read_text(encoding="utf-8").strip().split(",")
    with register.open("w", encoding="utf-8", newline="") as file:
        write = csv.DictWriter(file, names, restval="")
        write.writeheader()
        for row in there[:11]:
            write.writerow(
                {
                    "school": row["VESTIGINGSNUMMER"],
                    "name": row["VESTIGINGSNAAM"],
                    "municipality": row["GEMEENTENAAM"],
                    "municipality_code": row["GEMEENTENUMMER"],
                    "programme": "Samen Verder",
                    "coach_start": "2021-2022",
                    "source": "verzonnen",
                }
            )


def test_a_wheel_holds_the_programmes_and_what_they_point_to(kansen, tmp_path):
    python = kansen.with_name("python")
    told = run(
        python,
        "-c",
        "from kansen_analysis.programme import settings, workspace as w; "
        "s = settings.read_settings(w.programme_folder('k4k-drenthe')); "
        "print(s.name, s.path('register').is_file(), s.path('tables').is_dir(), w.__file__)",
        cwd=run(kansen, "init", tmp_path / "x", "--name", "X", "--what", "X.", "--province",
                REGION, cwd=tmp_path).strip(),
    )  # fmt: skip
    assert told.startswith("Kansen4Kinderen True True")
    assert str(ROOT) not in told


def test_there_are_twelve_steps_and_their_commands_are_commands(kansen, tmp_path):
    assert list(steps()) == list(range(1, 13))
    told = run(kansen, "--help", cwd=tmp_path)
    for number in (3, 7, 9, 10, 11, 12):
        assert re.search(rf"\b{command(number)[0]}\b", told)


@pytest.mark.parametrize("engine", ["embedded", "quarto"])
def test_an_empty_folder_becomes_a_monitor_of_its_own_programme(kansen, folder, engine):
    if engine == "quarto" and not quarto.usable():
        pytest.skip("Quarto is not on PATH, or is too old")
    assert "11 participants" in run(kansen, *command(9), cwd=folder)
    assert run(kansen, *command(10), cwd=folder).strip().endswith("2024-2025")
    verdicts = run(kansen, *command(11), cwd=folder)
    assert re.findall(r"^\d\. [^:]+", verdicts, re.MULTILINE) == [
        *("1. Vaker havo of vwo", "2. Hogere scores", "3. Zorg en speciaal onderwijs"),
    ]
    told = run(kansen, *command(12), "--engine", engine, cwd=folder)
    index = Path(told.split()[-1])
    assert index.is_file() and index.is_relative_to(folder)
    assert "Monitor Samen Verder" in index.read_text(encoding="utf-8")
    pages = sorted(index.parent.rglob("*.html"))
    assert sum(path.parent.name == "scholen" for path in pages) == 11
    assert {path.name for path in pages if path.parent.name == "doelen"} == {
        *("1.html", "2.html", "3.html"),
    }
    assert not (index.parent / "eindtoets.html").exists()  # of a goal that it does not have
    assert not (index.parent / "wijkplan.html").exists()  # of a table that is empty
    assert foreign(index.parent) == []


def foreign(site):
    """Name every page and file with a word of the programme of this repository."""
    found = []
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".csv", ".json", ".svg", ".js") and path.name not in ANYWHERE:
            text = path.read_text(encoding="utf-8-sig")
            shown = SHOWN.sub("", text) if path.suffix == ".html" else text
            for word in FOREIGN:
                if at := re.search(word, shown, re.IGNORECASE):
                    around = shown[max(0, at.start() - 60) : at.end() + 30]
                    found.append(f"{path.relative_to(site)}: {' '.join(around.split())}")
    return found
