"""An invented programme for the invented schools of the demo: what stands in ``tables``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pandas as pd


def write_demo_programme(folder: Path | str, schools: pd.DataFrame) -> Path:
    """Write an invented programme: tables, stories and a drawing.

    Parameters
    ----------
    folder : pathlib.Path or str
        The programme folder, ``data/demo/programme``; made when it is not there.
    schools : pandas.DataFrame
        Participants of the demo: ``school`` and ``municipality``, at least three rows. The first
        three are named in the tables.

    Returns
    -------
    pathlib.Path
        The folder. The same schools give the same bytes on every machine.

    Examples
    --------
    >>> import tempfile
    >>> people = pd.DataFrame({"school": ["90AA00", "90AB00", "90AC00"], "municipality": "Zee"})
    >>> folder = write_demo_programme(tempfile.mkdtemp(), people)
    >>> sorted(path.stem for path in folder.iterdir())
    ['activities', 'budget', 'goals', 'lessons', 'network', 'programmes', 'stories']
    """
    folder = Path(folder)
    named = {f"{{school{at}}}": school for at, school in enumerate(schools["school"][:3], 1)}
    named["{town}"] = schools["municipality"].iloc[0]
    ours = Path(str(resources.files(__package__) / "tables"))
    for path in sorted(path for path in ours.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix in (".csv", ".md"):
            for word, name in named.items():
                content = content.replace(word.encode(), str(name).encode())
        target = folder / path.relative_to(ours)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder
