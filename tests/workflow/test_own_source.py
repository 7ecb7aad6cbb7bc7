"""Sources as a user chooses and adds them, with real characters from a local server."""

import io
import re
import tarfile
import threading
import zipfile

import pandas as pd
import pytest
from groupconv.data.sources import SOURCES
from groupconv.steps import prepare
from PIL import Image
from project import ROOT
from served import serving

DOCUMENT = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
BOOKS = ("200021869", "200022050")


@pytest.fixture(scope="module")
def characters(wheel):
    """(book, label, position, JPEG, PNG) of every character of two books' pages."""
    found = []
    for scan in SOURCES["sample"].read([str(wheel)], None):
        if scan.origin not in BOOKS:
            continue
        page = Image.open(io.BytesIO(scan.content))
        for character in scan.characters:
            x, y, width, height = character.box
            crop, encoded = page.crop((x, y, x + width, y + height)), []
            for kind in ("jpeg", "png"):
                file = io.BytesIO()
                crop.save(file, kind)
                encoded.append(file.getvalue())
            found.append((scan.origin, character.label, f"X{x:04}_Y{y:04}", *encoded))
    return found


def choose(project, source, mirror, books="null"):
    """params.yaml with this source and all of its classes of three images or more."""
    project.edit("source: sample", f"source: {source}")
    project.edit("books: null", f"books: {books}")
    project.edit("mirror: null", f"mirror: {mirror}")
    project.edit("min_images: 60", "min_images: 3")
    project.edit("classes: 3 ", "classes: null ")


def test_books_download_side_by_side_and_their_characters_are_read(project, characters):
    zips = {}
    for book in BOOKS:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr(f"{book}/{book}_coordinate.csv", "Unicode,Image,X,Y\n")
            for _, label, at, jpeg, _ in (c for c in characters if c[0] == book):
                name = f"{label}_{book}_00001_1_{at}.jpg"
                made.writestr(f"{book}/characters/{label}/{name}", jpeg)
        zips[f"{book}.zip"] = file.getvalue()
    with serving(**zips) as served:
        served.together = threading.Barrier(2, timeout=30)  # none is answered before both came
        choose(project, "char-shape", served.url, f"[{', '.join(BOOKS)}]")
        run = project.snakemake("--cores", "2", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    manifest = pd.read_csv(project.folder / "data" / "manifest.csv")
    assert set(manifest["origin"].astype(str)) == set(BOOKS)
    shown = {(book, label, at) for book, label, at, *_ in characters}
    of_three = pd.Series([label for _, label, _ in shown]).value_counts()
    enough = of_three[of_three >= prepare.FEWEST].index
    assert set(manifest["code_point"]) == set(enough)
    assert manifest["channels"].eq(3).all()
    held = project.folder / "data" / "hashes" / "char-shape"
    assert sorted(path.name for path in held.iterdir()) == [f"{b}.zip.sha256" for b in BOOKS]
    partial = project.folder / "data" / "raw" / ".partial"
    assert not [path for path in partial.rglob("*") if path.is_file()]


def test_the_recipe_for_a_source_of_ones_own_works_as_it_is_written(project, characters):
    ((path, code),) = re.findall(r"```python\n# (\S+sources/\w+\.py)\n(.*?)```", DOCUMENT, re.S)
    (project.folder / path).write_text(code, encoding="utf-8")
    (project.folder / "mirror").mkdir()
    with tarfile.open(project.folder / "mirror" / "mine.tar", "w") as tar:
        for book, label, at, _, png in characters:
            member = tarfile.TarInfo(f"{label}/{book}_{at}.png")
            member.size = len(png)
            tar.addfile(member, io.BytesIO(png))
    choose(project, "mine", "mirror")
    run = project.snakemake("--cores", "2", "data/manifest.csv")
    assert run.returncode == 0, run.stdout
    manifest = pd.read_csv(project.folder / "data" / "manifest.csv")
    assert manifest["class"].nunique() > 20
    assert manifest["code_point"].str.startswith("U+").all()


def test_every_source_has_its_row():
    rows = re.findall(r"^\| `([\w-]+)` \| .*(?:CC|stated|yours)", DOCUMENT, re.M)
    assert sorted(rows) == sorted(SOURCES)


def test_books_of_another_source_and_unknown_ones_are_refused(project):
    project.edit("books: null", "books: [umgy00000]")
    said = project.snakemake("-n").stdout
    assert 'data.books = ["umgy00000"]: must be null unless data.source is char-shape' in said
    project.edit("[umgy00000]", "[umgy0000]")
    said = project.snakemake("-n").stdout
    assert 'params.yaml: data.books[0] = "umgy0000": must be' in said
    assert "did you mean umgy00000?" in said
