"""`cifar100`: 60,000 colour images of 32x32 px in 100 classes.

The binary version, or the Python version that torchvision keeps, of which the pickles are read and
never run. 50,000 for training, 10,000 for the test. The paper names it as future work (Section 6).
Source: Krizhevsky (2009); the Python version's hash: torchvision.datasets.CIFAR100.
"""

from collections.abc import Iterator

from groupconv.data import archive, pickled
from groupconv.data.archive import DamagedError
from groupconv.data.sources.source import Character, RawFile, Scan, Source
from groupconv.ground.errors import DataError

SIDE = 32  # px
PLANE = SIDE * SIDE  # bytes of one colour
IMAGE = 3 * PLANE  # red, green, blue
ITEM = 2 + IMAGE  # coarse label, fine label, image
MOST_IMAGES = 50_000  # of one part
NAMES = r"cifar-100-binary/fine_label_names\.txt"
PARTS = r"cifar-100-binary/(train|test)\.bin"
META = r"cifar-100-python/meta"
PICKLES = r"cifar-100-python/(train|test)"


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character of its fine class. Raises DataError."""
    (path,) = raw
    python = path.endswith("python.tar.gz")
    names = list(_meta(path) if python else _names(path))
    if len(set(filter(None, names))) != 100:
        raise DamagedError(f"{path}: no list of 100 class names")
    for part, i, label, image in _pickles(path) if python else _items(path):
        if not 0 <= label < len(names):
            raise DataError(f"{path}: {part}: image {i}: class {label}; allowed: 0 to 99")
        pixels = bytearray(IMAGE)
        for channel in range(3):
            pixels[channel::3] = image[channel * PLANE : (channel + 1) * PLANE]
        name = f"{part}/{i:05}"
        character = Character(name, names[label])
        yield Scan(part, name, bytes(pixels), (character,), shape=(SIDE, SIDE, 3), part=part)


def _names(path: str) -> Iterator[str]:
    for _, content in archive.tar_members(path, NAMES):
        for line in content.splitlines():
            yield line.decode("ascii", "replace").strip()


def _items(path: str) -> Iterator[tuple[str, int, int, bytes]]:
    """(part, number, class, planes of pixels) of each image of the binary version."""
    for match, i, item in archive.tar_items(path, PARTS, ITEM, MOST_IMAGES):
        yield match[1], i, item[1], item[2:]


def _meta(path: str) -> Iterator[str]:
    for match, file in archive.tar_streams(path, META, archive.MOST_BYTES):
        shown = f"{path}: {match[0]}"
        with archive.refusing(shown, "the pickle that is expected"):
            yield from map(pickled.as_text, pickled.read(shown, file)["fine_label_names"])


def _pickles(path: str) -> Iterator[tuple[str, int, int, bytes]]:
    """(part, number, class, planes of pixels) of each image of the Python version.

    A part is in memory as a whole, for a moment twice: 150 MB.
    """
    # Beside the pixels: names of files and labels.
    for match, file in archive.tar_streams(path, PICKLES, MOST_IMAGES * (IMAGE + 100)):
        shown = f"{path}: {match[0]}"
        with archive.refusing(shown, "the pickle that is expected"):
            built = pickled.read(shown, file)
            labels = built["fine_labels"]
            (count, side), pixels = pickled.as_array(built.pop("data"))
            if side != IMAGE or count != len(labels) or {type(n) for n in labels} - {int}:
                raise ValueError(f"{count:,} images of {side:,} bytes, {len(labels):,} labels")
        for i, label in enumerate(labels):
            yield match[1], i, label, pixels[i * IMAGE : (i + 1) * IMAGE]


HOST = "https://www.cs.toronto.edu/~kriz/"
SOURCE = Source(
    name="cifar100",
    title="CIFAR-100",
    licence="none is stated",
    citation="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    read=read,
    layout="cifar-100-binary/train.bin, .../test.bin",
    files=(
        RawFile(
            name="cifar-100-binary.tar.gz",
            checksum="md5:03b5dce01913d631647c71ecec9e9cb8",
            size_bytes=169_000_000,
            urls=(f"{HOST}cifar-100-binary.tar.gz",),
        ),
    ),
    others=(
        (
            RawFile(
                name="cifar-100-python.tar.gz",
                checksum="md5:eb9058c3a382ffc7106e4002c42a8d85",
                size_bytes=169_000_000,
                urls=(f"{HOST}cifar-100-python.tar.gz",),
            ),
        ),
    ),
)
