"""Runs of two variants with known noise, made without training, and tests on them. What the noise means:

An accuracy: seed s of variant v gets document j right with the log odds

    1 + 1.5 * difficulty[j] + document_noise * taste[v, j] + seed_noise * luck[v, s] + better[v]

all of them drawn anew, from normal distributions, for each comparison. Difficulty is shared by the variants.
Taste is the document noise: documents that suit a variant whatever the seed. Right or wrong is drawn for each
seed and document, so there is a rest of noise in every cell. Without `better` the variants are equal, because
seeds and documents favour each as often.

An F score: document j has 1 + Poisson(1.5) spans, each found with the same log odds, and one place more than
that where a span may be found that is none. F comes as pseudo-values. Where spans are rare, there are
Poisson(.05) of them in a document, and as many such places.

Documents of one source are alike: groups of them share difficulty and taste.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, stdtr

from archlab.results.pseudo_values import as_pseudo_values
from archlab.results.recounting import precision_recall_f
from archlab.results.two_way import p_values, variance_parts

Floats = NDArray[np.float64]
Metric = Literal["accuracy", "F", "rare F"]

SEED_NOISES = (0.0, 0.1, 0.4)
DOCUMENT_NOISES = (0.0, 0.5, 1.0, 2.0)

_OFFSET, _DIFFICULTY = 1.0, 1.5
_AT_ONCE = 4_000_000  # numbers in memory
_RESAMPLES = 400
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is simulated. better: how much the first variant is better, in log odds. group: how many documents
    are alike; they divide by it."""

    metric: Metric = "accuracy"
    seeds: int
    documents: int
    seed_noise: float
    document_noise: float
    better: float = 0.0
    group: int = 1


def grid(metric: Metric, seeds: tuple[int, ...], documents: tuple[int, ...]) -> list[Cell]:
    """A cell for each number of seeds and documents, and each noise."""
    return [
        Cell(metric=metric, seeds=s, documents=d, seed_noise=of_seeds, document_noise=of_documents)
        for s, d, of_seeds, of_documents in product(seeds, documents, SEED_NOISES, DOCUMENT_NOISES)
    ]


def simulate(cell: Cell, comparisons: int, seed: int, variants: int = 2) -> Iterator[Floats]:
    """Scores by document in chunks of (comparisons, variants, seeds, documents); the first may be better."""
    random = np.random.default_rng(
        [seed, cell.seeds, cell.documents, *(round(10 * n) for n in (cell.seed_noise, cell.document_noise))]
    )
    chunk = max(1, _AT_ONCE // (variants * cell.seeds * cell.documents))
    for start in range(0, comparisons, chunk):
        yield _scores(cell, random, min(chunk, comparisons - start), variants)


def _scores(cell: Cell, random: np.random.Generator, comparisons: int, variants: int) -> Floats:
    def normal(*shape: int) -> NDArray[np.float32]:
        return random.standard_normal((comparisons, *shape), dtype=np.float32)

    sources = cell.documents // cell.group
    odds = _OFFSET + _DIFFICULTY * normal(1, 1, sources) + cell.document_noise * normal(variants, 1, sources)
    odds[:, 0] += cell.better
    odds = np.repeat(odds, cell.group, axis=-1)
    chance = expit(odds + cell.seed_noise * normal(variants, cell.seeds, 1))
    if cell.metric == "accuracy":
        right: Floats = (random.random(chance.shape, dtype=np.float32) < chance).astype(np.float64)
        return right
    shape = comparisons, 1, 1, cell.documents
    if cell.metric == "F":
        spans = 1 + random.poisson(1.5, shape)
        places = spans + 1
    else:
        spans, places = random.poisson(0.05, (2, *shape))
    found = random.binomial(spans, chance)
    wrong = random.binomial(places, (1 - chance) / 2)
    counts = np.stack([found, wrong, spans - found]).astype(np.float64)
    totals = counts.sum(axis=-1)
    without = precision_recall_f(totals[..., None] - counts)[2]
    return as_pseudo_values(precision_recall_f(totals)[2], without)


def true_difference(cell: Cell) -> float:
    """What new seeds and new documents without end would show: the integral over all that is random."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    of_documents = sqrt(_DIFFICULTY**2 + cell.document_noise**2) * nodes
    of_seeds = cell.seed_noise * nodes
    scores = []
    for better in (cell.better, 0.0):
        chance = expit(_OFFSET + better + of_documents + of_seeds[:, None]) @ weights
        if cell.metric == "F":  # 2.5 spans and 3.5 other places a document
            chance = 5 * chance / (2.5 + 2.5 * chance + 1.75 * (1 - chance))
        scores.append(float(chance @ weights))
    return scores[0] - scores[1]


def p_of_archlab(differences: Floats, truth: float = 0.0) -> Floats:
    """(comparisons, seeds, documents) -> p for the true difference, (comparisons,); 1 where it is unknown."""
    mean = differences.mean(axis=(-2, -1)) - truth
    of_seeds, of_documents = variance_parts(differences)
    varies = of_seeds + of_documents > 0
    p: Floats = np.ones_like(mean)
    p[varies] = p_values(mean[varies], of_seeds[varies], of_documents[varies], *differences.shape[-2:])
    return p


def p_of_hillis(differences: Floats) -> Floats:
    """Dorfman, Berbaum, Metz with the degrees of freedom of Hillis (2007, Statistics in Medicine 26)."""
    mean = differences.mean(axis=(-2, -1))
    of_seeds, of_documents = variance_parts(differences)
    variance = of_seeds + of_documents
    df = (differences.shape[-2] - 1) * (variance / np.maximum(of_seeds, _TINY)) ** 2
    return np.asarray(2 * stdtr(df, -np.abs(mean) / np.sqrt(np.maximum(variance, _TINY))))


def p_of_seeds_alone(differences: Floats) -> Floats:
    """The paired t-test over the scores of the seeds."""
    scores = differences.mean(axis=-1)
    seeds = scores.shape[-1]
    error = np.sqrt(scores.var(axis=-1, ddof=1) / seeds)
    return np.asarray(2 * stdtr(seeds - 1, -np.abs(scores.mean(axis=-1)) / np.maximum(error, _TINY)))


def told_by_bootstrap(differences: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    """Whether the percentile interval of 95% leaves out 0; seeds and documents are both drawn anew."""
    seeds, documents = differences.shape[-2:]
    drawn_seeds = random.multinomial(seeds, np.full(seeds, 1 / seeds), _RESAMPLES) / seeds
    drawn_documents = random.multinomial(documents, np.full(documents, 1 / documents), _RESAMPLES) / documents
    by_seed = differences.astype(np.float32) @ drawn_documents.T.astype(np.float32)
    means = np.einsum("csb,bs->cb", by_seed, drawn_seeds)
    low, high = np.quantile(means, (0.025, 0.975), axis=1)
    told: NDArray[np.bool_] = (low > 0) | (high < 0)
    return told
