"""The command: first line, exit codes, one message, nothing half written."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from kansen_analysis.fetch.progress import Log
from kansen_analysis.programme.workspace import root


def kansen(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "kansen_analysis", *map(str, arguments)],
        cwd=root(),
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


def test_check_says_first_which_data_and_ends_with_zero(demo):
    done = kansen("check", "--data", demo)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0].endswith("invented schools.")
    assert "No mistakes found" in done.stdout


def test_json_is_clean_on_standard_output(demo):
    answer = json.loads(kansen("check", "--data", demo, "--format", "json").stdout)
    years = {row["school_year"] for row in answer["sources"] if row["source"] == "eindscores"}
    assert "2018-2019" in years
    assert "2019-2020" not in years
    assert answer["participants"] == 80


@pytest.fixture(scope="module")
def broken(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    for file in demo.iterdir():
        if "schooladviezen-2023" in file.name or file.name == "participants.csv":
            shutil.copy(file, folder)
    [advices] = folder.glob("*2023-2024.csv")
    lines = advices.read_bytes().decode().split("\r\n")
    lines[6] = lines[6].rsplit(";", 1)[0] + ';"twee"'
    advices.write_bytes("\r\n".join(lines).encode())
    return folder


def test_a_mistake_in_the_data_is_one_message_and_exit_code_one(broken):
    done = kansen("check", "--data", broken)
    assert done.returncode == 1
    assert "line 7" in done.stderr
    assert "ADVIES_NIET_MOGELIJK" in done.stderr
    assert "'twee'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_traceback_comes_only_with_debug(broken):
    assert "Traceback" in kansen("check", "--data", broken, "--debug").stderr


def test_nothing_is_written_when_the_data_have_a_mistake(broken, tmp_path):
    target = tmp_path / "site"
    done = kansen("render", "--data", broken, "--output", target, "--engine", "embedded")
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--data", "nergens"),
        ("render", "--school-year", "2024"),
        ("render", "--engine", "papier"),
        ("goals", "--nonsense"),
    ],
)
def test_wrong_use_ends_with_two(arguments):
    done = kansen(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_asking_for_quarto_where_it_is_missing_says_how_to_get_it(demo, tmp_path):
    nowhere = {"PATH": str(tmp_path)}
    done = kansen("render", "--data", demo, "--engine", "quarto", **nowhere)
    assert done.returncode == 2
    assert "quarto.org" in done.stderr


def test_quiet_says_the_result_and_nothing_else(demo, edition):
    done = kansen("build", "--data", demo, "--edition", edition.folder, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{edition.folder}\n", "")
    told = kansen("goals", "--data", demo, "--quiet", "--format", "json")
    assert told.stderr == "" and len(json.loads(told.stdout)) == 4


def test_quiet_does_not_hide_what_is_wrong(broken):
    loud, quiet = (kansen("build", "--data", broken, *more) for more in ((), ("-q",)))
    assert quiet.returncode == loud.returncode == 1
    assert quiet.stdout == "" and "line 7" in quiet.stderr
    assert loud.stderr.endswith(quiet.stderr) and len(loud.stderr) > len(quiet.stderr)


def test_a_log_gets_some_lines_and_a_quick_command_one(demo, edition):
    lines = kansen("build", "--data", demo, "--edition", edition.folder).stderr.splitlines()
    assert len([line for line in lines if line.startswith("Building: ")]) <= 3


@pytest.mark.parametrize("steps", [1, 3, 7, 44, 1000])
def test_work_of_a_known_size_is_at_most_five_lines_and_the_last_step_is_one(steps):
    lines = []
    log = Log("Rendering", lines.append, clock=lambda: 0.0)
    for done in range(1, steps + 1):
        log(f"page {done}", done, steps)
    assert len(lines) <= 5 and lines[-1] == f"Rendering: page {steps}"


def test_work_of_an_unknown_size_is_told_every_five_seconds():
    lines, now = [], [0.0]
    log = Log("Building", lines.append, clock=lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        log(f"stage {second}")
    assert lines == ["Building: stage 0", "Building: stage 5", "Building: stage 10"]


def test_the_plan_is_told_in_three_forms(demo):
    told = kansen("plan", "--data", demo).stdout
    assert "1. Eindtoets: Met 74 scholen die meetellen" in told and "Wie het weet" in told
    found = json.loads(kansen("plan", "--data", demo, "--format", "json").stdout)
    assert {row["goal"] for row in found["outlook"]} == {1, 2, 3}
    rows = kansen("plan", "--data", demo, "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("goal,scenario,more,year") and len(rows) == 1 + len(found["outlook"])


@pytest.mark.parametrize("command", ["goals", "plan", "check"])
def test_what_did_not_change_is_told_again_without_pandas(demo, command):
    first = kansen(command, "--data", demo, "--quiet")
    again = kansen(command, "--data", demo, "--quiet", PYTHONPROFILEIMPORTTIME="1")
    assert again.stdout == first.stdout and len(first.stdout) > 200
    imported = {line.rpartition("|")[2].strip() for line in again.stderr.splitlines()}
    assert "kansen_analysis.edition.answered" in imported
    assert not imported & {"pandas", "numpy", "pyarrow", "scipy", "statsmodels", "yaml"}


def test_goals_are_told_in_three_forms(demo):
    table = kansen("goals", "--data", demo).stdout
    assert "1. Eindtoets: beter" in table
    rows = json.loads(kansen("goals", "--data", demo, "--format", "json").stdout)
    assert [row["goal"] for row in rows] == [1, 2, 3, 4]
    assert kansen("goals", "--data", demo, "--format", "csv").stdout.count("\n") == 5


@pytest.mark.real
def test_check_counts_the_published_advices(real_data):
    """6,183 rows without and 6,255 rows with 29,573 hidden cells: counted with the csv module."""
    done = kansen("check", "--data", real_data / "raw", "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    found = {
        row["school_year"]: (row["rows"], row["masked_cells"])
        for row in answer["sources"]
        if row["source"] == "schooladviezen"
    }
    assert found["2021-2022"] == (6183, 0)
    assert found["2023-2024"] == (6255, 29573)
