"""The recipe transformer gives what spaCy's quickstart writes for a GPU, or what fits a curated model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archlab
from archlab.configs.differences import diff_configs
from archlab.configs.filling import fill_config
from archlab.configs.hugging_face import curated_block, curated_loaders
from archlab.configs.loading import parse_config
from archlab.errors import SwapError
from archlab.records import Setting, Swap

if TYPE_CHECKING:
    from confection import Config

PIPELINES = [
    ["tagger", "parser", "ner", "textcat"],
    ["morphologizer", "trainable_lemmatizer"],
    ["textcat"],
    ["textcat_multilabel"],
    ["spancat", "span_finder"],
]
BERT = {
    "model_type": "bert",
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "vocab_size": 99,
}
ROBERTA = {**BERT, "model_type": "roberta", "max_position_embeddings": 66, "pad_token_id": 1}


def quickstart(components: list[str], *, gpu: bool) -> "Config":
    """What `spacy init config` writes, filled; but for a setting of taggers that it writes for CPUs alone."""
    from spacy.cli.init_config import init_config

    config: Any = init_config(
        lang="en",
        pipeline=components,
        optimize="accuracy" if gpu else "efficiency",
        gpu=gpu,
        silent=True,
    )
    for component in config["components"].values():
        component.pop("label_smoothing", None)
    return fill_config(config)


def one_component(factory: str) -> "Config":
    sections = f'[components]\n\n[components.it]\nfactory = "{factory}"\n'
    return fill_config(parse_config(f'[nlp]\nlang = "en"\npipeline = ["it"]\n\n{sections}'))


def write_model(folder: Path, told: dict[str, Any], *files: str) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(told))
    for name in files:
        (folder / name).touch()
    return folder


class TestSpacyTransformers:
    """package=spacy-transformers."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("spacy_transformers")

    @pytest.mark.parametrize("components", PIPELINES, ids=" ".join)
    def test_the_quickstart_for_a_gpu_comes_of_that_for_a_cpu(self, components: list[str]) -> None:
        changed = archlab.apply_recipe(quickstart(components, gpu=False), "transformer").config
        assert not diff_configs(quickstart(components, gpu=True), changed)
        assert not archlab.check(changed, "types").findings
        assert archlab.recipe_changes(changed, "transformer") == []

    def test_another_name_is_all_that_changes_in_a_pipeline_that_has_one(self) -> None:
        config = quickstart(["ner"], gpu=True)
        (change,) = archlab.recipe_changes(config, "transformer", name="tiny")
        assert change == Setting("components.transformer.model.name", "tiny")

    def test_it_takes_the_place_of_what_is_own_as_well(self) -> None:
        config = one_component("ner")
        changed = archlab.apply_recipe(config, "transformer").config
        assert changed["nlp"]["pipeline"] == ["transformer", "it"]
        assert changed["components"]["it"]["model"]["use_upper"] is False

    def test_where_nothing_can_listen_it_says_so(self) -> None:
        config = one_component("sentencizer")
        with pytest.raises(SwapError, match="No component has a tok2vec"):
            archlab.recipe_changes(config, "transformer")


class TestCurated:
    """package=curated."""

    def test_a_listener_alone_brings_a_model_that_is_loaded(self) -> None:
        pytest.importorskip("spacy_curated_transformers")
        listener = "spacy-curated-transformers.LastTransformerLayerListener"
        changed = archlab.swap(quickstart(["ner"], gpu=False), "ner.model.tok2vec", listener).config
        assert changed["nlp"]["pipeline"] == ["curated_transformer", "ner"]
        assert [f for f in archlab.check(changed, "types").findings if f.severity != "note"] == []

    def test_a_folder_tells_how_large_the_model_is(self, tmp_path: Path) -> None:
        block = curated_block(str(write_model(tmp_path / "bert", BERT)))
        assert block["@architectures"] == "spacy-curated-transformers.BertTransformer.v1"
        sizes = ("hidden_width", "num_hidden_layers", "vocab_size", "padding_idx", "model_max_length")
        assert [block[name] for name in sizes] == [24, 3, 99, 0, 64]
        assert "BertWordpieceEncoder" in block["piece_encoder"]["@architectures"]

    def test_roberta_counts_its_positions_from_behind_the_padding(self, tmp_path: Path) -> None:
        folder = write_model(tmp_path / "roberta", ROBERTA, "vocab.json", "merges.txt")
        assert curated_block(str(folder))["model_max_length"] == 64
        loader = curated_loaders(str(folder))["piecer_loader"]
        assert loader["merges_path"] == str(folder / "merges.txt")
        assert curated_loaders("roberta-base")["piecer_loader"]["name"] == "roberta-base"

    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ('{"model_type": "gpt2"}', "is of the kind gpt2; .* builds and loads bert, camembert, roberta"),
            ("{", r"config\.json cannot be read"),
            (None, r"config\.json cannot be read"),
        ],
    )
    def test_what_cannot_be_built_is_told(self, tmp_path: Path, told: str | None, said: str) -> None:
        if told is not None:
            (tmp_path / "config.json").write_text(told)
        with pytest.raises(SwapError, match=said):
            curated_block(str(tmp_path))

    def test_a_name_without_a_network_asks_for_a_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = pytest.importorskip("huggingface_hub")
        monkeypatch.setattr(hub.constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(SwapError, match="Name a folder with the model, or try again with a network"):
            curated_block("nobody/has-this-model")

    def test_the_pipeline_has_the_model_its_loaders_and_listeners_as_wide(self, tmp_path: Path) -> None:
        pytest.importorskip("spacy_curated_transformers")
        folder = str(write_model(tmp_path / "bert", BERT))
        base = quickstart(["tagger", "ner"], gpu=False)
        changed = archlab.apply_recipe(base, "transformer", name=folder, package="curated").config
        assert changed["nlp"]["pipeline"] == ["curated_transformer", "tagger", "ner"]
        values = changed.interpolate()
        assert values["components"]["ner"]["model"]["tok2vec"]["width"] == 24
        assert values["initialize"]["components"]["curated_transformer"]["encoder_loader"]["name"] == folder
        assert not archlab.check(changed, "types").findings
        assert archlab.recipe_changes(changed, "transformer", name=folder, package="curated") == []
        swaps = archlab.recipe_changes(base, "transformer", name=folder, package="curated")
        blocks = [change.block for change in swaps if isinstance(change, Swap)]
        assert "spacy-curated-transformers.BertTransformer.v1" in blocks
