"""What a folder holds, told per source and school year."""

from datetime import date

import pandas as pd
import pytest

from kansen_analysis import load
from kansen_analysis.errors import CellError
from kansen_analysis.schools.coverage import check, findings_frame, unmatched_schools
from kansen_analysis.sources import DataFolder, get, tidy

ADVICE = (
    "PEILDATUM_LEERLINGEN;PRIKDATUM;INSTELLINGSCODE;VESTIGINGSCODE;INSTELLINGSNAAM_VESTIGING;"
    "POSTCODE_VESTIGING;PLAATSNAAM;GEMEENTENUMMER;GEMEENTENAAM;PROVINCIE;SOORT_PO;"
    "DENOMINATIE_VESTIGING;BEVOEGD_GEZAG_NUMMER;VSO;PRO;VMBO_B;VMBO_B_K;VMBO_K;VMBO_K_GT;VMBO_GT;"
    "VMBO_GT_HAVO;HAVO;HAVO_VWO;VWO;ADVIES_NIET_MOGELIJK\n"
)
CBS = "RegioS,VormenVanJeugdzorg,Perioden,JongerenMetJeugdzorg_1\n"


def advice(brin: str, kind: str, *counts: str) -> str:
    place = f"School {brin};7811AA;EMMEN;0114;Emmen;Drenthe;{kind};Openbaar;90001"
    return f"20241001;20250904;{brin};00;{place};{';'.join(counts)}\n"


def register(*schools: str) -> str:
    header = "PROVINCIE;BEVOEGD GEZAG NUMMER;BRIN NUMMER;VESTIGINGSNUMMER;VESTIGINGSNAAM"
    raw = list(get("vestigingen").columns.loc["2017"])
    rest = [c for c in raw[5:] if c]
    rows = [";".join(["Drenthe", "90001", s[:4], s, "x", *["114" for _ in rest]]) for s in schools]
    return "\n".join([";".join([header, *rest]), *rows, ""])


@pytest.fixture
def folder(tmp_path):
    many = ["0", "<5", "0", "<5", "0", "7", "0", "<5", "9", "11", "<5", "0"]
    rows = advice("90AA", "Bo", *many) + advice("90AB", "Bo", *["0"] * 11, "6")
    rows += advice("90AC", "Sbo", *["0"] * 12)
    (tmp_path / "adviezen.csv").write_text(ADVICE + rows)
    (tmp_path / "vestigingen-2024-2025.csv").write_text(register("90AA00"))
    (tmp_path / "85099NED.csv").write_text(CBS + "GM0114,A045560,2022JJ00,140\n")
    return tmp_path


def test_rows_schools_masked_cells_and_unmatched_schools(folder):
    coverage, lost = check(folder)
    rows = coverage.set_index("source")
    assert rows.loc["schooladviezen", "rows"] == 3
    assert rows.loc["schooladviezen", "schools"] == 3
    assert rows.loc["schooladviezen", "masked_cells"] == 4
    assert rows.loc["schooladviezen", "unmatched_schools"] == 1
    assert rows.loc["schooladviezen", "files"] == ["adviezen.csv"]
    assert rows.loc["schooladviezen", "provisional"]
    # the register holds no special schools: 90AC is not missed
    assert lost[["source", "year", "key", "name"]].to_numpy().tolist() == [
        ["schooladviezen", 2024, "90AB00", "School 90AB"]
    ]


def test_a_calendar_year_is_not_called_a_school_year(folder):
    rows = check(folder)[0].set_index("source")
    assert rows["school_year"].to_dict() == {
        "cbs_85099ned": "2022",
        "schooladviezen": "2024-2025",
        "vestigingen": "2024-2025",
    }
    assert rows["year"].to_dict()["cbs_85099ned"] == 2022


def test_without_a_register_nothing_is_called_unmatched(folder):
    (folder / "vestigingen-2024-2025.csv").unlink()
    assert len(unmatched_schools(DataFolder(folder), "schooladviezen")) == 0


def test_a_name_that_changed_on_disk_is_read_again(folder):
    assert len(load("schooladviezen", folder)) == 36
    (folder / "adviezen.csv").write_text(ADVICE + advice("90AA", "Bo", *["0"] * 11, "12"))
    assert len(load("schooladviezen", folder)) == 12


def test_findings_become_a_table_with_one_row_each():
    finding = CellError("a.csv", "'x'", "a count", "mend it", column="PRO")
    frame = findings_frame([finding])
    assert pd.isna(frame.loc[0, "line"])
    assert frame.drop(columns="line").to_dict("records") == [
        {
            "kind": "cell",
            "file": "a.csv",
            "column": "PRO",
            "found": "'x'",
            "expected": "a count",
            "remedy": "mend it",
        }
    ]
    assert len(findings_frame([])) == 0


def test_a_finding_survives_being_handed_to_another_process():
    import pickle

    from kansen_analysis.errors import CellError

    told = CellError("a.csv", "'x'", "a count", "mend it", line=7, column="HAVO")
    again = pickle.loads(pickle.dumps(told))
    assert (type(again), str(again), again.line) == (CellError, str(told), 7)


def test_categories_become_what_pandas_makes_of_them():
    days = pd.Series(pd.Categorical([date(2024, 10, 1), None, date(2023, 10, 1)]), index=[5, 6, 7])
    for column in (
        pd.Series(["b", None, "a"], index=[3, 1, 2], dtype="category", name="kind"),
        pd.Series([], dtype="str").astype("category"),
        pd.Series([1, 2]),
        days,
    ):
        own = column.cat.categories.dtype if hasattr(column, "cat") else column.dtype
        pd.testing.assert_series_equal(tidy.plain(column), column.astype(own))
