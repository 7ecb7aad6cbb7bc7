"""A small disk, in memory, that is soon full. To mount it needs root."""

import contextlib
import os
import subprocess

import pytest

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="hardware: needs root, to mount a disk")


@contextlib.contextmanager
def small_disk(folder, size_bytes):
    """A disk of so many bytes, in whole pages of 4096."""
    folder.mkdir(parents=True, exist_ok=True)
    how = ["-t", "tmpfs", "-o", f"size={size_bytes}"]
    subprocess.run(["mount", *how, "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
