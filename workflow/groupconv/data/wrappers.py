"""Folders that only wrap another one (dataset/dataset), and what lies beside on the way.

Knows names alone, of folders and of what lies in them.
"""

from pathlib import Path

from groupconv.data.listing import folders, has_image, holds_images
from groupconv.data.roles import ASIDE, FOLD, HOLDER, MOST_LOOKED_AT, role_of

MOST_WRAPPERS = 3


def inner(folder: Path) -> Path:
    """The folder; if it only wraps another one (dataset/dataset), the one inside."""
    for _ in range(MOST_WRAPPERS):
        tops = [t for t in folders(folder) if not ASIDE.fullmatch(t.name) or has_image(t)]
        holders = [top for top in tops if HOLDER.fullmatch(top.name) and folders(top)]
        wrapped = tops if len(tops) == 1 else holders
        if len(wrapped) != 1 or not folders(wrapped[0]) or has_image(folder):
            break
        if any(map(has_image, tops)) or (len(tops) > 1 and any(map(role_of, tops))):
            break
        if FOLD.fullmatch(wrapped[0].name) or (role_of(wrapped[0]) and not role_of(folder)):
            break  # a part; train/train is a wrapper
        folder = wrapped[0]
    return folder


def passed_over(folder: Path) -> list[Path]:
    """The folders of images beside those that wrap the one inside: masks beside images."""
    inside, found = inner(folder), []
    while inside != folder:
        beside = [top for top in folders(inside.parent) if top != inside]
        found += [top for top in beside if any(map(holds_images, [top, *_first(top)]))]
        inside = inside.parent
    return found


def _first(folder: Path) -> list[Path]:
    return folders(folder)[:MOST_LOOKED_AT]
