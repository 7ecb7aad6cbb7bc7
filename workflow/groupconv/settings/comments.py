"""The comments of params.yaml and configs/*.yaml, written from the schema's descriptions.

    python -m groupconv.settings.comments           # rewrite the files in place
    python -m groupconv.settings.comments --check   # name each file that is behind, and exit 1
    python -m groupconv.settings.comments --add train.clip 5.0   # a new key, with its value

What belongs to this command: the comment behind the value of a known key, or behind the name of a
section (`  epochs: 4             # passes over the training part; the paper: 25`), and lines that
begin with `#:` directly above a key, where a comment goes that would pass column 100 behind its
value. Every other byte stays: values, order, schemes with their comments, headers, and comments of
yours on lines of their own (`#`). A comment of yours behind the value of a known key is replaced;
the command prints which.

A key without a value is not invented: a file that lacks one, or that is refused for another
reason, gets its line as everywhere (`configs/tiny.yaml: train.epochs: missing`), and stays as it
is. So a new key is an entry in the schema, and `--add` with its value: it writes the key into each
file that lacks it, or into none if a file would be refused. Of a new section, name all keys at
once: `--add a.b 1 a.c 2`.
"""

import re
import sys
import textwrap
from pathlib import Path

import yaml

from groupconv.ground import atomic
from groupconv.ground.errors import StepError
from groupconv.settings import adding, config, schema

ROOT = Path(__file__).parents[3]
COMMAND = "python -m groupconv.settings.comments"
COLUMN = 24  # of the comments, from 0; a longer value is followed by two spaces
WIDTH = 100
ABOVE = "#: "


def files(root: Path = ROOT) -> list[Path]:
    """params.yaml and every other complete configuration of the project in ``root``."""
    return [root / "params.yaml", *sorted((root / "configs").glob("*.yaml"))]


def describe(entry: dict) -> str:
    """What the schema's ``entry`` says of a key: "passes over the training part; the paper: 25"."""
    text = entry["description"]
    if "x-per-scheme" in entry:
        text += "; or one per scheme"
    if "x-paper" not in entry:
        return text
    paper = entry["x-paper"]
    return (
        f"{text}; {paper} in the paper" if paper == "not stated" else f"{text}; the paper: {paper}"
    )


def rewritten(text: str) -> tuple[str, list[str]]:
    """A valid configuration's ``text`` with its comments as the schema has them.

    Returns it with a line for each comment that was another: `train.epochs: what it said`.
    """
    replaced = []
    entries = schema.read()["properties"]
    # From the last to the first: an edit then moves no position that is still needed.
    for key, value, name, entry in reversed(list(_described(yaml.compose(text), entries))):
        place = _place(text, key, value)
        if place is None:
            continue
        start, end, line_end = place
        comment = describe(entry)
        old = [*text[start : key.start_mark.index].splitlines(), text[end:line_end]]
        said = " ".join(line.strip().lstrip("#: ") for line in old).strip()
        if said not in ("", comment):
            replaced.append(f"{name}: {said}")
        ending = "\r\n" if text.startswith("\r\n", line_end) else "\n"
        lines = _lines(text[key.start_mark.index : end], key.start_mark.column, comment)
        text = text[:start] + ending.join(lines) + text[line_end:]
    return text, replaced[::-1]


def _described(root: yaml.MappingNode, sections: dict):
    """(key, value, dotted name, schema's entry) of each section and each key, in the file's order.

    Schemes are names of a user: they have no entry.
    """
    for section, inner in root.value:
        entry = sections[section.value]
        yield section, inner, section.value, entry
        if not inner.flow_style:
            for key, value in inner.value:
                if key.value in entry.get("properties", {}):
                    name = f"{section.value}.{key.value}"
                    yield key, value, name, entry["properties"][key.value]


def _place(text: str, key: yaml.Node, value: yaml.Node) -> tuple[int, int, int] | None:
    """Where a key stands in ``text``: from its lines `#:` above, to the end of its value, or of
    its colon if the value goes on below, and to the end of the line. None: not on its own line.
    """
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip(" "):
        return None
    line_end = re.compile(r"\r?\n|\Z").search(text, key.end_mark.index).start()
    end = text.index(":", key.end_mark.index) + 1
    if key.end_mark.index <= value.start_mark.index and value.end_mark.index <= line_end:
        end = max(end, value.end_mark.index)
    if not re.fullmatch(r"[ \t]*|[ \t]+#.*", text[end:line_end]):
        return None
    lines = text[:start].splitlines(keepends=True)
    while lines and lines[-1].strip().startswith(ABOVE.strip()):
        start -= len(lines.pop())
    return start, end, line_end


def _lines(content: str, indent: int, comment: str) -> list[str]:
    """``content`` (a key and its value) and its comment, behind it or above it."""
    margin = " " * indent
    line = f"{margin}{content}".ljust(COLUMN - 2) + f"  # {comment}"
    if len(line) <= WIDTH:
        return [line]
    above = textwrap.wrap(
        comment, WIDTH, initial_indent=margin + ABOVE, subsequent_indent=margin + ABOVE
    )
    return [*above, margin + content]


def main(arguments: list[str], root: Path = ROOT) -> int:
    """The command; returns its exit status. Raises DiskError."""
    if arguments[:1] == ["--add"] and len(arguments) > 2 and len(arguments) % 2:
        return add(list(zip(arguments[1::2], arguments[2::2], strict=True)), root)
    if arguments not in ([], ["--check"]):
        allowed = "nothing, --check, or --add SECTION.KEY VALUE"
        print(f"{' '.join(arguments)}: unknown; allowed: {allowed}", file=sys.stderr)
        return 2
    failed = False
    for path in files(root):
        name = path.relative_to(root)
        try:
            config.load(path)
            old = path.read_bytes().decode()
            new, replaced = rewritten(old)
            if new != old and arguments:
                print(f"{name}: comments are not the schema's; run {COMMAND}")
                failed = True
            elif new != old:
                atomic.write_text(path.resolve(), new)
                print("\n".join([f"{name}: written", *(f"  no longer: {was}" for was in replaced)]))
        except StepError as error:
            print(str(error).replace(str(path), str(name)), file=sys.stderr)
            failed = True
    return int(failed)


def add(keys: list[tuple[str, str]], root: Path = ROOT) -> int:
    """Write each (SECTION.KEY, value) into the files that lack it; returns the exit status.

    Raises DiskError.
    """
    written = {}
    try:
        for name, value in keys:
            adding.check(name, value)
        for path in files(root):
            old = new = path.read_bytes().decode()
            origin = str(path.relative_to(root))
            config.parsed(old, origin)
            for name, value in keys:
                new = adding.with_key(new, name, value)
            config.read(new, origin)
            if new != old:
                written[path] = rewritten(new)[0]
    except StepError as error:
        print(str(error).splitlines()[0], file=sys.stderr)
        return 1
    for path, text in written.items():
        atomic.write_text(path.resolve(), text)
        print(f"{path.relative_to(root)}: written")
    if not written:
        print("every file has it already")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
