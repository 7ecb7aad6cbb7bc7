"""DVC on this machine: whether it versions this folder, whether it started us, and its cache."""

import configparser
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from groupconv.engines.dvcyaml import of_ours
from groupconv.ground.errors import StepError

PLOTS_PAGE = Path(".dvc/plots/page.html")  # git takes none of it: 0.9 MB
EXPERIMENTS = ".dvc/tmp/exps"  # where `dvc exp run --temp` and its queue work


def in_use() -> bool:
    """Whether git and DVC version this folder."""
    in_git = any((folder / ".git").exists() for folder in (Path.cwd(), *Path.cwd().parents))
    return Path(".dvc").is_dir() and in_git


def command() -> str | None:
    """DVC's program: beside this Python, else the one on PATH (conda, pipx); None without one."""
    beside = Path(sys.executable).with_name("dvc")
    return str(beside) if beside.exists() else shutil.which("dvc")


def call(program: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    """`dvc ARGUMENTS` to its end; it prints nothing here. Raises StepError."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        return subprocess.run([program, *arguments], text=True, check=False, **streams, **options)
    except OSError as error:  # its folder was moved: its first line names no Python any more
        raise StepError(f"{program}: cannot be started: {error.strerror}") from error


def named(program: str) -> str:
    """`/opt/bin/dvc 2.58.2: `, said before its complaint; "" if it is this environment's own."""
    if Path(program) == Path(sys.executable).with_name("dvc"):
        return ""
    version = call(program, "--version").stdout.strip()
    return f"{program} {version}".rstrip() + ": "


def started_us() -> bool:
    """Whether DVC runs one of our stages in this folder: then it decides, and it records.

    Another project's stage may call us too: DVC's variables are then that project's.
    """
    if not of_ours(os.environ.get("DVC_STAGE", "").rpartition(":")[2]):
        return False
    here, root = Path.cwd().resolve(), os.environ.get("DVC_ROOT")
    if root is None:
        return True
    experiments = Path(root, EXPERIMENTS).resolve()
    return here == Path(root).resolve() or here.is_relative_to(experiments)


@cache
def cache_folder() -> str:
    """The folder of DVC's cache. Raises StepError."""
    if not any(_names(path, "cache", "dir") for path in _config_files()):
        return os.path.abspath(".dvc/cache")
    program = command()
    if program is None:
        raise StepError("dvc: no such program beside Python or on PATH; its cache is configured")
    done = call(program, "cache", "dir")
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise StepError(f"dvc cache dir: {said[-1]}")
    return done.stdout.strip()


def _config_files() -> list[Path]:
    """Every file of DVC's configuration, as its documentation lists them."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"))
    folders = (
        os.environ.get("DVC_SYSTEM_CONFIG_DIR") or "/etc/xdg/dvc",
        os.environ.get("DVC_GLOBAL_CONFIG_DIR") or home / "dvc",
        "/Library/Application Support/dvc",  # macOS
        os.path.expanduser("~/Library/Application Support/dvc"),
    )
    return [
        *(Path(folder, "config") for folder in folders),
        Path(".dvc/config"),
        Path(".dvc/config.local"),
    ]


def _names(path: Path, section: str, key: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, ValueError):
        return True  # DVC knows how to read it
    return parser.has_option(section, key)


def has_remote() -> bool:
    """Whether `dvc pull` has a remote to pull from."""
    return any(_names(path, "core", "remote") for path in _config_files())


def cached(path: str, md5: str, folder: str | None = None) -> dict[str, str] | None:
    """{file: its copy in DVC's cache} of an output; of a folder one for each of its files.

    None if the cache lacks any of them.
    """
    folder = folder or cache_folder()
    source = os.path.join(folder, "files", "md5", md5[:2], md5[2:])
    if not os.path.exists(source):
        return None
    if not md5.endswith(".dir"):
        return {path: source}
    found: dict[str, str] = {}
    for entry in json.loads(Path(source).read_text(encoding="utf-8")):
        inside = cached(os.path.join(path, entry["relpath"]), entry["md5"], folder)
        if inside is None:
            return None
        found |= inside
    return found


def plots_page() -> str:
    """Make the page of `dvc plots` if it lacks, as in a clone that shares another's environment.

    Returns why it cannot be made, or "".
    """
    if PLOTS_PAGE.exists() or importlib.util.find_spec("vl_convert") is None:
        return ""
    asked = [sys.executable, "envs/plots_page.py"]
    made = subprocess.run(asked, capture_output=True, text=True, check=False)
    return f"{PLOTS_PAGE}: {made.stderr.strip().splitlines()[-1]}" if made.returncode else ""


def empty_folder(path: str) -> None:
    """Make the folder of raw files where the source has none: DVC wants it. Raises StepError."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepError(f"{path}: cannot be made: {error.strerror}") from error
