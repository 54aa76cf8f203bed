"""Where things are: the project, its data folders, and the folder a command works on by default."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kansen_analysis.errors import UsageError

# What reads settings and tables takes long to import; where things are is told without.
if TYPE_CHECKING:
    from kansen_analysis.programme.settings import Settings

FILE = "programme.yml"
SHIPPED = "programmes"
TRUTH = "truth.json"  # only invented data have one


def root() -> Path:
    """Return the project folder: the nearest one upward with notebooks, else the one installed.

    Raises
    ------
    UsageError
        When neither is there.
    """
    here = Path.cwd()
    candidates = [here, *here.parents, Path(__file__).resolve().parents[3]]
    for folder in candidates:
        if (folder / "_quarto.yml").exists() and (folder / "notebooks").is_dir():
            return folder
    raise UsageError("No project here; run kansen in the folder with _quarto.yml and notebooks/.")


def is_demo(data: Path | str) -> bool:
    """Tell whether a data folder holds invented schools."""
    return (Path(data) / TRUTH).exists()


def settings_of(data: Path | str, programme: Path | str | None = None) -> Settings:
    """Read the settings of a programme.

    Parameters
    ----------
    data : pathlib.Path or str
        Folder with the published files; one with settings of its own goes before the project.
    programme : pathlib.Path or str, optional
        A folder with settings, or the name of a programme that is shipped.

    Raises
    ------
    SettingsError
        When there are none, or they are not of the expected form.
    UsageError
        When there is no such programme.
    """
    from kansen_analysis.programme.settings import read_settings

    if programme is not None:
        return read_settings(programme_folder(programme))
    own = Path(data) / FILE
    return read_settings(own if own.exists() else root() / FILE)


def programme_folder(name: Path | str) -> Path:
    """Return the folder with the settings of a programme.

    Parameters
    ----------
    name : pathlib.Path or str
        A folder, or the name of one below ``programmes/`` of the project or of this package.

    Examples
    --------
    >>> programme_folder("gka-meppel").name
    'gka-meppel'
    >>> programme_folder("atlantis")
    Traceback (most recent call last):
    kansen_analysis.errors.UsageError: There is no programme atlantis; ... k4k-drenthe, ...
    """
    package = Path(__file__).resolve().parents[1]
    shelves = [root() / SHIPPED, package / SHIPPED, package.parents[1] / SHIPPED]
    for folder in (Path(name), *(shelf / name for shelf in shelves)):
        if (folder / FILE).is_file():
            return folder
    known = sorted({path.parent.name for shelf in shelves for path in shelf.glob(f"*/{FILE}")})
    raise UsageError(
        f"There is no programme {name}; expected a folder with {FILE}, or one of "
        f"{', '.join(known)}."
    )


def places(data: Path | str, programme: Path | str | None = None) -> tuple[Path, Path]:
    """Return where the register of participants is, and the folder with what stands beside it.

    Parameters
    ----------
    data : pathlib.Path or str
        Folder with the published files; a register or tables of its own go before the project's.
    programme : pathlib.Path or str, optional
        As for `settings_of`; then they are those of the programme.
    """
    if programme is not None:
        settings = settings_of(data, programme)
        return _register(settings), settings.folder / settings.tables
    return default_participants(data), default_programme(data)


def tables() -> Path:
    """Return the folder with the tables of the programme of this project."""
    from kansen_analysis.programme.settings import read_settings

    settings = read_settings(root())
    return settings.folder / settings.tables


def _register(settings: Settings) -> Path:
    from kansen_analysis.sources import hand

    named = settings.folder / settings.register_file
    return hand.find(named.parent, named.stem) or named


def default_participants(data: Path | str) -> Path:
    """Return the register of participants that goes with a data folder."""
    from kansen_analysis.sources import hand

    return hand.find(Path(data), "participants") or _register(settings_of(data))


def default_programme(data: Path | str) -> Path:
    """Return the folder with what stands beside the figures; the demo has its own."""
    own = Path(data) / "programme"
    if is_demo(data) or own.is_dir():
        return own
    settings = settings_of(data)
    return settings.folder / settings.tables
