"""Why a text is no YAML, in plain words: the line, what stands there, what to write instead.

An example: "line 52: `epochs 4`: no colon with a blank behind it between key and value; write
epochs: 4". PyYAML names tokens ("expected <block end>"), and often the line after the wrong one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from groupconv.ground.errors import StepError

SHOWN = 60  # characters of a line
# What PyYAML raises of a text that is no value of its tag, as of a month 13, or of `!!bool x`.
OF_VALUES = (ValueError, LookupError, AttributeError, TypeError)
QUOTE = "put the value in quotes"
MARKERS = re.compile(r"<{7} |={7}$|>{7} ")
HAS_COLON = re.compile(r"((?!\s#).)*?:(\s|$)")  # before any comment
SECOND_COLON = re.compile(r"[^\s:#][^:#]*:\s+[^\s#].*?:(\s|$)")
NO_COLON = "no colon with a blank behind it between key and value; write"


class Loader(yaml.CSafeLoader):
    """CSafeLoader that refuses a key given twice, of which YAML would silently keep the last."""

    def get_single_node(self):
        """The whole text as nodes. Raises StepError: `line 3: epochs: this key stands twice`."""
        top = super().get_single_node()
        for node in _nodes(top):
            if isinstance(node, yaml.MappingNode):
                _each_once([key for key, _ in node.value if isinstance(key, yaml.ScalarNode)])
        return top


def _nodes(top: yaml.Node | None) -> Iterator[yaml.Node]:
    """Each node at and below ``top`` once, in the text's order: a reference could lie in itself."""
    left, seen = [top], set()
    while left:
        node = left.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        below = node.value if isinstance(node, yaml.CollectionNode) else []
        for one in reversed(below):
            left += reversed(one) if isinstance(one, tuple) else (one,)


def _each_once(keys: list[yaml.ScalarNode]) -> None:
    """Raises StepError."""
    seen = set()
    for key in keys:
        if (key.tag, key.value) in seen:
            line, mend = key.start_mark.line + 1, "leave one out"
            if key.value == "<<":
                mend = "write <<: [*a, *b]"
            raise StepError(f"line {line}: {key.value}: this key stands twice; {mend}")
        seen.add((key.tag, key.value))


def read(path: str | Path, loader: type = Loader) -> object:
    """What a file of ours, or of DVC's, says. Raises StepError, with the file and the line."""
    try:
        return parsed(Path(path).read_text(encoding="utf-8"), path, loader)
    except OSError as error:
        raise StepError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StepError(f"{path}: not UTF-8 text (byte {error.start})") from error


def parsed(text: str, origin: str | Path, loader: type = Loader) -> object:
    """What the ``text`` of the file ``origin`` says. Raises StepError."""
    try:
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise StepError(f"{origin}: {explain(_in_python(error, text), text)}") from error
    except StepError as error:
        raise StepError(f"{origin}: {error}") from error
    except RecursionError as error:
        raise StepError(f"{origin}: brackets in brackets in brackets") from error
    except OF_VALUES as error:
        raise StepError(f"{origin}: {no_value(text, error)}") from error


def no_value(text: str, error: Exception) -> str:
    """The line of the first value that cannot be made of its text, as of the date 2026-13-01."""
    for node in _nodes(yaml.compose(text, yaml.CSafeLoader)):
        try:
            if isinstance(node, yaml.ScalarNode):
                yaml.constructor.SafeConstructor().construct_object(node)
        except yaml.YAMLError:
            continue  # as <<, which has no value of its own
        except OF_VALUES:
            line = node.start_mark.line
            kind = node.tag.rpartition(":")[2]
            return at(line, text.splitlines()[line], f"no {kind}; {QUOTE}")
    return str(error)


def _in_python(error: yaml.YAMLError, text: str) -> yaml.YAMLError:
    """The error as PyYAML's own Python words it: KINDS knows these words, not libyaml's."""
    try:
        yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as found:
        return found
    except RecursionError:
        pass
    return error


def explain(error: yaml.YAMLError, text: str) -> str:
    """One line, without the file's name, for what PyYAML said of ``text``."""
    lines = text.splitlines() or [""]
    for number, line in enumerate(lines):
        if MARKERS.match(line):
            return at(
                number, line, "git left a conflict: keep one side, and remove the three marks"
            )
    if isinstance(error, yaml.reader.ReaderError):
        number = text.count("\n", 0, error.position)
        found = f"U+{ord(text[error.position]):04X}" if error.position < len(text) else "a byte"
        return at(number, lines[number], f"{found}: no text has it; save the file as UTF-8 text")
    problem, context = error.problem or "", error.context or ""
    here = error.problem_mark or error.context_mark
    began = error.context_mark or here
    for said, of_context, explained in KINDS:
        if re.search(said, problem) and re.search(of_context, context):
            number, what = explained(lines, here, began, problem)
            break
    else:
        number, what = here.line, OTHER
    number = _last_written(lines, number)
    return at(number, lines[number], what)


def at(number: int, line: str, what: str) -> str:
    """The line's ``number``, from 0, its text without a comment, and ``what`` is wrong with it."""
    shown = "".join(c if c.isprintable() else " " for c in re.split(r"\s#", line)[0]).strip()
    shown = shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."
    return f"line {number + 1}: `{shown}`: {what}" if shown else f"line {number + 1}: {what}"


def _last_written(lines: list[str], number: int) -> int:
    """The line ``number``, or the last before it that has something but a comment."""
    for candidate in range(min(number, len(lines) - 1), 0, -1):
        if re.match(r"\s*[^\s#]", lines[candidate]):
            return candidate
    return 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


OTHER = "not YAML; look at colons, quotes, brackets and indentation here and in the line before"


def _tab(lines, here, began, problem):
    return here.line, "a tab; YAML takes blanks alone"


def _cannot_begin(lines, here, began, problem):
    return here.line, f"{lines[here.line][here.column]} cannot begin a value; {QUOTE}"


def _open_quote(lines, here, began, problem):
    return began.line, "a quote that is never closed"


def _escape(lines, here, began, problem):
    return here.line, "in \"...\" a \\ has a meaning of its own; write '...'"


def _open_bracket(lines, here, began, problem):
    bracket = lines[began.line][began.column]
    close = {"[": "]", "{": "}"}.get(bracket, "its end")
    return began.line, f"{bracket} without {close}, or without a comma between two values"


def _open_at_end(lines, here, began, problem):
    for number in reversed(range(len(lines))):
        for bracket, close in ("[]", "{}"):
            if lines[number].count(bracket) > lines[number].count(close):
                return number, f"{bracket} without {close}"
    return here.line, OTHER


def _no_colon(lines, here, began, problem):
    return began.line, _missing_colon(lines[began.line])


def _missing_colon(line: str) -> str:
    wide = next((c for c in line if unicodedata.name(c, "") == "FULLWIDTH COLON"), None)
    if wide:
        return f"{wide} is no colon of YAML; write : and a blank"
    key, value = re.match(r"\s*([^\s:=]*)\s*[:=]?\s*([^#]*)", line).groups()
    return f"{NO_COLON} {key}: {value.strip()}".rstrip()


def _unexpected_colon(lines, here, began, problem):
    line, above = lines[here.line], _last_written(lines, here.line - 1) if here.line else None
    if SECOND_COLON.match(line.lstrip(" -")):
        return here.line, f"a second colon, as if the value were a key; {QUOTE}"
    if above is not None and not HAS_COLON.match(lines[above]):
        return above, _missing_colon(lines[above])
    if above is not None and _indent(line) > _indent(lines[above]):
        return here.line, f"further to the right than line {above + 1}, which it does not belong to"
    return here.line, OTHER


def _too_many(lines, here, began, problem):
    found = lines[here.line][here.column]
    return here.line, f"{found} without anything that it would close or separate; {QUOTE}"


def _after_value(lines, here, began, problem):
    return here.line, "text behind a value that has ended; put all of it in one pair of quotes"


def _item(lines, here, began, problem):
    return here.line, "an item of a list (-) among keys; write a list as key: [1, 2]"


def _indented(lines, here, began, problem):
    above = _last_written(lines, here.line - 1)
    if not HAS_COLON.match(lines[above]) and not lines[above].lstrip().startswith("-"):
        return above, _missing_colon(lines[above])
    return here.line, "it begins in another column than the keys beside it"


def _first(lines, here, began, problem):
    first = next((n for n, line in enumerate(lines) if re.match(r"\s*[^\s#]", line)), here.line)
    if lines[first].startswith(" "):
        return first, "a blank before it; the first key begins at the beginning of its line"
    return here.line, OTHER


def _no_value(lines, here, began, problem):
    found = lines[here.line][here.column : here.column + 1]
    return here.line, f"{found} where a value should be; {QUOTE}"


def _same(what: str) -> Callable:
    return lambda lines, here, began, problem: (here.line, what)


def _anchor_twice(lines, here, began, problem):
    return here.line, f"the name & stands here and in line {began.line + 1}; write the value out"


# What PyYAML says (problem, context), and who explains it. The first that fits.
KINDS = (
    (r"character '\\t'", "", _tab),
    ("cannot start any token", "", _cannot_begin),
    ("end of stream|document separator", "quoted scalar", _open_quote),
    ("", "double-quoted scalar", _escape),
    ("<stream end>", "flow", _open_at_end),
    ("expected ',' or", "flow", _open_bracket),
    ("could not find expected ':'", "", _no_colon),
    ("mapping values are not allowed", "", _unexpected_colon),
    (r"but found '(\]|\}|,)'", "block", _too_many),
    (r"but found '(<scalar>|<anchor>|<alias>|<tag>|\[|\{)'", "block", _after_value),
    ("but found '-'|sequence entries are not", "", _item),
    ("but found ':'", "", _same("a colon without a key before it")),
    ("expected <block end>", "", _indented),
    ("<document start>", "", _first),
    ("expected the node content", "", _no_value),
    ("undefined alias", "", _same(f"* begins a reference, to nothing here; {QUOTE}")),
    ("", "scanning an (alias|anchor)", _same(f"* and & begin a reference; {QUOTE}")),
    ("second occurrence", "duplicate anchor", _anchor_twice),
    ("constructor for the tag", "", _same(f"! begins a type, which is not taken here; {QUOTE}")),
    ("another document", "", _same("--- begins a second document; a file has one")),
    ("", "block scalar", _same(f"text behind | or >, which stand for lines below; {QUOTE}")),
)
