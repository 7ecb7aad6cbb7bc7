"""Where a result's uncertainty comes from: the images, the seeds, and both together.

The model of one score, of scheme s, seed r and image i, is
y = mean_s + seed_sr + image_si + noise_sri. A mean over R seeds and n images then varies by
seed variance / R + image variance / n + noise variance / (R n). Resampling seeds and images at
once counts the noise three times; here each part is estimated by itself (a two-way analysis of
variance).
Characters of one page are one hand: pages, not images, are what varies independently.

Sources: Searle, Casella, McCulloch, Variance Components, 1992; the jackknife over clusters (CV3):
Bell and McCaffrey 2002; Satterthwaite 1946. Knows no files.
"""

from dataclasses import dataclass

import numpy as np

Scores = dict[str, np.ndarray]  # {scheme: (seeds, images)}
ROUNDING = 1e-12  # a smaller share of what it was summed from is none
# Degrees of freedom of seeds. With 1 or 2 of them an interval over seeds and images that says 95%
# holds the truth in 88 or 92% of runs, where the seeds vary much (docs/statistics.md).
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Components:
    """The variance of the means of k schemes, by its sources.

    names: the k schemes
    images: (k, k), covariance of the means, each over its own seeds, if the images were others
    noise: (k,), variance of one network's mean by seed and image together; 0 with one seed
    repeats: (k,), seeds of each scheme
    seeds: variance of one network's mean if its seed were another, pooled over the schemes; nan
        where df_seeds is 0
    df_images, df_seeds: degrees of freedom of both: pages less one where pages are of one size,
        else fewer (see _freedom), and k (seeds - 1); the latter 0 where they are too few to be
        told apart from the images (LEAST_SEEDS)
    least: the smallest variance that so few images can show, in the unit of the scores
    """

    names: tuple[str, ...]
    images: np.ndarray
    noise: np.ndarray
    repeats: np.ndarray
    seeds: float
    df_images: float
    df_seeds: float
    least: float = 0.0

    def contrast(self, weights: np.ndarray) -> tuple[float, float]:
        """Variance of sum(weights * means), and its degrees of freedom by Satterthwaite.

        Without ``df_seeds`` the seeds' part is not in it: the result is then about these networks
        on other images. nan if neither part is known.
        """
        images = max(float(weights @ self.images @ weights), self.least * np.any(weights != 0))
        if not self.df_seeds:
            return (images, self.df_images) if self.df_images else (np.nan, np.nan)
        seeds = self.seeds * float((weights**2 / self.repeats).sum())
        both = float((weights**2 * self.noise / self.repeats).sum())
        variance = seeds + max(images - both, 0.0)
        if variance == 0:
            return 0.0, self.df_seeds
        spread = seeds**2 / self.df_seeds
        spread += images**2 / self.df_images if self.df_images else 0.0
        return variance, variance**2 / spread

    def correlation(self, contrasts: np.ndarray) -> np.ndarray:
        """Correlations of several contrasts (m, k): (m, m)."""
        covariance = self.images.copy()
        if self.df_seeds:
            own = np.maximum(self.seeds - self.noise, 0.0) / self.repeats
            covariance = covariance + np.diag(own)
        of = contrasts @ covariance @ contrasts.T
        variances = np.diag(of)
        sizes = np.diag(np.abs(contrasts) @ np.abs(covariance) @ np.abs(contrasts).T)
        fixed = variances <= ROUNDING * sizes  # two networks that agree on every image
        scale = np.sqrt(np.where(fixed, 1.0, variances))
        found = np.where(fixed | fixed[:, None], 0.0, of / np.outer(scale, scale))
        np.fill_diagonal(found, 1.0)
        return found


def of_scores(scores: Scores, pages: np.ndarray, least: float = 0.0) -> Components:
    """Components of the means of ``scores``; ``pages`` has a page's number for each image.

    ``least`` is the smallest difference of a sum over images that can be, as 1 for right or wrong:
    without it, two networks that agree on three images would agree for certain.
    """
    _, influence = of_images(scores, pages)
    means = {name: of.mean(1) for name, of in scores.items()}
    images = next(iter(scores.values())).shape[1]
    return _assembled(means, influence, _freedom(pages), _noise(scores, pages), least / images)


def of_means(means: dict[str, np.ndarray]) -> Components:
    """Components of means of which only the seeds are known: {scheme: (seeds,)}."""
    k = len(means)
    return _assembled(means, np.zeros((0, k)), 0, dict.fromkeys(means, 0.0), 0.0)


def of_difference(
    one: Scores, pages_of_one: np.ndarray, other: Scores, pages_of_other: np.ndarray
) -> Components:
    """Components of mean(one) - mean(other): the same networks on two sets of images.

    What a seed does to both falls out; a page that has images in both counts once.
    """
    labels_one, of_one = of_images(one, pages_of_one)
    labels_other, of_other = of_images(other, pages_of_other)
    labels = np.union1d(labels_one, labels_other)
    influence = np.zeros((len(labels), len(one)))
    influence[np.searchsorted(labels, labels_one)] += of_one
    influence[np.searchsorted(labels, labels_other)] -= of_other
    means = {name: one[name].mean(1) - other[name].mean(1) for name in one}
    noise_one, noise_other = _noise(one, pages_of_one), _noise(other, pages_of_other)
    noise = {name: noise_one[name] + noise_other[name] for name in one}
    df = min(_freedom(pages_of_one), _freedom(pages_of_other))
    images = min(next(iter(of.values())).shape[1] for of in (one, other))
    return _assembled(means, influence, df, noise, 1 / images)


def of_images(scores: Scores, pages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pages, and how the schemes' means move if one is left out: (pages,), (pages, schemes)."""
    values = np.stack([of.mean(0) for of in scores.values()], axis=1)
    return _influence(values, pages)


def image_sd(scores: Scores, pages: np.ndarray, weights: np.ndarray) -> float:
    """Standard deviation over images of one network's score, or of a difference of some.

    A set of n other images moves the mean by this / sqrt(n). Mean over the seeds that all have.
    """
    used = [of for of, weight in zip(scores.values(), weights, strict=True) if weight]
    factors = weights[weights != 0]
    seeds = min(len(of) for of in used)
    sums = [sum(w * of[r] for w, of in zip(factors, used, strict=True)) for r in range(seeds)]
    return float(np.sqrt(np.mean([variance(of, pages) for of in sums]) * sums[0].size))


def variance(values: np.ndarray, pages: np.ndarray) -> float:
    """Variance of the mean of (images,) values over other pages: the jackknife's."""
    _, influence = _influence(values[:, None], pages)
    return float((influence**2).sum() * (len(influence) - 1) / max(len(influence), 1))


def _influence(values: np.ndarray, pages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, page, sizes = np.unique(pages, return_inverse=True, return_counts=True)
    centred = values - values.mean(0)
    sums = np.zeros((len(labels), values.shape[1]))
    np.add.at(sums, page, centred)
    others = np.maximum(len(values) - sizes, 1)
    return labels, sums / others[:, None]


def _freedom(pages: np.ndarray) -> float:
    """Degrees of freedom of the jackknife over pages, by Satterthwaite as Bell and McCaffrey do.

    tr(M)^2 / tr(M^2), where M is the covariance of the pages' influences if images vary each by
    itself. One page with most of the images decides the variance almost alone: 14 pages with 1 to
    60 images have 7 degrees of freedom, not 13.
    """
    sizes = np.unique(pages, return_counts=True)[1].astype(float)
    if len(sizes) < 2:
        return 0
    n = sizes.sum()
    own, shared = sizes / (n - sizes) ** 2, sizes / (n - sizes)  # M = diag(own) - shared shared'/n
    trace = own.sum() - (shared**2).sum() / n
    squares = (own**2).sum() - 2 * (own * shared**2).sum() / n + ((shared**2).sum() / n) ** 2
    return float(trace**2 / squares)


def _noise(scores: Scores, pages: np.ndarray) -> dict[str, float]:
    """Variance of one network's mean by seed and image together, {scheme: it}; 0 with one seed."""
    found = {}
    for name, of in scores.items():
        if len(of) > 1:
            rest = of - of.mean(0)
            found[name] = sum(variance(row, pages) for row in rest) / (len(of) - 1)
    lent = np.mean(list(found.values())) if found else 0.0
    return {name: found.get(name, lent) for name in scores}


def _assembled(
    means: dict[str, np.ndarray],
    influence: np.ndarray,
    df_images: float,
    noise: dict[str, float],
    least: float,
) -> Components:
    repeats = np.array([len(of) for of in means.values()])
    df_seeds = int((repeats - 1).sum())
    if df_images and df_seeds < LEAST_SEEDS:
        df_seeds = 0
    squares = sum(((of - of.mean()) ** 2).sum() for of in means.values())
    pages = len(influence)
    return Components(
        names=tuple(means),
        images=influence.T @ influence * ((pages - 1) / pages if pages else 0.0),
        noise=np.array([noise[name] for name in means]),
        repeats=repeats,
        seeds=float(squares / df_seeds) if df_seeds else np.nan,
        df_images=df_images,
        df_seeds=df_seeds,
        least=least**2,
    )
