"""Render the monitor: choose an engine, build beside the target, swap in what is finished."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat

import kansen_analysis
from kansen_analysis.display import annex
from kansen_analysis.edition import store
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import RenderError, UsageError
from kansen_analysis.programme.settings import Settings
from kansen_analysis.publish import (
    dialect,
    drawn,
    embedded,
    generated,
    hidden,
    links,
    manifest,
    project,
    quarto,
    shown,
)
from kansen_analysis.publish.execute import Progress
from kansen_analysis.sources import schoolyear
from kansen_analysis.words import numbers

ENGINES = ("auto", "quarto", "embedded")


@dataclass(frozen=True)
class RenderConfig:
    """What to render, with what, to where.

    Parameters
    ----------
    root : Path
        Folder with `_quarto.yml` and `notebooks/`.
    edition : Edition
        What the pages show.
    output : Path
        Folder of the monitor, such as ``reports/2024-2025``.
    engine : str
        ``"auto"``, ``"quarto"`` or ``"embedded"``.
    each : bool
        Whether to add a page for every participating school and every municipality.
    settings : Settings, optional
        Of the programme: name of the site, its foot, and which pages it shows.
    """

    root: Path
    edition: Edition
    output: Path
    engine: str = "auto"
    each: bool = False
    settings: Settings | None = None


@dataclass(frozen=True)
class RenderResult:
    """What came of it.

    Parameters
    ----------
    output, index : Path
        The folder and its first page.
    engine, version : str
        What rendered it.
    reused : bool
        Whether an earlier result was still valid.
    pages : int
        Number of pages.
    seconds : float
        How long it took.
    message : str
        Which engine was used and how to get the other.
    warnings : tuple of str
        Such as references to nothing.
    """

    output: Path
    index: Path
    engine: str
    version: str
    reused: bool
    pages: int
    seconds: float
    message: str
    warnings: tuple[str, ...] = ()


def choose_engine(wanted: str) -> tuple[str, str, str]:
    """Choose the engine.

    Parameters
    ----------
    wanted : str
        ``"auto"`` takes Quarto when it is there and new enough.

    Returns
    -------
    str, str, str
        Its name, its version, and a sentence for whoever renders.

    Raises
    ------
    UsageError
        When there is no such engine.
    EngineError
        When Quarto is asked for and is missing or too old.

    Examples
    --------
    >>> choose_engine("embedded")[0]
    'embedded'
    """
    if wanted not in ENGINES:
        raise UsageError(f"{wanted!r} is not an engine; choose one of {', '.join(ENGINES)}.")
    if wanted == "quarto" or (wanted == "auto" and quarto.usable()):
        version = quarto.require()
        other = "--engine embedded renders without it."
        return "quarto", version, f"Rendered with Quarto {version}; {other}"
    version = embedded.version()
    other = "--engine quarto uses Quarto." if quarto.usable() else quarto.REMEDY
    return "embedded", version, f"Rendered with the embedded engine (pandoc {version}); {other}"


def render(config: RenderConfig, progress: Progress | None = None) -> RenderResult:
    """Render the monitor.

    Everything is made in a folder beside the target, which takes its place in one step when all is
    done and checked: an error or a kill leaves what was there.

    Parameters
    ----------
    config : RenderConfig
    progress : callable, optional
        Called with a text, the number of steps done and the number of steps of that stage.

    Raises
    ------
    UsageError
        When a folder is missing or the target holds something else than a monitor.
    EngineError
        When the engine asked for is not there.
    RenderError
        When a cell fails, a notebook leaves the dialect, or a link is broken.
    """
    started = time.monotonic()
    site = project.read(config.root)
    if config.settings is not None:
        site = project.named(site, config.settings)
    engine, version, message = choose_engine(config.engine)
    notebooks, output = config.root / project.NOTEBOOKS, Path(config.output).absolute()
    names = pages_of(notebooks, demo=config.edition.demo)
    _check(config, output, names)
    described = manifest.inputs(
        edition=config.edition,
        notebooks=notebooks,
        config=config.root / project.CONFIG,
        engine=f"{engine} {version}",
        each=config.each,
    )
    warnings: list[str] = []
    reused = manifest.still_valid(output, described)
    if not reused:
        pages = {name: nbformat.read(notebooks / f"{name}.ipynb", as_version=4) for name in names}
        gone: set[str] = set()
        if config.settings is not None:
            gone = shown.left_out(config.settings, config.edition, names)
            pages = {name: page for name, page in pages.items() if name not in gone}
        if config.each:
            pages |= generated.notebooks(config.edition)
        dialect.check(pages)  # before minutes of drawing, not after
        with store.locked(output.parent), store.whole(output) as site_:
            work, built = site_ / ".work", site_ / ".built"
            drawn.draw(config.edition, pages, each=config.each, progress=progress)
            pages = drawn.gather(config.edition, pages, notebooks, work, gone)
            annex.write(work / drawn.FILES / "downloads")
            made = _made(engine, version, config.edition)
            engines = {"quarto": quarto.build, "embedded": embedded.build}
            warnings = engines[engine](work, built, site, made, progress)
            if wrong := links.broken(built):
                raise RenderError("The site has broken links:\n" + "\n".join(wrong))
            hidden.write(built, config.edition)
            manifest.write(built, described)
            shutil.rmtree(work)
            for path in built.iterdir():
                path.rename(site_ / path.name)
            built.rmdir()
        config.edition.published()
        names = list(pages)
    return RenderResult(
        output=output,
        index=output / "index.html",
        engine=engine,
        version=version,
        reused=reused,
        pages=len(names),
        seconds=time.monotonic() - started,
        message=message,
        warnings=tuple(warnings),
    )


def pages_of(notebooks: Path, *, demo: bool) -> list[str]:
    """List the pages of a site: those that teach, on invented schools, only where these are shown.

    Parameters
    ----------
    notebooks : Path
        The folder.
    demo : bool
        Whether the site shows the demo.
    """
    names = project.pages(notebooks)
    return [name for name in names if demo or not name.startswith(shown.TEACHING)]


def _check(config: RenderConfig, output: Path, names: list[str]) -> None:
    if "index" not in names:
        raise UsageError(f"{config.root / project.NOTEBOOKS} has no index.ipynb, the first page.")
    foreign = output.exists() and (not output.is_dir() or any(output.iterdir()))
    if foreign and manifest.read(output) is None:
        raise UsageError(
            f"{output} holds something that is not a monitor; choose a new or empty folder."
        )


def _made(engine: str, version: str, edition: Edition) -> str:
    tool = f"Quarto {version}" if engine == "quarto" else f"de ingebouwde engine (pandoc {version})"
    day = (
        f"van {numbers.date(edition.day)}"
        if edition.day
        else f"over {schoolyear.label(edition.year)}"
    )
    return f"Gemaakt met kansen_analysis {kansen_analysis.__version__} en {tool}. Uitgave {day}."
