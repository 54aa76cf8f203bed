"""Goal 3 where schools supply where former pupils are in leerjaar 3."""

import csv
import hashlib

import numpy as np
import pytest

from kansen_analysis import load
from kansen_analysis.demo.panels import simulate
from kansen_analysis.display.prose import Absent
from kansen_analysis.edition import secret, sensitivity
from kansen_analysis.edition.build import build
from kansen_analysis.edition.open import Edition
from kansen_analysis.errors import DataErrors, UsageError
from kansen_analysis.estimate.effects import EffectEstimate
from kansen_analysis.goals.codes import Verdict
from kansen_analysis.outcomes.panel import later_places, place_shares
from kansen_analysis.pages import common, context, gegevens, leerjaar3, samenvatting, seen
from kansen_analysis.schools.load import Tables
from kansen_analysis.words import numbers

HEADER = "SCHOOLJAAR_ADVIES;BRINNUMMER;VESTIGINGSNUMMER;LEERLINGEN;ONDER_ADVIES;OP_ADVIES"
HEADER += ";BOVEN_ADVIES;HAVO_VWO"


# What goal 3 rests on; without the rest a folder is read in a second.
NEEDED = ("02", "03", "05.-gem", "05-gem", "06", "schoolweging", "files", "participants", "truth")


@pytest.fixture
def supplied(demo, edition, tmp_path):
    """Make a folder like the demo's with a supplied file, and open it."""

    def make(*, below=0.0, place=0.0, who="both", hide=(), pupils=24, seed=3) -> Edition:
        rng = np.random.default_rng(seed)
        folder = tmp_path / "data"
        folder.mkdir()
        for path in demo.iterdir():
            if path.name.startswith(NEEDED):
                (folder / path.name).symlink_to(path)
        starts = edition.participants.set_index("school")["coach_start"].dropna()
        alike = edition.pools.schools("A") + edition.pools.schools("B")
        chosen = {"both": [*starts.index, *alike], "mine": starts.index}[who]
        lines = [HEADER]
        for school in chosen:
            own = rng.normal(0, 0.03)
            for year in (2016, 2017, 2018, 2020, 2021):
                runs = school in starts.index and year >= starts[school]
                n = int(rng.integers(pupils - 8, pupils + 8))
                low = int(
                    rng.binomial(n, np.clip(0.2 + own + rng.normal(0, 0.03) - below * runs, 0, 1))
                )
                high = int(rng.binomial(n - low, 0.2))
                havo = int(rng.binomial(n, np.clip(0.5 + own + place * runs, 0, 1)))
                cells = [n, low, n - low - high, high, havo]
                if year in hide:
                    cells = ["<5" if 0 < c < 5 else c for c in cells]
                lines.append(
                    ";".join(map(str, [f"{year}-{year + 1}", school[:4], school[4:], *cells]))
                )
        (folder / "leerjaar3.csv").write_text("\r\n".join([*lines, ""]), encoding="utf-8")
        return build(folder, folder=tmp_path / "edition")

    return make


def write(folder, *rows):
    folder.mkdir(exist_ok=True)
    (folder / "leerjaar3.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return folder


def test_what_is_hidden_follows_from_the_rest_where_it_does(tmp_path):
    folder = write(
        tmp_path / "data",
        "2020-2021;90AA;00;20;<5;12;5;9",  # 20 - 12 - 5 = 3
        "2021-2022;90AA;00;20;<5;13;<5;<5",  # two hidden cells share 7: 3 or 4 each
    )
    assert load("leerjaar3", folder)["pupils_below"].isna().all()
    places = later_places(Tables(folder))
    assert places["pupils_below_low"].tolist() == [3, 3]
    assert places["pupils_below_high"].tolist() == [3, 4]
    shares = place_shares(places)
    assert shares["not_below_low"].tolist() == [85, 80]
    assert shares["not_below_high"].tolist() == [85, 85]
    assert shares["havo_vwo_high"].tolist() == [45, 20]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2021-2022;90AA;00;20;3;11;5;9", "a total of 20 beside parts of 19"),
        ("2021-2022;90AA;00;20;3;12;5;21", "21 beside a total of 20"),
        ("2021;90AA;00;20;3;12;5;", "an empty cell"),
        ("21-22;90AA;00;20;3;12;5;9", "a year such as 2024"),
    ],
)
def test_a_row_that_cannot_be_true_is_named(tmp_path, row, says):
    folder = write(tmp_path / "data", "2020-2021;90AA;00;20;3;12;5;9", row)
    with pytest.raises(DataErrors, match=r"leerjaar3\.csv.*3") as error:
        load("leerjaar3", folder)
    assert says in str(error.value)


def test_without_the_file_the_page_is_as_it_was(edition):
    assert edition.verdicts.set_index("goal").loc[3, "verdict"] == Verdict.UNTESTABLE
    assert isinstance(leerjaar3.places(edition), Absent)
    makers = (
        leerjaar3.since_start,
        leerjaar3.four_versions,
        leerjaar3.what_could_be_seen,
        leerjaar3.doubts,
    )
    assert [make(edition) for make in makers] == [None] * 4
    assert "gemeten zou worden" in context.what_is_needed(edition, 3).markdown


def test_an_effect_that_was_put_in_is_found_and_the_guard_is_asked(supplied):
    fell = supplied(below=0.12)
    row = fell.verdicts.set_index("goal").loc[3]
    assert row["method"] in ("randomisation", "board")  # one cohort is in leerjaar 3 by now
    assert row["ci_low"] < 12 < row["ci_high"]
    assert row["effect"] > 5
    # Higher is better in the panel, so less afstroom is a positive difference.
    assert "minder onder hun advies" in row["reason"]


def test_less_afstroom_with_the_place_held_is_better(supplied):
    edition = supplied(below=0.15, place=0.1)
    assert edition.guards[3].decision.loc["V1", "ci90_low"] > -3.3
    assert edition.verdicts.set_index("goal").loc[3, "verdict"] == Verdict.BETTER


def test_less_afstroom_from_a_lower_place_is_not_better(supplied):
    lower = supplied(below=0.15, place=-0.25)
    row = lower.verdicts.set_index("goal").loc[3]
    assert row["effect"] > 5
    assert lower.guards[3].effect < -10
    assert row["verdict"] != Verdict.BETTER
    said = leerjaar3.doubts(lower).markdown
    assert "niet aangetoond" in said
    decides = lower.guards[3].decides  # what the page shows is what the rule looked at
    assert decides == "V4" and numbers.signed(lower.guards[3].effect, 1) in said


def test_more_afstroom_is_worse_and_needs_no_guard(supplied):
    row = supplied(below=-0.25).verdicts.set_index("goal").loc[3]
    assert row["verdict"] == Verdict.WORSE
    assert "méér onder hun advies" in row["reason"]


def test_the_counts_themselves_say_the_same(supplied):
    edition = supplied(below=0.12)
    check = edition.work("sensitivity")["share_check"]
    estimate = edition.work("estimates")["estimates"][3]
    assert check.n_treated == estimate.n_treated
    assert check.effect == pytest.approx(estimate.effect, abs=4)
    # A hand count of the share among participants with the programme.
    total = good = 0
    starts = edition.participants.set_index("school")["coach_start"]
    with (edition.folder.with_name("data") / "leerjaar3.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        for row in csv.DictReader(file, delimiter=";"):
            school = row["BRINNUMMER"] + row["VESTIGINGSNUMMER"]
            year = int(row["SCHOOLJAAR_ADVIES"][:4])
            if school in set(edition.panel(3)["school"]) and year >= starts.get(school, 9999):
                total += int(row["LEERLINGEN"])
                good += int(row["ONDER_ADVIES"])
    assert check.share == pytest.approx(100 * good / total)


def test_hidden_counts_that_decide_leave_the_goal_untestable(supplied):
    found = supplied(hide=(2020, 2021), pupils=14)
    row = found.verdicts.set_index("goal").loc[3]
    assert row["verdict"] == Verdict.UNTESTABLE
    assert "afgeschermd" in row["reason"]
    assert found.share_check is None


def test_what_is_hidden_is_read_against_the_programme_and_then_in_its_favour(supplied):
    edition = supplied(hide=(2018, 2021), pupils=14)
    against, favour = edition.panels["3"], edition.panels["3 in favour"]
    runs = (against["year"] >= against["cohort"]).fillna(False).astype(bool)
    gain = favour["value"] - against["value"]
    assert (gain[runs] >= 0).all() and (gain[runs] > 0).any()
    assert (gain[~runs] <= 0).all() and (gain[~runs] < 0).any()


def test_hidden_counts_that_do_not_decide_do_not_matter(supplied):
    # So much more afstroom that no reading of '<5' takes it away.
    row = supplied(below=-0.55, hide=(2021,), pupils=40).verdicts.set_index("goal").loc[3]
    assert row["verdict"] == Verdict.WORSE


def test_participants_alone_are_no_comparison(supplied):
    reason = supplied(who="mine").verdicts.set_index("goal").loc[3, "reason"]
    assert "niets om mee te vergelijken" in reason


def test_leavers_who_are_not_in_leerjaar_3_yet_do_not_count(supplied):
    now = supplied()
    data, earlier = now.folder.with_name("data"), now.folder.with_name("earlier")
    assert now.year == 2024
    assert now.later_places["year"].max() == 2021
    assert build(data, school_year=2023, folder=earlier).later_places["year"].max() == 2020


def test_the_page_shows_the_answer_and_hides_small_counts(supplied):
    edition = supplied(below=0.12)
    assert isinstance(edition.work("estimates")["estimates"][3], EffectEstimate)
    table = leerjaar3.places(edition)
    assert table.frame["year"].tolist() == [2016, 2017, 2018, 2020, 2021]
    text = repr(table._repr_mimebundle_())
    assert "Onder advies: scholen in het register" in text
    shown = table.frame.set_index("year")
    counts = edition.later_places
    mine = counts[counts["school"].isin(edition.participants["school"]) & (counts["year"] == 2018)]
    below, all_ = (5 * round(mine[f"{n}_low"].sum() / 5) for n in ("pupils_below", "pupils"))
    assert shown.loc[2018, "pupils_below_mine"] == pytest.approx(100 * below / all_)
    assert shown.loc[2018, "n_mine"] == all_
    assert "gemeten is" in context.what_is_needed(edition, 3).markdown
    assert "Alle" in leerjaar3.four_versions(edition)._repr_mimebundle_()["text/html"]
    words = leerjaar3.doubts(edition).markdown
    assert "Aandeel op havo of vwo" in words
    assert "binomiaal" in words
    assert "leerjaar 3" in common.verdict(edition, 3).plain


def test_the_summary_counts_a_third_goal_that_is_tested(supplied):
    edition = supplied(below=-0.25)
    assert "één slechter, drie nog niet te toetsen" in samenvatting.lead(edition).markdown
    assert isinstance(seen.block(edition, 3), Absent)  # no level of supplied counts is published
    row = edition.verdicts.set_index("goal").loc[3]
    size = f"{abs(row['effect']):.0f}"
    assert f"naar schatting {size} méér onder hun advies" in samenvatting.cards(edition).plain
    assert "Niets voor de toets." in gegevens.lacking(edition).frame["lack"].tolist()


def test_one_school_is_not_shown_and_nothing_of_its_file_is(demo, edition, tmp_path):
    """With one supplying school the group is that school: 60 pupils, 3 below, 50 percent havo."""
    school = edition.participants["school"].iloc[0]
    row = f"2021-2022;{school[:4]};{school[4:]};60;3;50;7;30"
    folder = tmp_path / "data"
    folder.mkdir()
    for path in demo.iterdir():
        if path.name.startswith(NEEDED):
            (folder / path.name).symlink_to(path)
    made = build(write(folder, row), folder=tmp_path / "edition")
    assert isinstance(leerjaar3.places(made), Absent)
    assert "minstens 3 scholen en 10 leerlingen" in leerjaar3.places(made).reason
    file = (folder / "leerjaar3.csv").read_bytes()
    told = {"leerjaar3.csv", hashlib.sha256(file).hexdigest()}
    for path in (tmp_path / "edition").rglob("*"):
        if path.is_file() and "work" not in path.parts:
            content = path.read_bytes()
            assert not [each for each in told if each.encode() in content], path
    (entry,) = [each for each in made.manifest["inputs"] if each["source"] == "leerjaar3"]
    assert set(entry) == {"source", "keyed"} and len(entry["keyed"]) == 64
    digest = secret.digest(hashlib.sha256(file).hexdigest(), secret.folder(tmp_path))
    assert entry["keyed"] == digest  # the owner can show that it is the same file
    with pytest.raises(UsageError, match="not public"):
        made.load("leerjaar3")


def test_too_few_schools_to_tell_years_apart_leave_the_check_on_counts_out():
    """It stopped the whole edition, with a sentence about comparison schools."""
    rows = simulate("S0", seed=1, schools=60, treated=40)
    below = np.random.default_rng(1).binomial(rows["n"].astype(int), 0.3)
    places = rows[["school", "year"]].assign(pupils_below_low=below, pupils_below_high=below)
    assert sensitivity._share_check(rows, places) is not None
    alone = rows[rows["cohort"].notna()]
    assert sensitivity._share_check(alone, places) is None
    assert sensitivity._share_check(rows, places.assign(pupils_below_high=below + 1)) is None
