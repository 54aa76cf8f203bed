"""What is too large, or no file at all, is told by check and render, soon and in little room."""

import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kansen_analysis.programme.initialise import basic_settings, initialise

SECONDS, BYTES = 5, 2**30  # of a processor, beyond what the command takes without it
HEAD = "BRIN;VESTIGING;NAAM\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A register of schools, so that there is something to read besides."""
    from excerpts import write_published

    folder = tmp_path_factory.mktemp("published")
    write_published(folder)
    return folder


@pytest.fixture
def work(published, tmp_path):
    """A working folder with two small files and a register of nobody."""
    return begun(published, tmp_path / "work")


@pytest.fixture(scope="module")
def usual(published, tmp_path_factory):
    """What a command takes here while nothing is too large: a slow machine is no mistake."""
    folder = begun(published, tmp_path_factory.mktemp("usual") / "work")
    return {command: measured(folder, command)[2] for command in ("check", "render")}


def begun(published, folder):
    settings = basic_settings(
        *("Proef",),
        what="Een proef.",
        person=["gids", "gidsen"],
        provinces=["Drenthe"],
        municipalities={},
        owner="Wij",
    )
    initialise(folder, settings)
    for name in ("02.-alle-schoolvestigingen-basisonderwijs.csv", "files.csv"):
        shutil.copy(published / "raw" / name, folder / "data" / "raw")
    lines = (folder / "data" / "raw" / "files.csv").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.startswith(("file,", "02.-"))]
    (folder / "data" / "raw" / "files.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def large(path: Path, size: int = 300_000_000) -> None:
    """Write a head and then nothing, which takes no room on the disk."""
    with path.open("wb") as file:
        file.write(HEAD.encode())
        file.truncate(size)


def bomb(path: Path, *, lying: bool = False) -> None:
    """Write a workbook that is small until it is unpacked; perhaps it says it stays small."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(b" " * 1_000_000)
    if lying:
        content = path.read_bytes()
        told = (300_000_000).to_bytes(4, "little")
        path.write_bytes(content.replace(told, (1000).to_bytes(4, "little")))


def many(raw: Path) -> None:
    for at in range(5_100):
        (raw / f"{at}.csv").touch()


def line(path: Path) -> None:
    path.write_bytes(b"a;" * 20_000_000)


CASES = {
    "a large file": (lambda w: large(w / "data/raw/groot.csv"), "MB"),
    "a large workbook": (lambda w: large(w / "data/raw/groot.xlsx"), "MB"),
    "an unpacked workbook": (lambda w: bomb(w / "data/raw/bom.xlsx"), "bom.xlsx"),
    "a workbook that lies": (lambda w: bomb(w / "data/raw/bom.xlsx", lying=True), "bom.xlsx"),
    "a long line": (lambda w: line(w / "data/raw/lang.csv"), "lang.csv"),
    "many files": (lambda w: many(w / "data/raw"), "at most 5,000"),
    "a large register": (lambda w: large(w / "data/participants.csv"), "participants.csv"),
    "a large table": (lambda w: large(w / "data/programme/budget.csv"), "budget.csv"),
    "a large story": (lambda w: large(w / "data/programme/stories/a.md"), "a.md"),
    "large settings": (lambda w: large(w / "programme.yml"), "programme.yml"),
    "large goals": (lambda w: large(w / "goals.yml"), "goals.yml"),
    "a register that is a pipe": (lambda w: replaced(w / "data/participants.csv"), "participants"),
    "settings that are a pipe": (lambda w: replaced(w / "programme.yml"), "programme.yml"),
    "goals that are a pipe": (lambda w: replaced(w / "goals.yml"), "goals.yml"),
    "notes that are a pipe": (lambda w: replaced(w / "data/raw/files.csv"), "files.csv"),
    "a table that is a pipe": (lambda w: replaced(w / "data/programme/goals.csv"), "goals.csv"),
}
LATE = ("a large table", "a large story", "a table that is a pipe")  # read after the results
NO_FILES = {
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a dangling link": lambda path: path.symlink_to("weg.csv"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a folder": lambda path: path.mkdir(),
}


def replaced(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def run(folder: Path, *words: str) -> tuple[int, str, float, int]:
    """Run the command; return how it ended, what it said, its seconds and its largest memory."""
    source = str(Path(__file__).parents[1] / "src")
    told = folder / "told"
    with told.open("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "kansen_analysis", *words],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": source},
            stdout=out,
            stderr=out,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
        )
        try:
            process.wait(timeout=120)  # of a busy machine; what is asked is processor time
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -1, told.read_text(encoding="utf-8") + "\nNEVER ENDED", 120.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process.returncode, told.read_text(encoding="utf-8"), used.ru_utime, used.ru_maxrss


def measured(folder: Path, *words: str) -> tuple[int, str, float, int]:
    """Run it from a process of its own, so that only its own use is counted."""
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); from pathlib import Path;"
        "import test_oversized as t; print(json.dumps(t.run(Path(sys.argv[2]), *sys.argv[3:])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(folder), *words],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")},
    )
    return tuple(json.loads(done.stdout))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("command", ["check", "render"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_too_large_is_refused_soon_and_in_little_room(
    work, published, usual, case, command
):
    (work / "data" / "programme" / "stories").mkdir(exist_ok=True)
    make, names = CASES[case]
    if command == "render" and case in LATE:  # there must be results to show, or it stops before
        shutil.copytree(published / "raw", work / "data" / "raw", dirs_exist_ok=True)
    make(work)
    code, said, seconds, memory = measured(work, command)
    assert code in (1, 2), said[-2000:]
    assert names in said
    assert "Traceback" not in said
    assert seconds < usual[command] + SECONDS, (seconds, usual)
    assert memory * 1024 < BYTES, memory


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("command", ["check", "render"])
def test_what_is_no_file_is_told_and_passed_over(work, usual, command):
    for at, make in enumerate(NO_FILES.values()):
        make(work / "data" / "raw" / f"{at}.csv")
    code, said, seconds, memory = measured(work, command)
    assert "Traceback" not in said
    if command == "check":
        for at in range(len(NO_FILES)):
            assert f"{at}.csv" in said
    else:  # there are no results to show, which is told after reading
        assert "no results" in said
    assert code in (0, 1, 2)
    assert seconds < usual[command] + SECONDS, (seconds, usual)
    assert memory * 1024 < BYTES, memory


PLACES = {
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a loop": lambda path: path.symlink_to(path.name),
}
ASKED = (
    *("goals --data {}", "plan --data {}", "build --data {}", "plan --protocol {}"),
    *("build --participants {}", "fetch --data {}", "verify {}", "reproduce {}", "export {}"),
    *("demo --output {} --schools 330", "leerjaar3 template {}", "programme import {}"),
    "init {} --name P --what Een. --province Drenthe --owner Wij",
)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_no_file_or_folder_is_one_sentence_of_every_command(work, place):
    """One process asks them all: to begin one takes longer than to refuse."""
    path = work / "plek.xlsx"
    PLACES[place](path)
    code = (
        "import sys; from kansen_analysis import cli\n"
        "for words in sys.argv[1:]:\n"
        "    sys.argv = ['kansen', *words.split()]\n"
        "    try: cli.main()\n"
        "    except SystemExit as end: print('END', end.code, file=sys.stderr, flush=True)\n"
        "    else: print('END went on', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *(words.format(path.name) for words in ASKED)],
        cwd=work,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    parts = done.stderr.split("END ")
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    assert len(parts) == len(ASKED) + 1, done.stderr[-2000:]
    ends = [part.split()[0] for part in parts[1:]]
    wrong = [words for words, end in zip(ASKED, ends, strict=True) if end not in ("1", "2")]
    assert wrong == []
    assert not list(work.glob(".kansen-new-*"))
