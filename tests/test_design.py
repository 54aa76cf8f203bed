"""The rules that hold for the whole project: flow of data, packages, what is never committed."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from kansen_analysis.dictionary import insert

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "kansen_analysis"

# Data flows down this list once; no module imports from below itself.
FLOW = re.findall(
    r"\w+",
    """
    errors schoolyear sources schools data participants masked panel comparison
    regression randomisation effects shares per_school choices advice goals disclosure nearby
    simulate placebo workspace fetch programme check dictionary monitor
    display pages publish demo bench cli __main__
    """,
)
# What a conda package is called when PyPI calls it otherwise.
CONDA = {
    "matplotlib": {"matplotlib-base"},
    "seaborn": {"seaborn-base"},
    "pypandoc_binary": {"pypandoc", "pandoc"},
    "flit_core": {"flit-core"},
    "quarto-cli": {"quarto"},
}


def imported(tree: ast.Module) -> set[str]:
    """Names of our own modules that a file imports when it is loaded."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kansen_analysis"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {p[1] for p in names if p[0] == "kansen_analysis" and len(p) > 1}
    return found & set(FLOW)


def upward(file: Path) -> list[str]:
    own = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return []
    assert own in FLOW, f"{own} has no place in the flow; give it one"
    limit = FLOW.index(own)
    names = imported(ast.parse(file.read_text(encoding="utf-8")))
    return [f"{own} imports {name}" for name in names if FLOW.index(name) > limit]


def test_data_flows_down_the_list_once():
    assert [wrong for file in PACKAGE.rglob("*.py") for wrong in upward(file)] == []


def test_an_import_from_below_is_seen():
    assert imported(ast.parse("from kansen_analysis.cli import main")) == {"cli"}


def requirement(text: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([\w-]+)\s*>=\s*([\d.]+)", text).groups()
    return name, bound


def test_conda_environment_has_the_packages_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["quarto"], *extras["build"], *extras["dev"]]
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
    [("requirements.lock", ["build", "dev"]), ("requirements-monitor.lock", ["build"])],
)
def test_a_lock_pins_every_dependency_with_a_hash_and_names_no_index(lock, extras):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "http" not in text
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
    wrong = re.compile(r"/(?:home|Users|root|work)/\w+|[A-Z]:\\\\Users")
    for file in tracked():
        if file.suffix in {".py", ".md", ".yml", ".toml", ".ipynb", ".csv", ".lua", ".css"}:
            hits = wrong.findall(file.read_text(encoding="utf-8"))
            assert not hits or file == Path(__file__), f"{file}: {hits[:3]}"


def test_every_source_states_publisher_licence_and_citation():
    for file in (PACKAGE / "sources").glob("*/source.yml"):
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key in ("title", "publisher", "landing_page", "licence", "citation", "grain", "key"):
            assert about.get(key), f"{file.parent.name} has no {key}"


def test_the_data_dictionary_is_that_of_the_sources():
    page = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert insert(page) == page, "renew it: python -m kansen_analysis.dictionary"
