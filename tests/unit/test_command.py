"""A step's command line: what is wrong with it is one line, and what was made is what was typed."""

import errno
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest
from groupconv.engines import command, jobs, made, tables
from groupconv.ground import fingerprint
from groupconv.ground.errors import DeviceError, DiskError, StepError
from groupconv.settings import config, reads
from project import ROOT

SPLIT = '{"split":{"seed":0,"unit":"image","division":"published"}}'
PARAMS = config.load(ROOT / "params.yaml")
INDEX = "id,class,code_point,origin,page,box,sha256,offset,height,width,channels,part\n" + "".join(
    f"{label}{i},{label},,o,p,,{label}{i},0,1,1,1,\n" for label in "ab" for i in range(3)
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository's root with dvc.yaml and a small index, in which one types."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / "index.csv").write_text(INDEX)
    return tmp_path


def test_it_runs_the_step_and_writes_the_command_down_without_the_cache(root, capsys):
    words = ["split", SPLIT, "index=index.csv", "manifest=a b.csv"]
    command.run([*words, "--rule=f00", "--cache="])
    assert (root / "a b.csv").read_text().splitlines()[0].endswith(",split")
    first = capsys.readouterr().err.splitlines()[0]
    typed = f"python workflow/step.py split '{SPLIT}' index=index.csv 'manifest=a b.csv'"
    assert first == f"{typed} --rule=f00"
    command.run(words)
    assert capsys.readouterr().err.splitlines()[0] == typed


def test_pasted_after_its_rule_was_edited_a_logs_command_leaves_no_record(root, capsys):
    (root / "data").mkdir()
    (root / "index.csv").rename(root / "data" / "index.csv")
    words = ["split", SPLIT, "index=data/index.csv", "manifest=data/manifest.csv"]
    receipts = root / ".snakemake" / "groupconv" / "receipts"

    def pasted(rule):
        command.run([*words, f"--rule={rule}", "--cache="])
        line = capsys.readouterr().err.splitlines()[0]
        command.run(shlex.split(line)[2:])
        return len(list(receipts.rglob("*.json")))

    other = "split: not by its rule as it is now: no record of it is kept"
    assert pasted("0123456789abcdef") == 0
    command.run([*words, "--rule=0123456789abcdef"])
    assert other in capsys.readouterr().err
    assert pasted(jobs.digest(jobs.load()["split"])) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "STEP: no such step; allowed: agreement, "),
        (["spilt", SPLIT], "spilt: no such step; did you mean split?"),
        (["split"], "split: PARAMS = '': not JSON: "),
        (["split", "[" * 100_000], "split: PARAMS = '[[[[["),
        (
            ["split", f'{SPLIT[:-1]},"split":{{"seed":1}}}}'],
            "split: PARAMS: split: this key stands twice; leave one out",
        ),
        (
            ["split", SPLIT.replace('"seed":0', '"seed":0,"seed":1')],
            "split: PARAMS: seed: this key stands twice; leave one out",
        ),
        (["split", SPLIT, "index.csv"], "split: index.csv: not name=path"),
        (["split", SPLIT, "index="], "split: index= has no path"),
        (["split", SPLIT, "indx=a"], "split: indx=: no such path; did you mean index?"),
        (["split", SPLIT, "index=a", "index=b"], "split: index= stands 2 times; it takes one path"),
        (["split", SPLIT, "index=a"], "split: manifest=PATH is missing; it needs index, manifest"),
        (["split", SPLIT, "--cache=a", "--cache=b"], "--cache= stands twice; leave one out"),
        (["split", SPLIT, "--rule"], "--rule: nothing behind it; write --rule=VALUE"),
        (["split", SPLIT, "--cash=x"], "--cash: unknown option; allowed: --cache=FOLDER, --rule="),
        (["split", SPLIT, "index=none", "manifest=m"], "none: No such file or directory"),
        (["split", SPLIT, "index=.", "manifest=m"], ".: Is a directory"),
    ],
)
def test_what_is_wrong_is_one_line(root, words, said):
    with pytest.raises(StepError) as caught:
        command.run(words)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


LOADED = """
import sys
from groupconv.engines import command, meanings

def loaded(step, digests):
    files = [getattr(module, "__file__", None) for module in sys.modules.values()]
    print(*filter(None, files), sep="\\n")
    sys.exit()

meanings.text = loaded
command.run(["train"])
"""


def test_what_the_code_means_is_taken_before_any_of_it_is_imported():
    """So an edit in the seconds of importing is one during the step."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.splitlines())
    assert str(fingerprint.PACKAGE / "engines" / "command.py") in loaded
    mine = {str(path) for path in fingerprint.files("train") if path.name != "__init__.py"}
    assert not loaded & mine


@pytest.mark.parametrize("edited", [False, True])
def test_a_step_whose_code_was_edited_while_it_was_imported_has_no_record(
    root, monkeypatch, capsys, edited
):
    (root / "data").mkdir()
    (root / "index.csv").rename(root / "data" / "index.csv")
    text = fingerprint.text("split")
    before = f"{text}0  steps/gone.py\n" if edited else text
    texts = iter([before])
    monkeypatch.setattr(command.meanings, "text", lambda step, digests: next(texts, text))
    command.run(["split", SPLIT, "index=data/index.csv", "manifest=data/manifest.csv"])
    said = "split: what it reads has changed meanwhile; it will be made again"
    assert (said in capsys.readouterr().err) == edited
    assert len(list((root / ".snakemake" / "groupconv" / "receipts").rglob("*.json"))) == 1 - edited


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\x93\xff\n\xfe",
        b"name,label\n",
        INDEX.partition("\n")[0].replace(",part", "").encode(),
    ],
)
def test_a_file_that_is_no_index_is_one_line(root, content):
    (root / "index.csv").write_bytes(content)
    missing = "part" if content.startswith(b"id") else "id"
    said = (
        f"index.csv: no index: the column {missing} is not in its first line; expected is id,class,"
    )
    with pytest.raises(StepError) as caught:
        command.run(["split", SPLIT, "index=index.csv", "manifest=manifest.csv"])
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith(", as the step prepare writes it")
    assert "\n" not in str(caught.value)
    assert not (root / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"b0,b", b"b0,\xe4", "line 5: not UTF-8 text"),
        (b"b0,b", b"\nb0,b", "line 5: 0 values, and 12 in the first line"),
        (b"b0,b", b"b0,9,b", "line 5: 13 values, and 12 in the first line"),
        (b"b0,b", b"b0\n,b", "line 5: 1 values, and 12 in the first line"),
        (b"b0,b", b'"b0,b', "line 7: 1 values, and 12 in the first line"),
    ],
)
def test_damage_further_down_is_one_line(root, old, new, said):
    (root / "index.csv").write_bytes(INDEX.encode().replace(old, new))
    with pytest.raises(StepError) as caught:
        command.run(["split", SPLIT, "index=index.csv", "manifest=manifest.csv"])
    assert str(caught.value) == f"index.csv: {said}; the step prepare makes it again"
    assert not (root / "manifest.csv").exists()


def test_a_file_that_is_no_manifest_is_one_line_and_an_old_output_is_not_looked_at(root):
    (root / "manifest.csv").write_bytes(b"")
    command.run(["split", SPLIT, "index=index.csv", "manifest=manifest.csv"])
    tables.check("claims", {"manifest": "manifest.csv"})
    with pytest.raises(StepError, match=r"^index.csv: no manifest: the column split is not in "):
        tables.check("claims", {"manifest": "index.csv"})


def test_a_working_folder_that_was_deleted_is_one_line(root, monkeypatch):
    (root / "gone").mkdir()
    monkeypatch.chdir(root / "gone")
    (root / "gone").rmdir()
    with pytest.raises(StepError, match=f"^the working folder was deleted: cd {root} first$"):
        command.run(["split", SPLIT])


def test_a_step_explains_its_own_arguments():
    said = command.usage("split")
    assert said.startswith("python workflow/step.py split PARAMS index=PATH manifest=PATH\n")
    assert said.endswith(" of params.yaml: split")
    prepare = command.usage("prepare")
    assert "[raw=PATH ...]" in prepare
    assert "[threads=NUMBER]" in prepare
    with pytest.raises(StepError, match="spilt: no such step; did you mean split"):
        command.usage("spilt")


def test_another_folder_is_refused_before_all_else(root, monkeypatch):
    (root / "data").mkdir()
    monkeypatch.chdir(root / "data")
    with pytest.raises(StepError, match=f"a step runs at the repository's root: cd {root} first"):
        command.run(["spilt"])


def test_an_argument_of_the_engines_own_is_no_path(root):
    own = json.dumps(reads.params_of(PARAMS, "prepare"))
    with pytest.raises(StepError, match="prepare: told=: no such path; allowed: images, index"):
        command.run(["prepare", own, "told=x"])


def test_a_yaml_file_that_cannot_be_read_is_said_before_the_step_begins(root):
    (root / "paper.yaml").write_text("entries: [\n")
    own = json.dumps(reads.params_of(PARAMS, "claims"))
    names = ("manifest", "summary", "comparisons", "latency", "training_speed", "claims")
    with pytest.raises(StepError, match=r"paper.yaml: line 1: `entries: \[`: \[ without \]"):
        command.run(["claims", own, "paper=paper.yaml", *(f"{name}=none" for name in names)])


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(errno.ENOSPC, "No space", "m"), DiskError, "m: cannot be written: No space"),
        (OSError(errno.EDQUOT, "Quota"), DiskError, "split: a temporary file: cannot be written: "),
        (OSError(errno.EACCES, "Denied", "m"), StepError, "m: Denied"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), DeviceError, "split needs more memory"),
        (OSError(errno.EACCES, "Denied"), OSError, "[Errno 13] Denied"),  # of no path: a fault
        (OSError(errno.EPIPE, "Broken pipe", "m"), OSError, "[Errno 32] Broken pipe: 'm'"),
        (KeyError("x"), KeyError, "'x'"),
    ],
)
def test_what_a_user_can_mend_is_a_line_and_a_fault_stays_one(root, monkeypatch, error, kind, said):
    """They come from deep in a step; tests/engines/test_full_disks.py has real full disks."""

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(made, "make", fail)
    with pytest.raises(kind) as caught:
        command.run(["split", SPLIT, "index=index.csv", f"manifest={os.devnull}"])
    assert str(caught.value).startswith(said)
    assert isinstance(caught.value, StepError) == issubclass(kind, StepError)


def test_a_step_computes_fp32_without_tf32(monkeypatch):
    """cuDNN's default for convolutions is 10 bits; a user's own choice stands."""
    code = "import os, step; print(os.environ['NVIDIA_TF32_OVERRIDE'])"
    monkeypatch.setenv("PYTHONPATH", "workflow")
    for given, expected in (("", "0"), ("1", "1")):
        monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
        if given:
            monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", given)
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert said.stdout.strip() == expected
