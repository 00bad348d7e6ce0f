"""docs/guide/encoders.md, as a reader follows it, on the tags of UD English ATIS."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import assert_loads_elsewhere, kept, majority_share, trained

import archlab

pytest.importorskip("spacy_transformers")

pytestmark = pytest.mark.slow


def test_the_page_trains_a_cnn_a_bilstm_and_a_transformer_better_than_the_most_frequent_tag(
    corpus: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To call every token what is most frequent in train is right for .233 of dev."""
    folder = corpus("ud_en_atis")
    majority = majority_share(folder, lambda token: token.tag_)
    assert majority == pytest.approx(0.233, abs=0.001)
    workplace = make_workplace(tmp_path, folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    walk("encoders.md", workplace)

    results = trained(workplace, "encoders")
    assert {name: encoder(result["folder"]) for name, result in results.items()} == {
        "base": "spacy.MaxoutWindowEncoder.v2",
        "encoder=bilstm": "spacy.TorchBiLSTMEncoder.v1",
        "transformer": "spacy-transformers.TransformerModel.v3",
    }
    assert all(result["scores"]["tag_acc"] > majority + 0.5 for result in results.values())
    for result in kept(results).values():
        assert_loads_elsewhere(result, workplace, ["tag_acc"])


def encoder(run: Path) -> str:
    """The block that sees words in their context, in the config that a run was trained with."""
    first = archlab.load_config(run / "config.cfg")["components"]
    model = (first.get("tok2vec") or first["transformer"])["model"]
    return str(model.get("encode", model)["@architectures"])
