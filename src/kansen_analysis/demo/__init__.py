"""Invented schools with a known truth, written in the layouts of the published files."""

from __future__ import annotations

from pathlib import Path

from kansen_analysis.programme.workspace import is_demo, root

__all__ = ["SEED", "default_data", "demo_folder", "write_demo"]

# A country in which all intervals hold the truth; one in twenty does not, and would be no example.
SEED = 2


def write_demo(
    folder: Path | str,
    seed: int = SEED,
    effects: dict | None = None,
    schools: int | None = None,
) -> Path:
    """Write the demo data: about a thousand invented schools, 2014-2015 to 2024-2025.

    Nothing in it exists: no school, BRIN, place, municipality or board. The same seed gives the
    same bytes on every machine; other effects change what the treated schools reach and nothing
    else.

    Parameters
    ----------
    folder : pathlib.Path or str
        Where the files go; made when it is not there. Files of the same name are replaced.
    seed : int
        Which invented country.
    effects : dict, optional
        ``goal1`` (test ability, in pupil SD, on average over treated school years), ``goal2``
        (ambition of the advice, in levels) and ``carry`` (part of the gain of goal 1 that also
        reaches the advice). What is left out is zero; ``{}`` is a programme that does nothing.
        Without the argument `world.DEFAULT_EFFECTS`.
    schools : int, optional
        How many schools the country has; the Netherlands have about 6500. By default as many as
        `names.SCHOOLS`.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    UsageError
        When `effects` holds a name that is not known.

    Examples
    --------
    >>> write_demo("demo", effects={"goal9": 1})
    Traceback (most recent call last):
    kansen_analysis.errors.UsageError: No such effect: goal9. Known: goal1, goal2, carry.
    """
    from kansen_analysis.demo.around import write_around
    from kansen_analysis.demo.files import write_all
    from kansen_analysis.demo.names import SCHOOLS
    from kansen_analysis.demo.programme import write_demo_programme
    from kansen_analysis.demo.world import build
    from kansen_analysis.schools.participants import read_participants
    from kansen_analysis.sources import hand

    folder = Path(folder)
    world = build(seed, effects, schools or SCHOOLS)
    with hand.scratch(folder.absolute().parent, hand.NEW) as scratch:
        new = scratch / "new"
        write_around(world, new, seed)
        write_all(world, new, seed)
        participants = read_participants(new / "participants.csv")
        write_demo_programme(new / "programme", participants)
        for path in sorted(new.rglob("*")):  # all is written: what follows takes no room
            target = folder / path.relative_to(new)
            if path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
    return folder


def demo_folder() -> Path:
    """Return the folder with the invented schools, which is made when it is not there."""
    folder = root() / "data" / "demo"
    if not is_demo(folder):
        write_demo(folder)
    return folder


def default_data() -> tuple[Path, str]:
    """Choose a data folder: ``data/raw`` when it holds files, else the demo.

    Returns
    -------
    folder : pathlib.Path
    why : str
        One sentence that says which and why.
    """
    raw = root() / "data" / "raw"
    if raw.is_dir() and any(not p.name.startswith(".") for p in raw.iterdir()):
        return raw, "Data: data/raw, the published files."
    return demo_folder(), "Data: data/demo, invented schools (data/raw holds no files)."
