"""A checkpoint that the disk refuses: one line, and nothing left behind."""

import resource
import signal

import pytest
import torch
from groupconv.ground.errors import DataError, DiskError
from groupconv.network import checkpoint, resume

CONTENT = {"weights": torch.zeros(100_000)}  # 400 kB


@pytest.fixture(params=[500, 200_000, 400_500])
def quota(request):
    """No file may be larger: as with a quota, or on a full disk, met at different places."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (request.param, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_file_that_the_disk_refuses_is_one_line(quota, tmp_path):
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(DiskError) as caught:
        checkpoint.save(CONTENT, path)
    assert str(caught.value) == f"{path}: cannot be written: File too large"
    assert list(tmp_path.iterdir()) == []


def test_so_is_a_state_to_resume_from(quota, tmp_path):
    saved = resume.Resume(tmp_path, {}, "train E seed 0")
    with pytest.raises(DiskError, match=r"resume-new.pt: cannot be written: File too large$"):
        saved.save(CONTENT, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(DataError) as caught:
        checkpoint.load(str(tmp_path / "a.pt"))
    said = "not a checkpoint that can be read: No such file or directory"
    assert str(caught.value) == f"{tmp_path}/a.pt: {said}"
