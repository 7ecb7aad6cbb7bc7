"""axe-core, which finds what keeps people from reading a page; npm fetches it, pinned by hash.

`AXE=/path/to/axe.min.js` names one that is there.
"""

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

VERSION = "4.10.2"
SHA256 = "9ea2d2d6917da998122bdacfd3b473e31ead53f4b87146c716a12edf89158100"  # of npm's tarball
WITHOUT = "no axe-core: apt-get install npm, with a network, or set AXE=/path/to/axe.min.js"
GRAVE = ("serious", "critical")
RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  v => ({id: v.id, impact: v.impact, at: v.nodes.map(n => n.target + ": " + n.failureSummary)})))
"""


def script(folder: Path) -> str:
    """Its text; skips the test where it cannot be had."""
    if named := os.environ.get("AXE"):
        return Path(named).read_text(encoding="utf-8")
    asked = ["npm", "pack", "--silent", f"axe-core@{VERSION}"]
    if not shutil.which("npm") or subprocess.run(asked, cwd=folder, check=False).returncode:
        pytest.skip(WITHOUT)
    tarball = folder / f"axe-core-{VERSION}.tgz"
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() == SHA256
    with tarfile.open(tarball) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def findings(browser, text: str) -> list[dict]:
    """What of the open page keeps somebody out: each rule with its places."""
    browser.value(f"{text}\n;1")
    return [found for found in browser.value(RUN) if found["impact"] in GRAVE]
