"""A real browser for tests: Debian's Chromium, that gets nothing from outside a rendered monitor.

A site is opened from disk, as most of its readers do, or as from a server, which is a route here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

WIDTH, HEIGHT = 1280, 800
SERVER = "http://monitor.invalid/"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass
class Site:
    """A rendered monitor, and what its pages asked for.

    Parameters
    ----------
    folder : Path
        Where it is.
    served : bool
        Whether its pages come from a server.
    outside : list of str
        Addresses outside the folder that a page asked for; none was given.
    """

    folder: Path
    served: bool = False
    outside: list[str] = field(default_factory=list)

    @property
    def pages(self) -> list[str]:
        """Every page, as a path below the folder."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self._files())

    @property
    def sample(self) -> list[str]:
        """Every page at the root; of a folder with many alike, the lightest and the heaviest.

        With KANSEN_EVERY_PAGE in the environment, all of them.
        """
        if os.environ.get("KANSEN_EVERY_PAGE"):
            return self.pages
        below: dict[Path, list[Path]] = {}
        for path in sorted(self._files(), key=lambda path: path.stat().st_size):
            below.setdefault(path.parent, []).append(path)
        chosen = below.pop(self.folder, [])
        chosen += [path for alike in below.values() for path in {alike[0], alike[-1]}]
        return sorted(path.relative_to(self.folder).as_posix() for path in chosen)

    @property
    def few(self) -> list[str]:
        """Of the sample, the first page and per folder the lightest and the heaviest.

        With KANSEN_EVERY_PAGE in the environment, all pages. For what takes long and depends on the
        frame and the styles that all pages share.
        """
        if os.environ.get("KANSEN_EVERY_PAGE"):
            return self.pages
        sizes = {page: (self.folder / page).stat().st_size for page in self.sample}
        root = sorted((page for page in sizes if "/" not in page), key=sizes.get)
        below = [page for page in sizes if "/" in page]
        return sorted({"index.html", root[0], *root[-3:], *below})

    def read(self, page: str) -> str:
        """Return the HTML of a page."""
        return (self.folder / page).read_text(encoding="utf-8")

    def address(self, page: str) -> str:
        """Return where the browser opens a page."""
        return SERVER + page if self.served else (self.folder / page).as_uri()

    def file(self, url: str) -> Path | None:
        """Return the file an address asks for, None when it is not in the folder."""
        parts = urlsplit(url)
        path = Path(unquote(parts.path))
        if url.startswith(SERVER):
            path = self.folder / (unquote(parts.path).lstrip("/") or "index.html")
        elif parts.scheme != "file":
            return None
        inside = path.resolve().is_relative_to(self.folder.resolve())
        return path if inside and path.is_file() else None

    def _files(self) -> list[Path]:
        return list(self.folder.rglob("*.html"))


class Browser:
    """Opens pages, each in a window of its own."""

    def __init__(self, chromium):
        self._chromium = chromium

    @contextmanager
    def open(self, site: Site, page: str, **settings):
        """Open one page; settings as for `visit`."""
        with closing(self.visit(site, [page], **settings)) as visits:
            yield next(visits)[1]

    def visit(
        self, site: Site, pages: list[str], *, width: int = WIDTH, scripts: bool = True, **settings
    ):
        """Open pages one after the other, in one window.

        Parameters
        ----------
        site : Site
        pages : list of str
            Paths below its folder.
        width : int
            Of the window, in CSS pixels.
        scripts : bool
            Whether JavaScript is on.
        settings
            Further ones of a Playwright context, such as ``reduced_motion="reduce"``.

        Yields
        ------
        str, playwright Page
            The page has `weight`, a dict of file to bytes of what it asked for.
        """
        size = {"width": width, "height": HEIGHT}
        window = self._chromium.new_context(viewport=size, java_script_enabled=scripts, **settings)
        opened = window.new_page()
        opened.weight = {}

        def answer(route):
            file, url = site.file(route.request.url), route.request.url
            if file is None:
                if not url.startswith(("data:", "blob:")):
                    site.outside.append(f"{opened.url}: {url}")
                route.abort()
                return
            opened.weight[file] = file.stat().st_size
            if site.served:
                route.fulfill(path=file)
            else:
                route.continue_()

        window.route("**/*", answer)
        try:
            for page in pages:
                opened.weight.clear()
                opened.emulate_media(media="null")
                opened.set_viewport_size(size)
                opened.goto(site.address(page), wait_until="load")
                yield page, opened
        finally:
            window.close()


def program() -> str:
    """Return Chromium, or skip the test with the reason."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not there; on Debian and Ubuntu: apt install chromium")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium, and end it."""
    path = program()
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
