"""The bench counts right, goes on where it stopped, and draws what the monitor would say.

How often it is wrong is measured in test_effects_worlds.py, and by the bench itself.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
import typer
from scipy import stats
from statsmodels.stats.multitest import multipletests
from typer.testing import CliRunner

from bench import commands, figures, peers, promises, running, speed
from bench.cases import CASES, FIRST, GOALS, Case, draw, run, tasks
from bench.command import RESULTS
from bench.command import bench as command
from kansen_analysis import judge_panel
from kansen_analysis.demo import demo_folder
from kansen_analysis.demo.panels import simulate
from kansen_analysis.errors import PlausibilityError, UsageError
from kansen_analysis.goals.protocol import DEFAULT
from kansen_analysis.goals.rule import holm
from kansen_analysis.sources import DataFolder

PLAIN = Case("S0")


@pytest.fixture(scope="module")
def panel():
    return simulate("S0", seed=3, effect=0.2)


# Drawing


def test_a_case_has_one_name_and_all_cases_go_on_together():
    assert len({case.name for case in CASES}) == len(CASES)
    order = tasks(100, [Case("S0"), Case("S2"), Case("S0", treated=12, pace=4)])
    half = pd.Series([case.name for case, seed in order[:150]]).value_counts()
    assert half["S2"] > 60 and half["S0"] > 60 and half["S0-12"] < 20
    assert len(order) == 300
    assert min(seed for _, seed in order) == FIRST  # thresholds were chosen on the seeds below


def test_what_is_measured_is_known_by_its_code_and_limits_and_not_by_its_sentences():
    code = '"""Say this."""\n\n\ndef one(x):\n    """Say that."""\n    return x + 1  # so\n'
    same = code.replace("Say", "Tell").replace("# so", "")
    assert running.meaning(code, "a.py") == running.meaning(same, "a.py")
    assert running.meaning(code, "a.py") != running.meaning(code.replace("+ 1", "+ 2"), "a.py")
    text = DEFAULT.read_text(encoding="utf-8")
    told = text.replace("Gaan de resultaten", "Gaan de cijfers")
    stricter = text.replace("gate: 0.85", "gate: 0.9")
    assert told != text != stricter
    assert running.meaning(text, "goals.yml") == running.meaning(told, "goals.yml")
    assert running.meaning(text, "goals.yml") != running.meaning(stricter, "goals.yml")


def test_a_draw_holds_the_verdict_the_peers_and_single_schools_of_its_own_panel():
    row = draw(Case("S3", effect=0.2, peers=True, per_school=True), seed=5)
    again = run("S3", 5, effect=0.2)
    assert {name: row[name] for name in again} == again
    there = simulate("S3", 5, effect=0.2)
    assert row["peer_before_after_effect"] == peers.before_after(there).effect
    assert 0 < row["flagged"] <= row["flagged_pupils_only"] < row["seen"] <= 80
    assert "peer_twfe_p" not in draw(Case("S3"), seed=5)


def test_a_draw_is_what_judge_panel_says_of_the_same_panel():
    panel = simulate("early", 7, effect=0.1)
    said = judge_panel(panel.assign(value=46.8 * panel["value"]), seed=7).iloc[0]
    row = draw(Case("early", effect=0.1), seed=7)
    assert row["verdict"] == said["verdict"]
    assert row["effect"] == pytest.approx(said["effect"] / 46.8)
    assert row["ci_low"] == pytest.approx(said["ci_low"] / 46.8)
    assert tuple(row["reasons"]) == said["reasons"]
    blocking = [name for name, each in said["guards"].items() if each == "houdt tegen"]
    assert row["blocks"] == [f"guard_{name}" for name in blocking]


def test_looks_are_editions_as_they_come():
    row = draw(Case("S0", effect=0.3, kind="looks"), seed=3)
    words = [row[f"verdict_{look}"] for look in range(1, 6)]
    assert words[0] == "onbeslist" and words[-1] == "beter"  # first sixteen schools, then eighty
    panel = simulate("S0", 3, effect=0.3)
    panel = panel[(panel["year"] <= 2022) & (panel["cohort"] <= 2022).fillna(True)]
    points = panel.assign(value=46.8 * panel["value"]).reset_index(drop=True)
    assert judge_panel(points, look=3, seed=3)["p"].iloc[0] == pytest.approx(row["p_3"])


def test_a_family_is_a_panel_for_each_goal_judged_together():
    row = draw(Case("S0", effect=0.3, kind="family"), seed=3)
    assert [row[f"verdict_{goal}"] for goal in GOALS] == ["beter"] * 3
    p = np.array([row[f"p_{goal}"] for goal in GOALS])
    after = [row[f"p_holm_{goal}"] for goal in GOALS]
    assert multipletests(p, method="holm")[1] == pytest.approx(after)
    alone = judge_panel(
        simulate("S0", 10, effect=0.3).assign(value=lambda f: 2.7 * f["value"]), goal=2, seed=3
    )
    assert alone["p"].iloc[0] == pytest.approx(row["p_2"])


def test_a_promise_is_kept_or_not_on_another_panel_with_that_difference():
    row = draw(Case("S0", kind="promise"), seed=3)
    assert 0.06 < row["promised"] < 0.13
    assert row["truth"] == pytest.approx(row["promised"])


@pytest.mark.parametrize("plan", [False, True])
def test_five_schools_are_promised_nothing_and_nothing_is_said_of_them(plan):
    row = promises.draw(promises.Register(5, plan), seed=1)  # with a difference of two pupil SD
    assert row == {
        "register": f"5 schools, {'plan' if plan else 'edition'}",
        "seed": 1,
        "promised": None,
        "better": False,
    }


def test_a_promise_to_a_register_is_judged_part_by_part_and_counted(tmp_path):
    large, small = promises.Register(80), promises.Register(5)
    rows = list(promises.draws([large, small], 2, 3, tmp_path / "draws.jsonl"))
    again = list(promises.draws([large, small], 2, 3, tmp_path / "draws.jsonl"))
    assert again == rows and [row["seed"] for row in rows] == [3, 3, 4, 4]
    for row in rows[::2]:
        parts = [*promises.VERSIONS, "limit", "since", *promises.GUARDS]
        assert row["better"] == all(row[part] for part in parts)
    lines = promises.table(pd.DataFrame(rows)).splitlines()
    assert lines[2].startswith("| 80 schools, edition | ") and "none" in lines[3]


def test_an_interrupted_bench_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "deep" / "draws.jsonl"
    work = tasks(3, [PLAIN], first=0)
    first = running.draw_all(work[:2], path, jobs=1)
    assert list(first["seed"]) == [0, 1]
    kept = path.read_text(encoding="utf-8")
    old = json.dumps({"method": "older", "case": "S0", "seed": 2, "p_V1": 0.0})
    path.write_text(f'{kept}{old}\n{{"method": "{running.method()}", "ca', encoding="utf-8")
    seen = []
    rows = running.draw_all(work, path, jobs=1, progress=lambda *state: seen.append(state))
    assert seen == [(2, 3), (3, 3)]  # the draw of older code and the line cut off do not count
    assert path.read_text(encoding="utf-8").startswith(kept)
    assert list(rows["seed"]) == [0, 1, 2] and rows["p_V1"].gt(0).all()
    expected = run("S0", 2)
    assert rows.loc[2, "effect_V2"] == expected["effect_V2"]
    assert len(running.draw_all(work[:1], path, seconds=0)) == 1


def test_without_time_nothing_is_drawn(tmp_path):
    assert running.draw_all(tasks(2, [PLAIN]), tmp_path / "none.jsonl", seconds=0).empty


def test_dask_draws_the_same(tmp_path):
    pytest.importorskip("distributed", reason="distributed is a development extra")
    work = tasks(2, [PLAIN])
    near = running.draw_all(work, tmp_path / "local.jsonl", jobs=1)
    far = running.draw_all(work, tmp_path / "dask.jsonl", backend="dask", jobs=1)
    pd.testing.assert_frame_equal(near, far)


def test_an_unknown_backend_is_refused(tmp_path):
    with pytest.raises(UsageError, match="choose from local, dask"):
        running.draw_all(tasks(1, [PLAIN]), tmp_path / "x.jsonl", backend="spark")


# Peers


def test_the_simple_comparisons_are_those_of_a_textbook(panel):
    own = panel[panel["cohort"].notna()]
    after = (own["year"] >= own["cohort"]).to_numpy(bool)
    found = peers.before_after(panel)
    test = stats.ttest_ind(own.loc[after, "value"], own.loc[~after, "value"])
    ends = test.confidence_interval(0.95)
    assert (found.p_value, found.low, found.high) == pytest.approx((test.pvalue, *ends))

    others = panel[panel["cohort"].isna()]
    z = [
        stats.zmap(value, others.loc[others["year"] == year, "value"], ddof=1)
        for year, value in zip(own["year"], own["value"], strict=True)
    ]
    frame = pd.DataFrame({"school": own["school"], "after": after, "z": np.ravel(z)})
    means = frame.pivot_table(index="school", columns="after", values="z")
    test = stats.ttest_rel(means[True], means[False])
    assert peers.standardised(panel).p_value == pytest.approx(test.pvalue)


def test_two_way_fixed_effects_equal_the_model_with_all_dummies(panel):
    small = panel[panel["school"] < "006000"].copy()
    small["on"] = (small["year"] >= small["cohort"]).fillna(False).astype(int)
    model = smf.ols("value ~ on + C(school) + C(year)", small)
    plain, schools = model.fit(), small["school"].nunique()
    found = peers.two_way(small)
    assert found.effect == pytest.approx(plain.params["on"])
    assert found.error == pytest.approx(plain.bse["on"])
    assert (found.low, found.high) == pytest.approx(tuple(plain.conf_int().loc["on"]))
    groups = pd.factorize(small["school"])[0]
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    # School effects lie within their cluster, so they do not count in the correction.
    free = plain.df_resid / (plain.df_resid + schools)
    expected = clustered.bse["on"] * np.sqrt(free)
    assert peers.two_way_clustered(small).error == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", peers.PACKAGES)
def test_a_package_finds_a_large_effect(name):
    package, estimate = peers.PACKAGES[name]
    pytest.importorskip(package, reason="an extra of the bench")
    found = estimate(simulate("S0", seed=1, effect=1.0))
    assert found.effect == pytest.approx(1.0, abs=0.1)
    assert found.p_value < 1e-6 and found.low < found.effect < found.high


def test_a_package_that_stops_is_counted(panel, monkeypatch):
    def stops(panel):
        raise ValueError("no convergence")

    monkeypatch.setattr(peers, "PACKAGES", {"did2s": ("json", stops)})
    row = peers.measure(panel, packages=True)
    assert row["failed"] == ["did2s"] and "peer_twfe_effect" in row
    assert "peer_did2s_effect" not in row
    monkeypatch.setattr(peers, "PACKAGES", {"did2s": ("not_installed", stops)})
    assert peers.missing() == ["not_installed"]
    assert peers.measure(panel, packages=True)["failed"] == []


# Counting


def counted(rows: int = 100, case: Case | None = None, **columns) -> dict[str, dict]:
    """Figures of invented draws in which nothing was found, with some columns replaced."""
    case = case or Case("S0", peers=True, packages=True, per_school=True)
    base = {
        "case": case.name,
        "seed": np.arange(rows),
        "verdict": "onbeslist",
        "small": False,
        "covered": True,
        "effect": np.resize([-0.02, 0.02], rows),
        "error": 0.02,
        "p_V1": 0.5,
        "covered_V1": True,
        "effect_V1": np.resize([-0.02, 0.02], rows),
        "truth": 0.0,
        "failed": [[]] * rows,
    }
    table = pd.DataFrame(base | columns)
    found = figures.count(table, cases=[case])
    return {(row["figure"], row.get("peer")): row for row in found}


def test_shares_are_counted_with_the_runs_they_rest_on():
    words = np.array(["beter"] * 3 + ["slechter"] + ["onbeslist"] * 96)
    found = counted(verdict=words, p_V1=np.r_[[0.01] * 7, [0.5] * 93], covered=words != "beter")
    value = {figure: row["value"] for (figure, peer), row in found.items() if peer is None}
    assert value["wrong_better"] == 3.0 and value["wrong_worse"] == 1.0
    assert value["wrong_either"] == 4.0 and value["said_same"] == 0.0
    assert value["false_positives"] == 7.0 and value["coverage"] == 97.0
    assert value["wrong"] == 4.0 and value["right"] == 0.0
    row = found["wrong_better", None]
    # Wilson's interval of 3 in 100, from his formula
    z = stats.norm.ppf(0.975)
    centre = (0.03 + z**2 / 200) / (1 + z**2 / 100)
    reach = z / (1 + z**2 / 100) * np.sqrt(0.03 * 0.97 / 100 + z**2 / 40000)
    expected = 100 * (centre - reach), 100 * (centre + reach)
    assert (row["chance_low"], row["chance_high"]) == pytest.approx(expected, abs=1e-3)
    assert row["runs"] == 100
    assert row["target_high"] == 1.5 and figures.met(row) is False
    assert figures.met(found["coverage", None]) is True
    assert figures.met(found["wrong_worse", None]) is None


def test_a_bias_and_an_error_that_is_too_small_are_seen():
    found = counted(effect=np.resize([0.0, 0.1], 100), truth=0.04, error=0.025)
    assert found["bias", None]["value"] == pytest.approx(0.01)
    assert found["error_ratio", None]["value"] == pytest.approx(0.5, abs=0.01)


def test_peers_are_counted_on_their_own_runs():
    measured = np.r_[[0.01] * 5, [0.6] * 15, [np.nan] * 80]
    columns = {f"peer_did2s_{n}": np.resize([0.1, 0.3], 100) for n in ("effect", "error")}
    for column in columns.values():
        column[20:] = np.nan
    covered = [True] * 20 + [None] * 80
    failed = [["did2s"]] * 2 + [[]] * 98
    columns |= {"peer_did2s_p": measured, "peer_did2s_covered": covered, "failed": failed}
    found = counted(**columns)
    row = found["false_positives", "did2s"]
    assert (row["value"], row["runs"], row["failed"]) == (25.0, 20, 2)
    assert figures.met(row) is None  # targets are ours
    assert found["coverage", "did2s"]["value"] == 100
    assert ("bias", "twfe") not in found


def test_single_schools_are_counted_per_draw():
    seen = np.r_[[10.0, 20.0], [np.nan] * 98]
    flags = np.r_[[1.0, 1.0], [np.nan] * 98]
    found = counted(seen=seen, flagged=flags, flagged_pupils_only=2 * flags)
    assert found["school_flags", None]["value"] == pytest.approx(7.5)
    assert found["school_flags_pupils_only", None]["value"] == pytest.approx(15)
    assert found["school_flags", None]["runs"] == 2


def test_what_is_said_of_an_effect_is_counted_apart():
    words = np.array(["beter"] * 80 + ["slechter"] + ["onbeslist"] * 15 + ["geen"] * 4)
    words = np.where(words == "geen", "geen verschil dat ertoe doet", words)
    found = counted(case=Case("S0", effect=0.1), verdict=words, small=np.arange(100) < 10)
    value = {figure: row["value"] for (figure, _), row in found.items()}
    assert value["found_better"] == 80 and value["found_small"] == 10
    assert value["wrong_worse"] == 1 and value["wrong_same"] == 4
    assert value["wrong"] == 5 and value["right"] == 80
    null = {f: row["value"] for (f, _), row in counted(verdict=words).items()}
    assert null["wrong"] == 81 and null["right"] == 4  # the same words where nothing happened
    assert figures.met(found["found_better", None]) is True
    mixed = counted(case=Case("mixed"), verdict=words)
    assert mixed["wrong", None]["value"] == 85 and mixed["right", None]["value"] == 0
    assert mixed["wrong_same", None]["value"] == 4 and figures.met(mixed["wrong_same", None])


def test_looks_and_families_are_counted_per_draw():
    ever = {f"verdict_{look}": ["onbeslist"] * 4 for look in range(1, 6)}
    ever["verdict_2"] = ["beter", "onbeslist", "beter", "onbeslist"]
    ever["verdict_5"] = ["beter", "slechter", "onbeslist", "onbeslist"]
    found = counted(4, Case("S0", kind="looks"), **ever)
    assert found["ever_better", None]["value"] == 50 and found["ever_worse", None]["value"] == 25
    assert found["wrong", None]["value"] == 75 and found["right", None]["value"] == 0
    family = {f"p_{goal}": [p, 0.5] for goal, p in zip(GOALS, (0.03, 0.04, 0.5), strict=True)}
    family |= {f"verdict_{goal}": ["onbeslist"] * 2 for goal in GOALS}
    family["verdict_2"] = ["onbeslist", "slechter"]
    found = counted(2, Case("S0", kind="family"), **family)
    assert found["family_false_positives", None]["value"] == 50
    assert found["family_false_positives_holm", None]["value"] == 0  # three times .03
    assert found["family_wrong_verdict", None]["value"] == 50
    found = counted(2, Case("S0", effect=0.1, kind="family"), **family)
    assert found["found_better_2", None]["value"] == 0


def test_holm_is_that_of_statsmodels():
    p = np.random.default_rng(1).random((6, 4)) ** 3
    expected = [multipletests(each, method="holm")[1] for each in p]
    np.testing.assert_allclose(holm(p), expected)
    assert holm(np.array([0.2])).tolist() == [0.2] and len(holm(np.array([]))) == 0


# The command and what it leaves


def test_the_command_writes_results_that_name_no_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "FITS", {300: 0.1})
    monkeypatch.setattr(speed, "_others", lambda panel: {})
    app = typer.Typer()
    app.command()(command)
    draws, results = tmp_path / "draws.jsonl", tmp_path / "results.json"
    work = tasks(2, [PLAIN])
    running.draw_all(work, draws, jobs=1)
    options = ["--runs", "2", "--minutes", "0", "--draws", str(draws), "--output", str(results)]
    answer = CliRunner().invoke(app, options)
    assert answer.exit_code == 0, answer.output
    assert "2 draws" in answer.output
    text = results.read_text(encoding="utf-8")
    assert platform.node() not in text and str(tmp_path) not in text
    content = json.loads(text)
    assert content["meta"]["seeds"] == {"S0": {"first": FIRST, "last": FIRST + 1, "draws": 2}}
    worlds = {row["world"] for row in content["results"]}
    assert worlds == {"S0"}
    units = {name: each["unit"] for name, each in content["figures"].items()}
    assert all(row["runs"] == 2 for row in content["results"] if units[row["figure"]] == "%")
    assert content["worlds"] == {"S0": {"label": PLAIN.label, "truth": 0.0}}
    assert any(row["figure"] == "seconds_fit_300" for row in content["results"])


def test_without_draws_the_results_that_are_there_stay(tmp_path):
    app = typer.Typer()
    app.command()(command)
    results = tmp_path / "results.json"
    results.write_text("before", encoding="utf-8")
    options = ["--minutes", "0", "--draws", str(tmp_path / "none"), "--output", str(results)]
    answer = CliRunner().invoke(app, options)
    assert isinstance(answer.exception, UsageError)
    assert "holds no draws" in str(answer.exception)
    assert results.read_text(encoding="utf-8") == "before"


def test_the_stored_results_hold_every_target_once_and_name_their_runs():
    if not RESULTS.exists():
        pytest.skip("the bench was not run")
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    table = pd.DataFrame(content["results"])
    key = table[["world", "figure", "peer"]].fillna("")
    assert not key.duplicated().any()
    own = set(zip(*table.loc[table["peer"].isna(), ["world", "figure"]].T.to_numpy(), strict=True))
    assert set(figures.TARGETS) <= own
    draws = {case: each["draws"] for case, each in content["meta"]["seeds"].items()}
    units = {name: each["unit"] for name, each in content["figures"].items()}
    assert set(table["world"]) == set(content["worlds"]) == set(draws)
    shares = table[table["figure"].map(units) == "%"]
    assert (shares["runs"] <= shares["world"].map(draws)).all()
    assert table["value"].notna().all()


# What commands cost


def test_a_cost_is_of_the_command_and_its_children_and_a_failed_command_has_none():
    busy = "sum(i * i for i in range(3_000_000))"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    one = commands.cost((sys.executable, "-c", "pass"))
    assert commands.cost((sys.executable, "-c", inner)).seconds > one.seconds + 0.05
    assert one.megabytes > 1
    with pytest.raises(subprocess.CalledProcessError):
        commands.cost((sys.executable, "-c", "raise SystemExit(3)"))


def test_what_is_above_its_target_says_so_and_the_median_counts():
    row = commands.Row("work", "beside", 2, [1.0, 9.0, 2.5])
    assert row.ratio == 2.5
    within = commands.Row("other", "beside", 2, [1.0]).as_dict()
    lines = commands.table([row.as_dict(), within]).splitlines()
    assert lines[2] == "| work | beside | 2 | **2.5** (above) |"
    assert lines[3] == "| other | beside | 2 | 1 |"


def test_a_country_of_copies_is_read_and_nothing_but_its_size_is_doubted(tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    name = "04-leerlingen-bo-sbo-schooladviezen-2024-2025.csv"
    (few / name).write_bytes((demo_folder() / name).read_bytes())
    folder = DataFolder(commands.stretched(few, tmp_path / "many", 3))
    folder.scan()
    assert {type(finding) for finding in folder.findings} <= {PlausibilityError}
    single = DataFolder(few)
    single.scan()
    assert folder.files[0].rows == 3 * single.files[0].rows
    schools = [each.files[0].parts[0].frame["school"] for each in (single, folder)]
    assert schools[1].nunique() == 3 * schools[0].nunique()
