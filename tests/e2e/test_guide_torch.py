"""docs/guide/torch.md: each network with PyTorch inside trains, beats the most frequent tag, and is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, kept, majority_share, trained

NETWORKS = {"CustomTorchModel.v1", "CustomTorchModel.v2", "TorchThincMix.v1"}


@pytest.mark.slow
def test_the_page_holds(tmp_path: Path, corpus: Callable[[str], Path]) -> None:
    tagged = corpus("ud_en_atis")
    workplace = make_workplace(tmp_path, tagged)
    walk("torch.md", workplace)
    results = trained(workplace, "torch_tagger")
    assert set(results) == {"base Tagger.v2", *NETWORKS}
    most_frequent = majority_share(tagged, lambda token: token.tag_)
    assert most_frequent < 0.3
    assert min(result["score"] for result in results.values()) > 0.9
    saved = kept({name: results[name] for name in NETWORKS})
    assert set(saved) == NETWORKS
    for name in ("CustomTorchModel.v1", "TorchThincMix.v1"):
        assert_loads_elsewhere(saved[name], workplace, ["tag_acc"], "examples/torch_tagger/torch_tagger.py")
