"""The range of Snakemake and Python, checked first."""

import pytest
from groupconv.engines.versions import complaint
from project import ROOT


@pytest.mark.parametrize("version", ["9.17.0", "9.18.1", "9.27.1", "9.100.0", "9.28.0+g1234.dirty"])
def test_allowed(version):
    assert complaint(version, (3, 11)) == ""


@pytest.mark.parametrize("version", ["7.32.4", "8.30.0", "9.3.0", "9.16.3", "10.0.0", "0+unknown"])
def test_refused(version):
    said = complaint(version, (3, 11))
    assert said.startswith(f"snakemake {version}: this workflow takes 9.17 or newer, below 10: ")
    assert "\n" not in said


def test_an_old_python_is_refused():
    assert complaint("9.27.1", (3, 10)).startswith("python 3.10: this workflow takes 3.11 or newer")


def test_nothing_of_ours_comes_before_the_check():
    lines = (ROOT / "workflow" / "seam.smk").read_text().splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code[:3] == [
        "from groupconv.engines import versions",
        "from snakemake import __version__",
        "versions.check(__version__)",
    ]


def test_older_snakemakes_can_read_the_profile():
    """7 stops at a key that it does not know, before it reads any of our files."""
    text = (ROOT / "profiles" / "default" / "config.yaml").read_text()
    keys = [line.partition(":")[0] for line in text.splitlines() if not line.startswith("#")]
    assert keys == ["rerun-incomplete"]
