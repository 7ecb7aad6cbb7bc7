"""A checkpoint -> its network, and the images that it is asked about. Knows no training."""

from dataclasses import dataclass

import torch

from groupconv.ground.errors import DataError
from groupconv.network.checkpoint import load
from groupconv.network.loader import Part, Square, scaled
from groupconv.network.vgg import VGG, vgg


@dataclass(frozen=True)
class Restored:
    """A trained network in eval mode, on the CPU, with what its checkpoint says of it."""

    path: str
    scheme: str
    entry: dict
    network: VGG
    epoch: int
    sizes: dict
    pixels_sha256: str
    normalization: dict
    classes: list[str]

    def images(self, part: Part, count: int) -> torch.Tensor:
        """``count`` images of the part, evenly over it, float32 (n, 3, side, side)."""
        which = torch.linspace(0, len(part) - 1, min(count, len(part))).round().long()
        return scaled(part.taken(which), self.normalization)


def restored(path: str) -> Restored:
    """Read a checkpoint. Raises DataError if it is none."""
    saved = load(path)
    trained, classes = saved["params"], saved["classes"]
    scheme = trained["schemes"][trained["scheme"]]
    network = vgg(**scheme, classes=len(classes), seed=0, **trained["model"])
    network.load_state_dict(saved["weights"])
    return Restored(
        path=path,
        scheme=trained["scheme"],
        entry=scheme,
        network=network.eval(),
        epoch=saved["epoch"],
        sizes={"classes": len(classes), **trained["model"]},
        pixels_sha256=saved["pixels_sha256"],
        normalization=saved["normalization"],
        classes=classes,
    )


def check_scheme(found: Restored, scheme: str, entry: dict | None = None) -> None:
    """Whether it is a network of ``scheme``, whose ``entry`` of params.yaml has its groups.

    None: the entry is not known. A folder's name says nothing: its owner may have moved a file.
    Raises DataError.
    """
    usual = {"shuffle": False, "width": 1.0}
    if found.scheme != scheme or (entry is not None and usual | found.entry != usual | entry):
        asked = scheme if entry is None else f"{scheme}, {_shown(entry)}"
        raise DataError(
            f"{found.path}: a network of {found.scheme}, {_shown(found.entry)}; asked for: {asked}"
        )


def _shown(entry: dict) -> str:
    return ", ".join(f"{key} {value}" for key, value in entry.items())


def parts_of(found: Restored, manifest: str, pixels: str, *names: str) -> list[Part]:
    """The parts of these names. Raises DataError if the network was trained on other images."""
    square = Square(pixels, found.sizes["input_size"])
    if square.sha256() != found.pixels_sha256:
        raise DataError(f"{found.path}: trained on other pixels than {pixels} has")
    parts = [Part(manifest, square, name) for name in names]
    if any(part.classes != found.classes for part in parts):
        raise DataError(f"{found.path}: trained on other classes than {manifest} has")
    return parts
