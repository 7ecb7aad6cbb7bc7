import json
import os
import subprocess
import sys
from importlib import metadata

import pytest
from groupconv.ground import provenance


def test_a_machine_is_json_and_names_what_a_timing_depends_on():
    record = provenance.machine()
    assert json.loads(json.dumps(record)) == record
    assert set(record) == {"cpu", "cores", "ram_gib", "governor", "gpu", "system", "python"}
    assert record["ram_gib"] > 0
    assert record["gpu"] is None or record["gpu"]


def test_cores_are_those_that_this_process_may_use():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert provenance.machine()["cores"] == 1
    finally:
        os.sched_setaffinity(0, mine)


def test_versions_are_of_the_packages_asked_for():
    assert provenance.versions("numpy", "scipy") == {
        "numpy": metadata.version("numpy"),
        "scipy": metadata.version("scipy"),
    }
    with pytest.raises(metadata.PackageNotFoundError):
        provenance.versions("no-such-package-anywhere")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo 'made 1.2'; echo more", "made 1.2"),
        ("printf '\\377 1\\n'", "\ufffd 1"),  # no UTF-8
        ("echo 'no such option' >&2; exit 1", ""),
    ],
)
def test_a_programs_version_is_its_first_line(tmp_path, script, expected):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert provenance.program_version(str(program)) == expected


def test_a_program_that_is_not_there_has_no_version(tmp_path):
    assert provenance.program_version(str(tmp_path / "none")) == ""


def test_importing_it_does_not_import_torch():
    code = "import sys; from groupconv.ground import provenance; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": "workflow"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == "False"
