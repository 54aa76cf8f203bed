"""Pictures of a rendered monitor, taken by a real browser: three for the README, ten pages to see.

``python -m kansen_analysis.publish.pictures reports/demo-2024-2025 docs/images reports/pictures``
puts the first in ``docs/images`` and whole pages, wide and narrow, in ``reports/pictures``. With
the monitor of published files as a fourth word, its summary is among the pictures for the README.
It needs Chromium and the development packages.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kansen_analysis.errors import UsageError

WIDTH, HEIGHT = 1120, 1400
DESK, PHONE = 1280, 390
MOST = 10
# what a reader meets first; a monitor need not have all of them
PAGES = (
    *("index", "in-het-kort", "eindtoets", "schooladvies", "afstroom", "zorg", "wanneer", "regio"),
    *("deelnemers", "netwerk", "verhalen", "methode", "gegevens"),
)
COLOURS = 64  # enough for text, lines and one accent; a picture of a page needs no more
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def take(site: Path, folder: Path, published: Path | None = None) -> list[Path]:
    """Take a picture of the summary and of the first school page.

    Parameters
    ----------
    site : Path
        A rendered monitor of the demo.
    folder : Path
        Where the pictures go.
    published : Path, optional
        A rendered monitor of published files.

    Returns
    -------
    list of Path
        ``samenvatting.png``, ``school.png`` when there are school pages, and ``openbaar.png``: the
        summary on published files.

    Raises
    ------
    UsageError
        When there is no monitor, or no Chromium.
    """
    wanted = {"samenvatting": _index(site)}
    wanted |= dict(zip(["school"], below(site, "scholen"), strict=False))
    wanted |= {} if published is None else {"openbaar": _index(published)}
    taken = []
    with _browser() as browser:
        for name, page in wanted.items():
            window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            window.goto(page.as_uri())
            taken.append(_kept(folder, name, window.screenshot()))
    return taken


def pages(site: Path, folder: Path) -> list[Path]:
    """Take pictures of ten whole pages, as a desk and as a phone show them.

    Parameters
    ----------
    site, folder : Path
        As in `take`.

    Returns
    -------
    list of Path
        Such as ``eindtoets-1280.png``; the first school and municipality are among them.

    Raises
    ------
    UsageError
        As in `take`.
    """
    first = _index(site).parent
    kinds = [page for kind in ("scholen", "gemeenten") for page in below(site, kind)[:1]]
    there = [page for name in PAGES if (page := first / f"{name}.html").exists()]
    chosen = [*there[: MOST - len(kinds)], *kinds]
    taken = []
    with _browser() as browser:
        for width in (DESK, PHONE):
            window = browser.new_page(viewport={"width": width, "height": HEIGHT})
            for page in chosen:
                window.goto(page.as_uri())
                name = "-".join(page.relative_to(first).with_suffix("").parts)
                taken.append(_kept(folder, f"{name}-{width}", window.screenshot(full_page=True)))
    return taken


def below(site: Path, kind: str) -> list[Path]:
    """List the pages of the schools or municipalities of a monitor, without their index.

    Parameters
    ----------
    site : Path
    kind : str
        ``"scholen"`` or ``"gemeenten"``.
    """
    found = (Path(site).absolute() / kind).glob("*.html")
    return sorted(path for path in found if path.stem != "index")


def small(picture: bytes) -> bytes:
    """Write a PNG with few colours.

    Parameters
    ----------
    picture : bytes
        PNG.

    Returns
    -------
    bytes
        PNG with a palette, without dates.
    """
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as full:
        full.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
    return out.getvalue()


def _index(site: Path) -> Path:
    index = Path(site).absolute() / "index.html"
    if not index.exists():
        raise UsageError(f"{site} holds no monitor; make one with: kansen render --data data/demo")
    return index


@contextmanager
def _browser() -> Iterator:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise UsageError("Chromium is not on the path; on Debian and Ubuntu: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


def _kept(folder: Path, name: str, picture: bytes) -> Path:
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.png"
    target.write_bytes(small(picture))
    return target


if __name__ == "__main__":
    made = take(Path(sys.argv[1]), Path(sys.argv[2]), *map(Path, sys.argv[4:]))
    made += pages(Path(sys.argv[1]), Path(sys.argv[3])) if len(sys.argv) > 3 else []
    for path in made:
        print(f"{path} ({path.stat().st_size // 1000} kB)")
