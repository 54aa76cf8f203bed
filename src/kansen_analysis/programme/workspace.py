"""Where things are: the project, its data folders, and the folder a command works on by default."""

from __future__ import annotations

from pathlib import Path

from kansen_analysis.errors import UsageError
from kansen_analysis.programme.settings import FILE, Settings, read_settings
from kansen_analysis.sources import hand

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


def default_participants(data: Path | str) -> Path:
    """Return the register of participants that goes with a data folder."""
    own = hand.find(Path(data), "participants")
    return own or hand.find(root() / "data", "participants") or root() / "data" / "participants.csv"


def settings_of(data: Path | str) -> Settings:
    """Read the settings that go with a data folder: its own, else those of the project.

    Raises
    ------
    SettingsError
        When there are none, or they are not of the expected form.
    """
    own = Path(data) / FILE
    return read_settings(own if own.exists() else root() / FILE)


def default_programme(data: Path | str) -> Path:
    """Return the folder with what stands beside the figures; the demo has its own."""
    own = Path(data) / "programme"
    return own if is_demo(data) or own.is_dir() else root() / "data" / "programme"
