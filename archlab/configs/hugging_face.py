"""What a Hugging Face model says of itself: which curated block builds it, how large, how it is loaded."""

import json
from pathlib import Path
from typing import Any

from archlab.errors import SwapError

CURATED = "spacy-curated-transformers"

DEFAULT_CURATED = "xlm-roberta-base"
"""The model that the default config of a curated_transformer builds."""

_BLOCKS = {
    "bert": ("BertTransformer", "BertWordpieceEncoder"),
    "camembert": ("CamembertTransformer", "CamembertSentencepieceEncoder"),
    "roberta": ("RobertaTransformer", "ByteBpeEncoder"),
    "xlm-roberta": ("XlmrTransformer", "XlmrSentencepieceEncoder"),
}
"""model_type -> the transformer and the piece encoder that can be loaded from the hub."""

_SIZES = {
    "attention_probs_dropout_prob": "attention_probs_dropout_prob",
    "hidden_act": "hidden_act",
    "hidden_dropout_prob": "hidden_dropout_prob",
    "hidden_width": "hidden_size",
    "intermediate_width": "intermediate_size",
    "layer_norm_eps": "layer_norm_eps",
    "max_position_embeddings": "max_position_embeddings",
    "num_attention_heads": "num_attention_heads",
    "num_hidden_layers": "num_hidden_layers",
    "padding_idx": "pad_token_id",
    "type_vocab_size": "type_vocab_size",
    "vocab_size": "vocab_size",
}
"""Argument of a curated transformer -> key of config.json."""


def curated_block(name: str) -> dict[str, Any]:
    """The block that builds a model for spacy-curated-transformers, as large as its config.json says.

    name: a folder, or a model of the Hugging Face hub, whose config.json is fetched (or was before).
    Raises SwapError where that cannot be read, or is of a kind that cannot be built or loaded.
    """
    told = _read_config(name)
    kind = told.get("model_type")
    if kind not in _BLOCKS:
        known = ", ".join(_BLOCKS)
        raise SwapError(
            f"{name} is of the kind {kind}; spacy-curated-transformers builds and loads {known}.",
            "spacy-transformers takes any: archlab swap transformer name=... package=spacy-transformers",
        )
    transformer, pieces = _BLOCKS[kind]
    sizes = {argument: told[key] for argument, key in _SIZES.items() if key in told}
    return {
        "@architectures": f"{CURATED}.{transformer}.v1",
        **sizes,
        "model_max_length": _longest(told),
        "piece_encoder": {"@architectures": f"{CURATED}.{pieces}.v1"},
        "with_spans": {"@architectures": f"{CURATED}.WithStridedSpans.v1", "stride": 96, "window": 128},
    }


def curated_loaders(name: str) -> dict[str, dict[str, Any]]:
    """What goes to [initialize.components.NAME]: where weights and pieces come from."""
    return {
        "encoder_loader": {"@model_loaders": f"{CURATED}.HFTransformerEncoderLoader.v1", "name": name},
        "piecer_loader": _piece_loader(name),
    }


def _piece_loader(name: str) -> dict[str, Any]:
    """From the vocabulary and merges of a folder, or by name.

    By name it fails for RoBERTa with tokenizers 0.20 and later, which write merges as lists (0.3.1).
    """
    vocabulary, merges = Path(name, "vocab.json"), Path(name, "merges.txt")
    if vocabulary.is_file() and merges.is_file():
        return {
            "@model_loaders": f"{CURATED}.ByteBpeLoader.v1",
            "vocab_path": str(vocabulary),
            "merges_path": str(merges),
        }
    return {"@model_loaders": f"{CURATED}.HFPieceEncoderLoader.v1", "name": name}


def _longest(told: dict[str, Any]) -> int:
    """How many pieces it takes at once. RoBERTa and its kin count positions from behind the padding."""
    positions = int(told["max_position_embeddings"])
    return positions if told["model_type"] == "bert" else positions - int(told["pad_token_id"]) - 1


def _read_config(name: str) -> dict[str, Any]:
    path = Path(name, "config.json")
    if not Path(name).is_dir():
        from huggingface_hub import hf_hub_download

        try:
            path = Path(hf_hub_download(repo_id=name, filename=path.name))
        except Exception as error:  # network, names, rights: the hub has many
            raise SwapError(
                f"{name} is no folder here, and its config.json did not come from the Hugging Face hub: "
                f"{type(error).__name__}.",
                "Name a folder with the model, or try again with a network.",
            ) from None
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        raise SwapError(f"{path} cannot be read: {error}.", "Name a folder with the whole model.") from None
    return read
