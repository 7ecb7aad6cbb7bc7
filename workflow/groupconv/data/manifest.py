"""The tables of images and classes, manifest.csv and its like: read in one way."""

import pandas as pd

# A class may be called 01, NA or null: text, never a number or a missing value.
TEXT = {"id": str, "class": str, "code_point": str, "split": "category"}


def read_table(path: str, columns: list[str] | None = None) -> pd.DataFrame:
    """A table of images (index, manifest, excluded) or of classes (counts), or some ``columns``."""
    return pd.read_csv(path, keep_default_na=False, usecols=columns, dtype=TEXT)
