"""docs/guide/thinc.md: four ways to write one network learn the same, and all beat the most frequent tag."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, kept, majority_share, trained


@pytest.mark.slow
def test_the_page_holds(tmp_path: Path, corpus: Callable[[str], Path]) -> None:
    tagged = corpus("ud_en_atis")
    workplace = make_workplace(tmp_path, tagged)
    walk("thinc.md", workplace)
    results = trained(workplace, "thinc_tagger")
    assert len(results) == 5
    most_frequent = majority_share(tagged, lambda token: token.tag_)
    assert most_frequent < 0.3
    assert min(result["score"] for result in results.values()) > 0.9
    normalized = results.pop("CustomThincModel.v4(normalize=True)")
    assert len({result["score"] for result in results.values()}) == 1, "they are one network"
    (size,) = {result["cost"]["parameters"] for result in results.values()}
    assert normalized["cost"]["parameters"] > size
    for result in kept({**results, "normalized": normalized}).values():
        assert_loads_elsewhere(result, workplace, ["tag_acc"], "examples/thinc_tagger/thinc_tagger.py")
