"""Tables can be read with the eyes, with a screen reader and in a spreadsheet."""

import base64
import csv
import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansen_analysis.display import downloads, tables
from kansen_analysis.display.publication import Publication, drawn_for
from kansen_analysis.edition.disclosure import disclose
from kansen_analysis.errors import UsageError
from kansen_analysis.sources import reading

FRAME = pd.DataFrame(
    {
        "school": ["01AA00", "02BB00", "03CC00"],
        "year": [2022, 2023, 2024],
        "pupils": [3, 18, 1200],
        "share": [33.3, 44.45, None],
        "change": [-1.25, 0.0, 2.5],
        "provisional": [False, False, True],
    }
)
ABOUT = pd.DataFrame(
    [
        ("school", "School", "", 0, "code"),
        ("year", "Schooljaar", "", 0, "year"),
        ("pupils", "Leerlingen", "leerlingen", 0, "count"),
        ("share", "Streefniveau <1S>", "%", 1, "share"),
        ("change", "Verandering", "procentpunt", 1, "difference"),
    ],
    columns=["column", "label", "unit", "decimals", "kind"],
).set_index("column")


def make(frame=FRAME, about=ABOUT, **texts):
    texts = {"name": "proef", "caption": "Drie scholen & meer", "source": "DUO", **texts}
    return tables.table(disclose(frame, about.assign(base="pupils")), variables=about, **texts)


class Reader(HTMLParser):
    """Cells, attributes and open tags of a piece of HTML."""

    VOID = ("img", "source", "br")

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.caption, self.stack = [], [], "", []
        self.feed(html)
        assert not self.stack, f"not closed: {self.stack}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if "caption" in self.stack:
            self.caption += data
        if "td" in self.stack or "th" in self.stack:
            self.rows[-1][-1] += data

    def all(self, tag):
        return [attrs for each, attrs in self.tags if each == tag]


def test_cells_show_the_disclosed_numbers_in_dutch():
    rows = Reader(make().html()).rows
    assert rows == [
        [
            "School",
            "Schooljaar",
            "Leerlingen",
            "Streefniveau <1S> (%)",
            "Verandering (procentpunt)",
        ],
        ["01AA00", "2022-2023", "<5", "x", "x"],
        ["02BB00", "2023-2024", "18", "44,5", "0,0"],
        ["03CC00*", "2024-2025", "1\u202f200", ".", "+2,5"],
    ]


def test_headers_have_scope_and_the_table_has_a_caption():
    read = Reader(make().html())
    scopes = [attrs.get("scope") for attrs in read.all("th")]
    assert scopes == ["col"] * 5 + ["row"] * 3
    assert read.caption == "Drie scholen & meer"
    assert read.all("table")[0]["data-quarto-disable-processing"] == "true"


def test_the_scroll_region_can_be_reached_and_has_a_name():
    read = Reader(make().html())
    region = next(attrs for attrs in read.all("div") if attrs.get("role") == "region")
    assert region["tabindex"] == "0"
    assert region["aria-labelledby"] in [attrs.get("id") for attrs in read.all("caption")]


def test_the_legend_explains_the_symbols_that_are_used_and_no_others():
    legend = re.search(r'kansen-legend">(.*?)</p>', make().html())[1]
    assert re.findall("<b>(.*?)</b>", legend) == ["&lt;5", "x", ".", "*"]
    plain = FRAME.assign(pupils=20, share=40.0, provisional=False)
    assert "kansen-legend" not in make(plain).html()


def test_text_cannot_become_markup():
    frame = pd.DataFrame({"t": ["<script>alert(1)</script>"]})
    about = pd.DataFrame(
        {"label": ["<b>"], "unit": ['"'], "decimals": [0], "kind": ["text"]}, index=["t"]
    )
    html = tables.table(
        frame, name="t", caption="</caption>", variables=about, source="a & b", notes=["<i>"]
    ).html()
    assert "<script>" not in html
    assert "<i>" not in html
    assert Reader(html).caption == "</caption>"
    assert Reader(html).rows[1] == ["<script>alert(1)</script>"]


def test_a_range_of_a_mean_is_shown_as_a_range():
    about = pd.DataFrame(
        {"label": ["L"], "unit": [""], "decimals": [2], "kind": ["mean"]}, index=["level"]
    )
    frame = pd.DataFrame(
        {"level": [None, 5.0], "level_low": [3.42, None], "level_high": [6.42, None]}
    )
    html = tables.table(frame, name="t", caption="c", variables=about, source="s").html()
    assert [row[0] for row in Reader(html).rows[1:]] == ["3,42–6,42", "5,00"]


def test_the_output_is_the_same_every_time_and_has_no_blank_line():
    first, second = make()._repr_mimebundle_(), make()._repr_mimebundle_()
    assert first == second
    assert "\n\n" not in first["text/html"]
    assert first["text/plain"] == "Tabel proef: Drie scholen & meer (3 rijen)"


def test_without_a_folder_the_file_is_inside_the_page():
    hrefs = [attrs["href"] for attrs in Reader(make().html()).all("a")]
    assert len(hrefs) == 2
    content = base64.b64decode(hrefs[0].split("base64,")[1])
    assert content == make_bytes()


def make_bytes():
    shown = disclose(FRAME, ABOUT.assign(base="pupils"))
    return downloads.encode(shown, ABOUT)


def test_with_a_folder_the_file_is_beside_the_page(tmp_path):
    with drawn_for(Publication(tmp_path, "../files")):
        hrefs = [attrs["href"] for attrs in Reader(make().html()).all("a")]
    assert hrefs == ["../files/downloads/proef.csv", "../files/downloads/proef-toelichting.csv"]
    assert (tmp_path / "downloads" / "proef.csv").read_bytes() == make_bytes()


def test_only_described_columns_are_published():
    frame = FRAME.assign(secret=1)
    assert b"secret" not in downloads.encode(frame, ABOUT)


def test_the_download_opens_in_a_dutch_spreadsheet():
    content = make_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == 4
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0]["pupils"] == "" and (rows[0]["pupils_low"], rows[0]["pupils_high"]) == ("1", "4")
    assert rows[0]["share"] == "" and rows[0]["share_reason"] == "minder dan 5 leerlingen"
    assert rows[1] | {"school": "02BB00"} == rows[1]
    assert (rows[1]["year"], rows[1]["pupils"], rows[1]["share"]) == ("2023-2024", "18", "44,45")
    assert [row["provisional"] for row in rows] == ["nee", "nee", "ja"]


def one_column(values, kind):
    about = pd.DataFrame(
        {"label": ["A"], "unit": [""], "decimals": [1], "kind": [kind]}, index=["a"]
    )
    text = downloads.encode(pd.DataFrame({"a": values}), about).decode("utf-8-sig")
    return [
        row[0] if row else "" for row in csv.reader(io.StringIO(text, newline=""), delimiter=";")
    ][1:]


@pytest.mark.parametrize("start", ["=1+1", "+31", "-x", "@a", "\tb", "\rc", " =d"])
def test_text_that_looks_like_a_formula_stays_text(start):
    assert one_column([start], "text") == ["'" + start]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")), min_size=1
    )
)
def test_no_text_reaches_a_spreadsheet_as_a_formula_and_none_is_lost(values):
    for cell, value in zip(one_column(values, "text"), map(reading.shown, values), strict=True):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell.removeprefix("'") == value.removeprefix("'") or cell == value


def test_negative_numbers_stay_numbers_and_codes_keep_their_zeros():
    assert one_column([-1.5, -0.0, 1234.5678901], "mean") == ["-1,5", "0", "1234,56789"]
    assert one_column([-3, 12], "count") == ["-3", "12"]
    assert one_column(["0119", "00"], "code") == ["0119", "00"]


def test_the_explanation_lists_every_column_of_the_download():
    shown = disclose(FRAME, ABOUT.assign(base="pupils"))
    raw = downloads.metadata(shown, ABOUT, source="DUO", notes=["=let op"])
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    header = make_bytes().decode("utf-8-sig").splitlines()[0].split(";")
    assert [row[0] for row in rows[2:]] == header
    by_name = {row[0]: row for row in rows}
    assert by_name["share"][1:4] == ["Streefniveau <1S>", "%", "DUO"]
    assert by_name["pupils_low"][1] == "Leerlingen, ondergrens"
    assert rows[1][4] == "'=let op"


def test_a_kind_that_does_not_exist_is_an_error():
    with pytest.raises(UsageError, match="kind is not one of"):
        tables.table(
            FRAME, name="t", caption="c", variables=ABOUT.assign(kind="colour"), source="s"
        )
    with pytest.raises(UsageError, match="none of the columns"):
        tables.table(FRAME[["provisional"]], name="t", caption="c", variables=ABOUT, source="s")


def test_many_columns_of_sentences_give_way_before_the_page_is_too_wide():
    """*Alle activiteiten* and *Gelezen bestanden* scrolled sideways on a desk."""
    columns = [f"c{i}" for i in range(7)]
    about = tables.about(*((name, "Kop", "", 0, "text") for name in columns))
    frame = pd.DataFrame([["een zin van heel veel korte woorden " * 4] * 7], columns=columns)

    def asked(names):
        made = tables.bare("t", "c", frame[names], about.loc[names])
        return [int(width) for width in re.findall(r"kansen-w(\d+)", made)]

    assert asked(columns[:2]) == [34, 34]  # there is room for both
    assert sum(asked(columns)) < 974 / 7.5 < 7 * 34  # a page in characters
    long = frame.assign(c0="Inwonersbetrokkenheid")
    made = tables.bare("t", "c", long, about)
    assert int(re.search(r"kansen-w(\d+)", made)[1]) >= 12
