"""Tells from a folder's name whether it is a part, a fold, a holder of images, or no class.

Knows names alone, and whether a folder has others in it.
"""

import re
from pathlib import Path

from groupconv.data.listing import folders

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
