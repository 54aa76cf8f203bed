"""What the documentation says is so: functions exist, the walk holds, tables are as described."""

import ast
import csv
import io
import itertools
import re
import tokenize
from importlib import import_module
from types import SimpleNamespace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from kansen_analysis.display.downloads import encode
from kansen_analysis.outcomes.panel import RANKED_ADVICES, advice_cells, advice_levels
from kansen_analysis.pages.schooladvies import per_school
from kansen_analysis.programme.workspace import root
from kansen_analysis.sources import spec, tidy
from kansen_analysis.sources.recognise import recognise
from kansen_analysis.sources.values import read_count

ROOT = root()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += [*sorted((ROOT / "docs").glob("*.md")), ROOT / "data" / "README.md"]
FENCE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)  # examples of links lead nowhere


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    plain = [re.sub(r"[^\w\s-]", "", head.lower()).strip() for head in heads]
    return {re.sub(r"\s", "-", head) for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    dead = []
    for address in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
        if re.match(r"[a-z]+:", address):
            continue
        path, _, anchor = address.partition("#")
        there = page.parent / path if path else page
        if not there.exists():
            dead.append(address)
        elif anchor and there.suffix == ".md":
            dead += [address] * (anchor not in anchors(there.read_text(encoding="utf-8")))
    assert not dead


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    found, to_read = set(), [ROOT / "README.md"]
    while to_read:
        page = to_read.pop()
        found.add(page)
        for path in re.findall(r"\]\(([^)\s#:]+\.md)", page.read_text(encoding="utf-8")):
            there = (page.parent / path).resolve()
            if there not in found and there.exists():
                to_read.append(there)
    assert {page.resolve() for page in (ROOT / "docs").glob("*.md")} <= found


def steps() -> list[str]:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \d \| `([\w.]+)`", text, re.M)


def test_the_walk_has_at_most_eight_functions_and_they_exist():
    assert 1 <= len(steps()) <= 8
    for name in steps():
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(f"kansen_analysis.{module}"), function)), name


def lines_of_code(path) -> int:
    """Lines with code: no blank ones, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    told = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, told) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in {*nothing, tokenize.ENDMARKER}
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - docs)


def test_the_rooms_are_as_large_as_is_said():
    package, found = ROOT / "src" / "kansen_analysis", {}
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0] if path.parent != package else "(root)"
        found[room] = found.get(room, 0) + lines_of_code(path)
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    said = {
        room: int(lines.replace(" ", ""))
        for room, lines in re.findall(r"^\| `([\w()]+)` \| ([\d ]+) \|", text, re.MULTILINE)
    }
    assert set(said) == set(found)
    off = {room: (said[room], n) for room, n in found.items() if abs(said[room] - n) > 0.1 * n}
    assert not off


def possible(cells: list[str]) -> tuple[float, float]:
    """Try every count that a `<5` can be; nine ranks, the publisher's order."""
    choices = [range(1, 5) if cell == "<5" else [int(cell)] for cell in cells]
    means = [
        sum(rank * n for rank, n in enumerate(counts)) / sum(counts)
        for counts in itertools.product(*choices)
        if sum(counts)
    ]
    return min(means), max(means)


def test_the_walk_of_one_hidden_count_holds(demo):
    path = demo / "04-leerlingen-bo-sbo-schooladviezen-2024-2025.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    raw = next(r for r in rows if r["SOORT_PO"] == "Bo" and r["HAVO"] == "<5")
    school = raw["INSTELLINGSCODE"] + raw["VESTIGINGSCODE"]

    recognised = recognise(path)
    assert recognised.source.name == "schooladviezen"
    assert read_count("<5", spec.get("schooladviezen").masked)[1:] == (1, 4)
    wide, _, _ = tidy.read(recognised)
    table = tidy.fold(wide[0].frame, recognised.source)
    row = table[(table["school"] == school) & (table["advice"] == "HAVO")].iloc[0]
    assert pd.isna(row["pupils"]) and (row["pupils_low"], row["pupils_high"]) == (1, 4)

    low, high = advice_cells({"schooladviezen": table})
    assert (low.at[(school, 2024), "HAVO"], high.at[(school, 2024), "HAVO"]) == (1, 4)
    levels = advice_levels(low, high)
    ends = levels[levels["school"] == school].iloc[0]
    expected = possible([raw[name] for name in RANKED_ADVICES])
    assert (ends["low"], ends["high"]) == pytest.approx(expected)

    people = pd.DataFrame({"school": [school], "name": ["De School"], "municipality": ["Ergens"]})
    shown = per_school(SimpleNamespace(advice_levels=levels, participants=people))
    written = encode(shown.frame, shown.variables).decode("utf-8-sig")
    [cells] = csv.DictReader(io.StringIO(written), delimiter=";")
    assert cells["level_2024"] == ""
    for end, value in zip(("low", "high"), expected, strict=True):
        printed = float(cells[f"level_2024_{end}"].replace(",", "."))
        assert printed == pytest.approx(value, abs=0.06)


def described() -> dict[str, list[str]]:
    """Columns per table, as docs/edition.md has them."""
    text = (ROOT / "docs" / "edition.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.M)[1:]
    tables = {}
    for part in parts:
        if name := re.match(r"`([\w/.]+)`", part):
            firsts = re.findall(r"^\| (`[^|]+`) \|", part, re.M)
            tables[name[1]] = [c for cell in firsts for c in re.findall(r"`(\w+)`", cell)]
    return tables


@pytest.mark.parametrize("name", described())
def test_tables_of_an_edition_have_the_columns_that_are_described(edition, name):
    schema = pq.read_schema(edition.folder / "public" / f"{name}.parquet")
    assert sorted(schema.names) == sorted(described()[name])
    assert all(
        str(schema.field(c).type) in ("string", "large_string")
        for c in ("school", "municipality_code", "board")
        if c in schema.names
    )


def test_a_tidy_table_says_in_its_fields_what_its_columns_are(edition):
    from kansen_analysis.edition.store import about_table

    told = about_table(edition.folder / "public" / "heroverweging.parquet")
    assert told.loc["year", "label"] == "Schooljaar (eerste jaar)"
    counts = [c.removesuffix("_low") for c in told.index if c.endswith("_low")]
    assert counts and all({c, f"{c}_high"} <= set(told.index) for c in counts)
