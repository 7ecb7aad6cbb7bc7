"""A disk that is full, of DVC's cache or of Snakemake's own folder: the cause is the last line."""

import contextlib

import pytest
from disks import NEEDS_ROOT, small_disk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    NEEDS_ROOT,
]


SMALL = 2**16  # bytes
FULL = ": cannot be written: No space left on device; its disk has 0 bytes free"


def last_line(screen):
    return screen.rstrip().splitlines()[-1]


def test_dvcs_cache(done, tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk, SMALL):
        assert done.dvc("cache", "dir", "--local", str(disk)).returncode == 0
        done.edit("dpi: 150", "dpi: 100")
        run = done.snakemake("--cores", "2")
        assert run.returncode == 0, run.stdout
        cause = "dvc.lock: nothing recorded: [Errno 28] No space"
        assert last_line(run.stdout).startswith(cause)
        done.edit("dpi: 100", "dpi: 99")  # beside what waits already
        assert done.snakemake("--cores", "2").stdout.count(cause) == 1


def test_snakemakes_own_folder(done):
    own = done.folder / ".snakemake"
    own.rename(done.folder / ".state")
    with small_disk(own, SMALL):
        (own / "groupconv").mkdir()
        with contextlib.suppress(OSError):
            (own / "fill").write_bytes(bytes(2**17))
        run = done.snakemake("-n")
        assert run.returncode == 1
        assert last_line(run.stdout).startswith(".snakemake/groupconv/")
        assert last_line(run.stdout).endswith(FULL)
        assert "Traceback" not in run.stdout
