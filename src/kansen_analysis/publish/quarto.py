"""The Quarto engine: the same notebooks and the same `_quarto.yml`, rendered by Quarto itself."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import yaml

from kansen_analysis.display import components
from kansen_analysis.edition import store
from kansen_analysis.errors import EngineError, RenderError
from kansen_analysis.pages.markdown import plain
from kansen_analysis.programme.initialise import THEME
from kansen_analysis.publish import embedded, project
from kansen_analysis.publish.execute import Progress
from kansen_analysis.publish.project import Entry, Project

OLDEST = (1, 8)
REMEDY = "Quarto 1.8 or later is at https://quarto.org/docs/get-started/."
PACKAGE = "src/kansen_analysis/"  # how _quarto.yml names our own files
ASSETS = ("publish/assets", "display/assets")

_STEP = re.compile(r"\[\s*(\d+)/(\d+)\] (\S+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def usable() -> bool:
    """Tell whether Quarto is on the path and new enough."""
    return _numbers(_found() or "") >= OLDEST


def require() -> str:
    """Return the version of Quarto.

    Raises
    ------
    EngineError
        When it is missing or too old.
    """
    found = _found()
    if found is None:
        raise EngineError(f"Quarto is not on the path; use --engine embedded. {REMEDY}")
    if not usable():
        raise EngineError(f"Quarto {found} is too old; use --engine embedded. {REMEDY}")
    return found


def build(
    work: Path,
    output: Path,
    site: Project,
    made: str,
    progress: Progress | None = None,
) -> list[str]:
    """Write the site; takes and returns what `embedded.build` does.

    Raises
    ------
    DialectError
        When something is not in the dialect, which Quarto itself would let pass.
    RenderError
        When Quarto stops.
    """
    warnings = embedded.check(work, site)
    titles = {page.name: page.title for page in embedded.read_pages(work)}
    # not beside the target: Quarto looks upward for projects and skips folders with a dot
    with store.scratch() as folder:
        shutil.copytree(work, folder, dirs_exist_ok=True)
        for name in ASSETS:
            assets = resources.files("kansen_analysis") / name
            with resources.as_file(assets) as path:
                shutil.copytree(path, folder / "assets" / name)
        if (work / embedded.ANNEX).exists():
            made = f"{made} [Alle cijfers in één werkmap (xlsx)](/{embedded.ANNEX})"
        if site.colophon:
            colophon = components.colophon(site.colophon).html
            made = f"```{{=html}}\n{colophon}\n```\n\n{made}"
        settings = configuration(site, titles, made)
        (folder / project.CONFIG).write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
        _run(folder, progress)
        shutil.move(folder / settings["project"]["output-dir"], output)
    # Quarto takes along what it sees being used; downloads stand in our own HTML
    for path in work.rglob("*"):
        target = output / path.relative_to(work)
        if path.is_file() and path.suffix != ".ipynb" and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return warnings


def configuration(site: Project, titles: dict[str, str], made: str) -> dict:
    """Fit `_quarto.yml` to a project that has the notebooks at its root.

    Parameters
    ----------
    site : Project
    titles : dict
        Page path to title: the menu gets the pages that are there, as with the other engine.
    made : str
        The foot of every page, in markdown.

    Examples
    --------
    >>> site = Project("M", raw={"project": {"post-render": ["src/kansen_analysis/a.lua"]}})
    >>> configuration(site, {}, "nu")["project"]["post-render"]
    ['assets/a.lua']
    """
    settings = _relocated(site.raw)
    settings["project"] = settings.get("project", {}) | {
        "output-dir": "_site",
        "render": [f"{page}.ipynb" for page in titles],
    }
    website = settings.setdefault("website", {})
    menu = website.get("sidebar") or {}
    website.pop("navbar", None)
    website["sidebar"] = menu | {"contents": _contents(site.tree(titles))}
    website["page-footer"] = {"left": made}
    return settings


def _contents(entries: Iterable[Entry]) -> list[dict]:
    listed = []
    for entry in entries:
        if entry.children:
            item = {"section": plain(entry.text), "contents": _contents(entry.children)}
        else:
            item = {"text": plain(entry.text)}
        listed.append(item | ({"href": f"{entry.page}.ipynb"} if entry.page else {}))
    return listed


def _relocated(value):
    """Replace the folder of our own files, here or in a working folder, by that of their copy."""
    if isinstance(value, dict):
        return {name: _relocated(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_relocated(inner) for inner in value]
    if isinstance(value, str):
        for place in (PACKAGE, THEME):
            if value.startswith(place):
                return f"assets/{value.removeprefix(place)}"
    return value


def _run(folder: Path, progress: Progress | None) -> None:
    told: list[str] = []
    with subprocess.Popen(
        [str(shutil.which("quarto")), "render", "--no-execute"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            told.append(_COLOUR.sub("", line).strip())
            if progress and (step := _STEP.search(told[-1])):
                progress(f"rendered {step[3]}", int(step[1]), int(step[2]))
    if process.returncode:
        wrong = [line for line in told if line.startswith("ERROR")] or told[-5:]
        error = RenderError(f"Quarto stopped: {' '.join(wrong)[:400]}")
        error.details = "\n".join(told)
        raise error


@functools.cache
def _version_of(program: str) -> str | None:
    run = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else None


def _found() -> str | None:
    program = shutil.which("quarto")
    return _version_of(program) if program else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
