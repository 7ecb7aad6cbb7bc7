"""What code means is remembered for the very same package, and for no other."""

import json

import pytest
from groupconv.engines import meanings
from groupconv.engines.digests import Digests
from groupconv.ground import fingerprint
from groupconv.ground.errors import StepError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two steps and a module, and the folder of a project that knows nothing yet."""
    folder = tmp_path / "groupconv"
    (folder / "steps").mkdir(parents=True)
    for name in ("__init__", "steps/__init__", "shared"):
        (folder / f"{name}.py").write_text("")
    for step in ("split", "macs"):
        (folder / "steps" / f"{step}.py").write_text("from groupconv import shared\n")
    monkeypatch.setattr(fingerprint, "PACKAGE", folder)
    monkeypatch.setattr(fingerprint, "STEPS", ("macs", "split"))
    monkeypatch.setattr(meanings, "MEMORY", tmp_path / "state" / "meanings.json")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    return folder


def asked(step="split", fresh=True):
    """The text as another process would have it."""
    if fresh:
        meanings._known.clear()
    return meanings.text(step, Digests())


def read_steps(monkeypatch):
    """The steps whose text is read anew from now on."""
    read, real = [], fingerprint.text
    monkeypatch.setattr(fingerprint, "text", lambda step: read.append(step) or real(step))
    return read


def test_the_next_process_reads_no_module(package, monkeypatch):
    first = asked()
    assert "shared.py" not in first  # it has no meaning yet
    read = read_steps(monkeypatch)
    assert asked() == first == fingerprint.text("split")
    assert read == ["split"]  # this test's own


@pytest.mark.parametrize("name", ["shared.py", "steps/split.py", "ground/another.py"])
def test_any_edit_is_seen_at_once_and_in_the_next_process(package, monkeypatch, name):
    asked()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("from groupconv import shared\nANOTHER = 1\n")
    read = read_steps(monkeypatch)
    assert asked(fresh=False) == asked() == fingerprint.text("split")
    assert read[:2] == ["macs", "split"]


def test_an_edit_in_a_folder_elsewhere_that_is_linked_into_the_package_is_seen(package, tmp_path):
    """DVC's md5 of a folder leaves such a one out."""
    before = asked()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("X = 1\n")
    (package / "mine").symlink_to(tmp_path / "mine")
    (package / "steps" / "split.py").write_text("from groupconv import mine\n")
    linked = asked()
    (tmp_path / "mine" / "__init__.py").write_text("X = 2\n")
    assert len({before, linked, asked(fresh=False), asked()}) == 3


def test_what_was_edited_while_it_was_read_is_not_kept(package, monkeypatch):
    real = fingerprint.text

    def edited(step):
        (package / "shared.py").write_text("ANOTHER = 1\n")
        return real(step)

    monkeypatch.setattr(fingerprint, "text", edited)
    assert "shared.py" in asked()
    assert not meanings.MEMORY.exists()
    assert not meanings._known


@pytest.mark.parametrize("content", ["", "{", "[]", '{"package": 1}', '{"texts": {"split": "x"}}'])
def test_a_damaged_memory_is_none(package, content):
    right = asked()
    meanings.MEMORY.write_text(content)
    assert asked() == right
    assert json.loads(meanings.MEMORY.read_text())["texts"]["split"] == right


def test_without_a_place_to_keep_it_the_answer_is_the_same(package):
    meanings.MEMORY.parent.rmdir()
    assert asked() == fingerprint.text("split")


def test_a_module_that_is_no_python_is_one_line(package):
    (package / "shared.py").write_text("def (:\n")
    with pytest.raises(StepError, match=r"^workflow/groupconv/shared\.py: line 1: not Python: "):
        asked()
    assert not meanings.MEMORY.exists()
