"""Hostile text in every field that somebody hands in, and what a rendered site may not hold.

The fields are read from the layouts, the schema and the files themselves, so a new one is covered
without a line here. ``python tests/injection.py 1`` renders with one string per cell (long).
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import yaml

HOSTILE = (
    "[klik](javascript:alert(1))",
    "[klik](JaVaScRiPt:alert(1))",
    "[klik](java\tscript:alert(1))",
    "[klik](data:text/html;base64,PHNjcmlwdD4=)",
    "[klik](vbscript:x)",
    "[klik](file:///etc/passwd)",
    "![x](https://example.org/pixel.png)",
    "![x](javascript:alert(1))",
    "[a]: javascript:alert(1)",
    "[a][b]",
    "[a]{onclick=alert(1)}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<javascript:alert(1)>",
    "<https://example.org>",
    "<iframe src=https://example.org></iframe>",
    "<!-- x",
    "--> x",
    "</td></tr></table><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "<meta http-equiv=refresh content=0;url=https://example.org>",
    "<base href=https://example.org>",
    "<b onmouseover=alert(1)>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "&#x3c;script&#x3e;",
    "$x$",
    "$$x$$",
    r"\(x\)",
    r"\begin{x}",
    "@fig-x",
    "@x",
    "[@x]",
    "@sec-niet-daar",
    "*a* _b_ **c** ~~d~~ ^e^ ~f~",
    "`a` ``b``",
    "`<script>`{=html}",
    "```{=html}\n<script>alert(1)</script>\n```",
    "```\nx",
    "~~~\nx",
    "# Kop",
    "## Kop {#x}",
    "Kop\n===",
    "Kop\n---",
    "---\ntitle: x\n---",
    "::: {.callout-note}\nx\n:::",
    "::::::: {.cell}",
    ":::",
    "{{< include /etc/passwd >}}",
    "{{< meta x >}}",
    "x^[voetnoot](y)",
    "[^1]",
    "[^1]: x",
    "| a | b |",
    "a\n\nb",
    "    code",
    "- a",
    "* a",
    "+ a",
    "1. a",
    "(1) a",
    "A)  a",
    "(@) a",
    "#. a",
    "> a",
    ": a",
    "term\n: uitleg",
    "%%VAR%%",
    "=1+1",
    "@SUM(1)",
    "' onclick='alert(1)",
    '" onclick="alert(1)',
    "\u202etxt.exe",
    "a\u200b\u2028b",
    "a\x00b\x1b[31m",
    "a\x01b\x08c",
    "a\ufffeb",
    "[klik](\x01javascript:alert(1))",
    "[klik](&#106;avascript:alert(1))",
    "[klik](blob:https://example.org/1)",
    "![a](data:image/svg+xml,%3Csvg%20onload=alert(1)%3E)",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<details open ontoggle=alert(1)>",
    '<meta http-equiv=Content-Security-Policy content="script-src *">',
    "<![CDATA[<script>alert(1)</script>]]>",
    "&amp;lt;script&amp;gt;",
    "${alert(1)} {{7*7}} {0.__class__} %(x)s",
    "{{< env HOME >}}",
    "!!python/object/apply:os.system ['id']",
    "\u2066abc\u2069\u061c",
    "=cmd|' /C calc'!A0",
    '-2+3+HYPERLINK("https://example.org")',
    "\u00a0=1+1",
    "\\",
    "\\\\[klik\\\\](javascript:x)",
    "\\<script\\>",
    "x" * 400,
    "Ω é 漢字 😀",
)

WORDS = "tekst"  # every value ends in it, as a sentence where one is asked for
FORBIDDEN = {"iframe", "object", "embed", "base", "applet", "frame", "marquee"}
# What markdown would make of the strings: these, with just this content.
MADE = re.compile(
    r"<(em|strong|del|sup|sub|code)>(a|b|c|d|e|f|x)</|<h[1-6][^>]*>\s*(<a[^>]*>\s*)?Kop|class=.math|"
    r"<blockquote|<dt>\s*term|<p>voetnoot"
)
DAY = "2025-06-01"
STORIES = 6  # among which the strings are spread: a head has at most 10 000 signs


# Input ------------------------------------------------------------------------------------------


def pieces(at: int, size: int) -> str:
    """Return some of the strings in one, another one first for another place."""
    chosen = [HOSTILE[(at * size + step) % len(HOSTILE)] for step in range(size)]
    return " ".join(chosen)


def one_line(text: str) -> str:
    """Leave out what no cell of a published text can hold: the end of a line, and a NUL."""
    return re.sub(r"[\n\r\x00\u2028]", " ", text)


@dataclass
class Workspace:
    """A working folder with hostile text, and where it stands."""

    folder: Path
    fields: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)


def schools(raw: Path) -> list[dict[str, str]]:
    """Return the regular schools as the newest register has them."""
    from kansen_analysis.sources import DataFolder

    known = DataFolder(raw).read("vestigingen")
    known = known[known["year"] == known["year"].max()].sort_values("school", kind="stable")
    return known[["school", "municipality_code", "municipality"]].to_dict("records")


def workspace(folder: Path, size: int = 8, participants: int = 11) -> Workspace:
    """Make a working folder in which every field that holds text is hostile.

    Parameters
    ----------
    folder : pathlib.Path
        To make.
    size : int
        Strings in one cell.
    participants : int
        Rows of the register; other tables have as many rows as it takes to write every string.
    """
    from excerpts import write_published

    from kansen_analysis.programme.initialise import basic_settings, initialise

    published = folder.with_name(f"{folder.name}-published")
    published.mkdir(parents=True)
    write_published(published)
    places = {e["municipality_code"]: e["municipality"] for e in schools(published / "raw")}
    settings = basic_settings(
        "Proef",
        what="Een proef.",
        person=["gids", "gidsen"],
        provinces=[],
        municipalities=places,
        owner="Eigenaar",
    )
    initialise(folder, settings)
    made = Workspace(folder)
    raw = folder / "data" / "raw"
    shutil.copytree(published / "raw", raw, dirs_exist_ok=True)
    with (raw / "files.csv").open("a", encoding="utf-8") as file:
        file.write("02-alle-vestigingen-vo.csv,vestigingen_vo,2025-2026,proef\n")
    for path in sorted(raw.iterdir()):
        _raw(made, path, size)
    _settings(made)
    _tables(made, size, participants)
    _stories(made)
    return made


def _raw(made: Workspace, path: Path, size: int) -> None:
    """Write hostile text in every column of a publisher that is text; keep what is accepted."""
    from kansen_analysis.errors import DataErrors, Finding
    from kansen_analysis.sources import recognise, tidy
    from kansen_analysis.sources.folder import _Note, _notes

    if path.suffix != ".csv":
        return
    found = recognise.recognise(path, None)
    if not isinstance(found, recognise.Recognised):
        return

    year = _notes(path.parent).get(path.name, _Note()).year
    about = found.source.variables
    part = found.parts[0]
    header = part.table.head[part.header_at]
    texts = [name for name in about.index if about.loc[name, "kind"] == "text"]
    for name in texts:
        pattern = part.layout.patterns.get(name)
        at = next((n for n, raw in enumerate(header) if pattern and pattern.fullmatch(raw)), None)
        if at is None:
            continue
        before = path.read_bytes()
        encoding = "utf-8-sig" if before.startswith(b"\xef\xbb\xbf") else "utf-8"
        try:
            text = before.decode(encoding)
        except UnicodeDecodeError:
            encoding, text = "cp1252", before.decode("cp1252")
        made.fields.add((path.name, name))
        for without in ("", "\"'"):  # a quotation mark where the publisher writes none is refused
            rows = list(csv.reader(io.StringIO(text), delimiter=part.table.separator))
            body = [row for row in rows[part.header_at + 1 :] if len(row) > at and row[at].strip()]
            known = {cell: turn for turn, cell in enumerate(dict.fromkeys(r[at] for r in body))}
            many = max(size, -(-len(HOSTILE) // max(len(known), 1)))
            for row in body:  # the same name stays the same, and all names hold all strings
                value = one_line(pieces(known[row[at]], many))
                value = value.translate(dict.fromkeys(map(ord, without)))
                row[at] = value.encode(encoding, "ignore").decode(encoding)
            out = io.StringIO(newline="")
            csv.writer(out, delimiter=part.table.separator, lineterminator="\r\n").writerows(rows)
            path.write_bytes(out.getvalue().encode(encoding))
            try:
                again = recognise.recognise(path, None)
                assert isinstance(again, recognise.Recognised)
                tidy.read(again, year)
                break
            except (DataErrors, ExceptionGroup, Finding, AssertionError):
                path.write_bytes(before)
        else:
            made.refused.add((path.name, name))  # with a message, which is as good


def _settings(made: Workspace) -> None:
    """Write hostile text in every leaf of programme.yml and goals.yml that takes it."""
    from kansen_analysis.goals.protocol import load_protocol
    from kansen_analysis.programme.settings import read_settings

    path = made.folder / "programme.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content |= {  # what is optional and holds text
        "citation": "Eigenaar (2025). Monitor.",
        "licence": "CC BY 4.0",
        "contact": "mailto:wie@voorbeeld.nl",
        "documents": content.get("documents", []),
    }
    names = {e["municipality_code"]: e["municipality"] for e in schools(made.folder / "data/raw")}

    def read() -> None:
        settings = read_settings(made.folder)
        for name in ("goals", "register", "tables"):  # names of files, which must be there
            assert settings.path(name).exists()

    _leaves(made, path, content, read)
    for area in (content["region"]["area"], content["region"]["own"]):  # as the files have them
        area["municipalities"] = {code: names[code] for code in area["municipalities"]}
    path.write_text(_yaml(content), encoding="utf-8")
    read()
    path = made.folder / "goals.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    _leaves(made, path, content, lambda: load_protocol(path))


def _leaves(made: Workspace, path: Path, content, read: Callable[[], object]) -> None:
    def write() -> None:
        path.write_text(_yaml(content), encoding="utf-8")

    from kansen_analysis.errors import KansenError
    from kansen_analysis.programme.form import is_plain

    write()
    read()
    for turn, (holder, key, name) in enumerate(list(_texts(content))):
        before = holder[key]
        made.fields.add((path.name, name))
        braces = " ".join(re.findall(r"{\w+}", before))  # a number that a sentence must name
        mild = [each for each in HOSTILE if is_plain(f"{WORDS} {each}")]
        for text in (one_line(pieces(turn, len(HOSTILE))), f"{WORDS} {' '.join(mild)}"):
            holder[key] = f"{text} {braces} {WORDS}."
            write()
            try:
                read()
                break
            except (KansenError, ExceptionGroup, AssertionError, OSError):
                holder[key] = before
        else:
            made.refused.add((path.name, name))
    write()
    read()


def _yaml(content) -> str:
    """Write what stands in two places twice, as somebody who types it does."""
    return yaml.dump(content, Dumper=_Plain, allow_unicode=True)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data) -> bool:
        return True


def _texts(content, name: str = "") -> Iterator[tuple]:
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        if isinstance(value, str):
            yield content, key, f"{name}.{key}"
        elif isinstance(value, dict | list):
            yield from _texts(value, f"{name}.{key}")


def _tables(made: Workspace, size: int, participants: int) -> None:
    """Write every table of the programme, and the register, with hostile text in every text."""
    from kansen_analysis.programme.schema import REGISTER, columns, tables, values
    from kansen_analysis.programme.settings import read_settings

    people = schools(made.folder / "data" / "raw")[:participants]
    rows = -(-len(HOSTILE) // size)
    own = read_settings(made.folder).name
    plain = {
        **{"date": "2024-05", "number": "1", "money": "10", "sdg": "4", "day": "2030-01-01"},
        **{"school_year": "2021-2022", "period": "2024", "code": "", "school": ""},
    }
    for table in (*tables(), REGISTER):
        file = f"{table}.csv"
        path = made.folder / "data" / ("" if table == REGISTER else "programme") / file
        out = []
        for at in range(participants if table == REGISTER else rows):
            row = {}
            for turn, column in enumerate(columns(table)):
                if column.kind in ("text", "list"):
                    text = one_line(pieces(at + turn, size))
                    row[column.name] = text.replace(";", ",") if column.kind == "list" else text
                    made.fields.add((file, column.name))
                elif column.kind == "choice":
                    row[column.name] = values(table, column.name)[0]
                elif column.kind == "schools":
                    row[column.name] = people[at % participants]["school"]
                else:
                    row[column.name] = plain[column.kind]
            if "programme" in row:  # what ties the tables together
                row["programme"] = own if at == 0 or table != "programmes" else row["programme"]
            if table == "lessons":
                row["consent_by"] = "openbaar document" if at % 2 else row["consent_by"]
            if table == REGISTER:
                row |= people[at] | {"coach_end": ""}
                row["programme"] = own
            out.append(row)
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, out[0].keys())
            writer.writeheader()
            writer.writerows(out)


def _stories(made: Workspace) -> None:
    """Write stories of which title, text and every text of the head are hostile."""
    from kansen_analysis.programme import stories
    from kansen_analysis.programme.settings import read_settings

    folder = made.folder / "data" / "programme" / "stories"
    folder.mkdir(exist_ok=True)
    own = read_settings(made.folder).name
    fixed = {"programme": own, "date": "2024-05", "goal": 1, "advice": "stop", "school": ""}
    names = [n for n in (*stories._NEEDED, *stories._OPTIONAL) if n not in (*fixed, "picture")]
    for at in range(STORIES):
        text = one_line(pieces(at, len(HOSTILE) // STORIES + 1))
        head = dict(fixed)
        for name in names:
            made.fields.add(("stories", name))
            head[name] = text
        words = sorted(set(re.findall(r"[^\W\d_][\w’'-]*", " ".join(HOSTILE))))
        head["consent"] = [{"by": text, "covers": words, "until": "2030-01-01"}]
        head["not_persons"] = words
        head.pop("alt")
        body = "\n\n".join(HOSTILE[at::STORIES]).replace("\x00", "")
        made.fields.add(("stories", "text"))
        (folder / f"verhaal-{at}.md").write_text(
            f"---\n{_yaml(head)}---\n\n{body}\n", encoding="utf-8"
        )


# Output -----------------------------------------------------------------------------------------


def kansen(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the command in a working folder."""
    source = str(Path(__file__).parents[1] / "src")
    return subprocess.run(
        [sys.executable, "-m", "kansen_analysis", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": source, "PYTHONUTF8": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


class _Page(HTMLParser):
    """Collects what of a page could act."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self._script = False

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag in FORBIDDEN:
            self.found.append(f"<{tag}>")
        self._script = tag == "script" and "src" not in told
        if tag == "meta" and (told.get("http-equiv") or "").lower() == "content-security-policy":
            self.policy = told.get("content") or ""
        if tag == "meta" and (told.get("http-equiv") or "").lower() == "refresh":
            self.found.append("meta refresh")
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if name in ("href", "src", "action", "xlink:href", "formaction", "srcset", "poster"):
                self.links.append(f"{tag} {unquote(value or '')}")

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        if self._script:
            self.scripts.append(data)
            self._script = False


ALLOWED = re.compile(r"\w+ (?:https?://|mailto:|[^:]*$|data:image/(?:svg|png|jpeg|webp))", re.ASCII)


def active(site: Path) -> list[str]:
    """List everything in a rendered site that could act, or that markdown made of text."""
    found, scripts = [], {}
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        page, name = _Page(), path.relative_to(site).as_posix()
        page.feed(text)
        found += [f"{name}: {each}" for each in page.found]
        found += [f"{name}: {link}" for link in page.links if not ALLOWED.match(link)]
        found += [f"{name}: {link}" for link in page.links if "example.org" in link]
        found += [f"{name}: {made[0]}" for made in MADE.finditer(text)]
        if "script-src" not in page.policy or "default-src 'none'" not in page.policy:
            found.append(f"{name}: no policy")
        if "unsafe-inline" in re.sub(r"style-src[^;]*", "", page.policy):
            found.append(f"{name}: inline scripts allowed")
        for script in page.scripts:
            scripts.setdefault(script, []).append(name)
    everywhere = len(list(site.rglob("*.html")))
    for script, names in scripts.items():  # the frame's own stands on every page
        if "alert(" in script or len(names) < everywhere / 2:
            found.append(f"{names[0]}: script {script[:60]!r}")
    for path in sorted(site.rglob("*.svg")):
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        found += [f"{path.name}: {each}" for each in (*page.found, *page.scripts)]
        found += [f"{path.name}: {li}" for li in page.links if not re.match(r"\w+ (#|data:)", li)]
    for path in sorted(site.rglob("*.xlsx")):
        for sheet in openpyxl.load_workbook(path):
            formulas = [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
            found += [f"{path.name}: {sheet.title} {cell.coordinate}" for cell in formulas]
    for path in sorted(site.rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file, delimiter=";"):
                cells = [c for c in row if re.match(r"\s*[=+@]|\s*-(?![\d.,]*$)", c)]
                found += [f"{path.name}: {cell[:40]!r}" for cell in cells]
    return found


def render(folder: Path, **environment: str) -> Path:
    """Check and render a hostile working folder; return the site."""
    done = kansen(folder, "check")
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    words = ("render", "--engine", "embedded", "--day", DAY, "--output", "site")
    done = kansen(folder, *words, **environment)
    assert done.returncode == 0, done.stderr[-6000:]
    return folder / "site"


def main(size: int) -> int:
    with tempfile.TemporaryDirectory() as there:
        made = workspace(Path(there) / "w", size, 38)
        found = active(render(made.folder))
        pages = len(list((made.folder / "site").rglob("*.html")))
    print(f"{len(HOSTILE)} strings in {len(made.fields)} fields, {len(made.refused)} refused")
    print(f"{pages} pages, {len(found)} active")
    for each in found[:50]:
        print(" ", each)
    return len(found)


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]))))
