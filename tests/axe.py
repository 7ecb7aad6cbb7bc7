"""axe-core, which finds what keeps people from reading a page: in a wheel that pip fetches, pinned
by hash. `AXE=/path/to/axe.min.js` names one that is there.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

WHEEL = "axe_playwright_python-0.1.8-py3-none-any.whl"  # has axe-core 4.12.1; nothing else is used
SHA256 = "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8"
WITHOUT = "no axe-core: it needs a network, or set AXE=/path/to/axe.min.js"
GRAVE = ("serious", "critical")
RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  v => ({id: v.id, impact: v.impact, at: v.nodes.map(n => n.target + ": " + n.failureSummary)})))
"""


def script(folder: Path) -> str:
    """Its text; skips the test where it cannot be had."""
    if named := os.environ.get("AXE"):
        return Path(named).read_text(encoding="utf-8")
    name, version = WHEEL.split("-")[:2]
    asked = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{name}=={version}"]
    if subprocess.run(asked, cwd=folder, check=False).returncode:
        pytest.skip(WITHOUT)
    wheel = folder / WHEEL
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"{name}/axe.min.js").decode()


def findings(browser, text: str) -> list[dict]:
    """What of the open page keeps somebody out: each rule with its places."""
    browser.value(f"{text}\n;1")
    return [found for found in browser.value(RUN) if found["impact"] in GRAVE]
