"""A file over HTTP, for bad lines: what has come is kept, and the rest asked for.

Knows no sources and no hashes.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from groupconv.ground import atomic
from groupconv.ground.progress import amount, duration, many, say

CONNECT_S, READ_S = 20, 60  # a server that is silent for so long counts as not answering
TRIES = 5  # in a row that bring nothing new
SAY_S = 5  # between two lines of progress


class TransferError(Exception):
    """An address that did not give its file; the text says why."""


class IncompleteError(Exception):
    """Less came than was announced."""


def fetch(url: str, part: Path) -> None:
    """Bring the file at ``url`` to ``part``, after what an earlier call left there of it.

    ``part`` is of this address alone. A file is gone on with only if the server confirms that it
    is the same (RFC 9110, If-Range). Raises TransferError, with what has come kept in ``part``;
    DiskError if the rest has no room on the disk.
    """
    import requests  # not needed where nothing is fetched by URL

    failures, most = 0, size_of(part)
    while True:
        try:
            _once(url, part)
            _version(part).unlink(missing_ok=True)
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
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
            reason = _cause(error)
        except requests.ConnectionError:
            reason = "no connection"
        except requests.RequestException as error:  # no address at all, too many redirects
            raise TransferError(" ".join(str(error).split())) from error
        came = size_of(part)
        failures = 0 if came > most else failures + 1
        most = max(most, came)
        if failures == TRIES or (came == 0 and not reason.startswith("HTTP")):
            raise TransferError(f"{reason}, {many(came, 'byte')} came" if came else reason)
        wait_s = min(8.0, 0.5 * 2**failures)
        say(f"download: {reason} after {many(came, 'byte')}, again in {wait_s:.1f} s")
        sleep(wait_s)


def _once(url: str, part: Path) -> None:
    """One request: the rest of what ``part`` has, or else the whole file."""
    import requests
    from urllib3.exceptions import HTTPError

    version = _version(part).read_text(encoding="utf-8") if _version(part).exists() else ""
    have, headers = size_of(part) if version else 0, {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers) as answer:
        status, sent = answer.status_code, _validator(answer)
        rest = re.match(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        # A server may take no notice of If-Range.
        goes_on = have and status == 206 and rest and int(rest[1]) == have
        goes_on = goes_on and sent in ("", version)
        if not have or goes_on or status not in (206, 416):
            answer.raise_for_status()
            if status == 206 and not goes_on:
                raise TransferError("a part of the file came, the whole was asked for")
            if have and not goes_on and "html" in answer.headers.get("Content-Type", ""):
                raise TransferError("a web page came, not the file")  # what has come stays
            have = have if goes_on else 0
            length = rest[2] if goes_on else answer.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            if total:
                say(f"download: {amount(total)}" + (f", {amount(have)} are there" if have else ""))
                atomic.check_free(part, total - have, "the download")
            with open(part, "ab" if goes_on else "wb") as file:
                _version(part).write_text(sent or (version if goes_on else ""), encoding="utf-8")
                try:
                    # As it lies there: requests would unpack what is sent as gzip.
                    copy(answer.raw.stream(2**16, decode_content=False), file, have, total)
                except HTTPError as error:
                    raise IncompleteError from error
            if total is not None and size_of(part) != total:
                raise IncompleteError
            if total is None and "Transfer-Encoding" not in answer.headers:
                say("download: the server does not say how long the file is: it may not be whole")
            return
    part.unlink()  # all of it had come, or it is of another file: from the start
    _once(url, part)


def _cause(error) -> str:
    """What urllib3 says of a failed handshake or proxy, without the address around it."""
    inner = getattr(error.args[0], "reason", None) or error
    return " ".join(": ".join(map(str, inner.args)).split())


def _validator(answer) -> str:
    """What the server names this version of the file by; "" if by nothing that is exact."""
    tag = answer.headers.get("ETag", "")
    # A weak entity tag does not promise the same bytes.
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def copy(chunks: Iterator[bytes], file: IO, have: int, total: int | None) -> None:
    """Write the chunks, with a line of progress from time to time."""
    came, began = 0, monotonic()
    said = began
    for chunk in chunks:
        file.write(chunk)
        came += len(chunk)
        now = monotonic()
        if now - said > SAY_S:
            said, speed = now, came / (now - began)
            of = f" of {amount(total)}" if total else ""
            left = f", {duration((total - have - came) / speed)} left" if total else ""
            say(f"download: {amount(have + came)}{of}, {amount(speed)}/s{left}")


def size_of(part: Path) -> int:
    """Bytes that have come."""
    return part.stat().st_size if part.exists() else 0


def _version(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")
