"""Several programmes in one site: a monitor of each, and a page to start from."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from kansen_analysis.edition import digests, store
from kansen_analysis.edition.build import Progress as Say
from kansen_analysis.edition.build import build
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import UsageError
from kansen_analysis.programme import workspace
from kansen_analysis.publish import manifest, site
from kansen_analysis.publish.embedded import FILES
from kansen_analysis.publish.execute import Progress
from kansen_analysis.schools.participants import read_participants
from kansen_analysis.sources import schoolyear
from kansen_analysis.sources.rows import each_row
from kansen_analysis.words import together as words


def editions(
    data: Path | str,
    names: Sequence[str],
    school_year: int | None = None,
    *,
    day: str | None = None,
    progress: Say = lambda words: None,
) -> dict[str, Edition]:
    """Build an edition of each programme; a school of one is no comparison school of another.

    Parameters
    ----------
    data : pathlib.Path or str
        Folder with the published files, the same for all.
    names : sequence of str
        Folders with a ``programme.yml``, or names of programmes that are shipped.
    school_year, day, progress
        As for `edition.build.build`.

    Returns
    -------
    dict of str to Edition
        By the name of the folder, in the order of `names`.

    Raises
    ------
    UsageError
        When a programme is named twice, or is not there.
    """
    folders = {}
    for name in (each.strip() for each in names):
        folder = workspace.programme_folder(name).resolve()
        if folder.name in folders:
            raise UsageError(f"Programme {folder.name} is named twice.")
        folders[folder.name] = folder
    settings = {name: workspace.settings_of(data, folder) for name, folder in folders.items()}
    people = {
        name: read_participants(workspace.places(data, folder)[0])["school"]
        for name, folder in folders.items()
    }
    made = {}
    for name, folder in folders.items():
        others: dict[str, str] = {}
        for other in folders:
            if other != name:
                others |= dict.fromkeys(people[other], settings[other].name)
        progress(settings[name].name)
        made[name] = build(
            data,
            school_year=school_year,
            programme=folder,
            others=others,
            day=day,
            progress=progress,
        )
    return made


def render(
    root: Path,
    made: Mapping[str, Edition],
    output: Path | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
) -> site.RenderResult:
    """Render one monitor, or several below one page to start from.

    Parameters
    ----------
    root : pathlib.Path
        Folder with ``_quarto.yml`` and the notebooks.
    made : mapping of str to Edition
        As `editions`.
    output : pathlib.Path, optional
        Folder of the site; by default below ``reports/``, with the names and the school year.
    engine : str
        As `site.RenderConfig`.
    progress : callable, optional

    Returns
    -------
    RenderResult
        Of all together.
    """
    started = time.monotonic()
    first = next(iter(made.values()))
    label = "-".join([*(["demo"] if first.demo else []), *made, schoolyear.label(first.year)])
    output = Path(output or root / "reports" / label).absolute()
    alone = len(made) == 1
    if not alone and output.exists():
        there = {path.name for path in output.iterdir() if not path.name.startswith(".")}
        # What was interrupted has monitors and no first page yet.
        own = {*made, "assets"} | (
            {"index.html", manifest.FILE} if manifest.read(output) else set()
        )
        if there - own:
            raise UsageError(
                f"{output} holds something that is not a monitor of these programmes; choose a new "
                "or empty folder."
            )
    results = {}
    for name, edition in made.items():
        target = output if alone else output / name
        config = site.RenderConfig(
            root, edition, target, engine, each=True, settings=edition.settings
        )
        results[name] = site.render(config, progress)
    last = next(reversed(results.values()))
    if alone:
        return last
    _start(output, made)
    return replace(
        last,
        output=output,
        index=output / "index.html",
        reused=all(each.reused for each in results.values()),
        pages=1 + sum(each.pages for each in results.values()),
        seconds=time.monotonic() - started,
        warnings=tuple(
            f"{name}: {told}" for name, each in results.items() for told in each.warnings
        ),
    )


def _start(output: Path, made: Mapping[str, Edition]) -> None:
    """Write the page to start from, and what it looks like."""
    package = resources.files("kansen_analysis")
    (output / "assets").mkdir(exist_ok=True)
    for name in FILES:
        (output / "assets" / Path(name).name).write_bytes((package / name).read_bytes())
    styles = "".join(
        f'<link rel="stylesheet" href="assets/{Path(name).name}">\n'
        for name in FILES
        if name.endswith(".css")
    )
    first = next(iter(made.values()))
    sections = [
        words.section(name, each.settings, len(each.participants), each.verdicts)
        for name, each in made.items()
    ]
    page = words.START.format(
        count=len(made),
        year=schoolyear.label(first.year),
        styles=styles,
        banner=words.INVENTED if first.demo else "",
        programmes="\n".join(sections),
        shared=words.shared(_shared(made.values())),
    )
    store.write_text(output / "index.html", page)
    programmes = {name: each.digest for name, each in made.items()}
    described = {"programmes": programmes, "fingerprint": digests.digest(programmes)}
    store.write_text(output / manifest.FILE, json.dumps(described, indent=1) + "\n")


def _shared(made: Iterable[Edition]) -> dict[str, list[str]]:
    """Return the schools in more than one register, with the programmes."""
    found: dict[str, list[str]] = {}
    for each in made:
        for row in each_row(each.participants):
            found.setdefault(f"{row.name} ({row.school})", []).append(each.settings.name)
    return {school: names for school, names in sorted(found.items()) if len(names) > 1}
