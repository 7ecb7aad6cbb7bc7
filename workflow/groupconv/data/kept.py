"""The pixels of a few images, where not all are kept: an .npz file with an array for each id.

Apart from packed.py, whose meaning decides what `prepare` and `square` make.
"""

import numpy as np


class Kept:
    """A few images of a table, by their ids: ``Kept(path)[row]`` as of Images, None of any other.

    ``path``: an .npz file with an array for each id; "" keeps none.
    """

    def __init__(self, path: str = ""):
        self._of = dict(np.load(path)) if path else {}

    def __getitem__(self, row: dict) -> np.ndarray | None:
        return self._of.get(row["id"])
