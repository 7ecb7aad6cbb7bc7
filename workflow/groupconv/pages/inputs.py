"""What the functions behind figures and tables get: the results, read once by the step."""

from dataclasses import dataclass

import pandas as pd

from groupconv.data.kept import Kept
from groupconv.data.packed import Images


@dataclass(frozen=True)
class FigureInputs:
    """What a function in drawing.py may draw.

    params: the part of params.yaml that the step `figures` may read (settings/reads.py)
    papers: {(scheme, measure): the paper's change}, those alone that ours may stand beside
    summary: summary.csv, a row per scheme, by name; baseline first
    comparisons: comparisons.csv, a row per measure, scheme and what it is compared with
    histories: {scheme: a history.csv per seed}, a row per epoch
    predictions: {scheme: a predictions.csv per seed}, a row per image of the test part
    runs: latency.csv, a row per timed run
    layers: layers.csv, a row per scheme, back end and module; none where no layer was timed
    latency: latency.json: medians, the back ends' precisions, the machine's ceilings
    manifest: manifest.csv, a row per image, with its part in the column `split`
    images: ``images[row]`` are the pixels of a row of the manifest; None where they are not kept
    """

    params: dict
    papers: dict[tuple[str, str], float]
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    histories: dict[str, list[pd.DataFrame]]
    predictions: dict[str, list[pd.DataFrame]]
    runs: pd.DataFrame
    layers: pd.DataFrame
    latency: dict
    manifest: pd.DataFrame
    images: Images | Kept


@dataclass(frozen=True)
class TableInputs:
    """What a function in tables.py may show.

    params: the part of params.yaml that the step `tables` may read (settings/reads.py)
    summary: summary.csv, a row per scheme; baseline first
    answers: claims.json: the claims, their entries, and how the run differs from the paper's
    manifest: manifest.csv, a row per image, with its part in the column `split`
    counts: counts.csv, a row per class of the source: its images, by what became of them
    """

    params: dict
    summary: pd.DataFrame
    answers: dict
    manifest: pd.DataFrame
    counts: pd.DataFrame
