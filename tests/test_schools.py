"""Which vestiging an OVT is, and which schools are one school over time."""

import numpy as np
import pandas as pd
import pytest

from kansen_analysis import load
from kansen_analysis.errors import CellError, ConsistencyError, DataErrors, LayoutError
from kansen_analysis.schools import match as schools
from kansen_analysis.schools import over_time
from kansen_analysis.schools.load import transitions
from kansen_analysis.sources import DataFolder


def known(*pairs) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["school", "name"])
    return frame.assign(brin=frame["school"].str[:4])


def match(ovts, names) -> dict:
    found = schools.match_ovt(pd.DataFrame(ovts, columns=["ovt", "name"]), names)
    return found.set_index("ovt")[["school", "match"]].T.to_dict("list")


def test_an_ovt_alone_in_its_brin_is_the_only_vestiging_whatever_its_number():
    names = known(("90AA03", "De Aa"))
    assert match([("90AA|C2", "Iets anders")], names) == {"90AA|C2": ["90AA03", "enige vestiging"]}


def test_several_ovts_of_one_brin_are_matched_by_name_and_never_by_number():
    names = known(("90AB00", "De Linde"), ("90AB01", "De Eik"), ("90AB02", "De Berk"))
    ovts = [("90AB|C1", "OBS De Linde"), ("90AB|C2", "Basisschool De Berk"), ("90AB|C3", "De Es")]
    found = match(ovts, names)
    assert found["90AB|C1"] == ["90AB00", "naam"]
    assert found["90AB|C2"] == ["90AB02", "naam"]  # C2 is not 01
    assert pd.isna(found["90AB|C3"][0])
    assert found["90AB|C3"][1] == "niet gekoppeld"


def test_two_vestigingen_and_one_ovt_are_not_guessed():
    names = known(("90AC00", "De Aa"), ("90AC01", "De Ee"))
    found = match([("90AC|C1", "Samen")], names)
    assert pd.isna(found["90AC|C1"][0])


def test_one_name_for_two_vestigingen_is_not_guessed():
    names = known(("90AD00", "De Aa"), ("90AD01", "De Aa"))
    found = match([("90AD|C1", "De Aa"), ("90AD|C2", "De Ee")], names)
    assert pd.isna(found["90AD|C1"][0])


def test_two_ovts_of_one_name_are_not_guessed():
    names = known(("90AD00", "De Aa"), ("90AD01", "De Ee"))
    found = match([("90AD|C1", "De Aa"), ("90AD|C2", "OBS De Aa"), ("90AD|C3", "De Ee")], names)
    assert pd.isna(found["90AD|C1"][0]) and pd.isna(found["90AD|C2"][0])
    assert found["90AD|C3"] == ["90AD01", "naam"]


def test_a_name_counts_within_its_own_brin_only():
    names = known(
        ("90AD00", "De Aa"), ("90AD01", "De Ee"), ("90AF00", "De Uu"), ("90AF01", "De Oo")
    )
    found = match([("90AD|C1", "De Uu"), ("90AD|C2", "De Ee")], names)
    assert pd.isna(found["90AD|C1"][0])
    assert found["90AD|C2"] == ["90AD01", "naam"]


def test_an_ovt_under_several_names_is_one_and_may_be_known_by_any_of_them():
    names = known(("90AD00", "De Aa"), ("90AD01", "De Ee"), ("90AD01", "De Nieuwe Ee"))
    ovts = [("90AD|C1", "De Aa"), ("90AD|C2", None), ("90AD|C2", "De Oude"), ("90AD|C2", "De Ee")]
    found = schools.match_ovt(pd.DataFrame(ovts, columns=["ovt", "name"]), names)
    assert found.to_numpy().tolist() == [
        ["90AD|C1", "90AD00", "naam"],
        ["90AD|C2", "90AD01", "naam"],
    ]
    alone = [("90AE|C1", "De Aa"), ("90AE|C1", "De A")]  # one OVT, not two
    assert match(alone, known(("90AE02", "De Uu"))) == {"90AE|C1": ["90AE02", "enige vestiging"]}


def test_an_ovt_without_any_school_is_listed():
    found = match([("90AE|C1", "De Aa")], known())
    assert pd.isna(found["90AE|C1"][0])
    assert found["90AE|C1"][1] == "niet gekoppeld"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Openbare Basisschool 't Hoge Land", "OBS 't Hoge Land"),
        ("De Zeeën", "de zeeen"),
        ("RK Basisschool St. Jan", "St Jan"),
    ],
)
def test_a_name_is_compared_without_what_kind_of_school_it_is(one, other):
    assert schools.name_key(one) == schools.name_key(other)


KIND = "basisschool basisonderwijs school kindcentrum locatie openbare bijzondere christelijke"
KIND += " katholieke rooms protestants gereformeerde obs cbs rkbs kbs pcb pcbs gbs bs rk pc kc ikc"
KIND += " de het van voor"


@pytest.mark.parametrize("word", KIND.split())
def test_each_word_for_a_kind_of_school_is_left_out_of_a_name(word):
    assert schools.name_key(f"{word.capitalize()} Linde") == "linde"
    assert schools.name_key(f"De {word}el") == f"{word}el"  # but not as a part of a word


def test_a_name_keeps_its_digits_and_the_order_of_its_words():
    assert schools.name_key("OBS 't 3-Master (Noord)") == "t 3 master noord"
    assert schools.name_key("Ons Élan") == "ons elan"


def test_a_name_of_nothing_but_such_words_is_kept_whole():
    assert schools.name_key("De School") == "de school"
    assert schools.name_key("De School") != schools.name_key("Het Kindcentrum")


# ---- over time

HEADER = "school,successor,school_year,kind,source\n"


def table(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


def moved(folder, *lines: str) -> pd.DataFrame:
    path = folder / "overgangen.csv"
    path.write_text(table(*lines))
    return over_time.read_transitions(path)


def test_a_chain_of_mergers_and_moves_ends_in_one_school(tmp_path):
    found = over_time.over_time(
        moved(
            tmp_path,
            "90AA00,90AC00,2016-2017,fusie,brief",
            "90AB00,90AC00,2016-2017,fusie,brief",
            "90AC00,90AD00,2019-2020,verplaatsing,brief",
            "90AE00,,2020-2021,sluiting,brief",
            "90AF00,90AG00,2021-2022,splitsing,brief",
            "90AF00,90AH00,2021-2022,splitsing,brief",
        )
    ).set_index("school")
    one = found["school_over_time"].to_dict()
    assert {one[f"90A{x}00"] for x in "ABCD"} == {"90AD00"}
    assert one["90AE00"] == "90AE00"
    assert [one[f"90A{x}00"] for x in "FGH"] == ["90AF00", "90AG00", "90AH00"]
    assert found.loc["90AE00", "flag"] == "sluiting"
    assert found.loc["90AC00", "flag"] == "fusie"
    assert found.loc["90AG00", "flag"] == "splitsing"


MISTAKES = [  # the lines, the kind of finding, and what it says
    (
        ["90AA00,90AB00,2016,fusie,x"],
        CellError,
        ("school_year", "'2016'", "a school year such as 2023-2024", "correct the table"),
    ),
    (
        ["90AA00,90AB00,2016-2017,samen,x"],
        CellError,
        (
            *("kind", "'samen'"),
            *("one of fusie, verplaatsing, splitsing, sluiting", "correct the table"),
        ),
    ),
    (
        ["90AA,90AB00,2016-2017,fusie,x"],
        CellError,
        ("school", "'90AA'", "a school such as 06GS00", "correct the table"),
    ),
    (
        ["90AA00,90AB,2016-2017,fusie,x"],
        CellError,
        ("successor", "'90AB'", "a school such as 06GS00", "correct the table"),
    ),
    (
        ["90AA00,,2016-2017,fusie,x"],
        CellError,
        (
            *("successor", "''", "nothing after a closure, a school such as 06GS00 otherwise"),
            "correct the table",
        ),
    ),
    (
        ["90AA00,90AB00,2016-2017,sluiting,x"],
        CellError,
        (
            *("successor", "'90AB00'"),
            *("nothing after a closure, a school such as 06GS00 otherwise", "correct the table"),
        ),
    ),
    (
        ["90AA00,90AB00,2016-2017,fusie,"],
        CellError,
        ("source", "''", "the document that says so", "correct the table"),
    ),
    (
        ["90AA00,90AB00,2016-2017,fusie,x", "90AA00,90AC00,2017-2018,fusie,x"],
        ConsistencyError,
        (
            *("school", "a second fate of 90AA00", "one line per school, but for a split"),
            "keep the right line",
        ),
    ),
]


@pytest.mark.parametrize(("lines", "kind", "says"), MISTAKES)
def test_a_mistake_in_the_table_names_its_line(tmp_path, lines, kind, says):
    with pytest.raises(DataErrors) as caught:
        moved(tmp_path, *lines)
    (told,) = caught.value.findings
    assert (type(told), told.file, told.line) == (kind, "overgangen.csv", 1 + len(lines))
    assert (told.column, told.found, told.expected, told.remedy) == says


def test_all_mistakes_of_a_table_are_told_at_once(tmp_path):
    with pytest.raises(DataErrors) as caught:
        moved(
            tmp_path,
            "90AA,90AB00,2016,samen,",
            "90AC00,,2016-2017,sluiting,x",
            "90AD00,90AE00,2016-2018,fusie,x",
        )
    told = [(finding.line, finding.column) for finding in caught.value.findings]
    of_two = [(2, column) for column in ("kind", "school", "school_year", "source")]
    assert sorted(told) == [*of_two, (4, "school_year")]


def test_a_table_of_transitions_is_read_with_its_first_years(tmp_path):
    path = tmp_path / "overgangen.csv"
    lines = ["90AA00,90AB00,2016-2017,fusie,brief van 3 mei", "90AC00,,2019-2020,sluiting,krant"]
    path.write_bytes(b"\xef\xbb\xbf" + table(*lines).replace("\n", "\r\n").encode())
    found = over_time.read_transitions(str(path))
    assert found.to_dict("list") == {
        "school": ["90AA00", "90AC00"],
        "successor": ["90AB00", ""],
        "year": [2016, 2019],
        "kind": ["fusie", "sluiting"],
        "source": ["brief van 3 mei", "krant"],
    }
    none = over_time.read_transitions(tmp_path / "nergens.csv")
    assert len(none) == 0 and list(none) == list(found)
    assert none["year"].dtype == "int64"
    assert not len(over_time.over_time(none))


def test_schools_that_succeed_each_other_are_refused(tmp_path):
    with pytest.raises(DataErrors) as caught:
        moved(
            tmp_path,
            "90AC00,90AA00,2015-2016,fusie,x",  # leads into the circle and is not in it
            "90AA00,90AB00,2016-2017,fusie,x",
            "90AB00,90AA00,2017-2018,verplaatsing,x",
        )
    told = [(f.line, f.column, f.found, f.expected, f.remedy) for f in caught.value.findings]
    rest = ("a later school", "correct the successor")
    assert told == [
        (line, "successor", f"{school} as its own successor", *rest)
        for line, school in ((3, "90AA00"), (4, "90AB00"))
    ]


def test_what_became_of_a_school_is_told_by_the_change_that_made_it(tmp_path):
    """A merger before a move before a split before a closure; of two of a kind the first year."""
    found = over_time.over_time(
        moved(
            tmp_path,
            "90AD00,90AE00,2012-2013,verplaatsing,x",
            "90AA00,90AD00,2018-2019,fusie,x",
            "90AB00,90AD00,2016-2017,fusie,x",
            "90AF00,90AG00,2015-2016,splitsing,x",
            "90AF00,,2011-2012,sluiting,x",
        )
    )
    assert found.to_numpy().tolist() == [
        ["90AA00", "90AE00", "fusie", 2018],
        ["90AB00", "90AE00", "fusie", 2016],
        ["90AD00", "90AE00", "fusie", 2016],
        ["90AE00", "90AE00", "verplaatsing", 2012],
        ["90AF00", "90AF00", "splitsing", 2015],
        ["90AG00", "90AG00", "splitsing", 2015],
    ]


def test_another_header_is_refused_column_by_column(tmp_path):
    path = tmp_path / "overgangen.csv"
    path.write_text("school,naar,school_year,kind,source\n90AA00,90AB00,2016-2017,fusie,x\n")
    with pytest.raises(DataErrors) as caught:
        over_time.read_transitions(path)
    (told,) = caught.value.findings
    assert (type(told), told.file, told.line) == (LayoutError, "overgangen.csv", 1)
    assert (told.found, told.expected) == ("no such column", "a column 'successor'")
    assert "school,successor,school_year,kind,source" in told.remedy


def test_the_table_is_looked_for_in_the_folder_and_beside_it(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    assert transitions(raw) is None
    moved(tmp_path, "90AA00,90AB00,2020-2021,fusie,x")
    assert transitions(raw) == tmp_path / "overgangen.csv"
    assert transitions(raw, beside=False) is None  # of invented schools: only their own
    moved(raw, "90AC00,90AD00,2017-2018,fusie,x")
    assert transitions(raw) == raw / "overgangen.csv"
    folder = DataFolder(raw)
    folder.scan()
    assert (folder.unknown, folder.findings) == ([], [])


def results(*rows) -> pd.DataFrame:
    columns = ["school", "year", "pupils", "pupils_low", "pupils_high", "mean"]
    frame = pd.DataFrame(rows, columns=columns)
    counts = ["pupils", "pupils_low", "pupils_high"]
    return frame.astype(dict.fromkeys(counts, "Int64"))


def test_a_mean_of_merged_schools_is_weighted_by_their_pupils(tmp_path):
    identity = over_time.over_time(moved(tmp_path, "90AA00,90AB00,2020-2021,fusie,x"))
    found = over_time.follow(
        results(
            ("90AA00", 2019, 10, 10, 10, 530.0),
            ("90AB00", 2019, 30, 30, 30, 540.0),
            ("90AB00", 2020, 38, 38, 38, 536.0),
            ("90AZ00", 2019, 5, 5, 5, 531.0),
        ),
        identity,
        means={"mean": "pupils"},
    ).set_index(["school", "year"])
    assert found.loc[("90AB00", 2019), "mean"] == pytest.approx((10 * 530 + 30 * 540) / 40)
    assert found.loc[("90AB00", 2019), ["pupils", "schools_together"]].tolist() == [40, 2]
    assert found.loc[("90AB00", 2020), "mean"] == 536
    assert found.loc[("90AB00", 2020), "flag"] == "fusie"
    assert found.loc[("90AZ00", 2019), "mean"] == 531
    assert pd.isna(found.loc[("90AZ00", 2019), "flag"])


def test_a_hidden_predecessor_leaves_an_interval_and_no_mean(tmp_path):
    identity = over_time.over_time(moved(tmp_path, "90AA00,90AB00,2024-2025,fusie,x"))
    found = over_time.follow(
        results(
            ("90AA00", 2023, None, 1, 4, None),
            ("90AB00", 2023, 30, 30, 30, 540.0),
            ("90AA00", 2022, 0, 0, 0, None),
            ("90AB00", 2022, 30, 30, 30, 540.0),
        ),
        identity,
        means={"mean": "pupils"},
    ).set_index("year")
    assert found.loc[2023, ["pupils_low", "pupils_high"]].tolist() == [31, 34]
    assert pd.isna(found.loc[2023, "pupils"])
    assert pd.isna(found.loc[2023, "mean"])
    assert found.loc[2022, "mean"] == 540  # nobody sat it at the other school


def test_schools_are_put_together_per_further_column(tmp_path):
    identity = over_time.over_time(moved(tmp_path, "90AA00,90AB00,2020-2021,fusie,x"))
    frame = pd.DataFrame(
        [
            *(("90AB00", 2019, "VWO", 6, 6, 6), ("90AA00", 2019, "VWO", None, 1, 4)),
            *(("90AA00", 2019, "HAVO", 7, 7, 7), ("90AA00", 2018, "VWO", 8, 8, 8)),
            ("90AB00", 2018, "VWO", None, None, None),
        ],
        columns=["school", "year", "advice", "pupils", "pupils_low", "pupils_high"],
    ).astype(dict.fromkeys(["pupils", "pupils_low", "pupils_high"], "Int64"))
    found = over_time.follow(frame, identity, by=["advice"])
    counts = ["pupils", "pupils_low", "pupils_high"]
    assert list(found) == ["school", "year", "advice", "schools_together", *counts, "flag"]
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == [
        ["90AB00", 2019, "VWO", 2, None, 7, 10, "fusie"],
        ["90AB00", 2019, "HAVO", 1, 7, 7, 7, "fusie"],
        ["90AB00", 2018, "VWO", 2, None, None, None, "fusie"],  # unknown plus eight is unknown
    ]


def test_no_pupil_is_lost_or_counted_twice():
    rng = np.random.default_rng(2)
    rows = [(s, year) for s in "ABCDE" for year in range(2000, 2100) if rng.random() < 0.6]
    pupils = rng.integers(0, 31, len(rows))
    frame = results(
        *[(f"90A{s}00", y, n, n, n, float(n)) for (s, y), n in zip(rows, pupils, strict=True)]
    )
    merged = pd.DataFrame(
        {
            "school": ["90AA00", "90AB00", "90AC00"],
            "successor": ["90AC00", "90AC00", "90AD00"],
            "year": [2019, 2019, 2020],
            "kind": ["fusie", "fusie", "verplaatsing"],
            "source": ["x"] * 3,
        }
    )
    found = over_time.follow(frame, over_time.over_time(merged))
    assert (
        found.groupby("year")["pupils"].sum().to_dict()
        == frame.groupby("year")["pupils"].sum().to_dict()
    )
    together = frame[~frame["school"].eq("90AE00")].groupby("year").size()
    one = found[found["school"] == "90AD00"].set_index("year")["schools_together"]
    assert one.to_dict() == together.to_dict()
    assert set(found["school"]) == {"90AD00", "90AE00"}
    assert not found.duplicated(["school", "year"]).any()


def test_schools_that_end_or_begin_without_a_reason_are_listed(tmp_path):
    def years(school, first, last):
        return [(school, y, 9, 9, 9, None) for y in range(first, last + 1)]

    history = results(
        *years("90AA00", 2018, 2022),
        *years("90AB00", 2018, 2020),
        *years("90AC00", 2018, 2019),
        *years("90AD00", 2020, 2022),
        *years("90AE00", 2021, 2022),
    ).assign(kind="Bo", name="x")
    history.loc[history["year"] == 2020, "name"] = "De Eik"  # the last name there is
    special = results(*years("90AF00", 2018, 2019)).assign(kind="So", name="x")
    empty = results(("90AB00", 2021, 0, 0, 0, None)).assign(kind="Bo", name="Weg")
    history = pd.concat([history, special, empty], ignore_index=True)
    explained = moved(tmp_path, "90AC00,90AD00,2020-2021,verplaatsing,x")
    found = over_time.unexplained(history, explained)
    assert found[["school", "name", "year", "change"]].to_numpy().tolist() == [
        ["90AB00", "De Eik", 2021, "verdwenen"],
        ["90AE00", "x", 2021, "nieuw"],
    ]
    none = over_time.unexplained(special, explained)
    assert len(none) == 0 and list(none) == list(found)


def test_schools_that_ended_since_2020_are_listed(files, are_real):
    history = load("leerlingen_historisch", files / "raw")
    found = over_time.unexplained(history, over_time.read_transitions("nergens.csv"))
    alive = history[(history["kind"] == "Bo") & (history["pupils_high"] > 0)]
    last = alive.groupby("school")["year"].max()
    for year, invented in ((2021, {"90AY00"}), (2024, {"90AX00"})):
        ended = set(last[last == year - 1].index)
        gone = found[(found["year"] == year) & (found["change"] == "verdwenen")]
        assert set(gone["school"]) == ended
        assert ended if are_real else ended == invented
    new = found[found["change"] == "nieuw"]
    assert len(new) if are_real else new["school"].tolist() == ["90AB01"]
