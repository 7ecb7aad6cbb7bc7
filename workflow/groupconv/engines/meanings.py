"""What each step's code means, remembered: to read it anew costs each start half a second.

One file has it for the package with this very md5; of another package it is read anew.
"""

import contextlib
import json

from groupconv.engines.digests import STATE, Digests
from groupconv.ground import atomic, fingerprint
from groupconv.ground.errors import DiskError

MEMORY = STATE / "meanings.json"
_known: dict[str, dict[str, str]] = {}  # {md5 of the package: {step: text}}


def text(step: str, digests: Digests) -> str:
    """``fingerprint.text`` of the code as ``digests`` saw it. Raises StepError."""
    package = str(fingerprint.PACKAGE)
    md5 = digests.of(package)
    if md5 not in _known:
        if md5 is None or _has_linked_folders():  # which the md5 leaves out
            return fingerprint.text(step)
        texts = _kept(md5)
        if step not in texts:
            texts = {one: fingerprint.text(one) for one in fingerprint.STEPS}
            if Digests(digests.memory).of(package) != md5:  # edited meanwhile
                return texts[step]
            with contextlib.suppress(DiskError):  # it saves time, no more
                atomic.write_text(MEMORY, json.dumps({"package": md5, "texts": texts}, indent=1))
        _known[md5] = texts
    return _known[md5][step]


def _has_linked_folders() -> bool:
    return any(path.is_symlink() and path.is_dir() for path in fingerprint.PACKAGE.rglob("*"))


def _kept(md5: str) -> dict[str, str]:
    """{step: text} of the file; empty if that is of another package, damaged or not there."""
    try:
        content = json.loads(MEMORY.read_text(encoding="utf-8"))
        return dict(content["texts"]) if content["package"] == md5 else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
