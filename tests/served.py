"""A real HTTP server on loopback, with ranges, whose line can be as bad as one likes."""

import contextlib
import http.server
import re
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Served:
    """What is served, and how badly. ``requests`` are those that came: (path, Range)."""

    files: dict[str, bytes]
    tag: str | None = '"1"'  # of every file, as ETag
    modified: str | None = None  # of every file, as Last-Modified
    ranges: bool = True
    heeds_if_range: bool = True
    shift: int = 0  # bytes by which a range begins too late
    range_bytes: int | None = None  # of one range at most
    length: bool = True  # whether it is sent
    chunked: bool = False
    break_after: list[int] = field(default_factory=list)  # bytes, of one answer after another
    status: int = 0  # given to every request, if not 0
    headers: dict[str, str] = field(default_factory=dict)
    silent_s: float = 0  # before any answer
    together: threading.Barrier | None = None  # no answer before so many requests have come
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """One request."""
        wanted = handler.headers.get("Range")
        self.requests.append((handler.path, wanted))
        time.sleep(self.silent_s)
        if self.together:
            self.together.wait()
        content = self.files.get(handler.path.lstrip("/"))
        if self.status or content is None:
            handler.send_error(self.status or 404)
            return
        first, whole = 0, len(content)
        same = handler.headers.get("If-Range") in (self.tag, self.modified)
        if wanted and self.ranges and (same or not self.heeds_if_range):
            first = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) + self.shift
            if first >= whole:
                handler.send_error(416)
                return
        end = min(whole, first + self.range_bytes) if first and self.range_bytes else whole
        handler.send_response(206 if first else 200)
        if self.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif self.length:
            handler.send_header("Content-Length", str(end - first))
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{end - 1}/{whole}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if self.chunked:
            handler.wfile.write(b"%x\r\n" % (end - first))
        size = min(self.break_after.pop(0) if self.break_after else whole, end - first)
        handler.wfile.write(content[first : first + size])
        if self.chunked and size == end - first:
            handler.wfile.write(b"\r\n0\r\n\r\n")


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None, /, **files: bytes) -> Iterator[Served]:
    """Serve ``files`` until the block ends."""
    served = Served(files)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):
                served.answer(self)

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        if tls:
            running.socket = tls.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        served.url = f"http://127.0.0.1:{running.server_port}"
        yield served
        running.shutdown()
        thread.join()
