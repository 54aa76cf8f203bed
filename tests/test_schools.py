"""Which vestiging an OVT is, and which schools are one school over time."""

import numpy as np
import pandas as pd
import pytest

from kansen_analysis import load
from kansen_analysis.errors import CellError, ConsistencyError, DataErrors, LayoutError
from kansen_analysis.schools import match as schools
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
    return schools.read_transitions(path)


def test_a_chain_of_mergers_and_moves_ends_in_one_school(tmp_path):
    found = schools.over_time(
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


@pytest.mark.parametrize(
    ("lines", "kind", "column"),
    [
        (["90AA00,90AB00,2016,fusie,x"], CellError, "school_year"),
        (["90AA00,90AB00,2016-2017,samen,x"], CellError, "kind"),
        (["90AA,90AB00,2016-2017,fusie,x"], CellError, "school"),
        (["90AA00,,2016-2017,fusie,x"], CellError, "successor"),
        (["90AA00,90AB00,2016-2017,sluiting,x"], CellError, "successor"),
        (["90AA00,90AB00,2016-2017,fusie,"], CellError, "source"),
        (
            ["90AA00,90AB00,2016-2017,fusie,x", "90AA00,90AC00,2017-2018,fusie,x"],
            ConsistencyError,
            "school",
        ),
    ],
)
def test_a_mistake_in_the_table_names_its_line(tmp_path, lines, kind, column):
    with pytest.raises(DataErrors) as caught:
        moved(tmp_path, *lines)
    (finding,) = caught.value.findings
    assert (type(finding), finding.column, finding.line) == (kind, column, 1 + len(lines))


def test_schools_that_succeed_each_other_are_refused(tmp_path):
    with pytest.raises(DataErrors, match="90AA00 as its own successor"):
        moved(tmp_path, "90AA00,90AB00,2016-2017,fusie,x", "90AB00,90AA00,2017-2018,verplaatsing,x")


def test_another_header_is_refused(tmp_path):
    path = tmp_path / "overgangen.csv"
    path.write_text("van,naar\n")
    with pytest.raises(DataErrors) as caught:
        schools.read_transitions(path)
    assert type(caught.value.findings[0]) is LayoutError


def test_the_table_is_looked_for_in_the_folder_and_beside_it(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    assert len(transitions(DataFolder(raw))) == 0
    moved(tmp_path, "90AA00,90AB00,2016-2017,fusie,x")
    assert transitions(DataFolder(raw))["school"].tolist() == ["90AA00"]
    moved(raw, "90AC00,90AD00,2017-2018,fusie,x")
    assert transitions(DataFolder(raw))["school"].tolist() == ["90AC00"]
    folder = DataFolder(raw)
    folder.scan()
    assert (folder.unknown, folder.findings) == ([], [])


def results(*rows) -> pd.DataFrame:
    columns = ["school", "year", "pupils", "pupils_low", "pupils_high", "mean"]
    frame = pd.DataFrame(rows, columns=columns)
    counts = ["pupils", "pupils_low", "pupils_high"]
    return frame.astype(dict.fromkeys(counts, "Int64"))


def test_a_mean_of_merged_schools_is_weighted_by_their_pupils(tmp_path):
    identity = schools.over_time(moved(tmp_path, "90AA00,90AB00,2020-2021,fusie,x"))
    found = schools.follow(
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
    identity = schools.over_time(moved(tmp_path, "90AA00,90AB00,2024-2025,fusie,x"))
    found = schools.follow(
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
    found = schools.follow(frame, schools.over_time(merged))
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
    explained = moved(tmp_path, "90AC00,90AD00,2020-2021,verplaatsing,x")
    found = schools.unexplained(history, explained)
    assert found[["school", "year", "change"]].to_numpy().tolist() == [
        ["90AB00", 2021, "verdwenen"],
        ["90AE00", 2021, "nieuw"],
    ]


def test_schools_that_ended_since_2020_are_listed(files, are_real):
    history = load("leerlingen_historisch", files / "raw")
    found = schools.unexplained(history, schools.read_transitions("nergens.csv"))
    alive = history[(history["kind"] == "Bo") & (history["pupils_high"] > 0)]
    last = alive.groupby("school")["year"].max()
    for year, invented in ((2021, {"90AY00"}), (2024, {"90AX00"})):
        ended = set(last[last == year - 1].index)
        gone = found[(found["year"] == year) & (found["change"] == "verdwenen")]
        assert set(gone["school"]) == ended
        assert ended if are_real else ended == invented
    new = found[found["change"] == "nieuw"]
    assert len(new) if are_real else new["school"].tolist() == ["90AB01"]
