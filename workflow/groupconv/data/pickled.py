"""A pickle by strangers, read without doing what it says: nothing is imported, made or called.

A pickle is a program; Python's own reader runs it. Here its words are taken one by one
(pickletools.genops): numbers, text, bytes, lists, dicts and tuples are built, and a numpy array is
kept as what was written of it. Any other word is refused. Standard library.
"""

import pickletools
from dataclasses import dataclass
from typing import BinaryIO

from groupconv.data.archive import DamagedError
from groupconv.ground.errors import DataError

VALUES = (
    "INT BININT BININT1 BININT2 LONG LONG1 STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8"
).split()
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
SHORT_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
ARRAYS = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
TYPE = "numpy dtype"
NAMES = (*ARRAYS, TYPE, "numpy ndarray", "_codecs encode")  # the last: bytes, as Python 3 has them


@dataclass(frozen=True)
class Name:
    """Something that the pickle names, which is not looked up."""

    name: str


@dataclass
class Call:
    """Something that the pickle would have made, which is not made."""

    name: str
    arguments: tuple
    state: object = None


def read(shown: str, file: BinaryIO) -> object:
    """What the pickle has built at its end; ``shown`` names it in errors. Raises DataError."""
    stack, marks, memo = [], [], {}

    def since_mark() -> list:
        at = marks.pop()
        found = stack[at:]
        del stack[at:]
        return found

    try:
        for word, value, _ in pickletools.genops(file):
            name = word.name
            if name in VALUES:
                stack.append(value)
            elif name in CONSTANTS:
                stack.append(CONSTANTS[name])
            elif name in EMPTY:
                stack.append(EMPTY[name]())
            elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
                memo[len(memo) if value is None else value] = stack[-1]
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo[value])
            elif name == "MARK":
                marks.append(len(stack))
            elif name == "TUPLE":
                stack.append(tuple(since_mark()))
            elif name in SHORT_TUPLES:
                stack[-SHORT_TUPLES[name] :] = [tuple(stack[-SHORT_TUPLES[name] :])]
            elif name in ("LIST", "APPEND", "APPENDS"):
                items = [stack.pop()] if name == "APPEND" else since_mark()
                _add(stack, name == "LIST", items)
            elif name in ("DICT", "SETITEM", "SETITEMS"):
                items = [stack.pop(-2), stack.pop()] if name == "SETITEM" else since_mark()
                _set(shown, stack, name == "DICT", items)
            elif name in ("GLOBAL", "STACK_GLOBAL"):
                stack.append(_named(shown, value or f"{stack.pop(-2)} {stack.pop()}"))
            elif name == "REDUCE":
                arguments, called = stack.pop(), stack.pop()
                stack.append(Call(called.name, arguments))
            elif name == "BUILD":
                state = stack.pop()
                if not isinstance(stack[-1], Call):
                    raise TypeError("a state of nothing")
                stack[-1].state = state
            elif name == "STOP":
                return stack.pop()
            elif name not in ("PROTO", "FRAME"):
                raise DataError(f"{shown}: a pickle with {name}; allowed: numbers, text, arrays")
    except MemoryError as error:  # a length that no file has
        raise DamagedError(f"{shown}: not a whole pickle: it says that it is larger") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(f"{shown}: not a whole pickle: {_line(error)}") from error
    raise DamagedError(f"{shown}: not a whole pickle")


def _add(stack: list, new: bool, items: list) -> None:
    if new:
        stack.append([])
    if not isinstance(stack[-1], list):
        raise TypeError("an item of no list")
    stack[-1].extend(items)


def _set(shown: str, stack: list, new: bool, items: list) -> None:
    if new:
        stack.append({})
    if not isinstance(stack[-1], dict):
        raise TypeError("an item of no dict")
    for key, value in zip(items[::2], items[1::2], strict=True):
        stack[-1][as_text(key)] = value


def _named(shown: str, name: str) -> Name:
    if name not in NAMES:
        raise DataError(
            f"{shown}: a pickle that asks for {ascii(name)[:60]}, which is not done; "
            "allowed: numbers, text, arrays"
        )
    return Name(name)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def as_text(value: object) -> str:
    """Text, which Python 2 wrote as bytes. Raises TypeError."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in the place of a text")
    return value


def as_array(value: object) -> tuple[tuple[int, ...], bytes]:
    """The shape and the bytes, row by row, of an array of uint8. Raises TypeError, ValueError."""
    if not isinstance(value, Call) or value.name not in ARRAYS:
        raise TypeError(f"{type(value).__name__} in the place of an array")
    _, shape, kind, by_column, content = value.state
    if not isinstance(kind, Call) or as_text(kind.arguments[0]) != "u1" or by_column:
        raise ValueError("an array of another type than uint8, or by columns")
    if isinstance(content, Call):
        content, encoding = content.arguments
        if encoding != "latin1":
            raise ValueError("bytes in an unknown encoding")
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin-1")
    size = 1
    for side in shape:
        size *= side
    if len(content) != size:
        raise ValueError(f"{len(content):,} bytes of {size:,}")
    return shape, content
