"""`k49`: Kuzushiji-49, 270,912 grey images of 28x28 px in 49 classes, as NumPy's .npz.

48 hiragana and an iteration mark; the classes are not of one size. 232,365 for training, 38,547
for the test. Source: arXiv:1812.01718.
"""

from collections.abc import Iterator

from groupconv.data.sources import kmnist
from groupconv.data.sources.kkanji import KMNIST_CITATION
from groupconv.data.sources.source import RawFile, Scan, Source

# Of the labels 0 to 48, as CODH's k49_classmap.csv has them.
CLASSES = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねの"
    "はひふへほまみむめもやゆよらりるれろわゐゑをんゝ"
)


def read(raw: list[str], folder: str | None) -> Iterator[Scan]:
    """Yield each image as one character. Raises DataError."""
    yield from kmnist.of_classes(raw, CLASSES)


HOST = "http://codh.rois.ac.jp/kmnist/dataset/k49/"
SOURCE = Source(
    name="k49",
    title="Kuzushiji-49",
    licence="CC BY-SA 4.0",
    citation=KMNIST_CITATION,
    read=read,
    language="ja",
    files=tuple(
        RawFile(name, f"md5:{md5}", size, urls=(HOST + name,))
        for name, md5, size in (
            ("k49-train-imgs.npz", "7ac088b20481cf51dcd01ceaab89d821", 63_000_000),
            ("k49-train-labels.npz", "44a8e1b893f81e63ff38d73cad420f7a", 200_000),
            ("k49-test-imgs.npz", "d352e201d846ce6b94f42c990966f374", 11_000_000),
            ("k49-test-labels.npz", "4da6f7a62e67a832d5eb1bd85c5ee448", 50_000),
        )
    ),
)
