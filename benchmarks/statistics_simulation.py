"""How often is archlab's comparison of two variants wrong, where the truth is known?

    python benchmarks/statistics_simulation.py [COMPARISONS]

Simulated runs (see simulated_comparisons.py) are compared as archlab does it, and by methods that it does not
use; 10,000 comparisons a cell, or as many as are named. Prints the tables of docs/statistics.md, and exits
with 1 where a promise of that page does not hold.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

import numpy as np
from simulated_comparisons import (
    DOCUMENT_NOISES,
    SEED_NOISES,
    Cell,
    Floats,
    grid,
    p_of_archlab,
    p_of_hillis,
    p_of_seeds_alone,
    simulate,
    told_by_bootstrap,
    true_difference,
)

from archlab.results.statistics import LEVEL, Comparison, holm, seeds_needed
from archlab.results.two_way import p_value, variance_parts

COMPARISONS = 10_000
FAMILIES = 4_000
SEEDS_NEEDED_COMPARISONS = 1_000
SEED = 20
BETTER = 0.4

MOST_FALSE = 6.5
FEWEST_FALSE_WITH_DOCUMENT_NOISE = 3.5
LEAST_COVERED = 93.5
LEAST_POWER = 80.0
# documents, seed noise, document noise, better
SEEDS_NEEDED = (
    (1000, 0.4, 0.0, 0.4),
    (1000, 0.4, 0.5, 0.3),
    (1000, 0.4, 1.0, 0.3),
    (1000, 0.1, 0.5, 0.15),
    (1000, 0.1, 1.0, 0.15),
    (200, 0.4, 0.5, 0.5),
    (200, 0.1, 1.0, 0.2),
)

PROMISED_SEEDS, PROMISED_DOCUMENTS = 3, 200


@dataclass(frozen=True, kw_only=True)
class Found:
    """Percentages of the comparisons of a cell; None where it was not looked at.

    false: p < .05 without a difference. covered: intervals that hold a difference that is there.
    """

    cell: Cell
    false: float
    covered: float | None = None
    hillis: float | None = None
    seeds_alone: float | None = None
    bootstrap: float | None = None

    def broken(self) -> list[str]:
        """The promises that do not hold, in words."""
        if self.cell.seeds < PROMISED_SEEDS or self.cell.documents < PROMISED_DOCUMENTS:
            return []
        said = []
        if self.false > MOST_FALSE:
            said.append(f"{self.false:.1f}% false in {self.cell}")
        if self.cell.document_noise and self.false < FEWEST_FALSE_WITH_DOCUMENT_NOISE:
            said.append(f"only {self.false:.1f}% false in {self.cell}")
        if self.covered is not None and self.covered < LEAST_COVERED:
            said.append(f"{self.covered:.1f}% covered in {self.cell}")
        return said


def measure(cell: Cell, comparisons: int, *, covering: bool = False, others: bool = False) -> Found:
    """Simulate one cell. covering: with a real difference too. others: by other methods too."""
    random = np.random.default_rng(SEED)
    tests: dict[str, Callable[[Floats], object]] = {"false": lambda d: p_of_archlab(d) < LEVEL}
    if others:
        tests["hillis"] = lambda d: p_of_hillis(d) < LEVEL
        tests["seeds_alone"] = lambda d: p_of_seeds_alone(d) < LEVEL
        tests["bootstrap"] = lambda d: told_by_bootstrap(d, random)
    told: dict[str, list[object]] = {name: [] for name in tests}
    for differences in _differences(cell, comparisons):
        for name, test in tests.items():
            told[name].append(test(differences))
    rates = {name: _percent(answers) for name, answers in told.items()}
    return Found(cell=cell, **rates, covered=measure_cover(cell, comparisons) if covering else None)


def measure_cover(cell: Cell, comparisons: int) -> float:
    """How many intervals hold a difference that is there, in percent: those where its p is not below .05."""
    better = replace(cell, better=BETTER)
    truth = true_difference(better)
    return _percent(p_of_archlab(d, truth) >= LEVEL for d in _differences(better, comparisons))


def measure_power(cell: Cell, comparisons: int) -> float:
    """How often a difference of three standard deviations between seeds is found, in percent."""
    better = replace(cell, better=better_by(cell, 3 * sd_between_seeds(cell, comparisons)))
    return _percent(p_of_archlab(d) < LEVEL for d in _differences(better, comparisons))


def sd_between_seeds(cell: Cell, comparisons: int) -> float:
    """Of the scores of one variant, as a table shows it."""
    variances = [scores.mean(axis=-1).var(axis=-1, ddof=1) for scores in simulate(cell, comparisons, SEED)]
    return float(np.concatenate(variances).mean() ** 0.5)


def better_by(cell: Cell, difference: float) -> float:
    """The log odds that make this difference of scores."""
    low, high = 0.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        short = true_difference(replace(cell, better=middle)) < difference
        low, high = (middle, high) if short else (low, middle)
    return high


def measure_seeds_needed(cell: Cell, comparisons: int) -> tuple[int | None, float | None]:
    """How many seeds are enough by `seeds_needed`, told the truth, and how often they find the difference."""
    parts = np.concatenate([variance_parts(d) for d in _differences(cell, comparisons)], axis=1)
    of_seeds, of_documents = (float(part) for part in parts.mean(axis=1))
    truth = true_difference(cell)
    told = Comparison(
        difference=truth,
        low=0.0,
        high=0.0,
        p=p_value(truth, of_seeds, of_documents, cell.seeds, cell.documents),
        effect=None,
        seeds=cell.seeds,
        documents=cell.documents,
        generalises_over="seeds and documents",
        seed_variance=of_seeds,
        document_variance=of_documents,
    )
    more = seeds_needed(told)
    if more is None:
        return None, None
    enough = replace(cell, seeds=cell.seeds + more)
    return enough.seeds, _percent(p_of_archlab(d) < LEVEL for d in _differences(enough, comparisons))


def measure_family(cell: Cell, family: int, families: int) -> float:
    """How many families of equal variants, all compared with one base, have a false claim, in percent."""
    false = []
    for scores in simulate(cell, families, SEED, variants=family + 1):
        p = np.stack([p_of_archlab(scores[:, v] - scores[:, 0]) for v in range(1, family + 1)], axis=1)
        false.append([any(q is not None and q < LEVEL for q in holm(row)) for row in p.tolist()])
    return _percent(false)


def _differences(cell: Cell, comparisons: int) -> Iterable[Floats]:
    return (scores[:, 0] - scores[:, 1] for scores in simulate(cell, comparisons, SEED))


def _percent(answers: Iterable[object]) -> float:
    return 100 * float(np.concatenate([np.asarray(answer) for answer in answers]).mean())


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print("\n| " + " | ".join(heads) + " |\n|" + " ---: |" * len(heads))
    for row in rows:
        print("| " + " | ".join(_shown(value) for value in row) + " |")


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def print_cells(found: Sequence[Found], column: str) -> None:
    """A row for each number of seeds and documents and seed noise, and all document noises side by side."""
    noises = [f"document noise {noise:g}" for noise in DOCUMENT_NOISES]
    keys = groupby(found, lambda one: (one.cell.seeds, one.cell.documents, f"{one.cell.seed_noise:g}"))
    rows = [[*key, *(getattr(one, column) for one in ones)] for key, ones in keys]
    print_table(["seeds", "documents", "seed noise", *noises], rows)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure_all(cells: Iterable[Cell], comparisons: int, *, others: bool = False) -> list[Found]:
    """Cover, and other methods, where there are as many documents as the promises begin with."""
    found = []
    for cell in cells:
        close = cell.documents == PROMISED_DOCUMENTS
        found.append(measure(cell, comparisons, covering=close, others=others and close))
        say(str(found[-1]))
    return found


def measure_powers(comparisons: int) -> list[tuple[int, int, str, float]]:
    powers = []
    for seeds, documents, noise in product((3, 5, 10), (200, 1000), SEED_NOISES[1:]):
        cell = Cell(seeds=seeds, documents=documents, seed_noise=noise, document_noise=0.0)
        powers.append((seeds, documents, f"{noise:g}", measure_power(cell, comparisons)))
    return powers


def measure_families(families: int) -> list[tuple[int, str, str, float, float]]:
    """Of 5 variants and of 10."""
    rates = []
    for cell in grid("accuracy", (3, 5, 10), (PROMISED_DOCUMENTS,)):
        five, ten = (measure_family(cell, family, families) for family in (5, 10))
        rates.append((cell.seeds, f"{cell.seed_noise:g}", f"{cell.document_noise:g}", five, ten))
        say(str(rates[-1]))
    return rates


def print_seeds_needed(comparisons: int) -> None:
    print("\nSeeds needed, by what three show, and how often so many find the difference, in percent:")
    rows = []
    for documents, seed_noise, document_noise, better in SEEDS_NEEDED:
        cell = Cell(
            seeds=3, documents=documents, seed_noise=seed_noise, document_noise=document_noise, better=better
        )
        found = measure_seeds_needed(cell, comparisons)
        noises = f"{seed_noise:g}", f"{document_noise:g}"
        rows.append((documents, *noises, f"{true_difference(cell):.3f}", *found))
    print_table(["documents", "seed noise", "document noise", "difference", "seeds", "found"], rows)


def print_hard_cases(comparisons: int) -> None:
    cells = [
        *grid("accuracy", (3, 10), (20,)),
        *grid("rare F", (3, 10), (200,)),
        *(replace(cell, group=10) for cell in grid("accuracy", (3, 10), (200,))),
    ]
    print("\nWhat nobody promises: 20 documents; spans in 10 of 200 documents; documents alike in tens:")
    for _, alike in groupby(cells, lambda cell: (cell.metric, cell.group)):
        print_cells([measure(cell, comparisons) for cell in alike], "false")


def main() -> int:
    comparisons = int(sys.argv[1]) if len(sys.argv) > 1 else COMPARISONS
    families = min(comparisons, FAMILIES)
    start = time.process_time()
    accuracy = measure_all(grid("accuracy", (2, 3, 5, 10), (50, 200, 1000)), comparisons, others=True)
    f_scores = measure_all(grid("F", (3, 5, 10), (50, 200)), comparisons)
    print(f"\n{comparisons} comparisons a cell. p < .05 without a difference, in percent, accuracy:")
    print_cells(accuracy, "false")
    print("\nThe same for an F score, from pseudo-values:")
    print_cells(f_scores, "false")
    close_ones = [one for one in accuracy if one.covered is not None]
    print("\nIntervals of 95% that hold a difference that is there, in percent, accuracy, then F:")
    print_cells(close_ones, "covered")
    print_cells([one for one in f_scores if one.covered is not None], "covered")
    print("\nWhat is not used, accuracy: p < .05 without a difference, in percent:")
    for method in ("hillis", "seeds_alone", "bootstrap"):
        print(f"\n{method.replace('_', ' ')}:")
        print_cells(close_ones, method)
    print_hard_cases(comparisons)
    powers = measure_powers(comparisons)
    print("\nA difference of three standard deviations between seeds is found, in percent:")
    print_table(["seeds", "documents", "seed noise", "found"], powers)
    print_seeds_needed(min(comparisons, SEEDS_NEEDED_COMPARISONS))
    rates = measure_families(families)
    print(f"\n{families} families: a false claim after Holm's correction, in percent:")
    print_table(["seeds", "seed noise", "document noise", "5 variants", "10 variants"], rates)
    print(f"\n{time.process_time() - start:.0f} CPU seconds")

    broken = [text for one in accuracy + f_scores for text in one.broken()]
    broken += [f"power {row}" for row in powers if row[0] == 5 and row[3] <= LEAST_POWER]
    broken += [f"families {row}" for row in rates if max(row[3:]) > MOST_FALSE]
    for text in broken:
        print(f"does not hold: {text}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
