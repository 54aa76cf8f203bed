"""Nothing that is hidden can be worked out from what is published, by an attacker with a solver."""

import itertools

import attack
import numpy as np
import pandas as pd
import pytest

from kansen_analysis.desk.export import tables
from kansen_analysis.edition import outcomes, released, secret
from kansen_analysis.edition.disclosure.joined import guard
from kansen_analysis.edition.disclosure.supplied import CELLS, Limits, Rule, release
from kansen_analysis.edition.levels import made_of_ranges, panels_for_estimates
from kansen_analysis.edition.place import summed
from kansen_analysis.errors import SettingsError, UsageError
from kansen_analysis.estimate.per_school import school_changes
from kansen_analysis.outcomes import panel
from kansen_analysis.outcomes.fixed import FEW
from kansen_analysis.pages import evidence
from kansen_analysis.programme.settings import Disclosure

PARTS = ("pupils_below", "pupils_havo_vwo")
SCHOOLS = ("participants", "schools", "pools", "over_time", "left_out")


def counts(rows, year=2020):
    """Supplied counts: (school, pupils, below, havo or vwo)."""
    frame = pd.DataFrame(rows, columns=["school", "pupils", *PARTS])
    for name in ("pupils", *PARTS):
        frame[f"{name}_low"] = frame[f"{name}_high"] = frame[name]
    return frame.assign(year=year)


def cells(rows, earlier=None, limits=None, year=2020, group="mine"):
    frame = counts(rows, year)
    groups = pd.Series(group, index=frame.index, dtype="str")
    return release("o", frame, groups, "pupils", PARTS, limits or Limits(), earlier)


def as_published(found):
    return found.rename(columns={"count": "count_"})


THREE = [("A", 30, 9, 14), ("B", 28, 8, 12), ("C", 31, 11, 16)]


# --- supplied counts: which cells --------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("A", 60, 12, 30)], Rule.SCHOOLS),
        (THREE[:2], Rule.SCHOOLS),
        ([("A", 3, 1, 1), ("B", 3, 1, 1), ("C", 3, 1, 1)], Rule.PUPILS),
        ([("A", 90, 30, 40), ("B", 10, 5, 5), ("C", 10, 5, 5)], Rule.LARGEST),
        (THREE, Rule.SHOWN),
    ],
)
def test_a_total_needs_schools_and_pupils_and_no_school_that_is_most_of_it(rows, rule):
    found = cells(rows).set_index("count")
    assert found.loc["pupils", "rule"] == rule
    assert found["low"].isna().all() == (rule != Rule.SHOWN)


def test_a_share_that_tells_the_rest_is_not_shown():
    """18 of 20 printed as 90% tells the two that are left."""
    rows = [("A", 7, 6, 3), ("B", 7, 6, 3), ("C", 6, 6, 4)]
    found = cells(rows).set_index("count")
    assert found.loc["pupils_below", "rule"] == Rule.REST
    assert pd.isna(found.loc["pupils_below", "low"])


def test_what_is_shown_is_a_multiple_of_five_and_bounds_are_rounded_outward():
    found = cells(THREE).set_index("count")
    assert found.loc["pupils", ["low", "high"]].tolist() == [90, 90]  # 89
    frame = counts(THREE)
    frame.loc[0, "pupils_below_low"] = 6
    groups = pd.Series("mine", index=frame.index, dtype="str")
    found = release("o", frame, groups, "pupils", PARTS, Limits()).set_index("count")
    assert found.loc["pupils_below", ["low", "high"]].tolist() == [25, 30]  # 25 to 28


def test_the_limits_can_be_stricter_and_never_looser():
    assert cells(THREE, limits=Limits(schools=4))["low"].isna().all()
    for wrong in ({"schools": 2}, {"pupils": 9}, {"largest": 81}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Limits(**wrong)
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Disclosure(**wrong)
    assert issubclass(SettingsError, Exception)


# --- supplied counts: attacked -----------------------------------------------------------------


def test_a_second_edition_with_one_more_school_does_not_give_it_away():
    """Unguarded sums of two editions give every count of the new school."""
    four = [*THREE, ("D", 25, 4, 10)]
    plain = [
        as_published(cells(rows).assign(low=total, high=total))
        for rows, total in ((THREE, 89), (four, 114))
    ]
    both = pd.concat([each[each["count_"] == "pupils"] for each in plain])
    puzzle = attack.Puzzle()
    at = {school: puzzle.unknown(school, 0, 120) for school in "ABCD"}
    for row in both.itertuples():
        puzzle.told({at[s]: 1 for s in row.schools.split()}, row.low, row.high)
    assert puzzle.ends(at["D"]) == (25, 25)

    first = cells(THREE)
    second = cells(four, earlier=first)
    assert (second["rule"] == Rule.EARLIER).all()
    assert second["low"].tolist() == first["low"].tolist()
    score = attack.supplied([as_published(first), as_published(second)])
    assert score.tried and (score.pinned, score.narrowed) == (0, 0), score


def test_a_second_edition_with_three_more_schools_is_shown_anew():
    first = cells(THREE)
    second = cells([*THREE, ("D", 25, 6, 10), ("E", 22, 7, 9), ("F", 26, 6, 12)], earlier=first)
    assert (second["rule"] == Rule.SHOWN).all()
    score = attack.supplied([as_published(first), as_published(second)])
    assert (score.pinned, score.narrowed) == (0, 0), score


def test_a_school_that_withdraws_cannot_be_found_by_subtraction():
    first = cells([*THREE, ("D", 25, 6, 10)])
    second = cells(THREE, earlier=first)
    assert (second["rule"] == Rule.EARLIER).all()


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_in_any_world_even_by_schools_that_know_their_own(seed):
    rng = np.random.default_rng(seed)
    schools = [f"S{at}" for at in range(7)]
    rows = []
    for school in schools:
        n = int(rng.integers(3, 45))
        rows.append((school, n, int(rng.binomial(n, 0.25)), int(rng.binomial(n, 0.5))))
    told, earlier = [], None
    for size in sorted(rng.choice(range(1, 8), 3, replace=False)):
        found = cells(rows[:size], earlier)
        told.append(as_published(found))
        shown = found[found["low"].notna()]
        earlier = shown if earlier is None else pd.concat([earlier, shown])
    own = [
        {"school": s, "year": 2020, "count_": name, "value": value}
        for s, *values in rows[:1]
        for name, value in zip(("pupils", *PARTS), values, strict=True)
    ]
    if sum(each["low"].notna().sum() for each in told):
        score = attack.supplied(told, pd.DataFrame(own))
        assert (score.pinned, score.narrowed) == (0, 0), score


def test_what_was_published_is_remembered_once(tmp_path):
    private = tmp_path / ".kansen"
    released.remember(private, cells(THREE))
    released.remember(private, cells(THREE))
    known = released.read(private)
    assert len(known) == 3
    assert list(known.columns) == CELLS
    second = cells([*THREE, ("D", 25, 4, 10)], earlier=known)
    assert (second["rule"] == Rule.EARLIER).all()


def test_a_keyed_digest_cannot_be_found_by_trying(tmp_path):
    one, other = (secret.digest("a" * 64, tmp_path / name) for name in ("x", "y"))
    assert one != other  # whoever has no key cannot try files
    assert one == secret.digest("a" * 64, tmp_path / "x")  # the owner can
    assert (tmp_path / "x" / "key").stat().st_mode & 0o077 == 0


# --- two publishers ----------------------------------------------------------------------------


def world(seed, rows=40):
    """Counts per level as DUO prints them, and the share of the Inspectie beside them."""
    rng = np.random.default_rng(seed)
    printed, levels = [], []
    for at in range(rows):
        school, n = f"{10 + at}AA00", int(rng.integers(5, 40))
        reached = 0
        for domain, cells_ in attack.DOMAINS.items():
            share = rng.dirichlet([1.0, 3, *([4, 4] if len(cells_) == 4 else [8])])
            drawn = rng.multinomial(n, share)
            for (level, target), count in zip(cells_.items(), drawn, strict=True):
                reached += int(count) * target
                low, high = (1, 4) if 0 < count < 5 else (count, count)
                printed.append((school, 2023, "Bo", domain, level, low, high))
        levels.append((school, 2023, round(100 * reached / (3 * n), 2), n))
    names = ["school", "year", "kind", "domain", "level", "pupils_low", "pupils_high"]
    results = pd.DataFrame(levels, columns=["school", "year", "pct_1s2f", "pupils"])
    return pd.DataFrame(printed, columns=names), results


def published(printed, results, named=()):
    tables = {"referentieniveaus": printed, "leerresultaten": results}
    levels = panel.target_levels(tables)
    both = panel.both_publishers(tables)
    own = both[["school", "year", "placed"]].assign(
        own_low=both["low"],
        own_high=both["high"],
        own_n_low=both["pupils_low"],
        own_n_high=both["pupils_high"],
    )
    return levels, guard(levels.merge(own, on=["school", "year"]), printed, named)


def told(levels, half=5e-7):
    shown = levels.set_index("school")
    return {
        school: [
            ("share", row["low"] - half, row["high"] + half),
            ("pupils", row["n_low"], row["n_high"]),
        ]
        for school, row in shown.iterrows()
    }


@pytest.mark.parametrize("seed", range(2))
def test_a_share_beside_hidden_counts_solves_none_of_them(seed):
    printed, results = world(seed)
    before, after = published(printed, results)
    scores = []
    for levels in (before, after):
        said, total = told(levels), attack.Score()
        for school, rows in printed.groupby("school"):
            found, _ = attack.attack_row(rows, said[school])
            total += found
        scores.append(total)
    assert scores[0].pinned > 5, scores[0]  # the attack works on what was shown before
    assert scores[1].tried > 40
    assert (scores[1].pinned, scores[1].narrowed) == (0, 0), scores[1]
    solved = after[after["joined"] == "solved"]
    assert len(solved) and (solved["low"] < solved["high"]).all()
    exact = before.loc[solved.index, "value"]  # printed with two decimals
    assert (solved["low"] <= exact + 0.01).all() and (exact - 0.01 <= solved["high"]).all()


@pytest.mark.parametrize("strict", [True, False])
def test_who_knows_the_rule_learns_nothing_from_a_range(strict):
    """That a share is not shown says that it would have solved a count, and so perhaps which."""
    printed, results = world(2)
    _, after = published(printed, results, results["school"] if strict else ())
    guarded = after.loc[after["joined"] == "solved"]
    total = attack.Score()
    for school in guarded.loc[guarded["n_high"] - guarded["n_low"] <= 2, "school"].iloc[:9]:

        def publish(rows, shares, school=school):
            own = printed["school"] == school, results["school"] == school
            rows = pd.concat([rows, printed[own[0]]])
            shares = pd.concat([shares, results[own[1]]], ignore_index=True)
            return published(rows, shares, shares["school"] if strict else ())[1]

        total += attack.by_the_rule(publish, printed, school)
    assert total.tried > 15
    assert (total.pinned + total.narrowed == 0) == strict, total


def test_what_gives_nothing_away_stays_as_the_publisher_prints_it():
    printed, results = world(3)
    before, after = published(printed, results)
    same = after["joined"] == ""
    pd.testing.assert_frame_equal(after.loc[same, before.columns], before[same], check_dtype=False)


def test_publishers_that_contradict_each_other_are_told():
    printed, results = world(4, rows=8)
    results.loc[0, "pupils"] += 30
    _, after = published(printed, results)
    assert after.loc[after["school"] == results.loc[0, "school"], "joined"].item() == (
        "contradiction"
    )


def test_our_solver_finds_what_an_integer_program_finds():
    """The bounds that the guard rests on, cell by cell against HiGHS."""
    printed, results = world(5, rows=6)
    for school, n in zip(results["school"], results["pupils"], strict=True):
        rows = printed[printed["school"] == school]
        puzzle, at, pupils = attack.row_of_duo(rows)
        share = results.loc[results["school"] == school, "pct_1s2f"].item()
        attack.tell_share(puzzle, at, pupils, share - 0.06, share + 0.06)
        puzzle.told({pupils: 1}, int(n), int(n))
        from kansen_analysis.edition.disclosure import joined

        box = joined._box(rows, pd.MultiIndex.from_tuples([(school, 2023)]))
        size = (np.array([n]), np.array([n]))
        reached = joined._reached(np.array([share - 0.06]), np.array([share + 0.06]), size)
        low, high, possible = joined.solve(box, reached, size)
        keys = [(d, level) for d, levels in attack.DOMAINS.items() for level in levels]
        assert possible.all()
        for place, key in enumerate(keys):
            assert puzzle.ends(at[key]) == (low[0, place], high[0, place]), (school, key)


def test_every_way_to_hide_is_tried():
    assert {rule.name for rule in Rule} == {
        *("SHOWN", "SCHOOLS", "PUPILS", "LARGEST", "REST", "EARLIER")
    }
    assert list(itertools.chain(attack.DOMAINS)) == list(panel.DOMAINS)


# --- what may be published of an edition ---------------------------------------------------------


def test_no_line_through_a_table_that_may_be_published_gives_a_hidden_share_back(edition):
    """Figures that are a line through exact shares are as good as the shares.

    The level of advices, and how far it is above what the test leads one to expect, stood side by
    side: their difference gave the share of a school back, and with it a count that DUO hides.
    """
    tried, lost = 0, []
    for name, table in _per_school_year(edition):
        told, near = given_back(edition, table)
        tried += told
        lost += [name] if near > 0.2 * told else []
    assert tried > 500
    assert lost == []
    told, near = given_back(edition, edition.advices.rows)  # which stays in the working folder
    assert near > 0.8 * told > 0


def test_an_exact_sum_over_a_municipality_has_three_guarded_schools_in_it(edition):
    """All schools but one may be printed beside it: an exact sum less these is the one."""
    levels = edition.target_levels.assign(hidden=edition.target_levels["joined"].eq("solved"))
    levels = levels.merge(edition.schools[["school", "municipality_code"]], on="school")
    for end in ("low", "high"):
        levels[f"{end}_reached"] = levels[end] * levels[f"n_{end}"]
    names = [*("low_reached", "high_reached", "n_low", "n_high"), "hidden"]
    sums = levels.groupby(["municipality_code", "year"])[names].sum().reset_index()
    facts = edition.region_facts.query("fact == 'streefniveau' and place_kind == 'municipality'")
    both = facts.merge(
        sums,
        left_on=["place_code", "year"],
        right_on=["municipality_code", "year"],
        suffixes=("", "_sum"),
    )
    few = both[both["hidden"].between(1, 2)]
    assert len(few) > 2
    for end, wide in (("low", np.less_equal), ("high", np.greater_equal)):
        assert (few[f"n_{end}"] == few[f"n_{end}_sum"]).all()
        assert wide(few[end] * few[f"n_{end}"], few[f"{end}_reached"] + 1e-6).all()
    tried, lost = attack.subtracted(edition)
    assert tried > 50
    assert lost == []


@pytest.mark.real
def test_no_sum_over_a_real_municipality_narrows_the_range_of_a_school(real_edition):
    """Three guarded schools stood behind each other, and one range was cut in half."""
    tried, lost = attack.subtracted(real_edition)
    assert tried > 100
    assert lost == []


@pytest.mark.parametrize(("shares", "shown"), [((15, 15, 15), True), ((11, 11, 11), False)])
def test_a_sum_is_exact_only_where_it_leaves_every_school_its_range(shares, shown):
    """Three of 11 leave each of them at most 13, of 10 to 20."""
    names = list("ABC")
    exact = pd.DataFrame({"school": names, "year": 2023, "value": shares, "n": 20}, dtype=object)
    exact = exact.assign(low=exact["value"], high=exact["value"], n_low=20, n_high=20)
    guarded = exact.assign(low=10, high=20, joined="solved")
    found = summed(exact, guarded, pd.Series("9001", index=names))
    assert found["low"].tolist() == (list(shares) if shown else [10, 10, 10])


def test_the_change_of_one_school_follows_from_what_may_be_shown(edition):
    """Who has the package and the published files can try every share that a range leaves.

    One of them gave the printed change to the last digit: it was made of the exact share.
    """
    known = edition.changes[1].table.set_index("school")
    choose = outcomes.Chosen(
        {
            "tidy": edition.tables,
            "schools": {n: edition.public[n] for n in SCHOOLS},
            "protocol": edition.protocol,
            "year": edition.year,
        },
        {"target_levels": edition.target_levels},
    )
    goal = edition.protocol.goal(1)
    rows, _ = choose.of("target_levels", goal, True)
    again = school_changes(rows, size_by_year=goal.outcome.size_by_year).table.set_index("school")
    assert len(known) > 50
    for name in ("change", "shrunken", "n_before", "n_after"):
        np.testing.assert_allclose(again[name], known[name], atol=1e-9, err_msg=name)


def test_estimates_leave_every_share_as_open_as_its_range(edition):
    """With six decimals nine of 76 shares were cut by who knows all other schools."""
    score = attack.from_estimates(edition)
    assert score.tried > 60
    assert (score.pinned, score.narrowed) == (0, 0), score


def test_of_few_participants_an_estimate_never_sees_a_share_that_is_not_shown(edition):
    """Of ten every share could be worked out, of twenty six of 24, also from rounded figures."""
    stages = {name: edition.work(name) for name in ("outcomes", "levels")}
    exact, shown = (stages[name]["panels"] for name in ("outcomes", "levels"))
    whole = panels_for_estimates(stages)
    hidden = exact["1"]["value"] != shown["1"]["value"]
    assert (hidden & exact["1"]["cohort"].notna()).sum() > 20
    assert whole["1"]["value"].tolist() == exact["1"]["value"].tolist()
    some = exact["1"].loc[exact["1"]["cohort"].notna(), "school"].unique()[: FEW - 1]
    for goal in ("1", "2"):
        few = {
            stage: {"panels": {n: p[p["cohort"].isna() | p["school"].isin(some)]}}
            for stage, panels in (("outcomes", exact), ("levels", shown))
            for n, p in panels.items()
            if n == goal
        }
        pd.testing.assert_frame_equal(
            panels_for_estimates(few)[goal], few["levels"]["panels"][goal]
        )
        assert made_of_ranges(few) == [goal]
        assert (
            few["levels"]["panels"][goal]["value"] != few["outcomes"]["panels"][goal]["value"]
        ).any()


@pytest.mark.parametrize(
    "page", ["four_versions", "since_start", "results_vary", "what_could_be_seen", "by_period"]
)
def test_no_figure_of_an_estimate_has_more_digits_than_its_error_carries(edition, page):
    for goal in (1, 2):
        frame = getattr(evidence, page)(edition, goal).frame
        low, high = (f"ci_{end}" if "ci_low" in frame else end for end in ("low", "high"))
        told = 0
        for row in frame.dropna(subset=[low, high]).to_dict("records"):
            error = (row[high] - row[low]) / 3.92
            value = row.get("estimate", row.get("effect", row.get("value")))
            for number in (value, row[low], row[high]):
                assert 2 * attack.half_unit(number) > error / 101, (goal, row)
                told += 1
        assert told


def test_an_exported_estimate_has_no_more_digits_than_its_error_carries(edition):
    for row in tables(edition)["versions"].dropna(subset="effect").to_dict("records"):
        error = (row["ci_high"] - row["ci_low"]) / 3.92
        assert 2 * attack.half_unit(row["effect"]) > error / 201, row
    for row in tables(edition)["verdicts"].dropna(subset="effect").to_dict("records"):
        error = (row["ci_high"] - row["ci_low"]) / 3.92
        assert 2 * attack.half_unit(row["effect"]) > error / 201, row


def given_back(edition, table):
    """Fit a line through what is known, per year and test; count hidden shares tried and met."""
    key = ["school", "year"]
    exact = edition.load("leerresultaten").dropna(subset=["school", "pct_1s2f"])
    levels = edition.target_levels[[*key, "joined"]].merge(exact[[*key, "pct_1s2f"]], on=key)
    both = table.drop(columns=["joined", "schoolweging"], errors="ignore").merge(levels, on=key)
    both = both.merge(edition.schools[["school", "schoolweging"]], on="school")
    both = both.merge(panel.main_provider(edition.tables), on=key, how="left")
    tried = met = 0
    for _, rows in both.groupby(["year", "provider"], sort=True):
        figures = rows.select_dtypes("number").drop(columns=["pct_1s2f", "year"])
        figures = figures.loc[:, figures.notna().all()].astype(float)
        known = (rows["joined"] != "solved").to_numpy()
        if known.sum() < figures.shape[1] + 10 or known.all():
            continue
        x = np.column_stack([np.ones(len(figures)), figures.to_numpy()])
        y = rows["pct_1s2f"].to_numpy(float)
        line = np.linalg.lstsq(x[known], y[known], rcond=None)[0]
        tried += int((~known).sum())
        met += int((np.abs(x @ line - y)[~known] < 0.05).sum())
    return tried, met


def _per_school_year(edition):
    """Yield our own tables of schools and years; what publishers print is theirs to print."""
    for name in (each for each in edition.public if "." not in each):
        value = edition.public[name]
        for part in value.values() if isinstance(value, dict) else (value,):
            for table in (part, *vars(part).values()) if hasattr(part, "__dict__") else (part,):
                ours = isinstance(table, pd.DataFrame) and {"school", "year"} <= set(table.columns)
                if ours and name not in set(edition.public["years"]["table"]):
                    yield name, table
