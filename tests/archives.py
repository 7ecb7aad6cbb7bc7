"""Archives for the tests of those who read them, and a process with bounds to read them in."""

import functools
import io
import pickle
import random
import resource
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from groupconv.steps import prepare
from PIL import Image

KKANJI = "kkanji2/U+3042/{:016x}.png"
BOOK = "umgy00000/characters/U+3042/U+3042_umgy00000_00001_1_X{:04}_Y0001.jpg"


@functools.cache
def pictures(n=24, side=28, mode="L", kind="png"):
    """Encoded images of noise, no two alike."""
    made, rng = [], random.Random(0)
    for _ in range(n):
        file = io.BytesIO()
        size = side * side * len(mode)
        Image.frombytes(mode, (side, side), rng.randbytes(size)).save(file, kind)
        made.append(file.getvalue())
    return made


def tar_of(members, mode="w", **options):
    """A tar file of (name or TarInfo, content)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, **options) as tar:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = info.size or len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members, **options):
    """A zip file of (name or ZipInfo, content)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content, **options)
    return file.getvalue()


class Python2(pickle._Pickler):
    """Text and bytes as Python 2 wrote both, in protocol 2."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_string(self, value):
        content = value if isinstance(value, bytes) else value.encode("latin-1")
        short = len(content) < 256
        self.write(
            b"U" + bytes([len(content)]) if short else b"T" + len(content).to_bytes(4, "little")
        )
        self.write(content)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def python_2(value):
    """A pickle as Python 2 writes it, with a numpy array's old name."""
    file = io.BytesIO()
    Python2(file, 2).dump(value)
    return file.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def header(name, size=0, kind=tarfile.REGTYPE, linkname=""):
    """One header block of a tar file."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, linkname
    return info.tobuf(tarfile.GNU_FORMAT)


READ = """
from groupconv.ground.errors import DataError
from groupconv.data.sources import SOURCES
try:
    print(sum(1 for _ in SOURCES[sys.argv[1]].read([sys.argv[2]], None)))
except DataError as error:
    print(error)
"""


def in_a_process(*arguments, code=READ, timeout_s=120):
    """What ``code`` prints, and its peak of memory in MiB, in at most 2 GiB and so much time."""
    here = Path(__file__).parent
    paths = [str(path) for path in (Path(prepare.__file__).parents[2], here, here / "steps")]
    peak = 'status = open("/proc/self/status").read()\nprint(status.split("VmHWM:")[1].split()[0])'
    run = subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.path[:0] = {paths}\n{code}\n{peak}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30, 2 * 2**30)),
    )
    assert run.returncode == 0, run.stderr[-3000:]
    *said, kib = run.stdout.splitlines()
    return said, int(kib) // 1024
