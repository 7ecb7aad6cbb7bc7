"""Tells from a folder's name whether it is a part, a fold, a holder of images, or no class.

Knows names alone, of the folder and of what lies in it.
"""

import re
from pathlib import Path

from groupconv.data.listing import files_in, folders

MOST_LOOKED_AT = 50  # folders or files in one

PART = re.compile(
    r"(\d+[-_ .]*)?"
    r"((x|seg|data|dataset|images?|imgs?|my|public|private|small|mini|tiny|full|raw)[-_ .]*)?"
    r"((?P<train>train(ing)?s?([-_ .+]*val(id)?(idation)?)?)"
    r"|(?P<val>val(id)?(idation)?s?|dev(el(opment)?)?)"
    r"|(?P<test>test(ing)?s?|eval(uation)?|hold[-_ ]?out))"
    r"([-_ .]*(sets?|data|dataset|images?|imgs?|splits?|parts?|folder|small|mini|tiny|full|raw))?"
    r"[-_ .]*(\d*|[a-d])",  # trainA and trainB hold images of two kinds
    re.IGNORECASE,
)
FOLD = re.compile(r"(k?fold|split|cv|shard|batch|chunk|part|partition)[-_ .]*\d+", re.IGNORECASE)
# What holds the images of whatever stands above it.
HOLDER = re.compile(r"(jpeg|jpg|png)?_?(images?|imgs?|pictures?|pics?|photos?)|jpe?gs?|pngs?", re.I)
# What lies beside images and is no class of them.
ASIDE = re.compile(
    r"annotations?|labels?|masks?|meta(data)?|.*dev_?kit.*|docs?|trimaps?|thumb(nail)?s?|"
    r"b(ounding_?)?box(es)?|xmls?|jsons?|csvs?|lists?|attributes?|segmentations?|imagesets|"
    r"unlabell?ed|(seg_)?pred(iction)?s?|samples?|examples?|scripts?|code|src",
    re.IGNORECASE,
)
UNLABELLED = re.compile(r"un[-_ ]?labell?ed|unsup(ervised)?|no[-_ ]?labels?", re.IGNORECASE)


def role_of(folder: Path) -> str | None:
    """train, val or test, if the folder is called so."""
    match = PART.fullmatch(folder.name)
    return next((role for role in ("train", "val", "test") if match and match[role]), None)


def named_alike(tops: list[Path]) -> list[tuple[Path, str]]:
    """Parts whose names have words in common: ILSVRC2012_img_train and ILSVRC2012_img_val.

    [] unless there are two at least.
    """
    tops = [top for top in tops if folders(top) and not ASIDE.fullmatch(top.name)]
    words = [re.split(r"[-_ .]+", top.name) for top in tops]
    for end in (0, -1):
        while all(len(own) > 1 for own in words) and len({own[end] for own in words}) == 1:
            for own in words:
                own.pop(end)
    named = zip(tops, (Path("_".join(own)) for own in words), strict=True)
    parts = [(top, role) for top, name in named if (role := role_of(name))]
    return parts if len({role for _, role in parts}) > 1 else []


def by_part(tops: list[Path]) -> list[Path]:
    """Folders with the name of a class and a part each: cat_train and cat_test. [] if none are."""
    found: dict[str, dict[str, Path]] = {}
    for top in tops:
        words = re.split(r"[-_ .]+", top.name.casefold())
        for at in (0, -1):
            if len(words) > 1 and (role := role_of(Path(words[at]))):
                rest = "_".join(words[1:] if at == 0 else words[:-1])
                found.setdefault(rest, {}).setdefault(role, top)
    return next((sorted(of.values()) for of in found.values() if {"train"} < of.keys()), [])


def are_shards(tops: list[Path]) -> bool:
    """Whether all folders are numbered and hold files by their numbers, and no classes.

    Such as 00000/000001234.jpg and 01000/01000.png to 01999.png, or ab/ab12ef.png by hashes; not
    0/0001.png, as digits have.
    """
    if len(tops) < 2 or not all(re.fullmatch(r"[0-9a-f]{2,}", top.name) for top in tops):
        return False
    if len({len(top.name) for top in tops}) > 1:
        return False
    for top in tops:
        stems = [
            Path(name).stem for name, _ in zip(files_in(top), range(MOST_LOOKED_AT), strict=False)
        ]
        if not stems or not all(re.fullmatch(r"[0-9a-f]+", stem) for stem in stems):
            return False
        if not all(s.startswith(top.name) and len(s) >= len(top.name) + 2 for s in stems):
            if not top.name.isdecimal() or not all(map(str.isdecimal, stems)):
                return False
            first = min(int(Path(n).stem) for n in files_in(top) if Path(n).stem.isdecimal())
            if len(top.name) < 4 or first != int(top.name):
                return False
    return True
