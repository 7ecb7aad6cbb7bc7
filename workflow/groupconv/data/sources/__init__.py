"""Every source of images, by the name that data.source takes: a module of this folder each."""

import importlib
import pkgutil

from groupconv.data.sources.source import RawFile

_modules = [
    importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
]
SOURCES = {module.SOURCE.name: module.SOURCE for module in _modules if hasattr(module, "SOURCE")}


def raw_files(data: dict) -> list[RawFile]:
    """The files that ``data``, the section of params.yaml, asks for."""
    books = None if data["books"] is None else set(map(str, data["books"]))
    return [
        file
        for file in SOURCES[data["source"]].files
        if books is None or file.name.removesuffix(".zip") in books
    ]
