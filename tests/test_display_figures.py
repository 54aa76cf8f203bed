"""Every figure is readable, honest about gaps and breaks, and the same every time."""

import re
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansen_analysis.display import _canvas, _parts, check, figures
from kansen_analysis.errors import UsageError

TEXTS = {
    "title": "Geen duidelijk verschil <met> vergelijkbare scholen",
    "subtitle": "Aandeel dat het streefniveau haalt, 2014-2015 tot en met 2024-2025",
    "source": "Inspectie & DUO",
}
YEARS = [year for year in range(2014, 2025) if year != 2019]
WORDS = {"unit": "procentpunt"}


def lines_frame(**extra):
    means = {"deelnemers": 45.0, "vergelijkbare scholen": 46.0, "landelijk": 58.0}
    rows = [
        (series, year, mean + (year % 3) - (3 if year > 2022 else 0), year == 2024)
        for series, mean in means.items()
        for year in YEARS
    ]
    frame = pd.DataFrame(rows, columns=["series", "year", "value", "provisional"])
    return frame.assign(low=frame["value"] - 2, high=frame["value"] + 2, **extra)


def estimates(count, **extra):
    effect = np.linspace(-1.5, 3.0, count)
    return pd.DataFrame({"estimate": effect, "low": effect - 2.5, "high": effect + 2.5, **extra})


def event_frame():
    relative = np.arange(-6, 4)
    frame = estimates(10, relative=relative, n=[80] * 7 + [62, 40, 22])
    frame.loc[frame["relative"] == -1, ["low", "high"]] = np.nan
    return frame


def goals_frame():
    nan = float("nan")
    return pd.DataFrame(
        {
            "goal": [1, 2, 3, 4],
            "label": [
                "Eindtoets: streefniveau",
                "Ambitieuze adviezen aan de bovenkant van de toets",
                "Afstroom en uitstroom in het voortgezet onderwijs",
                "Speciaal onderwijs en jeugdzorg",
            ],
            "verdict": ["Onbeslist", "Beter", "Niet toetsbaar", "Slechter"],
            "estimate": [2.1, 0.31, nan, -30.0],
            "low": [-1.3, 0.12, nan, -60.0],
            "high": [5.5, 0.5, nan, -7.0],
            "margin": [3.3, 0.18, nan, 3.0],
            "unit": ["procentpunt", "niveau", "procentpunt", "procentpunt"],
            "reason": [
                "",
                "",
                "De plaats in leerjaar 3 per basisschool is niet openbaar. " * 5,
                "",
            ],
        }
    )


def specifications():
    frame = estimates(24)
    frame["jaren"] = ["alle jaren", "vanaf 2016-2017", "zonder 2023-2024"] * 8
    frame["vergelijking"] = ["landelijk", "eigen regio"] * 12
    frame["main"] = [i == 9 for i in range(24)]
    return frame


def schools():
    rng = np.random.default_rng(3)
    n = rng.integers(6, 70, 60)
    frame = pd.DataFrame({"n": n, "value": rng.normal(0, 40 / np.sqrt(n))})
    return frame.assign(own=frame.index == 7, label="De Zevende School")


def limits():
    n = np.arange(5, 75)
    ends = {"95": 1.96, "998": 3.09}
    return pd.DataFrame(
        {"n": n}
        | {f"low{end}": -z * 40 / np.sqrt(n) for end, z in ends.items()}
        | {f"high{end}": z * 40 / np.sqrt(n) for end, z in ends.items()}
    )


def band_frame():
    years = [2018, 2020, 2021, 2022, 2023, 2024]
    frame = pd.DataFrame({"year": years, "value": [41.0, 38.0, np.nan, 52.0, 44.0, 40.0]})
    frame["n"] = pd.array([15, 17, pd.NA, 20, 11, 15], dtype="Int64")
    frame["n_low"], frame["n_high"] = [15, 17, 1, 20, 11, 15], [15, 17, 4, 20, 11, 15]
    frame["provisional"] = frame["year"] == 2024
    return frame.assign(p10=30.0, median=46.0, p90=61.0, signal=[43.5] * 3 + [45.5] * 3)


def panels():
    names = ["Aa en Hunze", "Assen", "Borger-Odoorn", "Coevorden", "De Wolden"]
    rows = [
        (name, year, 2.0 + 0.2 * i + 0.05 * (year % 4), 2.6, name == "Assen")
        for i, name in enumerate(names)
        for year in range(2015, 2025)
    ]
    return pd.DataFrame(rows, columns=["panel", "year", "value", "reference", "marked"])


def advice():
    low, high = [5.9, 3.7, 6.1, 3.4, 4.6, 4.7], [5.9, 3.7, 6.1, 6.4, 7.0, 6.7]
    exact = [a if a == b else np.nan for a, b in zip(low, high, strict=True)]
    n = [7, 9, 15, 12, 11, 14]
    return pd.DataFrame(
        {"year": range(2019, 2025), "low": low, "high": high, "value": exact, "n": n}
    )


ORDER = ["pro en vmbo-b/k", "vmbo-gt", "havo", "vwo"]


def shares():
    rows = [
        (year, category, share)
        for year, split in {2021: (20, 35, 25, 20, 0), 2022: (12, 30, 22, 14, 22)}.items()
        for category, share in zip([*ORDER, "afgeschermd"], split, strict=True)
    ]
    return pd.DataFrame(rows, columns=["year", "category", "share"])


def known():
    def state(since, year):
        if year < since:
            return "bestond niet"
        return {2019: "ontbreekt", 2024: "voorlopig"}.get(year, "aanwezig")

    sources = {"Schoolweging": 2017, "Eindscores van de eindtoets": 2014, "Schooladviezen": 2019}
    rows = [(s, y, state(since, y)) for s, since in sources.items() for y in range(2014, 2025)]
    return pd.DataFrame(rows, columns=["source", "year", "state"])


def ranges_by_place():
    """Hidden counts leave wide ranges, and what they say stands right of them."""
    names = ["Drenthe en Hardenberg", "Borger-Odoorn", "Súdwest-Fryslân", "Emmen"]
    ends = [(26.0, 59.0), (32.0, 74.0), (45.0, 92.4), (12.0, 12.0)]
    frame = pd.DataFrame(ends, columns=["low", "high"])
    return frame.assign(place=names, n="3 835 tot 7 999 leerlingen", marked=[True] + [False] * 3)


def places():
    rows = [
        ("0119", "Meppel", 3),
        ("0114", "Emmen", 18),
        ("1731", "Midden-Drenthe", 6),
        ("1699", "Noordenveld", 0),
        ("9999", "Verzonnendorp", 2),
    ]
    return pd.DataFrame(rows, columns=["code", "municipality", "schools"])


def two_groups():
    rng = np.random.default_rng(5)
    rows = [
        (panel, series, value)
        for panel, middle in {"schoolweging": 30, "aantal leerlingen in groep 8": 22}.items()
        for series, count in {"deelnemers": 60, "vergelijkbare scholen": 180}.items()
        for value in rng.normal(middle, 3, count)
    ]
    return pd.DataFrame(rows, columns=["panel", "series", "value"])


VERSIONS = {
    "version": ["V1", "V2", "V3", "V4"],
    "label": [
        "alle jaren",
        "zonder het jaar voor de start",
        "alleen scholen uit de eigen regio",
        "zonder wisselaars van toetsaanbieder",
    ],
}
RULER = pd.DataFrame(
    {
        "kind": ["detectable", "matters", "estimate"],
        "label": ["Met 80% kans te zien", "Kleinste verschil dat ertoe doet", "Geschat"],
        "value": [3.7, 3.3, 2.1],
        "low": [np.nan, np.nan, -0.3],
        "high": [np.nan, np.nan, 4.5],
    }
)
BALANCE = pd.DataFrame(
    {
        "label": ["Schoolweging", "Aantal leerlingen (log)"],
        "before": [0.6, -0.8],
        "after": [0.05, -0.15],
    }
)
WORLDS = pd.DataFrame(
    {
        "label": ["alles gaat zoals het hoort", "scholen groeien al", "het verschil is er"],
        "truth": ["geen verschil", "geen verschil", "verschil van 0,1"],
        "wrong": [1.0, 9.5, 0.25],
        "low": [0.4, 7.0, 0.0],
        "high": [2.5, 12.8, 1.4],
        "right": [22.0, 0.0, 84.5],
        "runs": [400, 400, 400],
    }
)
CASES = {
    "lines": lambda: ((lines_frame(),), {"unit": "%"}),
    "event_study": lambda: (
        (event_frame(),),
        WORDS | {"margin": 3.3, "start": "start kansencoach"},
    ),
    "versions": lambda: ((estimates(4, **VERSIONS),), WORDS | {"margin": 3.3}),
    "goals_overview": lambda: ((goals_frame(),), {}),
    "ruler": lambda: ((RULER,), WORDS),
    "balance": lambda: ((BALANCE,), {}),
    "histograms": lambda: ((two_groups(),), {}),
    "funnel": lambda: ((schools(), limits()), WORDS),
    "specification_curve": lambda: (
        (specifications(),),
        WORDS | {"choices": ["jaren", "vergelijking"], "margin": 3.3},
    ),
    "school_band": lambda: ((band_frame(),), {}),
    "small_multiples": lambda: ((panels(),), {}),
    "ranges": lambda: ((advice(),), {"unit": "niveau", "levels": {3: "vmbo-k", 7: "havo"}}),
    "stacked": lambda: ((shares(),), {"order": ORDER}),
    "right_and_wrong": lambda: ((WORLDS,), {}),
    "coverage": lambda: ((known(),), {}),
    "places": lambda: (
        (ranges_by_place(),),
        {"unit": "%", "reference": ("Nederland", 36.0, 60.0)},
    ),
    "tile_map": lambda: ((places(),), {}),
}
ALL = pytest.mark.parametrize("chart", CASES)


def texts(name, **own):
    return figures.Texts(name=name, **TEXTS | own)


def draw(chart, **own):
    frames, options = CASES[chart]()
    return getattr(figures, chart)(*frames, texts(chart, **own), **options)


drawn = cache(draw)  # most tests only look


def svgs(figure):
    return {"breed": figure.svg, "smal": figure.svg_narrow}


def texts_in(svg):
    """Words with their box: left, right, baseline, size; measured in the font of the pages."""
    found = []
    for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        size = float(node.get("font-size").removesuffix("px"))
        width = _canvas.text_width(node.text, size, node.get("font-weight") == "600")
        x = float(node.get("x"))
        left = x - width * {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor", "start")]
        found.append((node.text, left, left + width, float(node.get("y")), size, node.get("fill")))
    return found


@ALL
def test_the_check_of_pictures_finds_nothing(chart):
    for svg in svgs(drawn(chart)).values():
        assert check.problems(svg) == []
        assert check.problems(svg.replace("viewBox", "viewbox")) == []  # as Quarto leaves it


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ('<text x="300" y="12" font-size="12">buiten de rand</text>', "text outside"),
        ('<text x="4" y="-1" font-size="12">te hoog</text>', "text outside"),
        ('<text x="44" y="80" font-size="12" text-anchor="end">te ver</text>', ""),
        ('<text x="24" y="80" font-size="12" text-anchor="end">te ver</text>', "text outside"),
        ('<text x="60" y="104" font-size="12">eronder</text>', "text over text"),
        ('<text x="60" y="80" font-size="12">erboven</text>', ""),
        ('<text x="200" y="20" font-size="12">zonder 2 voor…</text>', "cut text"),
        ('<text x="200" y="20" font-size="12">2023-</text>', "broken school year"),
        ('<path d="M 90 10 L 90 190" stroke="#801650" fill="none"/>', "line through text"),
        ('<path d="M 20 10 L 30 190" stroke="#801650" fill="none"/>', ""),
        ('<use href="#m" x="348" y="50"/>', "mark outside"),
        ('<g><use href="#m" x="340" y="50"/></g>', ""),
    ],
)
def test_the_check_of_pictures_finds_what_a_reader_would_trip_over(planted, found):
    svg = (
        '<svg class="kansen-picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 350 200">'
        '<defs><path id="m" d="M 0 3 C 4 3 4 -3 0 -3 L -3 0"/></defs>'
        f"{planted if 'path' in planted else ''}"
        '<text x="60" y="100" font-size="13">al geschreven</text>'
        f"{planted if 'path' not in planted else ''}</svg>"
    )
    problems = check.problems(svg)
    assert len(problems) == bool(found)
    assert all(found in problem for problem in problems)


def test_text_that_has_a_ground_of_its_own_is_not_crossed():
    line = '<path d="M 0 16 L 90 16" stroke="#000000" fill="none"/>'
    ground = '<path d="M 2 8 L 60 8 L 60 24 L 2 24 z" fill="#ffffff"/>'
    text = '<text x="4" y="20" font-size="12">breed</text>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40">'
    assert check.problems(f"{head}{line}{ground}{text}</svg>") == []
    assert check.problems(f"{head}{ground}{line}{text}</svg>") == ["line through text: breed"]


def test_the_check_goes_over_a_rendered_monitor(tmp_path, capsys):
    (tmp_path / "scholen").mkdir()
    page = drawn("versions").html()
    (tmp_path / "scholen" / "a.html").write_text(page, encoding="utf-8")
    assert [name for name, _ in check.pictures(tmp_path)] == [
        "scholen/a.html, picture 1",
        "scholen/a.html, picture 2",
    ]
    assert check.main(tmp_path) == 0
    (tmp_path / "b.html").write_text(page.replace(">V1", ">V1 …"), encoding="utf-8")
    assert check.main(tmp_path) == 2  # on the desk and on the phone
    assert "b.html, picture 1: cut text: V1 …" in capsys.readouterr().out


def test_every_chart_has_a_case():
    charts = {name for name in figures.__all__ if name.islower()}
    assert charts == set(CASES)


@ALL
def test_the_same_data_give_the_same_bytes_whatever_the_settings_of_a_notebook(chart):
    first = drawn(chart)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red"}):
        second = draw(chart)
    assert first.svg == second.svg and first.svg_narrow == second.svg_narrow
    assert first._repr_mimebundle_() == second._repr_mimebundle_()


@ALL
def test_text_is_large_enough_and_inside_the_picture_on_desk_and_phone(chart):
    for sheet, svg in svgs(drawn(chart)).items():
        width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())
        assert width <= {"breed": 1000, "smal": 350}[sheet]
        for text, left, right, base, size, _ in texts_in(svg):
            assert size >= 12, text
            assert left >= -1 and right <= width + 1, (sheet, text, left, right)
            assert size * 0.7 <= base <= height, (sheet, text)


@ALL
def test_no_two_texts_lie_on_each_other(chart):
    for sheet, svg in svgs(drawn(chart)).items():
        boxes = texts_in(svg)
        for i, (one, left, right, base, size, _) in enumerate(boxes):
            for other, left2, right2, base2, size2, _ in boxes[i + 1 :]:
                apart = right <= left2 + 1 or right2 <= left + 1
                above = abs(base - base2) >= 0.75 * min(size, size2)
                assert apart or above, (sheet, one, other)


@ALL
def test_the_alt_text_is_short_enough_and_says_what_kind_of_figure_it_is(chart):
    figure = drawn(chart)
    assert 40 <= len(figure.alt) <= 250
    assert figure.alt.endswith(".")
    assert "nan" not in figure.alt and "None" not in figure.alt


@ALL
def test_the_html_is_complete_and_escaped(chart):
    html = drawn(chart).html()
    assert "&lt;met&gt;" in html and "<met>" not in html
    assert "Inspectie &amp; DUO" in html
    assert "\n\n" not in html
    for part in ('role="img" aria-label="', "<details", "<summary>", "<caption", 'scope="row"'):
        assert part in html
    ElementTree.fromstring(html.replace("&nbsp;", " "))  # well-formed, so nothing is left open


@ALL
def test_a_picture_can_stand_in_a_page(chart):
    html = drawn(chart).html()
    # what a page would share with its pictures: styles and names
    assert " style=" not in html and "<style" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert html.count("<svg ") == html.count('role="img"') == 2
    assert re.findall(r'<svg [^>]*display="(\w+)"', html) == ["inline", "none"]


@ALL
def test_a_picture_is_small_has_no_date_and_asks_for_nothing_outside(chart):
    for svg in svgs(drawn(chart)).values():
        assert len(svg) < 20_000
        assert "<metadata" not in svg and "DOCTYPE" not in svg
        assert set(re.findall(r"https?://[^\s\"']+", svg)) == {"http://www.w3.org/2000/svg"}


@ALL
def test_every_text_in_a_picture_can_be_read_on_white_or_on_its_own_fill(chart):
    inks = {ink for svg in svgs(drawn(chart)).values() for *_, ink in texts_in(svg)}
    fills = [*_canvas.palette()["sequence"], *_canvas.palette()["coverage"].values()]
    for ink in inks:
        if ink == "#ffffff":  # only on a fill; on() chose it because it reads best there
            assert any(ratio(ink, fill) >= 4.5 for fill in fills)
        else:
            assert ratio(ink, "#FFFFFF") >= 4.5


def ratio(one, other):
    """WCAG 2.2 contrast, from the definition."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measured_contrast_agrees_with_published_values():
    # https://webaim.org/resources/contrastchecker gives 4.54 for #767676 on white.
    assert ratio("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)
    assert _canvas.contrast("#767676", "#FFFFFF") == pytest.approx(ratio("#767676", "#FFFFFF"))


def test_colours_of_the_palette_have_enough_contrast():
    palette = _canvas.palette()
    white = palette["background"]
    for name, role in palette["roles"].items():
        assert ratio(role["line"], white) >= 3, name
        assert ratio(role["text"], white) >= 4.5, name
    for name in ("text", "quiet"):
        assert ratio(palette[name], white) >= 4.5, name
    for name in ("axis", "zone_edge", "band_edge"):
        assert ratio(palette[name], white) >= 3, name
    roles = palette["roles"]
    drawn_on_areas = [
        roles["participants"]["line"],
        roles["comparison"]["text"],
        roles["warning"]["line"],
    ]
    for ink in drawn_on_areas:
        for area in ("zone", "band"):
            assert ratio(ink, palette[area]) >= 3, (ink, area)
    for fill in [*palette["sequence"], *palette["coverage"].values()]:
        assert ratio(_canvas.on(fill), fill) >= 4.5, fill


def test_no_two_roles_differ_by_colour_alone():
    looks = [
        (role["dash"], role["marker"], role["hollow"], role["width"])
        for role in _canvas.palette()["roles"].values()
    ]
    assert len(set(looks)) == len(looks)


def test_a_line_stops_at_the_missing_year_and_at_the_break():
    from kansen_analysis.display import _time

    rows = lines_frame().query("series == 'deelnemers'")
    pieces = _time._pieces(rows, figures.BREAKS)
    assert [piece["year"].tolist() for piece in pieces] == [
        [2014, 2015, 2016, 2017, 2018],
        [2020, 2021, 2022],
        [2023, 2024],
    ]


def test_the_breaks_are_named_in_the_picture_and_only_when_they_lie_in_it():
    words = [text for text, *_ in texts_in(drawn("lines").svg)]
    for _, label, _ in figures.BREAKS:
        assert label in words
    early = lines_frame().query("year < 2019")
    figure = figures.lines(early, texts("vroeg"), unit="%")
    assert not {label for _, label, _ in figures.BREAKS} & {t for t, *_ in texts_in(figure.svg)}


def test_a_provisional_year_is_open_in_the_picture_marked_in_the_table_and_noted():
    figure = drawn("lines")
    final = figures.lines(lines_frame().assign(provisional=False), texts("lines"), unit="%")
    open_mark = 'fill="#ffffff" stroke="#12436d"'
    assert figure.svg.count(open_mark) > final.svg.count(open_mark)
    assert "2024-2025*" in figure.html() and "2024-2025*" not in final.html()
    assert "Open punt: voorlopig cijfer." in figure.notes
    assert "Open punt: voorlopig cijfer." not in final.notes


def test_five_series_are_refused():
    frame = pd.concat(
        [lines_frame(), lines_frame().assign(series="een"), lines_frame().assign(series="twee")]
    )
    with pytest.raises(UsageError, match="at most 4 series"):
        figures.lines(frame, texts("x"), unit="%")
    with pytest.raises(UsageError, match="at most 4"):
        figures.stacked(shares(), texts("x"), order=list("abcde"))


def test_a_series_without_a_role_is_refused_and_can_be_given_one():
    frame = lines_frame().replace("landelijk", "Overijssel")
    with pytest.raises(UsageError, match="Overijssel"):
        figures.lines(frame, texts("x"), unit="%")
    assert figures.lines(frame, texts("x"), unit="%", roles={"Overijssel": "national"})


def test_an_axis_that_does_not_begin_at_zero_says_so():
    cut = "De verticale as begint niet bij 0."
    assert cut in drawn("lines").notes
    scores = figures.lines(lines_frame(), texts("x"), unit="%", zero=True)
    assert cut not in scores.notes


def test_the_alt_text_of_lines_has_the_last_values_the_direction_and_the_highest():
    alt = drawn("lines").alt
    # 45 + 2024 % 3 - 3, 46 + 2 - 3 and 58 + 2 - 3, by hand; 2023 % 3 = 1, so 43 then
    for words in (
        "deelnemers 44,0%",
        "vergelijkbare scholen 45,0%",
        "landelijk 57,0%",
        "Deelnemers: gestegen sinds 2023-2024 (toen 43,0%)",
        "Hoogste: 47,0%",
    ):
        assert words in alt


def test_the_alt_text_compares_no_years_across_a_break():
    only_one_year_after = figures.lines(lines_frame().query("year < 2024"), texts("x"), unit="%")
    assert "sinds" not in only_one_year_after.alt


def test_a_school_without_a_band_is_not_said_to_lie_in_it():
    bare = band_frame().assign(p10=np.nan, p90=np.nan)
    assert "gebied" in drawn("school_band").alt
    assert "gebied" not in figures.school_band(bare, texts("x")).alt


def test_what_could_not_be_estimated_is_said_so():
    nothing = RULER.assign(value=[3.7, 3.3, np.nan], low=np.nan, high=np.nan)
    figure = figures.ruler(nothing, texts("x"), **WORDS)
    assert "geschat niet te schatten" in figure.alt
    assert "Geschat: niet te schatten" in [text for text, *_ in texts_in(figure.svg)]


def test_the_overview_gives_every_verdict_its_word_and_an_untestable_goal_no_mark():
    figure = drawn("goals_overview")
    words = " ".join(text for text, *_ in texts_in(figure.svg))
    for verdict in ("? Onbeslist", "▲ Beter", "– Niet toetsbaar", "▼ Slechter", "geen toets"):
        assert verdict in words
    only = goals_frame().query("goal == 3")
    empty = figures.goals_overview(only, texts("leeg"))
    assert 'stroke-width="2.4"' in figure.svg and 'stroke-width="2.4"' not in empty.svg


def test_a_verdict_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="Prachtig"):
        figures.goals_overview(goals_frame().replace("Beter", "Prachtig"), texts("x"))


def test_a_funnel_shows_no_school_of_fewer_than_five_pupils_and_no_other_names():
    with pytest.raises(UsageError, match="fewer than 5"):
        figures.funnel(schools().assign(n=4), limits(), texts("x"), **WORDS)
    assert "De Zevende School" not in drawn("funnel").html().split("<details")[1]


def test_histograms_publish_classes_and_not_schools():
    frame = drawn("histograms").frame
    assert list(frame.columns) == ["panel", "series", "from", "to", "share"]
    assert frame.groupby(["panel", "series"])["share"].sum().tolist() == pytest.approx([100] * 4)


def test_hidden_pupils_stay_hidden_under_the_years():
    words = [text for text, *_ in texts_in(drawn("school_band").svg)]
    assert "<5" in words and "17" in words


def test_municipalities_without_a_place_stand_below_the_others():
    words = {text: base for text, _, _, base, *_ in texts_in(drawn("tile_map").svg)}
    assert words["Verzonnendorp"] > max(words[name] for name in ("Meppel", "Emmen"))


def test_coverage_refuses_another_word_and_two_words_for_one_cell():
    with pytest.raises(UsageError, match="misschien"):
        figures.coverage(known().replace("voorlopig", "misschien"), texts("x"))
    with pytest.raises(UsageError, match="two words"):
        figures.coverage(pd.concat([known(), known()]), texts("x"))


def test_a_missing_column_is_named():
    with pytest.raises(UsageError, match="no column value"):
        figures.lines(lines_frame().drop(columns="value"), texts("x"), unit="%")


def test_a_mark_tells_its_value():
    told = re.findall("<title>(.*?)</title>", drawn("lines").svg)
    assert "deelnemers, 2024-2025: 44,0%" in told
    assert len(told) == len(lines_frame())
    assert "V4: +3,0 procentpunt, tussen 0,5 en 5,5" in drawn("versions").svg


def test_lines_between_53_and_61_do_not_live_on_an_axis_from_zero():
    frame = lines_frame().assign(value=lambda f: 53 + f["year"] % 9, low=np.nan, high=np.nan)
    high = figures.lines(frame, texts("x"), unit="%")
    ticks = [float(t) for t, *_ in texts_in(high.svg) if re.fullmatch(r"\d+", t)]
    assert min(ticks) >= 50 and _parts.CUT in high.notes
    low = figures.lines(frame.assign(value=frame["value"] - 50), texts("x"), unit="%")
    assert "0,0" in [text for text, *_ in texts_in(low.svg)] and _parts.CUT not in low.notes


def test_there_are_no_half_schools_on_an_axis():
    frame = lines_frame().assign(value=lambda f: 1 + f["year"] % 2, low=np.nan, high=np.nan)
    halves = figures.lines(frame, texts("x"), unit="punten")
    assert "0,5" in [text for text, *_ in texts_in(halves.svg)]
    whole = figures.lines(frame, texts("x"), unit="scholen")
    assert not [text for text, *_ in texts_in(whole.svg) if "," in text]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 300), st.floats(10, 40)), min_size=1, max_size=5))
def test_labels_never_overlap_when_there_is_room(wishes):
    at, gaps = zip(*wishes, strict=True)
    placed = _canvas.spread(at, gaps, 0, 300)
    boxes = sorted((middle, gap) for middle, gap in zip(placed, gaps, strict=True))
    for (low, gap), (high, gap2) in pairwise(boxes):
        assert high - low >= (gap + gap2) / 2 - 1e-6
    assert boxes[0][0] - boxes[0][1] / 2 >= -1e-6
    assert boxes[-1][0] + boxes[-1][1] / 2 <= 300 + 1e-6


def test_on_a_phone_names_of_places_stand_beside_their_rows():
    names = ["Drenthe en Hardenberg", *(f"Gemeente {i}" for i in range(13))]
    rows = [(name, 20.0 + i, 50.0 + i, "9 scholen") for i, name in enumerate(names)]
    frame = pd.DataFrame([*rows[:-1], (names[-1], 0.0, 0.0, "9 scholen")])
    frame.columns = ["place", "low", "high", "n"]
    told = figures.Texts(name="x", title="t", subtitle="s", source="DUO")
    figure = figures.places(frame, told, unit="%", decimals=0, reference=("Nederland", 36.0, 60.0))
    height = int(re.search(r'height="(\d+)"', figure.svg_narrow)[1])
    assert height < 14 * 30 + 80  # a name above each row took 640
    assert check.problems(figure.svg_narrow) == []
    said = {text for text, *_ in texts_in(figure.svg_narrow)}
    assert "geen" in said and "0%" not in said
