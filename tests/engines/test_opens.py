"""How often a first run opens each image: once for the plan, once to decode it, once by DVC."""

import re
import shutil

import pytest
from project import SNAKEMAKE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="hardware: needs strace"),
]
OPENED = re.compile(r'^(\d+) +openat\(.*/images/([^"]+\.png)", O_RDONLY')
STARTED = re.compile(r'^(\d+) +execve\("[^"]*/(\w+)"')


def test_each_image_is_opened_twice_by_us_and_once_by_dvc(fresh, pictures, tmp_path):
    images = pictures(tmp_path / "images", a=3, b=3, c=3)
    fresh.edit("source: sample", "source: folder")
    fresh.edit("folder: data/folder", f"folder: {images}")
    fresh.edit("min_images: 60", "min_images: 3")
    trace = tmp_path / "trace"
    strace = ["-f", "-e", "trace=openat,execve", "-s", "500", "-o", str(trace)]
    with fresh.popen(
        "/usr/bin/env", "strace", *strace, SNAKEMAKE, "--cores", "2", "prepare"
    ) as run:
        screen, _ = run.communicate(timeout=600)
    assert run.returncode == 0, screen
    program, found = {}, {}
    for line in trace.read_text(errors="replace").splitlines():
        if started := STARTED.match(line):
            program[started[1]] = started[2]
        elif opened := OPENED.match(line):
            found.setdefault(opened[2], []).append(program[opened[1]])
    assert len(found) == 9
    assert {tuple(sorted(by)) for by in found.values()} == {("dvc", "python", "snakemake")}
