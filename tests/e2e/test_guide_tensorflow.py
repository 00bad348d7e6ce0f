"""docs/guide/tensorflow.md, as a reader follows it, on the tags of UD English ATIS."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, majority_share, trained
from test_same_bytes import assert_same, contents, spacy_train

from archlab.results.paths import RunPaths

CODE = "examples/tensorflow_tagger/tensorflow_tagger.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="the extra tensorflow is not installed"),
]


def test_the_page_trains_taggers_better_than_the_most_frequent_tag(
    corpus: Callable[[str], Path], tmp_path: Path
) -> None:
    """To call every token what is most frequent in train is right for .233 of dev."""
    folder = corpus("ud_en_atis")
    majority = majority_share(folder, lambda token: token.tag_)
    assert majority == pytest.approx(0.233, abs=0.001)
    workplace = make_workplace(tmp_path, folder)

    (grid,) = walk("tensorflow.md", workplace).values()

    assert "absl" not in grid.err
    results = trained(workplace, "tensorflow_tagger")
    assert len(results) == 3
    assert all(result["scores"]["tag_acc"] > majority + 0.6 for result in results.values())
    (whole,) = (result for name, result in results.items() if name.startswith("CustomKerasModel.v1"))
    assert_loads_elsewhere(whole, workplace, ["tag_acc"], CODE)
    run = RunPaths(results["keras_encoder"]["folder"])
    assert_same(contents(run.model), spacy_train(run, tmp_path / "elsewhere", workplace / CODE))
