"""What lies in a folder, by names: folders, files, and what may be an image. Opens no file."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from groupconv.data.archive import NO_TABLE_HOLDS
from groupconv.ground.errors import DataError

# A system's or a storage's own: thumbnails, deleted files. Each name, as a class may be called @.
SYSTEMS = set(
    "@eadir @recycle @recently-snapshot @tmp @sharebin @sharesnap @thumb #recycle #snapshot "
    "#lost_found ~snapshot __macosx lost+found $recycle.bin recycler trashbox __pycache__ "
    "_vti_cnf node_modules "
    "thumbs.db ehthumbs.db ehthumbs_vista.db desktop.ini picasa.ini icon\r".split(" ")
) | {"system volume information", "network trash folder", "temporary items"}
# Endings of files that are no images, for what is decided before any is opened.
NO_IMAGES = set(
    ".txt .csv .tsv .json .jsonl .xml .yaml .yml .md .html .htm .mat .db .ini .pdf .npy .npz .pkl "
    ".py .ipynb .log .doc .docx .xls .xlsx .h5 .hdf5 .parquet .sha256 .md5 .dvc".split()
)
PACKED = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"}
COPIES = re.compile(r"_?thumb(nail)?s?", re.IGNORECASE)
MOST_NAMED = 4


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, and links to folders, without hidden ones and a system's own."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not is_systems(entry.name) and entry.is_dir()]
    return [folder / name for name in sorted(names)]


def is_systems(name: str) -> bool:
    """Whether a folder or a file is hidden, or kept by a system or a storage for itself."""
    return name[0] == "." or name.casefold() in SYSTEMS


def is_copies(name: str) -> bool:
    """Whether a folder in a class holds small copies of its images: in train and test at once."""
    return bool(COPIES.fullmatch(name))


def files_in(folder: Path) -> Iterator[str]:
    """The names of a folder's files, without hidden ones and a system's own."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not is_systems(entry.name) and entry.is_file():
                yield entry.name


def packed_in(folder: Path) -> list[str]:
    """The names of the archives in a folder."""
    return [name for name in files_in(folder) if Path(name).suffix.casefold() in PACKED]


def has_image(folder: Path) -> bool:
    """Whether a file lies in the folder that may be an image, by its name."""
    return any(map(may_be_image, files_in(folder)))


def holds_images(folder: Path) -> bool:
    """Whether such a file lies in the folder or in a folder of it."""
    return has_image(folder) or any(map(has_image, folders(folder)))


def may_be_image(name: str) -> bool:
    """Whether the end of a file's name does not say that it is something else."""
    return Path(name).suffix.casefold() not in NO_IMAGES | PACKED


def refuse_links(path: Path, folder: Path) -> None:
    """Raise DataError if ``path``, or a folder above it and below ``folder``, is a link."""
    for above in [path, *path.parents][: len(path.relative_to(folder).parts)]:
        refuse_link(above)


def refuse_link(path: Path) -> None:
    """Raise DataError if a folder is a link: neither engine would see what changes behind it."""
    if path.is_symlink():
        raise DataError(
            f"{path}: a link to the folder {os.readlink(path)}: DVC does not look behind it, so a "
            f"change there would go unseen: put the folder itself there, or links to its files "
            f"(`cp --recursive --symbolic-link`)"
        )


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    shown = [ascii(n) if NO_TABLE_HOLDS.search(n) else n for n in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(shown) + more
