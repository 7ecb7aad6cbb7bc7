"""Many jobs: all of them end, and Slurm is not asked about each."""

import os
import re
import time

import pytest
from slurm_jobs import jobs_of, slurm

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(1800)]

MANY = int(os.environ.get("MANY_JOBS", 300))  # CI has no time for as many
SNAKEFILE = f"""
rule all:
    input: expand("done/{{n}}", n=range({MANY}))

rule nothing:
    output: "done/{{n}}"
    resources: mem_mb=300
    shell: "touch {{output}}"
"""


def test_many_jobs_go_through(bare):
    (bare.folder / "Snakefile").write_text(SNAKEFILE)
    slurm("sdiag", "--reset")
    began = time.monotonic()
    with bare.start("--profile", "slurm") as run:
        screen, _ = run.communicate(timeout=1700)
    assert run.returncode == 0, screen
    assert len(list((bare.folder / "done").iterdir())) == MANY
    assert [job["JobState"] for job in jobs_of(bare)] == ["COMPLETED"] * MANY
    asked = dict(re.findall(r"(REQUEST_\w+) .*?count:(\d+)", slurm("sdiag")))
    assert int(asked["REQUEST_SUBMIT_BATCH_JOB"]) == MANY
    looks = (time.monotonic() - began) / 20  # at all jobs at once, every 20 s
    assert int(asked["REQUEST_JOB_INFO"]) <= looks + 3
