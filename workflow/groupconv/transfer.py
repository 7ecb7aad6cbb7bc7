"""A file over HTTP, for bad lines: what has come is kept, and the rest asked for.

Knows no sources and no hashes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from groupconv.progress import say

CONNECT_S, READ_S = 20, 60  # a server that is silent for so long counts as not answering
TRIES = 5  # in a row that bring nothing new
SAY_S = 5  # between two lines of progress


class TransferError(Exception):
    """An address that did not give its file; the text says why."""


class IncompleteError(Exception):
    """Less came than was announced."""


def fetch(url: str, part: Path) -> None:
    """Bring the file at ``url`` to ``part``, after what an earlier call left there of it.

    A file is gone on with only if the server confirms that it is the same (RFC 9110, If-Range).
    Raises TransferError, with what has come kept in ``part``.
    """
    import requests  # not needed where nothing is fetched by URL

    failures, most = 0, size_of(part)
    while True:
        try:
            _once(url, part)
            _origin(part).unlink(missing_ok=True)
            return
        except requests.HTTPError as error:
            status = error.response.status_code
            if status < 500 and status != 429:
                raise TransferError(f"HTTP {status} {error.response.reason}") from error
            reason = f"HTTP {status}"
        except IncompleteError:
            reason = "broke off"
        except requests.Timeout:
            reason = "no answer in time"
        except requests.ConnectionError:
            reason = "no connection"
        except requests.RequestException as error:  # no address at all, too many redirects
            raise TransferError(" ".join(str(error).split())) from error
        came = size_of(part)
        failures = 0 if came > most else failures + 1
        most = max(most, came)
        if failures == TRIES or (came == 0 and not reason.startswith("HTTP")):
            raise TransferError(f"{reason}, {came:,} bytes came" if came else reason)
        wait_s = min(8.0, 0.5 * 2**failures)
        say(f"download: {reason} after {came:,} bytes, again in {wait_s:.1f} s")
        sleep(wait_s)


def _once(url: str, part: Path) -> None:
    """One request: the whole file, or the rest of what ``part`` has of the same one."""
    import requests
    from urllib3.exceptions import HTTPError

    have, headers = size_of(part), {"Accept-Encoding": "identity"}
    try:
        origin = json.loads(_origin(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        origin = {}
    if have and origin.get("url") == url:
        headers |= {"Range": f"bytes={have}-", "If-Range": origin["version"]}
    with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers) as answer:
        if (
            answer.status_code == 416 and have
        ):  # all had come, or the file is another: from the start
            part.unlink()
            raise IncompleteError
        answer.raise_for_status()
        rest = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if answer.status_code == 206 and not rest:
            part.unlink()
            raise IncompleteError
        have = have if rest else 0
        # A weak entity tag does not promise the same bytes.
        tag = answer.headers.get("ETag", "")
        version = tag if tag.startswith('"') else answer.headers.get("Last-Modified")
        with open(part, "ab" if rest else "wb") as file:
            _origin(part).write_text(
                json.dumps({"url": url, "version": version} if version else {}), encoding="utf-8"
            )
            length = answer.headers.get("Content-Length", "")
            total = have + int(length) if length.isdigit() else None
            try:
                # As it lies there: requests would unpack what is sent as gzip.
                _copy(answer.raw.stream(2**16, decode_content=False), file, have, total)
            except HTTPError as error:
                raise IncompleteError from error
    if total is not None and size_of(part) != total:
        raise IncompleteError


def _copy(chunks: Iterator[bytes], file: IO, have: int, total: int | None) -> None:
    """Write the chunks, with a line of progress from time to time."""
    came, began = 0, monotonic()
    said = began
    for chunk in chunks:
        file.write(chunk)
        came += len(chunk)
        now = monotonic()
        if now - said > SAY_S:
            said, speed = now, came / (now - began)
            of = f" of {total / 1e6:,.0f}" if total else ""
            left = f", {(total - have - came) / speed:,.0f} s left" if total else ""
            say(f"download: {(have + came) / 1e6:,.0f}{of} MB, {speed / 1e6:.1f} MB/s{left}")


def size_of(part: Path) -> int:
    """Bytes that have come."""
    return part.stat().st_size if part.exists() else 0


def _origin(part: Path) -> Path:
    return part.with_name(f"{part.name}.from")
