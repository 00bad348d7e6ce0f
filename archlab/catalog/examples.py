"""The examples in spaCy's documentation, as data: values for arguments that have no default.

From https://spacy.io/api/architectures, https://spacy.io/api/legacy and https://spacy.io/api/top-level; for
curated transformers from the example project of spacy-curated-transformers (project/configs), and the size of
each kind from the config.json of the model that `spacy init fill-curated-transformer` names as an example.
What a component dictates (exclusive_classes, state_type) goes before what stands here.
"""

from typing import Any

Block = dict[str, Any]
Example = tuple[Any, str]

_DOCS = "spaCy docs, architectures"
_LEGACY_DOCS = "spaCy docs, legacy"
_BATCHER_DOCS = "spaCy docs, batchers"
_NO_VECTORS = "no default config of spaCy includes vectors"

_INIT = "spacy init config"
_THINC = "Thinc docs, schedules"
_EXCLUSIVE = "as in textcat; a component that dictates it has its own"
_USUAL = "one layer, as small as it can be"

_CNN: Block = {"window_size": 1, "maxout_pieces": 3, "depth": 4}
_CHARACTERS: Block = {"width": 128, "rows": 7000, "nM": 64, "nC": 8}
_QUICKSTART: Block = {"attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"], "rows": [5000, 1000, 2500, 2500]}
_HASHES: Block = {
    "width": 64,
    "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
    "rows": [2000, 1000, 1000, 1000],
}
_HASH_EMBED_CNN: Block = {
    "width": 96,
    "embed_size": 2000,
    **_CNN,
    "subword_features": True,
    "pretrained_vectors": None,
}
_TOK2VEC: Block = {"@architectures": "spacy.HashEmbedCNN.v2", **_HASH_EMBED_CNN}


_MEAN: Block = {"@layers": "reduce_mean.v1"}
_STRIDED: Block = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}
_HUGGING_FACE: Block = {"name": "roberta-base", "get_spans": _STRIDED, "tokenizer_config": {"use_fast": True}}
_CURATED = "spacy-curated-transformers"
_CURATED_PROJECT = f"example project of {_CURATED}"
_WEIGHTING: Block = {"@architectures": f"{_CURATED}.ScalarWeight.v1", "num_layers": 12}


def _curated(kind: str, pieces: str, model: str, vocab_size: int) -> "dict[tuple[str, str, str], Example]":
    """A curated transformer with the piece encoder of its kind, as large as a published model."""
    name = f"{_CURATED}.{kind}Transformer"
    blocks = {
        "piece_encoder": {"@architectures": f"{_CURATED}.{pieces}.v1"},
        "with_spans": {"@architectures": f"{_CURATED}.WithStridedSpans.v1", "stride": 96, "window": 128},
    }
    return {
        **_example(name, "v1", {"vocab_size": vocab_size}, f"config.json of {model}"),
        **_example(name, "v1", blocks, _CURATED_PROJECT),
    }


def _embed_and_encode(version: str) -> Block:
    """The sublayers of a Tok2Vec as `spacy init config` writes them."""
    embed = {
        "@architectures": f"spacy.MultiHashEmbed.{version}",
        "width": 96,
        **_QUICKSTART,
        "include_static_vectors": False,
    }
    encode = {"@architectures": f"spacy.MaxoutWindowEncoder.{version}", "width": 96, **_CNN}
    return {"embed": embed, "encode": encode}


def _example(
    name: str, versions: str, values: Block, source: str = _DOCS, registry: str = "architectures"
) -> dict[tuple[str, str, str], Example]:
    source = f"{source}: {name.removeprefix('spacy.')}" if source.startswith("spaCy docs") else source
    return {
        (registry, f"{name}.{version}", argument): (value, source)
        for version in versions.split()
        for argument, value in values.items()
    }


_MAXOUT: Block = {"@layers": "Maxout.v1", "nO": None, "nI": None, "nP": 3}
_WRAPPED: dict[str, Block] = {
    "with_array.v1": _MAXOUT,
    "with_array2d.v1": _MAXOUT,
    "with_ragged.v1": {"@layers": "with_array.v1", "layer": _MAXOUT, "pad": 0},
    "with_padded.v1": {
        "@layers": "LSTM.v1",
        "nO": None,
        "nI": None,
        "bi": False,
        "depth": 1,
        "dropout": 0.0,
    },
}

# (registry, name, argument) -> (value, source)
EXAMPLES: dict[tuple[str, str, str], Example] = {
    # Embedding and encoding
    **_example("spacy.HashEmbedCNN", "v1 v2", _HASH_EMBED_CNN),
    **_example("spacy.MultiHashEmbed", "v1 v2", _HASHES),
    **_example("spacy.MultiHashEmbed", "v1 v2", {"include_static_vectors": False}, _NO_VECTORS),
    **_example("spacy.CharacterEmbed", "v1 v2", _CHARACTERS),
    **_example("spacy.CharacterEmbed", "v1 v2", {"include_static_vectors": False}, _NO_VECTORS),
    **_example("spacy.MaxoutWindowEncoder", "v1 v2", {"width": 128, **_CNN}),
    **_example("spacy.MishWindowEncoder", "v1 v2", {"width": 64, "window_size": 1, "depth": 4}),
    **_example("spacy.TorchBiLSTMEncoder", "v1", {"width": 64, "depth": 2, "dropout": 0.0}),
    **_example("spacy.Tok2Vec", "v1", _embed_and_encode("v1"), _INIT),
    **_example("spacy.Tok2Vec", "v2", _embed_and_encode("v2"), _INIT),
    # Tagging, parsing, linking
    **_example("spacy.Tagger", "v1", {"tok2vec": _TOK2VEC}, "default config of tagger"),
    **_example(
        "spacy.TransitionBasedParser",
        "v1 v2",
        {
            "tok2vec": _TOK2VEC,
            "extra_state_tokens": False,
            "hidden_width": 64,
            "maxout_pieces": 2,
            "use_upper": True,
        },
    ),
    **_example("spacy.EntityLinker", "v1 v2", {"tok2vec": {**_TOK2VEC, "depth": 2}}),
    # Text classification
    **_example("spacy.TextCatBOW", "v1 v2 v3", {"ngram_size": 1, "no_output_layer": False}),
    **_example("spacy.TextCatCNN", "v1 v2", {"tok2vec": _TOK2VEC}),
    **_example(
        "spacy.TextCatReduce",
        "v1",
        {
            "tok2vec": _TOK2VEC,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
        },
    ),
    **_example(
        "spacy.TextCatEnsemble",
        "v1",
        {
            "width": 64,
            "embed_size": 2000,
            "pretrained_vectors": None,
            "ngram_size": 1,
            "window_size": 1,
            "conv_depth": 2,
            "dropout": None,
        },
        _LEGACY_DOCS,
    ),
    **{
        key: found
        for name, versions in (
            ("spacy.TextCatBOW", "v1 v2 v3"),
            ("spacy.TextCatCNN", "v1 v2"),
            ("spacy.TextCatEnsemble", "v1"),
            ("spacy.TextCatReduce", "v1"),
            ("spacy.TextCatParametricAttention", "v1"),
        )
        for key, found in _example(name, versions, {"exclusive_classes": True}, _EXCLUSIVE).items()
    },
    # Layers around another one, and what usually stands in them
    **{("layers", name, "layer"): (layer, _USUAL) for name, layer in _WRAPPED.items()},
    **_example("spacy.CharEmbed", "v1", {"nM": 64, "nC": 8}, "as CharacterEmbed in spaCy's docs", "layers"),
    **_example("spacy.Corpus", "v1", {"gold_preproc": False}, "default config of spaCy", "readers"),
    # Schedules
    **_example("warmup_linear", "v1", {"warmup_steps": 250, "total_steps": 20000}, _INIT, "schedules"),
    **_example("decaying", "v1", {"decay": 1e-4}, _THINC, "schedules"),
    **_example("cyclic_triangular", "v1", {"period": 1000}, _THINC, "schedules"),
    # Pretraining
    **_example("spacy.PretrainVectors", "v1", {"maxout_pieces": 3, "hidden_size": 300, "loss": "cosine"}),
    **_example("spacy.PretrainCharacters", "v1", {"maxout_pieces": 3, "hidden_size": 300, "n_characters": 4}),
    # Transformers
    **_example("spacy-transformers.TransformerModel", "v1 v2 v3", _HUGGING_FACE),
    **_example("spacy-transformers.Tok2VecTransformer", "v1 v2 v3", {**_HUGGING_FACE, "pooling": _MEAN}),
    **_example("spacy-transformers.TransformerListener", "v1", {"pooling": _MEAN}),
    **_curated("Albert", "SentencepieceEncoder", "albert-base-v2", 30000),
    **_curated("Bert", "BertWordpieceEncoder", "bert-base-cased", 28996),
    **_curated("Camembert", "CamembertSentencepieceEncoder", "camembert-base", 32005),
    **_curated("Roberta", "ByteBpeEncoder", "roberta-base", 50265),
    **_curated("Xlmr", "XlmrSentencepieceEncoder", "xlm-roberta-base", 250002),
    **_example(
        f"{_CURATED}.LastTransformerLayerListener", "v1", {"width": 768, "pooling": _MEAN}, _CURATED_PROJECT
    ),
    **_example(
        f"{_CURATED}.ScalarWeightingListener",
        "v1",
        {"width": 768, "weighting": _WEIGHTING, "pooling": _MEAN},
        _CURATED_PROJECT,
    ),
    **_example(
        f"{_CURATED}.TransformerLayersListener",
        "v1",
        {"layers": 12, "width": 768, "pooling": _MEAN},
        _CURATED_PROJECT,
    ),
    **_example(f"{_CURATED}.ScalarWeight", "v1", {"num_layers": 12}, _CURATED_PROJECT),
    # Other registries
    **_example(
        "spacy.ngram_range_suggester", "v1", {"min_size": 2, "max_size": 4}, "spaCy docs, suggesters", "misc"
    ),
    **_example(
        "spacy.EmptyKB", "v1", {"entity_vector_length": 64}, "default config of entity_linker", "misc"
    ),
    **_example(
        "spacy.batch_by_words",
        "v1",
        {"size": 100, "tolerance": 0.2, "discard_oversize": False},
        _BATCHER_DOCS,
        "batchers",
    ),
    **_example("spacy.batch_by_sequence", "v1", {"size": 32}, _BATCHER_DOCS, "batchers"),
    **_example(
        "spacy.batch_by_padded",
        "v1",
        {"size": 100, "buffer": 256, "discard_oversize": False},
        _BATCHER_DOCS,
        "batchers",
    ),
}
