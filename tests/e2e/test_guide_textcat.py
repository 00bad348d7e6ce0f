"""docs/guide/textcat.md, as a reader follows it, on the 77 intents of banking77."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, kept, majority_label, trained

pytestmark = pytest.mark.slow


def test_the_page_trains_three_classifiers_better_than_one_label_for_all(
    corpus: Callable[[str], Path], tmp_path: Path
) -> None:
    """The most frequent intent of train is that of .019 of the questions in dev."""
    folder = corpus("banking77")
    majority = majority_label(folder)
    assert majority == pytest.approx(0.019, abs=0.001)
    workplace = make_workplace(tmp_path, folder)

    walk("textcat.md", workplace)

    results = trained(workplace, "textcat")
    assert set(results) == {"base TextCatEnsemble.v1", "TextCatBOW.v1", "TextCatCNN.v1"}
    assert all(result["scores"]["cats_micro_f"] > majority + 0.2 for result in results.values())
    for result in kept(results).values():
        assert_loads_elsewhere(result, workplace, ["cats_micro_f", "cats_macro_f"])
