"""A disk that is full, of DVC's cache or of Snakemake's own folder: the cause is the last line."""

import contextlib
import os
import subprocess

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.geteuid() != 0, reason="hardware: needs root, to mount a small disk"),
]


@contextlib.contextmanager
def small_disk(folder):
    """A disk of 64 KiB in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def last_line(screen):
    return screen.rstrip().splitlines()[-1]


def test_dvcs_cache(done, tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk):
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
    with small_disk(own):
        (own / "groupconv").mkdir()
        with contextlib.suppress(OSError):
            (own / "fill").write_bytes(bytes(2**17))
        run = done.snakemake("-n")
        assert run.returncode == 1
        assert last_line(run.stdout).startswith(".snakemake/groupconv/")
        assert last_line(run.stdout).endswith(": cannot be written: No space left on device")
        assert "Traceback" not in run.stdout
