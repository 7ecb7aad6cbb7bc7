"""Read a text result of the study. What is missing or damaged is one line."""

import json
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from groupconv.ground.errors import DataError
from groupconv.settings import schema

TEXT = {"id": str, "class": str, "predicted": str}
BACK = "; `git checkout` brings the committed file back"


def record(path: Path, *keys: str) -> dict:
    """A JSON file's object, which has at least these ``keys``. Raises DataError."""
    with _one_line(path):
        found = json.loads(path.read_text(encoding="utf-8"))
    return having(found, path, *keys)


def having(found: object, path: Path, *keys: str) -> dict:
    """``found``, a part of the file ``path``, if it has the ``keys``. Raises DataError."""
    if not isinstance(found, dict):
        raise DataError(f"{path}: no object with {', '.join(keys)}{BACK}")
    for key in (key for key in keys if key not in found):
        near = schema.nearest(key, found)
        raise DataError(f"{path}: no {key}{f' (but {near})' if near else ''}{BACK}")
    return found


def table(path: Path, *numbers: str, **given: object) -> pd.DataFrame:
    """A CSV file, compressed or not, whose columns ``numbers`` are there and are numbers.

    ``given``: of pandas.read_csv. Raises DataError.
    """
    with _one_line(path):
        found = pd.read_csv(path, **{"dtype": TEXT, **given})
    having(found.to_dict("series"), path, *numbers)
    for name in numbers:
        if not pd.api.types.is_numeric_dtype(found[name]):
            raise DataError(f"{path}: {name} has what is no number{BACK}")
    return found


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing{BACK}") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (ValueError, EOFError, lzma.LZMAError) as error:  # pandas' and json's are ValueErrors
        said = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: damaged ({said}){BACK}") from error
