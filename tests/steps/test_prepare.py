"""Images become one packed array and its tables; what cannot be used is left out and named."""

import io
import re
import resource
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from files import encoded
from groupconv.data.decode import decode
from groupconv.engines.digests import Digests
from groupconv.ground.errors import DiskError
from groupconv.settings import reads
from groupconv.steps import prepare
from PIL import Image
from preparing import OUTPUTS, PARAMS, local, other, picture, prepared, write_classes
from project import ROOT


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hashes of first files are not left in this checkout."""
    monkeypatch.chdir(tmp_path)


def test_the_sample_has_the_counts_that_are_known(wheel, tmp_path):
    images, index, excluded = prepared(tmp_path, str(wheel))
    assert len(index) + len(excluded) == 1299
    assert len({row["class"] for row in index}) == 27
    assert len({row["id"] for row in index}) == len({row["sha256"] for row in index}) == len(index)
    assert len({row["page"] for row in index}) == 14  # one page has other characters only
    for row in index:
        assert row["code_point"] == f"U+{ord(row['class']):04X}"
        assert max(int(row["height"]), int(row["width"])) <= 64
    end = 0  # one after another, and nothing between them
    for row in sorted(index, key=lambda row: int(row["offset"])):
        assert int(row["offset"]) == end
        end += int(row["height"]) * int(row["width"]) * int(row["channels"])
    assert end == len(images)
    assert images.dtype == np.uint8
    again = prepared(tmp_path, str(wheel))
    assert np.array_equal(images, again[0])
    assert index == again[1]


def test_pixels_are_those_of_the_files_never_enlarged(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    images, index, _ = local(tmp_path)
    for row in index:
        pixels = images[int(row["offset"]) :][: 30 * 40 * 3].reshape(30, 40, 3)
        assert np.array_equal(pixels, np.asarray(Image.open(tmp_path / "in" / row["id"])))
    _, index, _ = local(tmp_path, image_size=20)
    assert {(row["height"], row["width"]) for row in index} == {("15", "20")}


def test_grey_images_keep_one_channel(tmp_path):
    grey = [picture(i, mode="L") for i in range(6)]
    write_classes(tmp_path / "in", a=grey[:3], b=grey[3:])
    assert {row["channels"] for row in local(tmp_path)[1]} == {"1"}


def test_what_cannot_be_used_is_left_out_with_its_reason(tmp_path):
    good = [picture(i) for i in range(10)]
    blank = io.BytesIO()
    Image.new("RGB", (30, 30), "white").save(blank, "png")
    write_classes(
        tmp_path / "in",
        a=[*good[:4], good[0], good[9], blank.getvalue()],
        b=[*good[4:7], good[9], b"no image", good[7][:-200]],
        c=[good[8], good[8], good[8]],
    )
    _, index, excluded = local(tmp_path)
    assert {row["id"]: row["reason"] for row in excluded} == {
        "a/04.png": "duplicate",
        "a/05.png": "conflict",
        "a/06.png": "blank",
        "b/03.png": "conflict",
        "b/04.png": "not an image",
        "b/05.png": "unreadable",
        "c/00.png": "class too small",
        "c/01.png": "duplicate",
        "c/02.png": "duplicate",
    }
    assert [row["id"] for row in index] == [f"a/0{i}.png" for i in range(4)] + [
        f"b/0{i}.png" for i in range(3)
    ]
    assert all("\n" not in row["detail"] and row["detail"] for row in excluded)


def test_what_is_left_out_leaves_no_gap_among_the_pixels(tmp_path):
    good = [picture(i) for i in range(8)]
    write_classes(tmp_path / "in", a=[good[0], good[0], *good[1:4]], b=[good[7], *good[4:7]])
    (tmp_path / "in" / "a" / "99.png").write_bytes(good[7])  # a conflict
    images, index, excluded = local(tmp_path)
    assert len(excluded) == 3
    assert len(images) == len(index) * 40 * 30 * 3
    for row in index:
        pixels = images[int(row["offset"]) :][: 30 * 40 * 3].reshape(30, 40, 3)
        assert np.array_equal(pixels, np.asarray(Image.open(tmp_path / "in" / row["id"])))
    np.load(tmp_path / "out" / "images")  # the header says the final size


def test_an_image_that_was_read_is_opened_once_more_to_be_decoded(tmp_path, monkeypatch):
    """Once for its hash, which shows its first bytes, and once by prepare; never to be listed."""
    monkeypatch.setattr("groupconv.engines.digests.YOUNG_NS", -(10**12))
    write_classes(tmp_path / "in", a=[picture(i) for i in range(5)], b=other())
    (tmp_path / "in" / "a" / "notes").write_text("no image")
    opened = Counter()
    watched, inside = [True], str(tmp_path / "in")

    def hook(event, args):
        if watched and event == "open" and str(args[0]).startswith(inside):
            opened[str(args[0])] += 1

    sys.addaudithook(hook)
    digests = Digests(tmp_path / "md5.sqlite", look=prepare.look)
    before = digests.of(inside)
    paths = {name: str(tmp_path / "out" / name) for name in OUTPUTS}
    data = {"source": "folder", "folder": inside, "min_images": 3}
    prepare.run({"data": {**PARAMS["data"], **data}}, told=digests.told, **paths)
    digests.forget()
    assert digests.of(inside) == before
    watched.clear()
    assert Counter(opened.values()) == {2: 8, 1: 1}
    assert {Path(path).name for path, n in opened.items() if n == 1} == {"notes"}


def test_which_range_16_bits_were_taken_to_have_is_said(tmp_path, capfd):
    rng = np.random.default_rng(0)
    deep = [encoded(rng.integers(0, 2**12, (9, 9)).astype(np.uint16)) for _ in range(4)]
    deep += [encoded(rng.integers(0, 2**16, (9, 9)).astype(np.uint16)) for _ in range(2)]
    write_classes(tmp_path / "in", a=deep[::2], b=deep[1::2])
    assert len(local(tmp_path)[1]) == 6
    line = "images of more bits than they use, scaled by those: 4 (12 of 16 bits)\n"
    assert line in capfd.readouterr().out


def test_why_images_are_left_out_is_said(tmp_path, capfd):
    good = [picture(i) for i in range(4)]
    write_classes(tmp_path / "in", a=[*good, good[0], good[1][:-200]], b=other())
    local(tmp_path)
    said = capfd.readouterr().out
    assert "7 images in 2 classes packed, 2 left out: 1 unreadable, 1 duplicate (" in said


def test_the_folder_of_a_killed_run_is_removed(tmp_path):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(3)], b=other())
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / "out" / f".prepare.{socket.gethostname()}.{gone.pid}.part"
    left.mkdir(parents=True)
    (left / "catalogue.sqlite").write_text("x")
    local(tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(OUTPUTS)


def test_a_full_disk_is_one_line_and_leaves_nothing(wheel, tmp_path):
    part = reads.canonical(reads.params_of(PARAMS, "prepare"))
    step = Path(prepare.__file__).parents[2] / "step.py"
    names = [f"{name}={tmp_path / name}" for name in OUTPUTS]
    run = subprocess.run(
        [sys.executable, str(step), "prepare", part, f"raw={wheel}", *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        ),
    )
    assert run.returncode == 1
    last = run.stderr.strip().splitlines()[-1]
    assert re.match(r"error: .*: cannot be written: (File too large|disk I/O error)", last), (
        run.stderr
    )
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.iterdir())


def test_one_colour_is_blank_and_excluded(tmp_path):
    red = encoded(np.full((9, 9, 3), (255, 0, 0), np.uint8))
    write_classes(tmp_path / "in", a=[*(picture(i) for i in range(3)), red], b=other())
    _, index, excluded = local(tmp_path)
    assert len(index) == 6
    assert [(row["id"], row["reason"]) for row in excluded] == [("a/03.png", "blank")]


@pytest.mark.parametrize(
    ("side", "lacking", "decoded"), [(75, 0, None), (75, 1, 0), (1000, 0, 128)]
)
def test_a_disk_that_will_be_too_small_is_said_early_and_one_that_suffices_is_not(
    tmp_path, monkeypatch, side, lacking, decoded
):
    """By the headers, before an image is decoded; then where the later ones are larger."""
    grey = [picture(i, (75, 100), mode="L") for i in range(100)]
    more = [picture(i, (side, 100), mode="L") for i in range(100, 200)]
    write_classes(tmp_path / "in", a=grey, b=more)
    usage, seen = prepare.atomic.shutil.disk_usage(tmp_path), []
    free = usage._replace(free=200 * 75 * 100 - lacking)
    monkeypatch.setattr(prepare.atomic.shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr(prepare.parallel, "decode", lambda *of: seen.append(of) or decode(*of))
    if decoded is None:
        assert len(local(tmp_path, image_size=1024)[1]) == 200
    else:
        with pytest.raises(DiskError, match=r"images: 200 images needs about .* MB, its disk has"):
            local(tmp_path, image_size=1024)
        assert len(seen) == decoded


def test_no_file_of_pixels_lies_beside_the_one_that_is_written(tmp_path, monkeypatch):
    write_classes(tmp_path / "in", a=[picture(i) for i in range(5)], b=other())
    at_end = []

    def clean(listed):
        parts = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
        at_end.extend(p.name.split(".")[1] for p in parts if p.suffix == ".part")
        return real(listed)

    real = prepare.Catalogue.clean
    monkeypatch.setattr(prepare.Catalogue, "clean", clean)
    local(tmp_path)
    assert at_end == ["images"]
