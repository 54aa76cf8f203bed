"""The programme in a rendered monitor: what a new user adds is there, what may not be is not."""

import csv
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from kansen_analysis.sources import DataFolder

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "programme" / "stories" / "_voorbeeld.md"
# words that stand nowhere else
WITHHELD = ("waterlelie", "zonnebloem", "madelief", "klaproos")
PARTICIPANTS = 12
ENDED = {"2030": "2024"}


def kansen(*arguments, data: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "kansen_analysis", *arguments, "--data", data],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def story(folder: Path, name: str, title: str, text: str, **changes: str) -> None:
    """Copy the example and write in it, as docs/programme.md says."""
    front = EXAMPLE.read_text(encoding="utf-8").split("---\n")[1]
    kept = [
        line
        for line in front.splitlines()
        if not line.startswith(("picture:", "alt:", "#", "school:", "programme:", "theme:"))
    ]
    head = "\n".join(kept).replace("Korte titel", title)
    for old, new in changes.items():
        head = head.replace(old.replace("_", " "), new)
    head += "\nprogramme: Kansrijk Plimmerland\ntheme: Taal"
    (folder / f"{name}.md").write_text(f"---\n{head}\n---\n\n{text}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def newcomer(demo) -> dict[str, str]:
    """A demo school that does not take part yet."""
    with (Path(demo) / "participants.csv").open(encoding="utf-8", newline="") as file:
        taken = {row["school"] for row in csv.DictReader(file)}
    schools = DataFolder(Path(demo)).read("vestigingen")
    here = schools[(schools["year"] == schools["year"].max()) & ~schools["school"].isin(taken)]
    first = here.sort_values("school").iloc[0]
    return {name: str(first[name]) for name in ("school", "name", "municipality_code")}


@pytest.fixture(scope="module")
def site(demo, newcomer, tmp_path_factory) -> Path:
    """The monitor after the steps of "Your first change", and after a few mistakes."""
    folder = tmp_path_factory.mktemp("programma")
    data = folder / "data"
    shutil.copytree(demo, data)
    register = data / "participants.csv"
    lines = register.read_text(encoding="utf-8").splitlines()[: PARTICIPANTS + 1]
    header = lines[0].split(",")
    row = dict.fromkeys(header, "") | newcomer | {"municipality": "Nieuwland", "source": "besluit"}
    row |= {"programme": "Kansen4Kinderen", "network_start": "2023-2024"}
    row |= {"coach_start": "2023-2024"}
    with io.StringIO() as buffer:
        csv.DictWriter(buffer, header, lineterminator="\n").writerow(row)
        register.write_text("\n".join(lines) + "\n" + buffer.getvalue(), encoding="utf-8")
    school = newcomer["school"]
    with (data / "programme" / "activities.csv").open("a", encoding="utf-8") as file:
        file.write(
            f"Kansrijk Plimmerland,Taal,,Leesclub Zilver,bibliotheek,groep 4,{school},,loopt,"
            "2024-08,2024-09,4,,besluit\n"
        )
    with (data / "programme" / "lessons.csv").open("a", encoding="utf-8") as file:
        about = f"Kansrijk Plimmerland,Taal,2,{school},,2024-10"
        file.write(f'{about},"=HYPERLINK(1)",Veel,Weinig,stop,openbaar document,,besluit\n')
        file.write(f"{about},Een les over {WITHHELD[2]},Veel,Weinig,stop,,,besluit\n")
    stories = data / "programme" / "stories"
    story(stories, "de-leesclub", "De leesclub", "Zes kinderen lezen <script>alert(1)</script>.")
    path = stories / "de-leesclub.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("title:", f"school: {school}\ntitle:"), encoding="utf-8")
    story(stories, "verlopen", f"De {WITHHELD[0]}", f"Er was een {WITHHELD[1]}.", **ENDED)
    story(stories, "zonder", "Het veld", f"Er was een {WITHHELD[3]}.")
    path = stories / "zonder.md"
    front = path.read_text(encoding="utf-8")
    start, end = front.index("consent:"), front.index("not_persons")
    path.write_text(front[:start] + front[end:], encoding="utf-8")
    done = kansen("check", data=data)
    # what may not be shown is named, and is the only thing that is wrong
    assert done.returncode == 1, done.stdout + done.stderr
    assert "verlopen.md" in done.stderr
    done = kansen(
        *("render", "--engine", "embedded", "--output", str(folder / "site")),
        *("--edition", str(folder / "edition"), "--day", "2025-06-01"),
        data=data,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def contents(path: Path) -> list[bytes]:
    """Return what a file holds; of a workbook each part."""
    if path.suffix != ".xlsx":
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as parts:
        return [parts.read(name) for name in parts.namelist()]


def test_what_has_no_consent_is_in_no_file(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".html", ".csv", ".xlsx", ".svg"}
    held = [part for path in files for part in contents(path)]
    assert any(b"De leesclub" in part for part in held)  # it would be seen
    found = [word for word in WITHHELD if any(word.encode() in part for part in held)]
    assert found == []


def test_a_new_user_sees_the_school_the_activity_and_the_story(site, newcomer):
    school = (site / "scholen" / f"{newcomer['school']}.html").read_text(encoding="utf-8")
    assert "Leesclub Zilver" in school
    assert "De leesclub" in school
    pages = {name: (site / f"{name}.html").read_text(encoding="utf-8") for name in (
        "scholen", "deelnemers", "voortgang", "verhalen", "netwerk")}  # fmt: skip
    assert f"scholen/{newcomer['school']}.html" in pages["scholen"]
    assert "Nieuwland" in pages["netwerk"]
    assert "Leesclub Zilver" in pages["voortgang"]
    assert "Zes kinderen lezen" in pages["verhalen"]
    assert f"scholen/{newcomer['school']}.html" in pages["verhalen"]  # and back


def test_a_script_and_a_formula_are_shown_as_text(site):
    page = (site / "verhalen.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "=HYPERLINK(1)" in page
    folder = site / "files" / "downloads"
    with (folder / "verhalen-lessen.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file, delimiter=";") for cell in row]
    # a spreadsheet program reads a cell that begins with an apostrophe or a space as text
    shown = [cell for cell in cells if "HYPERLINK" in cell]
    assert shown
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in shown)
    [annex] = folder.glob("*.xlsx")
    book = openpyxl.load_workbook(annex)
    kinds = {
        cell.data_type
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
        if isinstance(cell.value, str) and "HYPERLINK" in cell.value
    }
    assert kinds == {"s"}
