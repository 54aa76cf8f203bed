"""Pictures of a rendered monitor for the README, taken by a real browser.

``python -m kansen_analysis.publish.pictures reports/demo-2024-2025 docs/images`` takes them; it
needs Chromium and the development packages.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from kansen_analysis.errors import UsageError

WIDTH, HEIGHT = 1120, 1400
COLOURS = 64  # enough for text, lines and one accent; a picture of a page needs no more
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


def take(site: Path, folder: Path) -> list[Path]:
    """Take a picture of the summary and of the first school page.

    Parameters
    ----------
    site : Path
        A rendered monitor of the demo.
    folder : Path
        Where the pictures go.

    Returns
    -------
    list of Path
        ``samenvatting.png`` and, when there are school pages, ``school.png``.

    Raises
    ------
    UsageError
        When there is no monitor, or no Chromium.
    """
    site, folder = Path(site).absolute(), Path(folder)
    wanted = {"samenvatting": site / "index.html"}
    wanted |= dict(zip(["school"], schools(site), strict=False))
    if not wanted["samenvatting"].exists():
        raise UsageError(f"{site} holds no monitor; make one with: kansen render --data data/demo")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise UsageError("Chromium is not on the path; on Debian and Ubuntu: apt install chromium")
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for name, page in wanted.items():
            window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            window.goto(page.as_uri())
            target = folder / f"{name}.png"
            target.write_bytes(small(window.screenshot()))
            taken.append(target)
        browser.close()
    return taken


def schools(site: Path) -> list[Path]:
    """List the school pages of a monitor, without their index.

    Parameters
    ----------
    site : Path

    Returns
    -------
    list of Path
    """
    return sorted(path for path in (site / "scholen").glob("*.html") if path.stem != "index")


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


if __name__ == "__main__":
    for path in take(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{path} ({path.stat().st_size // 1000} kB)")
