"""A conda channel on disk, made from the Python and the packages that run the tests.

Archives, index, solve and install are real; the builds are pip's, since no conda channel can be
reached where this was written. Large files, such as torch's 4 GB of CUDA libraries, are links to
the installed ones. Run as a program, it makes one for real_conda.sh.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import metadata
from pathlib import Path

from declared import declared, pip_name
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler.index import index_fs

# conda-forge's names of what pip calls otherwise.
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}
# conda-forge's recipe of fvcore, which lacks the iopath that fvcore imports.
CONDA_DEPENDS = {
    "fvcore": "numpy pillow portalocker pyyaml tabulate termcolor tqdm yacs".split(),
}
LINKED_BYTES = 200_000
NOT_PACKED = {"__pycache__", "site-packages", "dist-packages", "test", "idlelib", "ensurepip"}


def make(channel: Path) -> None:
    """Fill ``channel`` with Python, what envs/*.yaml declare, and all that it depends on; and with
    torch twice, as conda-forge has it, for CPUs and for CUDA."""
    wanted = {pip_name(name) for file in declared().values() for name in file} - {"python"}
    (channel / "noarch").mkdir(parents=True)
    (channel / "linux-64").mkdir()
    packages = [partial(pack_python, channel / "linux-64")]
    for name, needs in closure(wanted).items():
        for build in ("cpu", "cuda") if name == "torch" else ("py",):
            packages.append(partial(pack_wheel, channel / "linux-64", name, build, needs))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda package: package(), packages))
    asyncio.run(index_fs(channel))


def closure(wanted: set[str]) -> dict[str, set[str]]:
    """Each package that is wanted or needed, with what it needs: what conda-forge lists, where
    that is known to differ; else what the wheel requires."""
    needs: dict[str, set[str]] = {}
    open_ = list(map(Requirement, wanted))
    while open_:
        requirement = open_.pop()
        name = canonicalize_name(requirement.name)
        required = map(
            Requirement, CONDA_DEPENDS.get(name) or metadata.distribution(name).requires or []
        )
        required = [
            r
            for r in required
            if not r.marker
            or any(r.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras))
        ]
        names = {canonicalize_name(r.name) for r in required}
        if name not in needs or names - needs[name]:
            open_ += required
        needs.setdefault(name, set()).update(names)
    return needs


def pack_wheel(folder: Path, name: str, build: str, needs: set[str]) -> None:
    """An installed wheel's files, without scripts and headers."""
    distribution = metadata.distribution(name)
    version = distribution.version.partition("+")[0]
    site = site_packages()
    files = {
        f"{site}/{file}": Path(file.locate())
        for file in distribution.files
        if not {"..", "__pycache__", "include"} & set(file.parts)
    }
    depends = ["python", *sorted(CONDA_NAMES.get(need, need) for need in needs)]
    if name == "torch":
        kind = {"cpu": "cpu", "cuda": "gpu"}[build]
        pack(folder, f"pytorch-{kind}", version, build, [f"pytorch {version} {build}"], {})
    if build == "cuda":
        depends.append("__cuda")
    pack(folder, CONDA_NAMES.get(name, name), version, build, depends, files)


def pack_python(folder: Path) -> None:
    """The Python that runs the tests, without what it has installed."""
    version = "{}.{}.{}".format(*sys.version_info)
    short = "python{}.{}".format(*sys.version_info)
    library = Path(sysconfig.get_path("stdlib"))
    files = {
        f"lib/{short}/{path.relative_to(library)}": path
        for path in library.rglob("*")
        if path.is_file() and not NOT_PACKED & set(path.relative_to(library).parts)
    }
    # Not a link: Python finds its library from where its executable is.
    program = Path(sys._base_executable).resolve().read_bytes()
    pack(
        folder, "python", version, "0", [], files, {f"bin/{n}": program for n in ("python", short)}
    )


def site_packages() -> str:
    """Where an environment has its packages, relative to it; Debian's Python has another place."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib', vars={'base': ''}).strip('/'))"
    command = [sys._base_executable, "-I", "-c", ask]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pack(
    folder: Path,
    name: str,
    version: str,
    build: str,
    depends: list[str],
    files: dict[str, Path],
    programs: dict[str, bytes] | None = None,
) -> None:
    """Write a conda package, of which ``files`` and ``programs`` are the paths inside."""
    index = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": depends,
        "subdir": "linux-64",
    }
    linked = {path for path, real in files.items() if real.stat().st_size > LINKED_BYTES}
    programs = programs or {}
    paths = [
        {"_path": path, "path_type": "softlink" if path in linked else "hardlink"}
        for path in [*files, *programs]
    ]
    texts = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths_version": 1, "paths": paths}).encode(),
        **programs,
    }
    with tarfile.open(
        folder / f"{name}-{version}-{build}.tar.bz2", "w:bz2", compresslevel=1, dereference=True
    ) as archive:
        for path, content in texts.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
        for path, real in files.items():
            entry = archive.gettarinfo(real, path)
            if path in linked:
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, str(real), 0
                archive.addfile(entry)
            else:
                with open(real, "rb") as content:
                    archive.addfile(entry, content)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    os._exit(0)  # rattler's own threads can crash a Python that ends in order
