"""Where things are: the project, its data folders, and the folder a command works on by default."""

from __future__ import annotations

from pathlib import Path

from kansen_analysis.errors import UsageError

TRUTH = "truth.json"  # only invented data have one


def root() -> Path:
    """Return the project folder: the nearest one upward with notebooks, else the one installed.

    Raises
    ------
    UsageError
        When neither is there.
    """
    here = Path.cwd()
    candidates = [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / "_quarto.yml").exists() and (folder / "notebooks").is_dir():
            return folder
    raise UsageError("No project here; run kansen in the folder with _quarto.yml and notebooks/.")


def is_demo(data: Path | str) -> bool:
    """Tell whether a data folder holds invented schools."""
    return (Path(data) / TRUTH).exists()


def demo_folder() -> Path:
    """Return the folder with the invented schools, which is made when it is not there."""
    from kansen_analysis.demo import write_demo

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


def default_participants(data: Path | str) -> Path:
    """Return the register of participants that goes with a data folder."""
    own = Path(data) / "participants.csv"
    return own if own.exists() else root() / "data" / "participants.csv"


def default_programme(data: Path | str) -> Path:
    """Return the folder with what stands beside the figures; the demo has its own."""
    own = Path(data) / "programme"
    return own if is_demo(data) or own.is_dir() else root() / "data" / "programme"
