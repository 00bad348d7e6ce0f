"""Every pair that trains with arguments written by hand trains after a bare `archlab swap SLOT NAME`, too."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from test_ground_truth import KEPT, whole_forge
from truth_forge import Forge, Outcome
from truth_pairs import all_pairs
from truth_swaps import LISTED, BareSwap, as_lines, listed_pairs, swap_listed

SAMPLED = 120
"""Every how manieth pair `make check` swaps and trains."""


@pytest.mark.slow
def test_a_sample_of_the_pairs_that_train(tmp_path: Path) -> None:
    hold(*outcomes(Forge(tmp_path), swap_listed(listed_pairs()[::SAMPLED])))


@pytest.mark.exhaustive
@pytest.mark.timeout(0)
def test_every_pair_that_trains(request: pytest.FixtureRequest) -> None:
    forge = whole_forge()
    lines = as_lines(forge.trained(list(all_pairs())))
    if request.config.getoption("--renew-golden"):
        LISTED.write_text("".join(f"{line}\n" for line in lines), encoding="utf8")
    tried, failed = outcomes(forge, swap_listed(lines))
    (KEPT / "swaps.txt").write_text(report(tried, failed), encoding="utf8")
    assert lines == listed_pairs()
    hold(tried, failed)


def outcomes(forge: Forge, given: Iterable[BareSwap]) -> tuple[list[Outcome], list[BareSwap]]:
    """What spaCy and the check say of each config that a swap has given; the swaps that gave none."""
    swaps = list(given)
    written = [swap for swap in swaps if swap.written]
    forge.trained(written)
    return forge.outcomes(written, "build"), [swap for swap in swaps if swap.error]


def hold(tried: Sequence[Outcome], failed: Sequence[BareSwap]) -> None:
    assert [f"{swap.title}: {swap.error}" for swap in failed] == []
    assert [str(outcome) for outcome in tried if not (outcome.trains and outcome.passes)] == []


def report(tried: Sequence[Outcome], failed: Sequence[BareSwap]) -> str:
    """The figures, and what falls short."""
    lines = [
        f"{len(tried) + len(failed)} pairs train with arguments written by hand",
        f"bare swaps that give a config: {len(tried)}",
        f"of which pass level build: {sum(outcome.passes for outcome in tried)}",
        f"of which train: {sum(outcome.trains for outcome in tried)}",
        *(f"  {swap.title}: {swap.error}" for swap in failed),
        *(f"  {outcome}" for outcome in tried if not (outcome.trains and outcome.passes)),
    ]
    return "\n".join(lines)
