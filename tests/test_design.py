"""The rules that hold for the whole project: flow of data, packages, what is never committed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from kansen_analysis.sources.dictionary import PAGES, insert

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "kansen_analysis"

# What a conda package is called when PyPI calls it otherwise.
CONDA = {
    "matplotlib": {"matplotlib-base"},
    "seaborn": {"seaborn-base"},
    "pypandoc_binary": {"pypandoc", "pandoc"},
    "quarto-cli": {"quarto"},
    "types-PyYAML": {"types-pyyaml"},
}


def test_no_room_imports_from_above_itself():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def requirement(text: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([\w-]+)\s*>=\s*([\d.]+)", text).groups()
    return name, bound


def test_conda_environment_has_the_packages_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    used = (extras[name] for name in ("quarto", "lab", "build", "dev"))
    wanted = [*project["dependencies"], *(each for extra in used for each in extra)]
    expected = {}
    for name, bound in map(requirement, wanted):
        for conda in CONDA.get(name, {name}):
            expected[conda] = None if conda == "pandoc" else bound
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [each for each in environment["dependencies"] if isinstance(each, str)]
    [by_pip] = [each["pip"] for each in environment["dependencies"] if isinstance(each, dict)]
    assert by_pip[-1] == "-e ."
    found = dict(map(requirement, [*(each for each in plain if each != "pip"), *by_pip[:-1]]))
    assert found.pop("python") == project["requires-python"].removeprefix(">=")
    assert set(found) == set(expected)
    assert {n: b for n, b in found.items() if expected[n]} == {
        n: b for n, b in expected.items() if b
    }


def pinned(lock: str) -> dict[str, str]:
    blocks = re.split(r"\n(?=\w)", (ROOT / lock).read_text(encoding="utf-8").strip())
    split = [re.match(r"([\w.-]+)==([\w.]+)[^\\]*(.*)", block, re.S) for block in blocks]
    return {m[1].replace("_", "-"): f"{m[2]} {m[3]}" for m in split}  # without markers


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.lock", ["build", "dev"]),
        ("requirements-monitor.lock", ["build"]),
        ("requirements-lab.lock", ["build", "lab"]),
    ],
)
def test_a_lock_pins_every_dependency_with_a_hash_and_names_no_index(lock, extras):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text
    assert all("--hash=sha256:" in block for block in pinned(lock).values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = [*project["dependencies"]]
    for extra in extras:
        direct += project["optional-dependencies"][extra]
    assert {requirement(each)[0].replace("_", "-") for each in direct} <= set(pinned(lock))


def test_the_monitor_runs_on_the_versions_that_were_tested():
    everything, monitor = pinned("requirements.lock"), pinned("requirements-monitor.lock")
    assert monitor.items() <= everything.items()
    assert len(monitor) < len(everything)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_generated_or_large_file_is_tracked():
    for file in tracked():
        assert file.stat().st_size < 1_000_000, file
        top = file.relative_to(ROOT).parts
        assert top[:2] not in {("data", "demo"), ("reports", "quarto")}, file
        assert top[:2] != ("data", "raw") or file.name == ".gitkeep", file


def test_no_file_holds_a_path_of_some_machine():
    wrong = re.compile(r"(?<!\w)/(?:home|Users|root|work)/\w+|[A-Z]:\\\\Users")
    for file in tracked():
        if file.suffix in {".py", ".md", ".yml", ".toml", ".ipynb", ".csv", ".lua", ".css"}:
            hits = wrong.findall(file.read_text(encoding="utf-8"))
            assert not hits or file == Path(__file__), f"{file}: {hits[:3]}"


def test_every_source_states_publisher_licence_and_citation():
    for file in (PACKAGE / "sources").glob("*/source.yml"):
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key in ("title", "publisher", "landing_page", "licence", "citation", "grain", "key"):
            assert about.get(key), f"{file.parent.name} has no {key}"


@pytest.mark.parametrize("name", PAGES)
def test_the_data_dictionary_is_that_of_the_sources(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    made = insert(page, PAGES[name])
    assert made == page, "renew it: python -m kansen_analysis.sources.dictionary"
