"""What a monitor hides, told per file: `disclosure.json` beside the pages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from kansen_analysis.edition.open import Edition
from kansen_analysis.outcomes.intervals import HIGH, LOW
from kansen_analysis.publish.drawn import FILES

FILE = "disclosure.json"


def write(site: Path, edition: Edition) -> None:
    """Write what was hidden, by which rule, per output.

    Parameters
    ----------
    site : pathlib.Path
        A finished site.
    edition : Edition
        Knows what its gate held back.
    """
    outputs = {}
    for path in sorted((site / FILES / "downloads").glob("*.csv")):
        if not path.stem.endswith("-toelichting") and (found := count(path)):
            outputs[path.relative_to(site).as_posix()] = found
    told = edition.disclosure | {"outputs": outputs}
    text = json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (site / FILE).write_text(text, encoding="utf-8")


def count(path: Path) -> dict[str, int]:
    """Count in a download the cells that are hidden, by rule.

    Returns
    -------
    dict
        ``counts of 1 to 4``: printed as a range of just that; ``too few``: a figure that rests on
        too few; ``ranges``: of which only the ends are told. Without zeros.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    names = set(rows[0]) if rows else set()
    found = {"counts of 1 to 4": 0, "too few": 0, "ranges": 0}
    for row in rows:
        for name in names:
            if name.endswith("_reason"):
                found["too few"] += bool(row[name])
            stem = name.removesuffix("_low")
            if stem != name and stem in names and (high := f"{stem}_high") in names:
                ends = row[name], row[high]
                if ends == (str(LOW), str(HIGH)):
                    found["counts of 1 to 4"] += 1
                elif ends[0] != ends[1]:
                    found["ranges"] += 1
    return {rule: number for rule, number in found.items() if number}
