"""Every source of images, by the name that data.source takes: a module of this folder each."""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from groupconv.data.sources.source import RawFile
from groupconv.ground.errors import DataError
from groupconv.ground.progress import amount

RAW = Path("data/raw")  # with a folder for each source
_modules = [
    importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
]
SOURCES = {module.SOURCE.name: module.SOURCE for module in _modules if hasattr(module, "SOURCE")}


def raw_files(data: dict) -> list[RawFile]:
    """The files that ``data``, the section of params.yaml, asks for.

    A source may have several sets of files with the same images. This takes the first set that is
    whole in data/raw/<source>/, else the first that has a file there, else the set to download.
    Both engines hash that folder as a whole, so the choice is a cause for both.
    """
    there = _there(data)
    possible = _sets(data)
    for enough in (all, any):
        for files in possible:
            if files and enough(file.name in there for file in files):
                return files
    return possible[0]


def raw_file(data: dict, path: str) -> RawFile:
    """The file of that name in any set: raw_files() chose the set when the rules were read.

    Raises KeyError.
    """
    return {file.name: file for files in _sets(data) for file in files}[Path(path).name]


def in_order(data: dict, paths: Iterable[str]) -> list[str]:
    """The raw files as the source lists them, images and labels by part: typed by hand, they come
    in any order. Raises DataError if one is none of the source's.
    """
    paths, names = list(paths), [file.name for files in _sets(data) for file in files]
    for path in paths:
        if Path(path).name not in names:
            some = ", ".join(names[:4]) + ", ..." * (len(names) > 4)
            raise DataError(
                f"raw={path}: not a raw file of the source {data['source']}; allowed: "
                f"{some or 'none'}"
            )
    return sorted(paths, key=lambda path: names.index(Path(path).name))


def lacking(data: dict, files: Iterable[RawFile]) -> list[str]:
    """The names that ``files`` lacks of the source's nearest whole set, sorted."""
    given = {file.name for file in files}
    return sorted(min(({file.name for file in files} - given for files in _sets(data)), key=len))


def instead(data: dict) -> str:
    """A line that says which files are taken where these are not the usual ones; else ""."""
    chosen, usual = raw_files(data), _sets(data)[0]
    if chosen == usual:
        return ""
    return f"{RAW / data['source']}: {_some(chosen)} found there; taken instead of {_some(usual)}"


def estimate(data: dict) -> str:
    """A line that says how much there is to fetch before a run can begin, or ""."""
    there = _there(data)
    missing = [file for file in raw_files(data) if file.name not in there and not file.by_hand]
    if not missing:
        return ""
    if len(missing) == 1:
        return f"{RAW / data['source']}: {missing[0].name} to fetch, {missing[0].about()}"
    unknown = [file.about() + " each" for file in missing if file.size_bytes is None]
    known = sum(file.size_bytes for file in missing if file.size_bytes is not None)
    said = " and ".join([f"about {amount(known)}"] * bool(known) + unknown[:1])
    return f"{RAW / data['source']}: {len(missing)} files to fetch, {said}"


def _there(data: dict) -> set[str]:
    folder = RAW / data["source"]
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _sets(data: dict) -> list[list[RawFile]]:
    """The sets of files of the source; with data.books, of these books alone."""
    source = SOURCES[data["source"]]
    books = None if data["books"] is None else set(map(str, data["books"]))
    found = [
        [file for file in files if books is None or file.name.removesuffix(".zip") in books]
        for files in (source.files, *source.others)
    ]
    return [found[0], *filter(None, found[1:])]


def _some(files: list[RawFile]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0].name}{more}"
