"""Every figure is readable, honest about gaps and breaks, and the same every time."""

import base64
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

from kansen_analysis.display import _canvas, figures
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
    "school_band": lambda: ((band_frame(),), {"unit": "%"}),
    "small_multiples": lambda: ((panels(),), {"unit": "%", "reference": "Drenthe"}),
    "ranges": lambda: ((advice(),), {"unit": "niveau", "levels": {3: "vmbo-k", 7: "havo"}}),
    "stacked": lambda: ((shares(),), {"order": ORDER}),
    "coverage": lambda: ((known(),), {}),
    "tile_map": lambda: ((places(),), {}),
}
ALL = pytest.mark.parametrize("chart", CASES)


def draw(chart, **texts):
    frames, options = CASES[chart]()
    return getattr(figures, chart)(*frames, name=chart, **{**TEXTS, **options, **texts})


drawn = cache(draw)  # most tests only look


def svgs(figure):
    return {"breed": figure.svg, "smal": figure.svg_narrow}


def texts_in(svg):
    """Words with their box: left, right, baseline, size; measured in the widest font."""
    found = []
    for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        style = dict(part.split(": ", 1) for part in node.get("style").split("; "))
        size = float(style["font-size"].removesuffix("px"))
        weight = "bold" if style.get("font-weight") == "700" else "normal"
        width = _canvas.text_width(node.text, size, weight)
        x = float(node.get("x"))
        left = x - width * {"start": 0, "middle": 0.5, "end": 1}[style.get("text-anchor", "start")]
        found.append((node.text, left, left + width, float(node.get("y")), size, style["fill"]))
    return found


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
        width, height = map(float, re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups())
        assert width == {"breed": 680, "smal": 350}[sheet]
        for text, left, right, base, size, _ in texts_in(svg):
            assert size >= 11, text
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
    for part in ("<img ", ' alt="', "<details", "<summary>", "<caption", 'scope="row"', ".csv"):
        assert part in html
    ElementTree.fromstring(  # well-formed, so nothing is left open
        re.sub(r"(<(?:img|source)\b[^>]*)>", r"\1/>", html).replace("&nbsp;", " ")
    )


@ALL
def test_a_picture_is_small_has_no_date_and_asks_for_nothing_outside(chart):
    for svg in svgs(drawn(chart)).values():
        assert len(svg) < 45_000
        assert "<metadata" not in svg and "DOCTYPE" not in svg
        assert set(re.findall(r"https?://[^\s\"']+", svg)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }


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
    figure = figures.lines(early, name="vroeg", unit="%", **TEXTS)
    assert not {label for _, label, _ in figures.BREAKS} & {t for t, *_ in texts_in(figure.svg)}


def test_a_provisional_year_is_open_in_the_picture_marked_in_the_table_and_noted():
    figure = drawn("lines")
    final = figures.lines(lines_frame().assign(provisional=False), name="lines", unit="%", **TEXTS)
    assert figure.svg.count("fill: #ffffff; stroke: #12436d") > final.svg.count(
        "fill: #ffffff; stroke: #12436d"
    )
    assert "2024-2025*" in figure.html() and "2024-2025*" not in final.html()
    assert "Open punt: voorlopig cijfer." in figure.notes
    assert "Open punt: voorlopig cijfer." not in final.notes


def test_five_series_are_refused():
    frame = pd.concat(
        [lines_frame(), lines_frame().assign(series="een"), lines_frame().assign(series="twee")]
    )
    with pytest.raises(UsageError, match="at most 4 series"):
        figures.lines(frame, name="x", unit="%", **TEXTS)
    with pytest.raises(UsageError, match="at most 4"):
        figures.stacked(shares(), order=list("abcde"), name="x", **TEXTS)


def test_a_series_without_a_role_is_refused_and_can_be_given_one():
    frame = lines_frame().replace("landelijk", "Overijssel")
    with pytest.raises(UsageError, match="Overijssel"):
        figures.lines(frame, name="x", unit="%", **TEXTS)
    assert figures.lines(frame, name="x", unit="%", roles={"Overijssel": "national"}, **TEXTS)


def test_an_axis_that_does_not_begin_at_zero_says_so():
    cut = "De verticale as begint niet bij 0."
    assert cut not in drawn("lines").notes
    scores = figures.lines(lines_frame(), name="x", unit="punten", **TEXTS)
    assert cut in scores.notes


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
    only_one_year_after = figures.lines(
        lines_frame().query("year < 2024"), name="x", unit="%", **TEXTS
    )
    assert "sinds" not in only_one_year_after.alt


def test_a_school_without_a_band_is_not_said_to_lie_in_it():
    bare = band_frame().assign(p10=np.nan, p90=np.nan)
    assert "gebied" in drawn("school_band").alt
    assert "gebied" not in figures.school_band(bare, name="x", unit="%", **TEXTS).alt


def test_what_could_not_be_estimated_is_said_so():
    nothing = RULER.assign(value=[3.7, 3.3, np.nan], low=np.nan, high=np.nan)
    figure = figures.ruler(nothing, name="x", **TEXTS, **WORDS)
    assert "geschat niet te schatten" in figure.alt
    assert "Geschat: niet te schatten" in [text for text, *_ in texts_in(figure.svg)]


def test_the_overview_gives_every_verdict_its_word_and_an_untestable_goal_no_mark():
    figure = drawn("goals_overview")
    words = " ".join(text for text, *_ in texts_in(figure.svg))
    for verdict in ("? Onbeslist", "▲ Beter", "– Niet toetsbaar", "▼ Slechter", "geen toets"):
        assert verdict in words
    only = goals_frame().query("goal == 3")
    empty = figures.goals_overview(only, name="leeg", **TEXTS)
    assert "stroke-width: 2.4" in figure.svg and "stroke-width: 2.4" not in empty.svg


def test_a_verdict_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="Prachtig"):
        figures.goals_overview(goals_frame().replace("Beter", "Prachtig"), name="x", **TEXTS)


def test_a_funnel_shows_no_school_of_fewer_than_five_pupils_and_no_other_names():
    with pytest.raises(UsageError, match="fewer than 5"):
        figures.funnel(schools().assign(n=4), limits(), name="x", **TEXTS, **WORDS)
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
        figures.coverage(known().replace("voorlopig", "misschien"), name="x", **TEXTS)
    with pytest.raises(UsageError, match="two words"):
        figures.coverage(pd.concat([known(), known()]), name="x", **TEXTS)


def test_a_missing_column_is_named():
    with pytest.raises(UsageError, match="no column value"):
        figures.lines(lines_frame().drop(columns="value"), name="x", unit="%", **TEXTS)


def test_with_a_folder_the_pictures_are_files_beside_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("KANSEN_FILES", str(tmp_path))
    html = drawn("versions").html()
    assert 'src="files/figures/versions.svg"' in html
    assert 'srcset="files/figures/versions-smal.svg"' in html
    written = (tmp_path / "figures" / "versions.svg").read_text("utf-8")
    monkeypatch.delenv("KANSEN_FILES")
    inline = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', drawn("versions").html())[1]
    assert base64.b64decode(inline).decode("utf-8") == written


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
