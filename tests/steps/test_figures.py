"""Figures: labels that can be drawn, the packed pixels, what an SVG file may hold."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from fontTools import ttLib
from groupconv.data.kept import Kept
from groupconv.data.manifest import read_table
from groupconv.data.packed import Images
from groupconv.pages import glyphs, pictures, vector
from groupconv.pages.style import style
from groupconv.steps import figures
from matplotlib import pyplot as plt
from PIL import Image
from results_tree import inputs

pytestmark = pytest.mark.usefixtures("strict_figures")


@pytest.mark.parametrize(
    ("name", "point", "expected"),
    [
        ("か", "U+304B", "か\nU+304B"),
        ("\U0001b002", "U+1B002", "\nU+1B002"),  # a hentaigana that no font here has
        (r"$\no$", "", r"$\no$"),  # would fail as mathematics
        ("\U0001b002x", "", "x"),
    ],
)
def test_a_class_is_labelled_with_the_glyphs_that_fonts_have(name, point, expected):
    assert pictures.label(name, point) == expected
    figure, axis = plt.subplots()
    axis.set_title(pictures.label(name, point))
    figure.canvas.draw()


def test_a_missing_glyph_would_be_noticed():
    figure, axis = plt.subplots()
    axis.set_title("\U0001b002")
    with pytest.raises(UserWarning, match="Glyph"):
        figure.canvas.draw()


def test_a_figure_is_written_as_savefig_would_write_it(tmp_path):
    """`save` asks the canvases, which is faster, and lays a figure out once."""
    style()

    def drawn():
        figure, axes = plt.subplots(1, 2, figsize=(6, 3))
        axes[0].plot([1, 2, 4], label="E")
        axes[1].imshow(np.arange(12).reshape(3, 4))
        axes[0].set_ylabel("a label that needs room")
        figure.legend(loc="outside right")
        return figure

    figures.save(drawn(), tmp_path / "ours", 150)
    figure = drawn()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    figure.savefig(tmp_path / "theirs.png", dpi=150)
    text = io.StringIO()
    figure.savefig(text, format="svg", dpi=figures.SVG_DPI, metadata={"Date": None})
    assert (tmp_path / "ours.png").read_bytes() == (tmp_path / "theirs.png").read_bytes()
    theirs = vector.titled(text.getvalue(), "", "")
    assert (tmp_path / "ours.svg").read_text(encoding="utf-8") == theirs


def test_samples_are_the_packed_pixels_under_the_names_of_their_folders(tmp_path):
    """Classes 1, 01 and 2 of a local folder are names, not numbers."""
    lines, packed = ["class,code_point,origin,page,split,offset,height,width,channels"], []
    for name, height, width, channels in (("1", 2, 3, 1), ("01", 4, 2, 3), ("2", 2, 2, 1)):
        lines.append(f"{name},,,,train,{len(packed)},{height},{width},{channels}")
        packed += range(len(packed), len(packed) + height * width * channels)
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    np.save(tmp_path / "images.npy", np.array(packed, np.uint8))
    manifest = read_table(tmp_path / "manifest.csv")
    images = Images(tmp_path / "images.npy", manifest)
    figure = pictures.samples(inputs(manifest=manifest, images=images))
    first = figure.axes[:3]
    assert [axis.get_title() for axis in first] == ["1", "01", "2"]
    shapes = [axis.images[0].get_array().shape for axis in first]
    assert shapes == [(2, 3), (4, 2, 3), (2, 2)]
    assert first[1].images[0].get_array().ravel().tolist() == list(range(6, 30))


def test_an_image_without_its_pixels_is_its_printed_form_among_the_others(tmp_path):
    training = pd.DataFrame({"id": list("uv"), "class": ["か", "き"], "split": "train"})
    manifest = training.assign(code_point="", origin="", page="", height=2, width=2, channels=1)
    np.savez(tmp_path / "some.npz", u=np.arange(4, dtype=np.uint8).reshape(2, 2, 1))
    given = inputs(manifest=manifest, images=Kept(str(tmp_path / "some.npz")))
    figure = pictures.samples(given)
    shown = {axis.get_title()[0]: axis for axis in figure.axes if axis.get_title()}
    assert shown["か"].images[0].get_array().ravel().tolist() == [0, 1, 2, 3]
    assert not shown["き"].images
    assert shown["き"].texts[0].get_text() == "き"
    assert pictures.NO_PIXELS in figure._suptitle.get_text()
    manifest = manifest.head(1)
    figure = pictures.samples(inputs(manifest=manifest, images=given.images))
    assert figure._suptitle is None


def test_samples_are_of_different_books_and_pages_before_they_are_neighbours():
    rows = pd.DataFrame({"origin": list("aaaabb"), "page": list("112378"), "id": list("uvwxyz")})
    assert "".join(pictures.spread(rows)["id"]) == "uywzxv"


@pytest.mark.parametrize("name", ["ん", "\U0001b001", "aquarium_fish"])
@pytest.mark.parametrize("draw", [pictures.samples, pictures.confused, pictures.only_baseline])
def test_names_of_any_length_and_the_note_on_pixels_stay_inside(draw, name):
    rows = {"id": list("uvwxyz"), "class": [name, "あ"] * 3, "predicted": ["あ", name] * 3}
    wrong = pd.DataFrame({**rows, "correct": 0})
    right = wrong.assign(predicted=wrong["class"], correct=1)
    manifest = wrong.assign(code_point="", origin="", page="", split=["train", "test"] * 3)
    manifest.loc[1, "split"] = "train"
    figure = draw(
        inputs(
            summary=pd.DataFrame({"macs": {"baseline": 2, "E": 1}}),
            predictions={"baseline": [right], "E": [wrong]},
            manifest=manifest,
        )
    )
    figure.draw_without_rendering()
    texts = [figure._suptitle, *(one for axis in figure.axes for one in (axis.title, *axis.texts))]
    assert any(pictures.NO_PIXELS in one.get_text() for one in texts)
    for one in texts:
        box = one.get_window_extent()
        assert box.x0 >= -1, one.get_text()
        assert box.x1 <= figure.bbox.x1 + 1, one.get_text()


def test_dpi_is_of_the_png_file_alone(tmp_path):
    svg = []
    for dpi in (100, 200):
        figure, axis = plt.subplots(figsize=(2, 1))
        axis.imshow(np.arange(16).reshape(4, 4))
        figures.save(figure, tmp_path / f"at{dpi}", dpi)
        svg.append((tmp_path / f"at{dpi}.svg").read_bytes())
        with Image.open(tmp_path / f"at{dpi}.png") as image:
            assert image.size == (2 * dpi, dpi)
    assert svg[0] == svg[1]


def test_an_svg_files_text_is_text_with_its_own_japanese_glyphs(tmp_path):
    figure, axis = plt.subplots(figsize=(2, 1))
    axis.set_title("か < b")
    figures.save(figure, tmp_path / "f", 100, "A title", "か & more")
    text = (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert ">か &lt; b</text>" in text
    assert "<title>A title</title><desc>か &amp; more</desc>" in text
    assert f"'DejaVu Sans', Verdana, {glyphs.FAMILY}, sans-serif" in text
    content = base64.b64decode(re.search(r"font/woff;base64,([^)]+)", text)[1])
    font = ttLib.TTFont(io.BytesIO(content))
    assert set(font.getBestCmap()) == {ord("か")}
    figure, axis = plt.subplots(figsize=(2, 1))
    figures.save(figure, tmp_path / "g", 100)
    assert "@font-face" not in (tmp_path / "g.svg").read_text(encoding="utf-8")
