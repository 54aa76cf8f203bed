"""Commands as somebody runs them who has no repository, and the wheel to install for that."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*command, cwd, **more):
    """Run a command without this repository in sight; return what it printed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def wheel(folder: Path) -> Path:
    """Build the wheel of this repository in a folder."""
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    return folder / run(sys.executable, "-c", build, cwd=ROOT).split()[-1]
