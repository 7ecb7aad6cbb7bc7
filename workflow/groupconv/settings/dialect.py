"""Reads the YAML that Snakemake and DVC read alike; refuses all other, and a key given twice.

Snakemake reads YAML 1.1, DVC 1.2: `yes` is true to the one and text to the other, `010` is 8 and
10. Both are refused, as are dates, and blanks that only look like one.
"""

import json
import re
from pathlib import Path

import yaml

from groupconv.ground.errors import ParamsError
from groupconv.settings import exponents
from groupconv.settings.unreadable import OF_VALUES, at, explain, no_value

LONGEST_NUMBER = 40  # characters; Python refuses to print one of thousands
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how a file of it begins
TAG = "tag:yaml.org,2002:"
ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]")
LEADING_ZERO = re.compile(r"[-+]?0o?[0-9_]+")
SIXTIES = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?")


class Loader(yaml.SafeLoader):
    """SafeLoader that refuses what would be read in two ways. Raises ParamsError: `line 3: ...`.

    It also refuses a key given twice, of which YAML would silently keep the last value, and a key
    that is not text, such as `no` or `null`.
    """

    def construct_mapping(self, node, deep=False):
        """A mapping, unless a key is twice in it, or no text. Raises ParamsError."""
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():  # `!!map [1]`
            line = key.start_mark.line + 1
            if key.tag == f"{TAG}merge":
                raise ParamsError(f"line {line}: `<<`: not taken here; write the keys out")
            if key.tag != f"{TAG}str":
                text = key.value if isinstance(key, yaml.ScalarNode) else "a list or a mapping"
                raise ParamsError(f"line {line}: {text}: a key must be text; to YAML this is not")
            if key.value in seen:
                raise ParamsError(f"line {line}: {key.value}: this key stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node, deep=False):
        """A value, unless it is read in two ways. Raises ParamsError."""
        if isinstance(node, yaml.ScalarNode) and node.style is None and (said := _twofold(node)):
            mark = node.start_mark
            raise ParamsError(at(mark.line, mark.buffer.splitlines()[mark.line].rstrip("\0"), said))
        return super().construct_object(node, deep)

    def compose_node(self, parent, index):
        """A node, unless it lies deeper in others than Python goes. Raises ParamsError."""
        try:
            return super().compose_node(parent, index)
        except RecursionError:
            line = self.peek_event().start_mark.line
            raise ParamsError(f"line {line + 1}: brackets in brackets in brackets") from None


exponents.accept(Loader)


def text_of(path: str | Path) -> str:
    """The file's text. Raises ParamsError."""
    try:
        content = Path(path).read_bytes()
        return content.decode("utf-8")
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        if content.startswith(UTF_16):
            raise ParamsError(f"{path}: UTF-16 text; save it as UTF-8") from error
        line = content.count(b"\n", 0, error.start) + 1
        raise ParamsError(
            f"{path}: line {line}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error


def parsed(text: str, origin: str) -> object:
    """What ``text`` says; ``origin`` begins each complaint. Raises ParamsError."""
    try:
        found = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        raise ParamsError(f"{origin}: {explain(error, text)}") from error
    except ParamsError as error:
        raise ParamsError(f"{origin}: {error}") from error
    except OF_VALUES as error:  # as of !!int x
        raise ParamsError(f"{origin}: {no_value(text, error)}") from error
    try:
        json.dumps(found, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ParamsError(f"{origin}: {error.object[error.start]!r}: half a character") from error
    except (ValueError, RecursionError) as error:
        raise ParamsError(f"{origin}: a value that refers (*) to itself") from error
    return found


def _twofold(node: yaml.ScalarNode) -> str:
    """Why a value without quotes is not taken; "" if it is."""
    text, kind = node.value, node.tag.removeprefix(TAG)
    if odd := ODD_BLANKS.search(text):
        return f"U+{ord(odd[0]):04X} in it only looks like a blank; type one, or put all in quotes"
    if kind == "bool" and text.lower() not in ("true", "false"):
        means = "true" if text.lower() in ("yes", "on") else "false"
        return f"text to DVC, {means} to Snakemake; write {means}, or put it in quotes"
    if kind == "timestamp":
        return "a date to YAML; put it in quotes"
    if SIXTIES.fullmatch(text):
        return "a number in sixties to Snakemake, text to DVC; put it in quotes"
    if LEADING_ZERO.fullmatch(text) and text.strip("+-0_"):
        return "read as another number by Snakemake and DVC; without the zero before it, or quoted"
    if kind in ("int", "float") and len(text) > LONGEST_NUMBER:
        return f"a number of {len(text)} characters"
    if text in ("=", "<<"):
        return "it has a meaning of its own; put it in quotes"
    return ""
