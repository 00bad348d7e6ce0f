"""What a mean over seeds and documents would be with other seeds and other documents: the arithmetic.

d[s, j] is the difference of two variants with seed s on document j: a mean, an effect of the seed, one of the
document, and a rest, all random. Tests and intervals are those for the mean, as in studies where several
readers judge the same cases (Dorfman, Berbaum, Metz 1992, Investigative Radiology 27:723-731), with a
reference distribution of their own: see `p_values`. docs/statistics.md shows how often they are wrong.

Everything works on arrays of many comparisons at once, which is how it is simulated.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NODES = 400
_HALVINGS = 40


def variance_parts(differences: "Floats") -> "tuple[Floats, Floats]":
    """What seeds and documents add to the variance of the mean difference: each of shape (...).

    differences: (..., seeds, documents), at least two of both. In terms of mean squares the parts are
    MS(seeds) / SJ and max(MS(documents) - MS(rest), 0) / SJ; their sum is the squared standard error.
    The first holds the rest too, so it is never less than what chance within documents makes.
    """
    import numpy as np

    seeds, documents = differences.shape[-2:]
    of_seeds = differences.mean(axis=-1)
    of_documents = differences.mean(axis=-2)
    mean = of_seeds.mean(axis=-1)
    seed_squares = documents * ((of_seeds - mean[..., None]) ** 2).sum(axis=-1)
    document_squares = seeds * ((of_documents - mean[..., None]) ** 2).sum(axis=-1)
    all_squares = ((differences - mean[..., None, None]) ** 2).sum(axis=(-2, -1))
    rest = np.maximum(all_squares - seed_squares - document_squares, 0) / ((seeds - 1) * (documents - 1))
    cells = seeds * documents
    document_part = np.maximum(document_squares / (documents - 1) - rest, 0) / cells
    return seed_squares / (seeds - 1) / cells, document_part


def p_values(
    difference: "Floats", seed_variance: "Floats", document_variance: "Floats", seeds: int, documents: int
) -> "Floats":
    """Two-sided p for a true difference of zero; arrays of one shape, their variances not both zero.

    seeds, documents: how many, at least two of both. The greater of the bold p and the careful one times the
    cube root of the seeds' share in the variance: see `careful_and_bold`. With two seeds the careful one
    alone. The levels are then what they are called (4.3 to 5.3% for 5% at three seeds, closer with more), and
    hold for small p better than those of the mean, which corrections for many comparisons need.
    benchmarks/statistics_limits.py computes these figures. Where all variance comes from the seeds, this is
    Student's t with seeds - 1 degrees of freedom.
    """
    import numpy as np

    careful, bold = careful_and_bold(difference, seed_variance, document_variance, seeds, documents)
    if seeds > 2:
        share = seed_variance / (seed_variance + document_variance)
        careful = np.maximum(np.cbrt(share) * careful, bold)
    p: Floats = np.minimum(careful, 1.0)
    return p


def careful_and_bold(
    difference: "Floats", seed_variance: "Floats", document_variance: "Floats", seeds: int, documents: int
) -> "tuple[Floats, Floats]":
    """Two p-values, one that claims too little, one too much.

    The variance that seeds cause is known from a few seeds alone. So each p is an average over what it may
    truly be: seeds - 1 times its estimate over a chi-square number. With seeds - 1 degrees of freedom this is
    the test of Behrens and Fisher, careful (it finds as little as 2.4% for 5% at three seeds); with seeds + 1
    it is bold. Their mean, weighted with the shares of seeds and documents in the variance, is the matching
    prior of Ghosh and Kim (2001, Canadian Journal of Statistics 29:5-17), up to 6.4%. For the rest stands t
    with documents - 1 degrees of freedom.
    """
    import numpy as np
    from scipy.special import stdtr

    nodes, few, more = _chi_square(seeds - 1)
    variance = seed_variance[..., None] * ((seeds - 1) / nodes) + document_variance[..., None]
    tails = 2 * stdtr(documents - 1, -np.abs(difference)[..., None] / np.sqrt(variance))
    return tails @ few, tails @ more


def p_value(
    difference: float, seed_variance: float, document_variance: float, seeds: int, documents: int
) -> float:
    """One of the `p_values`."""
    import numpy as np

    one, of_seeds, of_documents = (
        np.asarray([number]) for number in (difference, seed_variance, document_variance)
    )
    return float(p_values(one, of_seeds, of_documents, seeds, documents)[0])


def half_width(
    seed_variance: float, document_variance: float, seeds: int, documents: int, p: float = 0.05
) -> float:
    """The difference that has just this p: half the interval of 1 - p around the mean."""
    parts = seed_variance, document_variance
    low, high = 0.0, math.sqrt(sum(parts))
    while p_value(high, *parts, seeds, documents) > p:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if p_value(middle, *parts, seeds, documents) > p else (low, middle)
    return high


def _chi_square(df: int) -> "tuple[Floats, Floats, Floats]":
    """Numbers, evenly apart in the logarithm, and their probabilities with df and df + 2. (nodes,) each"""
    import numpy as np

    top = df + 2 + 12 * math.sqrt(2 * df + 4) + 60
    nodes = np.exp(np.linspace(math.log(df) - 64 / df - 2, math.log(top), _NODES))
    logarithms = [power * np.log(nodes) - nodes / 2 for power in (df / 2, df / 2 + 1)]
    few, more = (np.exp(logarithm - logarithm.max()) for logarithm in logarithms)
    return nodes, few / few.sum(), more / more.sum()
