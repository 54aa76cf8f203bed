"""The first version of goal 1 by other means: in R with fixest, and as a plain regression."""

import re
import shutil
import subprocess

import nbformat
import numpy as np
import pandas as pd
import pytest

from kansen_analysis.programme.workspace import root

NOTEBOOK = root() / "notebooks" / "analyse" / "hetzelfde-in-r.ipynb"
FILE = "work/outcomes/panels.1.parquet"


def r_code() -> str:
    """The R code that the notebook shows."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    [code] = re.findall(r"^```r\n(.*?)^```", "\n".join(c.source for c in cells), re.M | re.S)
    return code


def lacking() -> str:
    """Say what of R is not here; empty when all of it is."""
    if shutil.which("Rscript") is None:
        return "R is not installed (no Rscript on PATH)"
    ask = "cat(setdiff(c('arrow', 'fixest'), rownames(installed.packages())))"
    run = subprocess.run(["Rscript", "-e", ask], capture_output=True, text=True, check=True)
    return f"R lacks {run.stdout.strip()}" if run.stdout.strip() else ""


@pytest.fixture(scope="module")
def first(edition):
    estimate = edition.estimates[1]
    return estimate.versions.loc["V1"], estimate.components.k


def test_r_gives_our_effect_and_our_standard_error(edition, first):
    if lack := lacking():
        pytest.skip(lack)
    ours, k = first
    code = r_code().replace("editions/demo-2024-2025", edition.folder.as_posix())
    run = subprocess.run(
        ["Rscript", "-e", f"k <- {k!r}\n{code}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    effect, error = map(float, run.stdout.split()[-2:])
    assert effect == pytest.approx(ours["effect"], rel=1e-5)
    assert error == pytest.approx(ours["std_error"], rel=1e-4)


def test_a_plain_regression_gives_our_effect_and_our_standard_error(edition, first):
    """What `feols` is asked, written out: a column per school, provider-year, slope and cell."""
    ours, k = first
    panel = pd.read_parquet(edition.folder / FILE)
    start = panel.groupby("school")["year"].transform("min")
    panel = panel[panel["cohort"].isna() | (start < panel["cohort"].fillna(9999))]
    treated = (panel["year"] >= panel["cohort"]).fillna(False).to_numpy(bool)
    cell = (panel["cohort"].astype(str) + " " + panel["year"].astype(str)).where(treated)
    cells = pd.get_dummies(cell, dtype=float)
    columns = [
        cells,
        pd.get_dummies(panel["school"], dtype=float),
        pd.get_dummies(panel["year"].astype(str) + panel["provider"], dtype=float),
        pd.get_dummies(panel["year"], dtype=float).mul(panel["schoolweging"], axis=0),
    ]
    root_weight = np.sqrt((panel["n"] / (panel["n"] + k)).to_numpy(float))
    design = np.column_stack([each.to_numpy() for each in columns]) * root_weight[:, None]
    outcome = panel["value"].to_numpy(float) * root_weight
    found, _, rank, _ = np.linalg.lstsq(design, outcome, rcond=1e-10)
    share = np.zeros(design.shape[1])
    share[: cells.shape[1]] = cells.sum() / treated.sum()
    assert share @ found == pytest.approx(ours["effect"], rel=1e-8)
    spread = ((outcome - design @ found) ** 2).sum() / (len(outcome) - rank)
    plain = np.sqrt(spread * share @ np.linalg.pinv(design.T @ design, rcond=1e-12) @ share)
    # Of the plain and the clustered error ours is the larger; in the demo that is the plain one.
    assert plain == pytest.approx(ours["std_error"], rel=1e-6)


def test_the_r_code_reads_a_file_that_an_edition_has(edition):
    [parts] = re.findall(r"file\.path\(edition, (.+?)\)$", r_code(), re.M)
    assert "/".join(re.findall(r'"(.+?)"', parts)) == FILE
    assert (edition.folder / FILE).is_file()
