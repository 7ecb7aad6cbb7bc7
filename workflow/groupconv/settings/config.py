"""params.yaml, or another file of its kind: read and checked. Knows no torch, and no step.

Here is the YAML; schema.py checks each key, across.py several at once, reads.py has what each
step may read, comments.py writes the comments. Every complaint is one line: file, key, value,
what is allowed.
"""

from pathlib import Path

import yaml

from groupconv.ground.errors import ParamsError
from groupconv.settings import across, exponents, schema


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, of which YAML would silently keep the last, and
    one that is no text, as `no` and `null` are not.
    """

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                text = key.value if isinstance(key, yaml.ScalarNode) else "a list or a mapping"
                raise ParamsError(f"line {line}: {text}: a key must be text; to YAML this is not")
            if key.value in seen:
                raise ParamsError(f"line {line}: {key.value}: this key stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


exponents.accept(_UniqueKeyLoader)


def load(path: str | Path) -> dict:
    """Read and check a params file. Raises ParamsError, one line per complaint."""
    try:
        params = yaml.load(Path(path).read_text(encoding="utf-8"), _UniqueKeyLoader)
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise ParamsError(f"{path}:{where} not valid YAML: {problem}") from error
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    check(params, str(path))
    return params


def check(params: object, origin: str) -> None:
    """Check parsed params against the schema and across keys.

    ``origin`` (a file's name, or "--config") begins each line. Raises ParamsError.
    """
    lines = schema.complaints(params) or across.complaints(params)
    if lines:
        raise ParamsError("\n".join(f"{origin}: {line}" for line in lines))
