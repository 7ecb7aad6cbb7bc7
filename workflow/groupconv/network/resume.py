"""An interrupted training goes on after its last whole epoch. Knows no network and no params.

The state is no output of a rule: DVC deletes a stage's outputs before a run, and Snakemake those
of a failed job, so it would be gone exactly when it is needed. It is a hidden file beside the
checkpoint, which neither engine looks at. Its name has a key of all that decides the training, the
epoch, and the content's hash; the last two are kept, so that a damaged one costs one epoch. They
stay when the training ends: only the engines know when its results are safe (engines/trainings.py).
"""

import errno
import fcntl
import hashlib
import json
import os
import socket
import time
from pathlib import Path

import torch

from groupconv.ground.progress import say
from groupconv.network import checkpoint, states

KEPT = 2


class Resume:
    """The saved states of one training, for one process at a time (a context manager).

    Entering waits while another process trains into the same folder; ``finished_by_another`` then
    says that it had the same key and came to its end.
    """

    def __init__(self, folder: str | Path, decides: dict, label: str):
        self.folder = Path(folder)
        text = json.dumps(decides, sort_keys=True)
        self.key = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.label = label
        self.finished_by_another = False

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / ".training"
        while True:
            self.guard = open(path, "a+", encoding="utf-8")
            waited = self._wait()
            self.finished_by_another = waited and self._said().get("finished") == self.key
            # The one before removes the file at its end: then a third may hold another one.
            if self.finished_by_another or (
                os.path.exists(path)
                and os.path.samestat(os.fstat(self.guard.fileno()), os.stat(path))
            ):
                break
            self.guard.close()
        for left in self.folder.glob(".*.part"):  # of a process that was killed while it wrote
            left.unlink()
        self._say({"who": f"process {os.getpid()} on {socket.gethostname()}"})
        return self

    def __exit__(self, kind, error, trace):
        if kind is None and not self.finished_by_another:
            self._say({"finished": self.key})
            (self.folder / ".training").unlink()
        self.guard.close()

    def _wait(self) -> bool:
        """Lock the guard, which the kernel frees when a process dies; whether it was not free."""
        waited = False
        while True:
            try:
                fcntl.flock(self.guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return waited
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    return waited  # this file system has no locks
                if not waited:
                    who = self._said().get("who", "another process")
                    say(f"{self.label}: waiting for {who}, which trains into {self.folder}")
                waited = True
                time.sleep(0.5)

    def _said(self) -> dict:
        self.guard.seek(0)
        try:
            return json.loads(self.guard.read())
        except ValueError:
            return {}

    def _say(self, content: dict) -> None:
        self.guard.truncate(0)
        self.guard.write(json.dumps(content))
        self.guard.flush()

    def load(self) -> dict | None:
        """The newest state of this training that is whole, on the CPU; None if there is none."""
        for path in states.of(self.folder, self.key):
            try:
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()[:16]
                if content == path.stem.split("-")[-1]:
                    return torch.load(path, map_location="cpu", weights_only=True)
            except FileNotFoundError:  # a network file system may list what is gone
                continue
            say(f"{self.label}: {path} is damaged; taking the one before it")
        return None

    def save(self, state: dict, epoch: int) -> None:
        """Keep ``state`` as that after ``epoch``, whole or not at all. Raises DiskError."""
        new = self.folder / ".resume-new.pt"
        checkpoint.save(state, new)
        with open(new, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        new.rename(self.folder / states.name(self.key, epoch, content))
        for old in states.of(self.folder, self.key)[KEPT:]:
            old.unlink()
