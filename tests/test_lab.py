"""From a wheel with [lab] in a fresh environment: a notebook runs through Jupyter's own API."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from installed import run, wheel

ROOT = Path(__file__).parents[1]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "KANSEN_LAB" not in os.environ,
        reason="installs Jupyter Lab, which takes minutes; KANSEN_LAB=1 does, or KANSEN_LAB=PYTHON "
        "takes an environment with requirements-lab.lock",
    ),
]
TOKEN = "proef"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment that holds the lock of the lab and our wheel, no repository."""
    folder = tmp_path_factory.mktemp("lab")
    built = wheel(folder)
    found = Path(os.environ["KANSEN_LAB"])
    if not found.is_file():
        run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
        found = folder / "env" / "bin" / "python"
        lock = ROOT / "requirements-lab.lock"
        run(found, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock, cwd=folder)
    install = ("-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", built)
    run(found, *install, cwd=folder)
    return found


@pytest.fixture(scope="module")
def server(python, tmp_path_factory):
    """A server without a browser, on a working folder that `kansen init` wrote."""
    home = tmp_path_factory.mktemp("home")
    folder, kansen = home / "monitor", python.with_name("kansen")
    words = (
        "--name",
        "Proef",
        "--what",
        "Het helpt.",
        "--province",
        "Gelderland",
        "--owner",
        "Wij",
    )
    run(kansen, "init", folder, *words, cwd=home)
    run(kansen, "demo", "--output", folder / "data" / "demo", cwd=folder)
    edition = run(kansen, "build", "--data", "data/demo", "--quiet", cwd=folder).strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={TOKEN}")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    started = subprocess.Popen(
        [str(python), "-m", "jupyterlab", *words, str(folder)],
        cwd=folder,
        env=env | {"KANSEN_EDITION": edition, "JUPYTER_CONFIG_DIR": str(home / "config")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/api", timeout=5).read()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    yield url
    started.terminate()
    started.wait(timeout=60)


@pytest.mark.parametrize("name", ["een-deelgroep", "hetzelfde-in-r"])
def test_a_notebook_runs_to_its_end(python, server, name, tmp_path):
    client = ROOT / "tests" / "lab_client.py"
    path = f"notebooks/analyse/{name}.ipynb"
    told = json.loads(run(python, client, server, TOKEN, path, cwd=tmp_path))
    assert len(told["cells"]) >= 3
    assert [cell["error"] for cell in told["cells"] if cell["error"]] == []
    assert "text/html" in {kind for cell in told["cells"] for kind in cell["kinds"]}
