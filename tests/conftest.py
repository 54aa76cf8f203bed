"""What several tests share: the published files, where they are, and the demo."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_data():
    """The published files beside the repository; tests that need them skip without."""
    folder = ROOT.parent / "shared" / "real-data"
    if not folder.is_dir():
        pytest.skip("the published files are not beside the repository (../shared/real-data)")
    return folder


@pytest.fixture(scope="session")
def demo():
    """The demo data, made when they are not there."""
    from kansen_analysis.demo import demo_folder

    return demo_folder()
