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
from itertools import groupby

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

from archlab.results.statistics import LEVEL, holm

COMPARISONS = 10_000
FAMILIES = 4_000
SEED = 20
BETTER = 0.4

MOST_FALSE = 6.5
FEWEST_FALSE_WITH_DOCUMENT_NOISE = 3.5
LEAST_COVERED = 93.5
LEAST_POWER = 80.0
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


def print_cells(found: Sequence[Found], *columns: str) -> None:
    """A row for each number of seeds and documents and seed noise; for each column all document noises."""
    heads = ["seeds", "documents", "seed noise"]
    heads += [f"{name.replace('_', ' ')}, {noise:g}" for name in columns for noise in DOCUMENT_NOISES]
    rows = []
    keys = groupby(found, lambda one: (one.cell.seeds, one.cell.documents, f"{one.cell.seed_noise:g}"))
    for key, group in keys:
        ones = list(group)
        rows.append([*key, *(getattr(one, column) for column in columns for one in ones)])
    print_table(heads, rows)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    comparisons = int(sys.argv[1]) if len(sys.argv) > 1 else COMPARISONS
    families = min(comparisons, FAMILIES)
    start = time.process_time()
    accuracy = []
    for cell in grid("accuracy", (2, 3, 5, 10), (50, 200, 1000)):
        close = cell.documents == PROMISED_DOCUMENTS
        accuracy.append(measure(cell, comparisons, covering=close, others=close))
        say(str(accuracy[-1]))
    f_scores = []
    for cell in grid("F", (3, 5, 10), (50, 200)):
        f_scores.append(measure(cell, comparisons, covering=cell.documents == PROMISED_DOCUMENTS))
        say(str(f_scores[-1]))
    close_ones = [one for one in accuracy if one.hillis is not None]

    print(f"\n{comparisons} comparisons a cell. p < .05 without a difference, in percent, accuracy:")
    print_cells(accuracy, "false")
    print("\nThe same for an F score, from pseudo-values:")
    print_cells(f_scores, "false")
    print("\nIntervals of 95% that hold a difference that is there, in percent, accuracy, then F:")
    print_cells(close_ones, "covered")
    print_cells([one for one in f_scores if one.covered is not None], "covered")
    print("\nWhat is not used, accuracy: p < .05 without a difference, in percent:")
    for method in ("hillis", "seeds_alone", "bootstrap"):
        print_cells(close_ones, method)

    powers = []
    for seeds in (3, 5, 10):
        for documents in (200, 1000):
            for noise in SEED_NOISES[1:]:
                cell = Cell(seeds=seeds, documents=documents, seed_noise=noise, document_noise=0.0)
                powers.append((seeds, documents, f"{noise:g}", measure_power(cell, comparisons)))
    print("\nA difference of three standard deviations between seeds is found, in percent:")
    print_table(["seeds", "documents", "seed noise", "found"], powers)

    rates = []
    for seeds in (3, 5, 10):
        for cell in grid("accuracy", (seeds,), (200,)):
            five, ten = (measure_family(cell, family, families) for family in (5, 10))
            rates.append((seeds, f"{cell.seed_noise:g}", f"{cell.document_noise:g}", five, ten))
            say(str(rates[-1]))
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
