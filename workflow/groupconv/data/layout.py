"""How a folder of images is laid out: which folders are classes, which are parts of the set.

It looks at names alone and opens no image. It takes <class>/<image> and <part>/<class>/<image>: a
part is train, val or test by any of its usual names (Train, training_set, valid, test1), or a fold.
Each may lie in one more folder (dataset/dataset/<class>, train/train/<class>, <class>/images). It
refuses any other layout and says which move mends it: if it took parts for classes, a network would
learn to tell the parts apart.
"""

from pathlib import Path

from groupconv.data.archive import NO_TABLE_HOLDS, refusing
from groupconv.data.labels import class_name
from groupconv.data.listing import (
    files_in,
    folders,
    has_image,
    holds_images,
    listed,
    may_be_image,
    packed_in,
    refuse_links,
)
from groupconv.data.roles import (
    ASIDE,
    FOLD,
    HOLDER,
    MOST_LOOKED_AT,
    UNLABELLED,
    are_shards,
    by_part,
    named_alike,
    role_of,
)
from groupconv.data.taken import UNSEEN, Layout
from groupconv.data.wrappers import inner, passed_over
from groupconv.ground.errors import DataError
from groupconv.ground.progress import many

TABLES = {".csv", ".tsv", ".xlsx"}
MOVE = "move the images of each class into a folder of its own, <class>/<image>"


def layout(folder: str) -> Layout:
    """The layout of ``folder``. Raises DataError."""
    with refusing(folder, "a folder"):
        if not Path(folder).is_dir():
            raise DataError(f"params.yaml: data.folder = {folder}: no such folder")
        found = Layout(Path(folder), inner(Path(folder)))
        found.beside += map(found.name, passed_over(found.asked))
        tops = folders(found.root)
        found.parts = [(top, role) for top in tops if (role := role_of(top)) and folders(top)]
        found.parts = found.parts or named_alike(tops)
        if tops and all(FOLD.fullmatch(top.name) or role_of(top) for top in tops):
            folds = [top for top in tops if FOLD.fullmatch(top.name) and not role_of(top)]
            if flat := [top for top in folds if not folders(top)]:
                raise found.refuse(
                    f"{found.named(flat)}: images without folders of classes: {MOVE}"
                )
            found.parts += [(top, "fold") for top in folds]
        if found.parts:
            _take_parts(found, tops)
        else:
            _take_classes(found, tops)
        _check_classes(found)
        return found


def _take_parts(found: Layout, tops: list[Path]) -> None:
    """Take the classes of all parts. Raises DataError for a class that only val or test has."""
    parts = [top for top, _ in found.parts]
    _check_training(found, [top for top in tops if top not in parts])
    for top in tops:
        if top in parts:
            continue
        if not (role_of(top) or ASIDE.fullmatch(top.name)) and holds_images(top):
            part, other = found.name(parts[0]), found.name(top)
            raise found.refuse(
                f"{part} holds folders, as a part of the set does, and {other} holds images, as a "
                f"class does: if {part} is a class, rename it; else move {other} out of the folder"
            )
        found.beside.append(found.name(top) + " (no folders of classes)" * bool(role_of(top)))
    _note_files(found, found.root)
    classes: dict[str, set[str]] = {}
    for part, role in found.parts:
        inside = inner(part)
        found.beside += map(found.name, passed_over(part))
        _note_files(found, inside)
        labels = folders(inside)
        flat = [label for label in labels if HOLDER.fullmatch(label.name) or role_of(label)]
        if flat and all(label in flat or ASIDE.fullmatch(label.name) for label in labels):
            raise found.refuse(
                f"{found.named(flat)}: images without folders of classes: {MOVE}, or move them "
                "out: images without a class, and such with boxes of several, are not read"
            )
        found.labels += labels
        classes.setdefault(role, set()).update(class_name(label.name) for label in labels)
    shared = set.intersection(*classes.values())
    known = classes.get("train") or classes.get("fold") or shared
    for role in classes.keys() - {"fold"}:
        extra = [
            label
            for part, of in found.parts
            for label in folders(inner(part))
            if of == role and class_name(label.name) not in known
        ]
        if extra:
            raise found.refuse(
                f"{found.named(extra)}: not a class in the other parts: rename it as the class is "
                "called there, or move it out: images without a class are not read"
            )


def _check_training(found: Layout, others: list[Path]) -> None:
    """Raise DataError if something that is not read may be the training part, and no part is."""
    roles = {role for _, role in found.parts}
    for name in packed_in(found.root):
        if (role := role_of(Path(name.partition(".")[0]))) and role not in roles:
            raise found.refuse(
                f"{found.name(found.root / name)}: a packed part of the set, which is not read: "
                "unpack it there, or move it out"
            )
    if roles & {"train", "fold"}:
        return
    first, role = found.parts[0]
    for top in others:
        if role_of(top) == "train":
            raise found.refuse(
                f"{found.name(top)}: no folders of classes, as {found.name(first)} has: {MOVE}"
            )
        if folders(top) and not ASIDE.fullmatch(top.name):
            raise found.refuse(
                f"{found.name(first)} is taken for {role} and nothing for train: if "
                f"{found.name(top)} is the training part, rename it train; else move it out"
            )


def _take_classes(found: Layout, tops: list[Path]) -> None:
    """Take every folder for a class. Raises DataError if they look like something else."""
    holding = [top for top in tops if has_image(top)]
    parts = [top for top in holding if role_of(top)]
    holders = [top for top in holding if HOLDER.fullmatch(top.name)]
    others = [top for top in holding if not ASIDE.fullmatch(top.name) and top not in holders]
    deeper = [top for top in tops if top not in holding and folders(top)]
    deeper = [top for top in deeper if not ASIDE.fullmatch(top.name)]
    held_out = [top for top in parts if role_of(top) != "train"]
    known = [top for top in others if top not in parts]
    if held_out and len(parts) == 1 and known:
        raise found.refuse(
            f"{found.named(parts)}: images without folders of classes, beside "
            f"{found.name(known[0])}, which holds those of a class: if it is a class, rename it; "
            "else move it out: images without a class are not read"
        )
    if parts and (len(parts) > 1 or len(others) == 1):
        raise found.refuse(
            f"{found.named(parts)}: images without folders of classes{_table(found)}: {MOVE}, as "
            f"in {found.name(parts[0])}/<class>/<image>"
        )
    if holders and not others and not deeper:
        raise found.refuse(
            f"{found.named(holders)}: images of all classes together{_table(found)}: {MOVE}"
        )
    if mixed := by_part(holding):
        raise found.refuse(
            f"{found.named(mixed)}: named as parts of the set, not as classes: move their images "
            "into train/<class>/<image> and test/<class>/<image>; if they are classes, rename them"
        )
    if are_shards(tops):
        raise found.refuse(
            f"{found.named(tops)}: named by the numbers of the files in them, as shards are, and "
            f"not classes: {MOVE}"
        )
    found.labels = tops
    _note_files(found, found.root)


def _check_classes(found: Layout) -> None:
    """Keep the classes with images. Raises DataError if fewer than two are left."""
    labels, without, nested, unlabelled = found.labels, [], [], []
    found.labels = []
    for label in labels:
        refuse_links(label, found.asked)
        if UNLABELLED.fullmatch(label.name):
            unlabelled.append(label)
            continue
        inside = folders(label)[:MOST_LOOKED_AT] if not has_image(label) else []
        plain = [path for path in inside if HOLDER.fullmatch(path.name) or role_of(path)]
        if has_image(label) or (inside and plain == inside and any(map(has_image, inside))):
            found.labels.append(label)
        else:
            (nested if inside else without).append(label)
    if nested and not all(ASIDE.fullmatch(label.name) for label in nested):
        first, *others = folders(nested[0])
        if plain := [path for path in (first, *others) if HOLDER.fullmatch(path.name)]:
            raise found.refuse(
                f"{found.named(nested)}: beside {found.name(plain[0])} lie other folders; allowed: "
                "images alone, or one such folder: move the images of each class up into its "
                "folder, and what is no image of it out"
            )
        raise found.refuse(
            f"{found.named(nested)}: only folders in it ({found.name(first)}): if those are the "
            f"classes, set data.folder to {nested[0]}, or rename the parts of the set train, val "
            "and test; else move their images up, next to them"
        )
    for what, paths in (
        ("no images", without),
        ("only folders", nested),
        ("images without a class", unlabelled),
    ):
        if paths:
            found.beside.append(f"{found.named(paths)} ({what})")
    classes = sorted({class_name(label.name) for label in found.labels})
    if not classes:
        here = "images lie in it directly: set data.folder to the folder above, or "
        raise found.refuse(
            "no images in sub-folders; allowed: <class>/<image> or train/<class>/<image>"
            + (f"; {here}{MOVE}{_table(found)}" if has_image(found.root) else "")
            + _packed(found)
        )
    if len(classes) == 1:
        raise found.refuse(
            f"one class ({listed(classes)}), at least 2 are needed: {ONE_CLASS}{_packed(found)}"
        )
    bare: dict[str, str] = {}
    for name in classes:
        if (other := bare.setdefault(name.strip(UNSEEN), name)) != name:
            raise found.refuse(
                f"the classes {other!r} and {name!r} differ in blanks alone: rename one of them"
            )


ONE_CLASS = f"set data.folder to the folder whose folders are the classes, or {MOVE}"


def _note_files(found: Layout, folder: Path) -> None:
    """Note the images that lie beside the folders of classes: nobody reads them."""
    names = sorted([*filter(may_be_image, files_in(folder)), *packed_in(folder)])
    if names:
        what = f"{names[0]!a}" if NO_TABLE_HOLDS.search(names[0]) else names[0]
        where = found.name(folder) if folder != found.asked else str(folder)
        found.beside.append(f"{many(len(names), 'file')} in {where} itself ({what})")


def _packed(found: Layout) -> str:
    """The archives in the folder; the end of a line."""
    names = sorted(packed_in(found.root))
    return f"; unpack {listed(names)}" if names else ""


def _table(found: Layout) -> str:
    """The tables in the folder, which may name the classes; the end of a line."""
    tables = sorted(n for n in files_in(found.root) if Path(n).suffix.casefold() in TABLES)
    return f" ({listed(tables)} may say which is which)" if tables else ""
