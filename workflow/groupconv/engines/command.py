"""A step's command line: read, checked, and written down as the first line of its log."""

import difflib
import errno
import importlib
import inspect
import json
import shlex
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

from groupconv.engines import meanings
from groupconv.engines.digests import Digests
from groupconv.ground import fingerprint, machine, progress
from groupconv.ground.errors import DiskError, StepError

ROOT = Path(__file__).parents[3]
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What a user can mend about one path.
OF_A_PATH = (
    *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR),
    *(errno.EIO, errno.ESTALE, errno.ELOOP, errno.ENAMETOOLONG),
)


def run(arguments: list[str]) -> None:
    """Make the step that the command line names. Raises StepError."""
    options = _options([a for a in arguments if a.startswith("--")])
    words = [a for a in arguments if not a.startswith("--")]
    if not progress.one_file():
        # --rule stays: pasted after the rule was edited, it still says which one made the result.
        typed = [*words, *(f"--rule={options[name]}" for name in options if name == "rule")]
        command = shlex.join(["python", "workflow/step.py", *typed])
        print(command, file=sys.stderr, flush=True)
    if (here := _here()) != ROOT.resolve():
        raise StepError(f"{here}: a step runs at the repository's root: cd {ROOT} first")
    step = _step(words[0] if words else "")
    # Before any module that it is about is imported: an edit from here on is one during the step.
    meant = meanings.text(step, Digests())
    fingerprint.hold(step, meant)
    from groupconv.engines import made, tables
    from groupconv.settings import paper, resources

    own = _params(words)
    paths = _paths(step, words[2:])
    try:
        for name in paper.SCHEMAS.keys() & paths.keys():
            paper.check(name, paths[name])
        tables.check(step, paths)
        with machine.enough_memory(step, resources.memory_key(step, own)):
            made.make(step, own, paths, meant=meant, **options)
    except OSError as error:
        if error.errno in DISK_FULL:
            where = error.filename or f"{step}: a temporary file"
            raise DiskError(f"{where}: cannot be written: {error.strerror}") from error
        if error.filename is None or error.errno not in OF_A_PATH:
            raise
        raise StepError(f"{error.filename}: {error.strerror}") from error


def usage(step: str) -> str:
    """What a step makes, and its command line with every argument. Raises StepError."""
    from groupconv.settings import reads

    module, known = _known(_step(step))
    words = []
    for name, parameter in known.items():
        word = f"{name}={'NUMBER' if name == 'threads' else 'PATH'}"
        word += " ..." if "list" in str(parameter.annotation) else ""
        words.append(word if parameter.default is parameter.empty else f"[{word}]")
    return (
        f"python workflow/step.py {step} PARAMS {' '.join(words)}\n\n{module.__doc__.strip()}\n\n"
        f"PARAMS: JSON, with these of params.yaml: {', '.join((reads.READS | reads.BY_NAME)[step])}"
    )


def _here() -> Path:
    """The working folder. Raises StepError if it was deleted."""
    try:
        return Path.cwd().resolve()
    except FileNotFoundError as error:
        raise StepError(f"the working folder was deleted: cd {ROOT} first") from error


def _options(arguments: list[str]) -> dict[str, str]:
    """Raises StepError."""
    found = {}
    for argument in arguments:
        name, equals, value = argument.removeprefix("--").partition("=")
        if name not in ("cache", "rule"):
            raise StepError(f"--{name}: unknown option; allowed: --cache=FOLDER, --rule=DIGEST")
        if name in found:
            raise StepError(f"--{name}= stands twice; leave one out")
        if not equals:
            raise StepError(f"--{name}: nothing behind it; write --{name}=VALUE")
        found[name] = value
    return found


def _step(name: str) -> str:
    """Raises StepError, naming the nearest step."""
    if name in fingerprint.STEPS:
        return name
    near = difflib.get_close_matches(name, fingerprint.STEPS, 1)
    meant = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(fingerprint.STEPS)}"
    raise StepError(f"{name or 'STEP'}: no such step; {meant}")


def _params(words: list[str]) -> dict:
    """The step's params. Raises StepError."""
    from groupconv.settings import of_step

    step, text = words[0], words[1] if len(words) > 1 else ""
    try:
        own = json.loads(text, object_pairs_hook=partial(_each_once, step))
    except (ValueError, RecursionError) as error:
        raise StepError(f"{step}: PARAMS = {text[:60]!r}: not JSON: {error}") from error
    of_step.check(step, own)
    return own


def _each_once(step: str, pairs: list[tuple[str, object]]) -> dict:
    """An object of PARAMS. Raises StepError for a key given twice: Python would keep the last."""
    keys = [key for key, _ in pairs]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise StepError(f"{step}: PARAMS: {twice[0]}: this key stands twice; leave one out")
    return dict(pairs)


def _paths(step: str, words: list[str]) -> dict:
    """{name of run()'s argument: path, or several}. Raises StepError."""
    given: dict[str, list[str]] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals:
            raise StepError(f"{step}: {word}: not name=path")
        if not path and name != "mirror":
            raise StepError(f"{step}: {name}= has no path")
        given.setdefault(name, []).append(path)
    _, known = _known(step)
    for name in given.keys() - known.keys():
        near = difflib.get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
        raise StepError(f"{step}: {name}=: no such path; {meant}")
    for name, several in given.items():
        if len(several) > 1 and "list" not in str(known[name].annotation):
            raise StepError(f"{step}: {name}= stands {len(several)} times; it takes one path")
    missing = [n for n, p in known.items() if n not in given and p.default is p.empty]
    if missing:
        raise StepError(f"{step}: {missing[0]}=PATH is missing; it needs {', '.join(known)}")
    return {name: paths if len(paths) > 1 else paths[0] for name, paths in given.items()}


def _known(step: str) -> tuple[ModuleType, dict[str, inspect.Parameter]]:
    """The step's module, and what its run() takes beside the params."""
    module = importlib.import_module(f"groupconv.steps.{step}")
    known = dict(list(inspect.signature(module.run).parameters.items())[1:])
    return module, {n: p for n, p in known.items() if p.kind is not p.KEYWORD_ONLY}  # made.py's
