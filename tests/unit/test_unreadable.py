"""A params.yaml that is no YAML, or is read in two ways: the line, its text, and what to write."""

import random
from pathlib import Path

import pytest
from groupconv.ground.errors import ParamsError
from groupconv.settings import config

ROOT = Path(__file__).parents[2]
JARGON = ("block", "token", "scalar", "mapping", "node", "expected", "stream", "anchor", "parsing")
SAID = {
    # A tab, a quote, a bracket.
    "train:\n\tepochs: 4\n": "line 2: `epochs: 4`: a tab; YAML takes blanks alone",
    "train:\n  a: 1\n  b:\t4\n": "line 3: `b: 4`: a tab; YAML takes blanks alone",
    'train:\n  a: "abc\n  b: 2\n': 'line 2: `a: "abc`: a quote that is never closed',
    "a: 'it's'\n": "line 1: `a: 'it's'`: text behind a value that has ended; "
    "put all of it in one pair of quotes",
    'a: "C:\\Users"\n': 'line 1: `a: "C:\\Users"`: in "..." a \\ has a meaning of its own; '
    "write '...'",
    "train:\n  a: [1, 2\n  b: 2\n": "line 2: `a: [1, 2`: [ without ], or without a comma between "
    "two values",
    "a: {b: 1\nc: 3\n": "line 1: `a: {b: 1`: { without }, or without a comma between two values",
    "a: [1,\n\n": "line 1: `a: [1,`: [ without ]",
    "a: [1]]\n": "line 1: `a: [1]]`: ] without anything that it would close or separate; "
    "put the value in quotes",
    # Colons.
    "a: b: c\n": "line 1: `a: b: c`: a second colon, as if the value were a key; "
    "put the value in quotes",
    "train:\n  epochs 4   # a: b\n  batch: 2\n": "line 2: `epochs 4`: no colon with a blank "
    "behind it between key and value; write epochs: 4",
    "train:\n  a: 1\n  epochs = 4\n": "line 3: `epochs = 4`: no colon with a blank behind it "
    "between key and value; write epochs: 4",
    "train:\n  epochs:4\n  batch: 20\n": "line 2: `epochs:4`: no colon with a blank behind it "
    "between key and value; write epochs: 4",
    "train:\n  a: 1\n  epochs：4\n": "line 3: `epochs：4`: ： is no colon of YAML; write : and a "
    "blank",
    "train\n  epochs: 4\n": "line 1: `train`: no colon with a blank behind it between key and "
    "value; write train:",
    # Columns.
    "train:\n  a: 1\n    b: 2\n": "line 3: `b: 2`: further to the right than line 2, which it "
    "does not belong to",
    "train:\n    a: 1\n  # c\n  b: 2\n": "line 4: `b: 2`: it begins in another column than the "
    "keys beside it",
    " a: 1\nb: 2\n": "line 1: `a: 1`: a blank before it; the first key begins at the beginning of "
    "its line",
    "a: 1\n- 2\n": "line 2: `- 2`: an item of a list (-) among keys; write a list as key: [1, 2]",
    # Signs that mean something.
    "a: @x\n": "line 1: `a: @x`: @ cannot begin a value; put the value in quotes",
    "a: *x\n": "line 1: `a: *x`: * begins a reference, to nothing here; put the value in quotes",
    "a: &x 1\nb: &x 2\n": "line 2: `b: &x 2`: the name & stands here and in line 1; write the "
    "value out",
    "a: !x 1\n": "line 1: `a: !x 1`: ! begins a type, which is not taken here; put the value in "
    "quotes",
    "a: !!int x\n": "line 1: `a: !!int x`: no int; put the value in quotes",
    "a: ,b\n": "line 1: `a: ,b`: , without anything that it would close or separate; put the "
    "value in quotes",
    "a: 1\n---\nb: 2\n": "line 2: `---`: --- begins a second document; a file has one",
    "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n": "line 2: `<<<<<<< HEAD`: git left a "
    "conflict: keep one side, and remove the three marks",
    "x: &x {a: 1}\ny: {<<: *x}\n": "line 2: `<<`: not taken here; write the keys out",
    "a: &a [*a]\n": "a value that refers (*) to itself",
    # What Snakemake and DVC read differently, and Python not at all.
    "a: Yes\n": "line 1: `a: Yes`: text to DVC, true to Snakemake; write true, or put it in quotes",
    "a: off\n": "line 1: `a: off`: text to DVC, false to Snakemake; write false, or put it in "
    "quotes",
    "a: [1, 010]\n": "line 1: `a: [1, 010]`: read as another number by Snakemake and DVC; without "
    "the zero before it, or quoted",
    "a: 0o10\n": "line 1: `a: 0o10`: read as another number by Snakemake and DVC; without the "
    "zero before it, or quoted",
    "a: 1:30\n": "line 1: `a: 1:30`: a number in sixties to Snakemake, text to DVC; put it in "
    "quotes",
    "a: 2024-13-45\n": "line 1: `a: 2024-13-45`: a date to YAML; put it in quotes",
    "a: \u3000b\n": "line 1: `a:  b`: U+3000 in it only looks like a blank; type one, or put all "
    "in quotes",
    f"a: 1{'0' * 99}\n": f"line 1: `a: 1{'0' * 53}...`: a number of 100 characters",
    f"a: {'[' * 3000}\n": "line 1: brackets in brackets in brackets",
    "a: 1\nb: \x07\n": "line 2: `b:`: U+0007: no text has it; save the file as UTF-8 text",
}


def refused(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ParamsError) as caught:
        config.load(path)
    return str(caught.value).replace(f"{path}: ", "")


@pytest.mark.parametrize("text", SAID, ids=lambda text: repr(text)[1:25])
def test_a_mistake_is_named_with_its_line(text, tmp_path):
    line = refused(tmp_path / "params.yaml", text)
    assert line == SAID[text]
    assert not [word for word in JARGON if word in line]


def test_what_both_engines_read_alike_is_taken(tmp_path):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    same = text.replace("augment: true ", "augment: TRUE ").replace("epochs: 4 ", "epochs: 0x4 ")
    same = same.replace("folder: data/folder ", 'folder: "yes" ').replace(
        ": sample\n", ": folder\n"
    )
    path = tmp_path / "params.yaml"
    path.write_text(f"\ufeff{same}", encoding="utf-8")
    read = config.load(path)
    assert read["train"]["augment"] is True
    assert read["train"]["epochs"] == 4
    assert read["data"]["folder"] == "yes"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("a: 1".encode("utf-16-le"), "line 1: `a :   1`: U+0000: no text has it; save the file"),
        ("a: 1\nb: かな".encode("shift-jis"), "line 2: not UTF-8 text (byte 8); save it as UTF-8"),
    ],
)
def test_another_encoding_is_named(content, said, tmp_path):
    assert refused(tmp_path / "params.yaml", content).startswith(said)


def test_any_slip_of_the_finger_is_read_or_refused_in_plain_words(tmp_path):
    rng, text = random.Random(0), (ROOT / "params.yaml").read_text(encoding="utf-8")
    path, said = tmp_path / "params.yaml", 0
    for _ in range(150):
        at = rng.randrange(len(text))
        added = rng.choice(["", "", "\t", '"', "'", "[", "}", ":", "\n", "&", "*", "- ", " ", "："])
        path.write_text(text[:at] + added + text[at + (not added) :], encoding="utf-8")
        try:
            config.load(path)
        except ParamsError as error:
            said += 1
            for line in str(error).splitlines():
                assert line.startswith(f"{path}: "), line
                words = line.replace(str(path), "").split("`")[-1]
                assert not [word for word in JARGON if word in words], line
    assert 30 < said < 150
