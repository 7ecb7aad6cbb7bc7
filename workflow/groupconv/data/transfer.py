"""Downloads a file over HTTP on a bad line: keeps the bytes that came, and asks for the rest.

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


def fetch(url: str, partial: Path) -> None:
    """Download ``url`` into ``partial``, after the bytes that an earlier call left there.

    ``partial`` holds bytes of this address alone. It goes on with a file only if the server
    confirms that the file is the same (RFC 9110, If-Range). Raises TransferError, and keeps the
    bytes that came in ``partial``; DiskError if the disk has no room for the rest.
    """
    import requests  # not needed where nothing is fetched by URL

    failures, most = 0, size_of(partial)
    while True:
        try:
            _once(url, partial)
            _version(partial).unlink(missing_ok=True)
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
        came = size_of(partial)
        failures = 0 if came > most else failures + 1
        most = max(most, came)
        if failures == TRIES or (came == 0 and not reason.startswith("HTTP")):
            raise TransferError(f"{reason}, {many(came, 'byte')} came" if came else reason)
        wait_s = min(8.0, 0.5 * 2**failures)
        say(f"download: {reason} after {many(came, 'byte')}, again in {wait_s:.1f} s")
        sleep(wait_s)


def _once(url: str, partial: Path) -> None:
    """Make one request: for the bytes that ``partial`` lacks, or for the whole file."""
    import requests
    from urllib3.exceptions import HTTPError

    version = _version(partial).read_text(encoding="utf-8") if _version(partial).exists() else ""
    offset, headers = size_of(partial) if version else 0, {"Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": version}
    with requests.get(url, stream=True, timeout=(CONNECT_S, READ_S), headers=headers) as answer:
        status, validator = answer.status_code, _validator(answer)
        content_range = re.match(
            r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "")
        )
        # A server may take no notice of If-Range.
        continues = offset and status == 206 and content_range and int(content_range[1]) == offset
        continues = continues and validator in ("", version)
        if not offset or continues or status not in (206, 416):
            answer.raise_for_status()
            if status == 206 and not continues:
                raise TransferError("a part of the file came, the whole was asked for")
            if offset and not continues and "html" in answer.headers.get("Content-Type", ""):
                raise TransferError("a web page came, not the file")  # what has come stays
            offset = offset if continues else 0
            length = content_range[2] if continues else answer.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else None
            if total:
                say(
                    f"download: {amount(total)}"
                    + (f", {amount(offset)} are there" if offset else "")
                )
                atomic.check_free(partial, total - offset, "the download")
            with atomic.writing(partial), open(partial, "ab" if continues else "wb") as file:
                _version(partial).write_text(
                    validator or (version if continues else ""), encoding="utf-8"
                )
                try:
                    # As it lies there: requests would unpack what is sent as gzip.
                    copy(answer.raw.stream(2**16, decode_content=False), file, offset, total)
                except HTTPError as error:
                    raise IncompleteError from error
            if total is not None and size_of(partial) != total:
                raise IncompleteError
            if total is None and "Transfer-Encoding" not in answer.headers:
                say("download: the server does not say how long the file is: it may not be whole")
            return
    partial.unlink()  # it has all bytes, or those of another file: from the start
    _once(url, partial)


def _cause(error) -> str:
    """Why a handshake or a proxy failed, as urllib3 says it, without the address around it."""
    inner = getattr(error.args[0], "reason", None) or error
    return " ".join(": ".join(map(str, inner.args)).split())


def _validator(answer) -> str:
    """The server's exact name for this version of the file; "" if it gives none."""
    tag = answer.headers.get("ETag", "")
    # A weak entity tag does not promise the same bytes.
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def copy(chunks: Iterator[bytes], file: IO, offset: int, total: int | None) -> None:
    """Append the chunks to ``file``, which has ``offset`` of ``total`` bytes, and show progress."""
    came, began = 0, monotonic()
    said = began
    for chunk in chunks:
        file.write(chunk)
        came += len(chunk)
        now = monotonic()
        if now - said > SAY_S:
            said, speed = now, came / (now - began)
            of = f" of {amount(total)}" if total else ""
            left = f", {duration((total - offset - came) / speed)} left" if total else ""
            say(f"download: {amount(offset + came)}{of}, {amount(speed)}/s{left}")


def size_of(partial: Path) -> int:
    """Bytes in the file; 0 if it is not there."""
    return partial.stat().st_size if partial.exists() else 0


def _version(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.version")
