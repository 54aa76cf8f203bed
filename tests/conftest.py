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
def invented(tmp_path_factory):
    """The same files, small and invented; what holds for the published ones holds for these."""
    from excerpts import write_published

    folder = tmp_path_factory.mktemp("published")
    write_published(folder)
    return folder


@pytest.fixture(scope="session", params=["invented", pytest.param("real", marks=pytest.mark.real)])
def files(request):
    """Published files: the invented ones always, the real ones where they are."""
    name = {"real": "real_data"}.get(request.param, request.param)
    return request.getfixturevalue(name)


@pytest.fixture(scope="session")
def are_real(files):
    """Tell whether the files are the real ones, of which some figures are known by heart."""
    return files.name == "real-data"


@pytest.fixture(scope="session")
def edition(demo):
    """The edition of the demo, built when it is stale."""
    from kansen_analysis.edition.build import build

    return build(demo)


@pytest.fixture(scope="session")
def real_edition(real_data):
    """The edition of the published files of 2024-2025."""
    from kansen_analysis.edition.build import build
    from kansen_analysis.programme.workspace import root

    return build(real_data / "raw", root() / "data" / "participants.csv", 2024)


@pytest.fixture(scope="session")
def demo():
    """The demo data, made when they are not there."""
    from kansen_analysis.demo import demo_folder

    return demo_folder()
