"""A real headless Chromium, driven by its DevTools protocol over two pipes: the standard library
is enough. `CHROMIUM=/path` names one that is not on the PATH.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
WITHOUT = "no Chromium: apt-get install chromium, or set CHROMIUM=/path/to/it"
needed = pytest.mark.skipif(FOUND is None, reason=WITHOUT)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars "
    "--remote-debugging-pipe --disable-background-networking --disable-component-update "
    "--disable-dev-shm-usage"
).split()


class Browser:
    """One page of a browser. ``events`` has what the browser said by itself, in order."""

    def __init__(self, to, of):
        self.to, self.of, self.last, self.events, self.session = to, of, 0, [], None
        self.rest = b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """The protocol's answer to one command."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while (said := self._next()).get("id") != self.last:
            self.events.append(said)
        assert "error" not in said, said
        return said["result"]

    def _next(self):
        while b"\0" not in self.rest:
            read = os.read(self.of, 1 << 20)
            assert read, "the browser has ended"
            self.rest += read
        line, _, self.rest = self.rest.partition(b"\0")
        return json.loads(line)

    def open(self, path, width=1200, height=900, scale=1):
        """Load a file in a window of that many px."""
        self.events.clear()
        self.size(width, height, scale)
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        self.wait("Page.loadEventFired")
        self.value("document.fonts.ready.then(() => 1)")

    def wait(self, event):
        """Until the browser says ``event``."""
        while not any(one.get("method") == event for one in self.events):
            self.events.append(self._next())

    def size(self, width, height=900, scale=1):
        """Alter the window; one of less than 600 px is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    def value(self, expression):
        """What JavaScript's ``expression`` comes to, waited for."""
        said = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def media(self, kind="", **features):
        """Emulate print, or features as prefers_color_scheme="dark"."""
        found = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=found)

    def picture(self, path, **clip):
        """Save a screenshot of the whole page."""
        said = self.call("Page.captureScreenshot", captureBeyondViewport=True, **clip)
        Path(path).write_bytes(base64.b64decode(said["data"]))

    def pdf(self, path):
        """Save the page as it is printed."""
        said = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        Path(path).write_bytes(base64.b64decode(said["data"]))


@contextlib.contextmanager
def browser(*flags):
    """A Browser that ends with the block."""
    ours, theirs = os.pipe(), os.pipe()  # what it reads, what it writes
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:

        def wire():
            # It reads fd 3 and writes fd 4; theirs first, lest one overwrite the other.
            read, write = os.dup(ours[0]), os.dup(theirs[1])
            os.dup2(read, 3)
            os.dup2(write, 4)

        process = subprocess.Popen(
            [FOUND, *FLAGS, *flags, f"--user-data-dir={profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=wire,
        )
        os.close(ours[0])
        os.close(theirs[1])
        try:
            yield Browser(ours[1], theirs[0])
        finally:
            os.close(ours[1])
            os.close(theirs[0])
            process.terminate()
            process.wait(20)
