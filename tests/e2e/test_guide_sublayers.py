"""docs/guide/sublayers.md, as a reader follows it, on the tags of UD English ATIS."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, kept, majority_share, trained

pytestmark = pytest.mark.slow


def test_the_page_trains_taggers_on_each_tok2vec_better_than_the_most_frequent_tag(
    corpus: Callable[[str], Path], tmp_path: Path
) -> None:
    """To call every token what is most frequent in train is right for .233 of dev."""
    folder = corpus("ud_en_atis")
    majority = majority_share(folder, lambda token: token.tag_)
    assert majority == pytest.approx(0.233, abs=0.001)
    workplace = make_workplace(tmp_path, folder)

    walk("sublayers.md", workplace)

    results = trained(workplace, "sublayers")
    assert set(results) == {"base", "embed=CharacterEmbed.v1(nM=16, nC=8)", "all v2"}
    assert all(result["scores"]["tag_acc"] > majority + 0.6 for result in results.values())
    for result in kept(results).values():
        assert_loads_elsewhere(result, workplace, ["tag_acc"])
