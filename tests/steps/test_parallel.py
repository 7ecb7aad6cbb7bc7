"""Images decoded by several processes: what comes of them, and how they end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from groupconv.data import held, parallel
from groupconv.data.sources.source import Character, Scan
from groupconv.ground import fingerprint
from groupconv.ground.errors import DataError, DeviceError, ParamsError, StepError
from groupconv.settings import config
from groupconv.steps import prepare
from PIL import Image
from project import ROOT

OUTPUTS = ("images.npy", "index.csv", "excluded.csv", "counts.csv")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(parallel, "ALONE_S", 0)


def scans(folder, sizes):
    """A scan of noise of each size: large ones take longer, and end after later small ones."""
    rng = np.random.default_rng(0)
    for i, side in enumerate(sizes):
        path = folder / f"{i:03}.png"
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, compress_level=1)
        yield Scan("a", path.name, path, (Character(f"a/{i}", "a"),))


def wanted(found):
    return [(scan, list(scan.characters)) for scan in found]


def plain(found):
    return [(row, None if array is None else array.tolist(), said) for row, array, said in found]


def test_any_number_of_processes_gives_the_same_in_the_same_order(tmp_path):
    found = list(scans(tmp_path, [*[600] * 2, *[8] * 40, 700, *[9] * 80]))
    whole = found[3].content.read_bytes()
    found[3].content.write_bytes(whole[:-50])
    found[4].content.write_bytes(b"no image")
    boxes = [Character(f"page/{i}", "か", (i, 0, 9, 9)) for i in range(3 * parallel.MOST_HELD)]
    found.insert(5, Scan("b", "page", found[0].content.read_bytes(), tuple(boxes)))
    one = plain(parallel.decoded(wanted(found), 64, 1))
    assert len(one) == 123 + len(boxes)
    assert sum(bool(said) for *_, said in one) == 2
    for threads in (2, 3):
        assert plain(parallel.decoded(wanted(found), 64, threads)) == one


def test_an_error_comes_when_its_image_does(tmp_path):
    found = list(scans(tmp_path, [400, 8, 8, 8]))
    os.remove(found[2].content)
    found[3] = Scan("a", "none", tmp_path, found[3].characters)
    for threads in (1, 2):
        came = parallel.decoded(wanted(found), 64, threads)
        assert [next(came)[0]["id"], next(came)[0]["id"]] == ["a/0", "a/1"]
        with pytest.raises(DataError, match=r"002\.png: cannot be read: No such file"):
            next(came)
        assert not _children()

    def broken():
        yield from wanted(found[:2])
        raise DataError("the archive breaks off")

    for threads in (1, 2):
        came = parallel.decoded(broken(), 64, threads)
        assert [next(came)[0]["id"], next(came)[0]["id"]] == ["a/0", "a/1"]
        with pytest.raises(DataError, match="breaks off"):
            next(came)


def _children():
    """The processes below this one; multiprocessing's own goes with it."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "resource_tracker" not in " ".join(process.cmdline())
    ]


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (
            signal.SIGKILL,
            DeviceError,
            r"^params.yaml: prepare.threads = 2: .*signal 9.*smaller",
        ),
        (signal.SIGTERM, StepError, "^interrupted$"),
    ],
)
def test_a_process_that_is_killed_is_one_line_and_leaves_none(tmp_path, number, kind, said):
    came = parallel.decoded(wanted(scans(tmp_path, [300] * 200)), 64, 2)
    next(came)
    _children()[0].send_signal(number)
    with pytest.raises(kind, match=said) as caught:
        list(came)
    assert "\n" not in str(caught.value)
    assert not _children()


PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
if __name__ == "__main__":
    from pathlib import Path
    import test_parallel as test
    test.parallel.ALONE_S = 0
    found = test.wanted(test.scans(Path(sys.argv[3]), [200] * 200))
    for _ in test.parallel.decoded(found * 50, 64, 2):
        print("begun", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_one_that_asked(tmp_path, number):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    arguments = [sys.executable, file, ROOT / "workflow", ROOT / "tests" / "steps", tmp_path]
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        assert run.stdout.readline() == "begun\n"
        below = psutil.Process(run.pid).children(recursive=True)
        assert len(below) >= 2
        if number == signal.SIGINT:
            os.killpg(run.pid, number)  # as a terminal does
        else:
            run.kill()
        said = run.communicate(timeout=20)[1]
    _, alive = psutil.wait_procs(below, timeout=10)
    assert not alive
    assert len(re.findall("^Traceback", said, re.MULTILINE)) == (number == signal.SIGINT)


@pytest.mark.filterwarnings("error")  # of Pillow; each would stand in the log without its image
def test_all_of_prepare_is_the_same_whatever_the_number(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for label in "ab":
        os.makedirs(f"in/{label}")
        for i in range(20):
            pixels = np.random.default_rng([ord(label), i]).integers(0, 256, (30, 40, 3), np.uint8)
            Image.fromarray(pixels).save(f"in/{label}/{i:02}.png")
        Image.new("RGB", (9, 9)).save(f"in/{label}/blank.png")
        warned = Image.fromarray(pixels[::-1])
        warned.info["exif"] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\xff\0\0\0\xff\0\0\0"
        warned.save(f"in/{label}/warned.jpg", exif=warned.info["exif"])
        whole = Path(f"in/{label}/00.png").read_bytes()
        Path(f"in/{label}/cut.png").write_bytes(whole[:-99])
    data = config.load(ROOT / "params.yaml")["data"]
    data |= {"source": "folder", "folder": "in", "min_images": 3}
    made = {}
    for threads in ("1", "2"):
        prepare.run({"data": data}, *OUTPUTS, threads=threads)
        made[threads] = [capfd.readouterr(), *(Path(name).read_bytes() for name in OUTPUTS)]
    (out, log), (out_2, log_2) = (made[threads].pop(0) for threads in made)
    assert made["1"] == made["2"]
    assert [out_2, log_2] == [
        text.replace("1 at once: up to 1", "2 at once: up to 2") for text in (out, log)
    ]
    assert "42 images in 2 classes packed, 4 left out: 2 unreadable, 2 blank" in out
    assert re.search("prepare: 2 images read with a warning: .+; the first: a/warned.jpg\n", out)


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5", "²"])
def test_a_number_of_threads_that_is_none_is_one_line(threads):
    with pytest.raises(ParamsError, match=f"^prepare: threads={threads}: must be a whole number"):
        prepare.run({}, *OUTPUTS, threads=threads)


def test_the_estimate_of_memory_knows_how_many_images_wait():
    assert held.memory_mb(1, 1024) == held.DECODING_MB
    assert held.memory_mb(4, 64) > 3 * held.DECODING_MB


def test_workers_that_imported_other_code_decode_nothing(tmp_path):
    found = list(scans(tmp_path, [600, *[8] * 40]))
    text = fingerprint.text("prepare")
    fingerprint.hold("prepare", text)
    one = plain(parallel.decoded(wanted(found), 64, 1))
    assert plain(parallel.decoded(wanted(found), 64, 2)) == one
    fingerprint.hold("prepare", text.replace("0", "1", 1))
    with pytest.raises(StepError, match=r"^prepare: its code was edited while it ran"):
        list(parallel.decoded(wanted(found), 64, 2))
    assert not _children()
