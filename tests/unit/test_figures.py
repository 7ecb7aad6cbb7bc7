"""Figures: labels that can be drawn, mean and range of the seeds, what an SVG file may hold."""

import warnings

import numpy as np
import pandas as pd
import pytest
from groupconv.data.manifest import read_table
from groupconv.data.packed import Images
from groupconv.pages import drawing
from groupconv.pages.style import style
from groupconv.steps import figures
from matplotlib import pyplot as plt
from PIL import Image
from results_tree import inputs


@pytest.fixture(autouse=True)
def strict():
    """Any warning fails, a glyph that no font has above all; figures are closed."""
    style()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    plt.close("all")


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
    assert drawing.label(name, point) == expected
    figure, axis = plt.subplots()
    axis.set_title(drawing.label(name, point))
    figure.canvas.draw()


def test_a_missing_glyph_would_be_noticed():
    figure, axis = plt.subplots()
    axis.set_title("\U0001b002")
    with pytest.raises(UserWarning, match="Glyph"):
        figure.canvas.draw()


def test_samples_are_the_packed_pixels_under_the_names_of_their_folders(tmp_path):
    """Classes 1, 01 and 2 of a local folder are names, not numbers."""
    lines, packed = ["class,code_point,split,offset,height,width,channels"], []
    for name, height, width, channels in (("1", 2, 3, 1), ("01", 4, 2, 3), ("2", 2, 2, 1)):
        lines.append(f"{name},,train,{len(packed)},{height},{width},{channels}")
        packed += range(len(packed), len(packed) + height * width * channels)
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    np.save(tmp_path / "images.npy", np.array(packed, np.uint8))
    manifest = read_table(tmp_path / "manifest.csv")
    images = Images(tmp_path / "images.npy", manifest)
    figure = drawing.samples(inputs(manifest=manifest, images=images))
    first = figure.axes[:3]
    assert [axis.get_title() for axis in first] == ["1", "01", "2"]
    shapes = [axis.images[0].get_array().shape for axis in first]
    assert shapes == [(2, 3), (4, 2, 3), (2, 2)]
    assert first[1].images[0].get_array().ravel().tolist() == list(range(6, 30))


def test_curves_are_the_mean_of_the_seeds_in_a_band_of_their_range():
    def history(loss):
        top1 = {"train_top1": [0.2, 0.9], "val_top1": [0.1, 0.8]}
        return pd.DataFrame(
            {"epoch": [1, 2], "train_loss": [loss, 1.0], "val_loss": [loss, 2.0], **top1}
        )

    histories = [history(3.0), history(5.0)]
    figure = drawing.curves(inputs(histories={"E": histories}), "E")
    loss = figure.axes[1]
    assert loss.lines[0].get_ydata().tolist() == [4.0, 1.0]
    band = loss.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1.0, 5.0)
    assert loss.get_ylim()[1] > 5.0


def test_one_epoch_has_one_whole_number_on_its_axis():
    columns = ("train_top1", "val_top1", "train_loss", "val_loss")
    histories = [pd.DataFrame({"epoch": [1], **{key: [0.5] for key in columns}})]
    figure = drawing.curves(inputs(histories={"E": histories}), "E")
    for axis in figure.axes:
        assert [tick for tick in axis.get_xticks() if 0.5 < tick < 1.5] == [1]


def test_dpi_is_of_the_png_file_alone_and_an_svg_file_needs_no_font(tmp_path):
    svg = []
    for dpi in (100, 200):
        figure, axis = plt.subplots(figsize=(2, 1))
        axis.imshow(np.arange(16).reshape(4, 4))
        axis.set_title("か")
        figures.save(figure, tmp_path / f"at{dpi}", dpi)
        svg.append((tmp_path / f"at{dpi}.svg").read_bytes())
        with Image.open(tmp_path / f"at{dpi}.png") as image:
            assert image.size == (2 * dpi, dpi)
    assert svg[0] == svg[1]
    assert b"<text" not in svg[0]


def test_accuracy_says_what_the_test_part_can_show():
    results = pd.DataFrame({"scheme": ["baseline", "A"], "test_top1": [0.6, 1.0]})
    results["test_top1_low"], results["test_top1_high"] = results["test_top1"] - 0.05, 1.0
    results["smallest_difference"] = [0.117, 0.114]
    axis = drawing.accuracy(inputs(summary=results.set_index("scheme", drop=False))).axes[0]
    assert "about 12 points" in axis.get_title(loc="right")
