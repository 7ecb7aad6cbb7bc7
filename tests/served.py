"""A real HTTP server on loopback, with ranges, whose line can be as bad as one likes."""

import contextlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Served:
    """What is served, and how badly. ``requests`` are those that came: (path, Range)."""

    files: dict[str, bytes]
    tag: str | None = '"1"'  # of every file, as ETag
    ranges: bool = True
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
        same = handler.headers.get("If-Range") == self.tag
        if wanted and self.ranges and same:
            first = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if first >= whole:
                handler.send_error(416)
                return
        handler.send_response(206 if first else 200)
        handler.send_header("Content-Length", str(whole - first))
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{whole - 1}/{whole}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        size = self.break_after.pop(0) if self.break_after else whole
        handler.wfile.write(content[first : first + size])


@contextlib.contextmanager
def serving(**files: bytes) -> Iterator[Served]:
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
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        served.url = f"http://127.0.0.1:{running.server_port}"
        yield served
        running.shutdown()
        thread.join()
