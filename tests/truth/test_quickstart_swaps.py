"""Whatever is said to fit into a slot of a quickstart base can be swapped in by its name, and trains."""

from pathlib import Path

import pytest
from test_bare_swaps import hold, outcomes
from test_ground_truth import whole_forge
from tiny_transformers import make_bert
from truth_forge import Forge
from truth_quickstart import BASES, BERT, Quickstart, fitting_swaps

import archlab

SAMPLED = 36
"""Every how manieth swap `make check` makes and trains."""


@pytest.mark.parametrize("quickstart", BASES, ids=str)
def test_every_quickstart_base_is_read_and_fits(quickstart: Quickstart, tmp_path: Path) -> None:
    require_packages(quickstart)
    base = quickstart.load(tmp_path)
    assert archlab.check(base, "types").errors == ()
    assert archlab.slots(base)


@pytest.mark.slow
def test_a_sample_of_the_swaps_in_quickstart_bases(tmp_path: Path) -> None:
    forge, sample = Forge(tmp_path), []
    for quickstart in (Quickstart("spancat", "efficiency"), Quickstart("textcat", "accuracy")):
        swaps = list(fitting_swaps(str(quickstart), quickstart.load(tmp_path)))
        sample += swaps[::SAMPLED]
    hold(*outcomes(forge, sample))


@pytest.mark.exhaustive
@pytest.mark.timeout(0)
@pytest.mark.parametrize("quickstart", BASES, ids=str)
def test_every_swap_in_a_quickstart_base(quickstart: Quickstart, tmp_path: Path) -> None:
    require_packages(quickstart)
    forge = whole_forge()
    if quickstart.gpu and not (forge.folder / BERT).exists():
        make_bert(forge.folder / BERT)
    hold(*outcomes(forge, fitting_swaps(str(quickstart), quickstart.load(tmp_path))))


def require_packages(quickstart: Quickstart) -> None:
    """Skip the test where the packages are missing that the base's pipeline comes from."""
    if quickstart.gpu:
        pytest.importorskip("spacy_transformers", reason="a base for a GPU has a transformer")
