"""The same digits on every processor: nothing may hang on an order that NumPy does not promise."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kansen_analysis
from kansen_analysis.display import figures
from kansen_analysis.edition.open import open_edition
from kansen_analysis.estimate.randomisation import Randomisation

V4 = "AVX512_SPR AVX512_ICL X86_V4 AVX512_SKX AVX512F AVX512CD"
# What NumPy does without, and which kernels OpenBLAS takes: three processors of different years.
PROCESSORS = {
    "this one": {},
    "without AVX-512": {"NPY_DISABLE_CPU_FEATURES": V4, "OPENBLAS_CORETYPE": "Haswell"},
    "without AVX2": {
        "NPY_DISABLE_CPU_FEATURES": f"{V4} X86_V3 AVX2 FMA3",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
}


def run(arguments, processor):
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ImportWarning", "-m", "kansen_analysis", *arguments],
        env=os.environ | PROCESSORS[processor],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def digits(cell):
    return f"{cell:.8g}" if isinstance(cell, float) else cell


def test_the_verdicts_are_the_same_on_every_processor(demo, tmp_path):
    tables = []
    for at, processor in enumerate(PROCESSORS):
        # On a shelf of its own: an edition that is there would not be worked out again.
        folder = tmp_path / str(at) / "edition"
        run(["build", "--data", str(demo), "--edition", str(folder)], processor)
        rows = open_edition(folder).verdicts.to_dict("records")
        tables.append([{key: digits(cell) for key, cell in row.items()} for row in rows])
    assert tables[0] == tables[1] == tables[2]
    assert any(row["effect"] != "nan" for row in tables[0])


def test_the_invented_schools_are_the_same_on_every_processor(tmp_path):
    contents = []
    for at, processor in enumerate(PROCESSORS):
        run(["demo", "--output", str(tmp_path / str(at))], processor)
        files = sorted(path for path in (tmp_path / str(at)).rglob("*") if path.is_file())
        contents.append({path.name: path.read_bytes() for path in files})
    assert contents[0] == contents[1] == contents[2]


@pytest.mark.parametrize("tail", [1e-15, -1e-14])
def test_a_figure_does_not_show_the_last_digit(tail):
    frame = pd.DataFrame(
        {"relative": range(-3, 3), "estimate": np.sqrt(np.arange(1.0, 7.0)), "n": 20}
    ).assign(low=lambda t: t["estimate"] - 1 / 3, high=lambda t: t["estimate"] + 1 / 7)
    other = frame.assign(**{c: frame[c] * (1 + tail) for c in ("estimate", "low", "high")})
    first, second = (
        figures.event_study(
            each,
            figures.Texts("proef", "Het verschil groeit.", "Een proef", "niemand"),
            unit="punt",
        ).html()
        for each in (frame, other)
    )
    assert not frame.equals(other)
    assert first == second


def test_a_draw_that_is_the_real_one_again_counts_as_far():
    draws = np.array([61.2 * (1 + 1e-14), 61.2 * (1 - 1e-14), 0.0, -3.0])
    squares = np.tile([1.0, 0.0, 0.0], (4, 1))  # every draw has an error of one
    found = Randomisation(61.2, 1.0, draws, np.ones(4), squares, squares)
    assert found.p_value() == 3 / 5


def sorts():
    """Every place in the package that puts things in order."""
    for path in sorted(Path(kansen_analysis.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield path.name, node, node.func.attr


def test_every_sort_keeps_the_order_of_equals():
    # The default is a quicksort that differs between processors where values are equal.
    loose = []
    for file, node, name in sorts():
        if name in ("sort_values", "argsort", "sort_index"):
            kinds = [ast.literal_eval(key.value) for key in node.keywords if key.arg == "kind"]
            if kinds != ["stable"]:
                loose.append(f"{file}:{node.lineno} {name}")
        elif name in ("argpartition", "nlargest", "nsmallest"):
            loose.append(f"{file}:{node.lineno} {name}")
    assert not loose
