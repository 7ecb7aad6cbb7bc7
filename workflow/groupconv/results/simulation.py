"""Made-up results whose truth is known, to check intervals and verdicts. No step imports it.

A network is right on an image if a sum of normal terms is above 0: the scheme's level, the seed's
effect, the image's difficulty, the scheme's own on that image, and a rest of seed and image. So
the expected accuracy of a scheme, over all seeds and images, has a closed form.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from groupconv.results.components import Scores


@dataclass(frozen=True)
class Truth:
    """Accuracies of the schemes over all seeds and images, and what they vary by.

    accuracy: {scheme: expected accuracy}
    seed_sd: standard deviation of a network's accuracy over seeds, all images, as 0.003
    image, own, rest: variances of the terms; the seed's is made from seed_sd. These give two
        networks of 80% a discordance of 0.13 to 0.17, as measured on real data.
    page: variance of a term that the images of one page share
    """

    accuracy: dict[str, float]
    seed_sd: float = 0.0
    image: float = 1.0
    own: float = 0.05
    rest: float = 0.3
    page: float = 0.0

    def scores(
        self, rng: np.random.Generator, seeds: int, images: int, pages: np.ndarray | None = None
    ) -> Scores:
        """{scheme: (seeds, images)} of 0 and 1 of one run."""
        return self.parts(rng, seeds, [(images, pages)])[0]

    def parts(self, rng: np.random.Generator, seeds: int, sizes: list[tuple]) -> list[Scores]:
        """Scores of the same networks on several parts, as validation and test."""
        effects = {name: self._seed_effects(rng, name, seeds) for name in self.accuracy}
        return [self._on_images(rng, effects, *size) for size in sizes]

    def _total(self) -> float:
        return self.image + self.own + self.rest + self.page

    def _seed_effects(self, rng: np.random.Generator, name: str, seeds: int) -> np.ndarray:
        """The level of each network: of all, the mean accuracy is as wanted."""
        variance = self._seed_variance(name)
        middle = special.ndtri(self.accuracy[name]) * np.sqrt(self._total() + variance)
        return middle + rng.normal(0, np.sqrt(variance), seeds)

    def _seed_variance(self, name: str) -> float:
        """Of the term that moves accuracy by seed_sd: by the slope of the normal's curve."""
        middle = special.ndtri(self.accuracy[name])
        slope = np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi * self._total())
        return (self.seed_sd / slope) ** 2

    def _on_images(self, rng, effects, images: int, pages: np.ndarray | None) -> Scores:
        shared = rng.normal(0, np.sqrt(self.image), images)
        if pages is not None and self.page:
            shared = shared + rng.normal(0, np.sqrt(self.page), pages.max() + 1)[pages]
        elif self.page:
            shared = shared + rng.normal(0, np.sqrt(self.page), images)
        found = {}
        for name, levels in effects.items():
            own = shared + rng.normal(0, np.sqrt(self.own), images)
            rest = rng.normal(0, np.sqrt(self.rest), (len(levels), images))
            found[name] = (levels[:, None] + own + rest > 0).astype(float)
        return found
