"""Every registered architecture and layer that can stand alone, with the arguments an expert would write.

`test_every_block_is_here` compares this with what is registered.
"""

from collections.abc import Iterator

from truth_pipelines import (
    WIDTH,
    Section,
    architecture,
    bow,
    cnn,
    ensemble,
    hashes,
    layer,
    listener,
    span_categorizer,
    span_finder,
    tagger,
    tok2vec,
    transitions,
    window,
)

NEED_FUNCTIONS = (
    "PyTorchRNNWrapper.v1",
    "PyTorchWrapper.v1",
    "PyTorchWrapper.v2",
    "PyTorchWrapper.v3",
    "spacy.TransitionModel.v1",
    "resizable.v1",
    "with_cpu.v1",
)
"""They take a module, a function or a dict with keys that are no strings: no config can name them alone."""


def architectures(factory: str) -> Iterator[Section]:
    """Every architecture, for a slot in a component of this factory."""
    exclusive = factory != "textcat_multilabel"
    state_type = "parser" if factory == "parser" else "ner"
    both = {"exclusive_classes": exclusive, "nO": None}
    sizes = {"width": WIDTH, "window_size": 1, "depth": 1}
    characters = {"width": WIDTH, "rows": 60, "nM": 6, "nC": 4, "include_static_vectors": False}
    pretraining = {"maxout_pieces": 2, "hidden_size": 30}
    for version in ("v1", "v2"):
        yield architecture(f"spacy.CharacterEmbed.{version}", **characters, feature="LOWER")
        yield architecture(f"spacy.EntityLinker.{version}", tok2vec=cnn(), nO=None)
        yield {**cnn(), "@architectures": f"spacy.HashEmbedCNN.{version}"}
        yield {**window(), "@architectures": f"spacy.MaxoutWindowEncoder.{version}"}
        yield architecture(f"spacy.MishWindowEncoder.{version}", **sizes)
        yield {**hashes(), "@architectures": f"spacy.MultiHashEmbed.{version}"}
        yield {**tok2vec(), "@architectures": f"spacy.Tok2Vec.{version}"}
        yield {**transitions(state_type), "@architectures": f"spacy.TransitionBasedParser.{version}"}
        yield architecture(f"spacy.TextCatCNN.{version}", tok2vec=cnn(), **both)
        yield architecture(f"spacy.TextCatBOW.{version}", ngram_size=1, no_output_layer=False, **both)
    yield architecture("spacy.PretrainVectors.v1", **pretraining, loss="cosine")
    yield architecture("spacy.PretrainCharacters.v1", **pretraining, n_characters=3)
    yield span_categorizer()
    yield span_finder()
    yield architecture("spacy.Tagger.v1", tok2vec=cnn(), nO=None)
    yield tagger(cnn())
    yield bow(exclusive)
    yield architecture(
        "spacy.TextCatEnsemble.v1",
        width=WIDTH,
        embed_size=60,
        pretrained_vectors=None,
        ngram_size=1,
        window_size=1,
        conv_depth=1,
        dropout=None,
        **both,
    )
    yield ensemble(exclusive)
    yield architecture("spacy.TextCatLowData.v1", width=WIDTH, dropout=None, **both)
    yield architecture("spacy.TextCatParametricAttention.v1", tok2vec=cnn(), **both)
    yield architecture(
        "spacy.TextCatReduce.v1",
        tok2vec=cnn(),
        use_reduce_first=False,
        use_reduce_last=False,
        use_reduce_max=True,
        use_reduce_mean=True,
        **both,
    )
    yield listener()
    yield architecture("spacy.TorchBiLSTMEncoder.v1", width=WIDTH, depth=1, dropout=0.0)


_PLAIN = """
    Logistic.v1 list2array.v1 list2padded.v1 list2ragged.v1 padded2list.v1 ragged2list.v1 reduce_first.v1
    reduce_last.v1 reduce_max.v1 reduce_mean.v1 reduce_sum.v1 sigmoid_activation.v1 softmax_activation.v1
    spacy.extract_spans.v1 strings2arrays.v1
"""
_SIZED = """
    ClippedLinear Dish Gelu HardSigmoid HardSwish HardSwishMobilenet HardTanh Linear Mish Relu ReluK Sigmoid
    Softmax Swish
"""


def layers() -> Iterator[Section]:
    """Every layer, the combinators around one that makes sense."""
    sizes = {"nO": None, "nI": None}
    for name in _PLAIN.split():
        yield layer(name)
    for name in _SIZED.split():
        yield layer(f"{name}.v1", **sizes)
    yield layer("CauchySimilarity.v1")
    yield layer("Softmax.v2", **sizes, normalize_outputs=True, temperature=1.0)
    yield layer("Maxout.v1", **sizes, nP=2)
    yield layer("MultiSoftmax.v1", nOs=[3, 4], nI=None)
    yield layer("LSTM.v1", nO=WIDTH, nI=WIDTH, bi=False, depth=1, dropout=0.0)
    yield layer("PyTorchLSTM.v1", nO=WIDTH, nI=WIDTH, bi=False, depth=1, dropout=0.0)
    yield layer("Dropout.v1", rate=0.1)
    yield layer("LayerNorm.v1", nI=None)
    yield layer("ParametricAttention.v1", nO=None)
    yield layer("ParametricAttention.v2", nO=None)
    yield layer("Embed.v1", nO=WIDTH, nV=60, column=None, dropout=None)
    yield layer("HashEmbed.v1", nO=WIDTH, nV=60, seed=3, column=None, dropout=None)
    yield layer("SparseLinear.v1", nO=None, length=4096)
    yield layer("SparseLinear.v2", nO=None, length=4096)
    yield layer("expand_window.v1", window_size=1)
    yield layer("premap_ids.v1", mapping_table={"1": 1}, default=0, column=None)
    yield layer("remap_ids.v1", mapping_table={"1": 1}, default=0, dtype="i")
    yield layer("remap_ids.v2", mapping_table={"1": 1}, default=0, column=None)
    yield layer("spacy.CharEmbed.v1", nM=6, nC=4)
    yield layer("spacy.FeatureExtractor.v1", columns=["NORM", "SHAPE"])
    yield layer("spacy.LinearLogistic.v1", **sizes)
    yield layer("spacy.PrecomputableAffine.v1", nO=WIDTH, nI=WIDTH, nF=2, nP=2, dropout=0.1)
    yield layer("spacy.StaticVectors.v1", nO=WIDTH, nM=None, dropout=None, key_attr="ORTH")
    yield layer("spacy.StaticVectors.v2", nO=WIDTH, nM=None, dropout=None, key_attr="ORTH")
    yield layer("spacy.extract_ngrams.v1", ngram_size=1)
    yield layer("spacy.mean_max_reducer.v1", hidden_size=20)
    yield from _combinators()


def _combinators() -> Iterator[Section]:
    maxout = layer("Maxout.v1", nO=WIDTH, nI=WIDTH, nP=2)
    lstm = layer("LSTM.v1", nO=WIDTH // 2, nI=WIDTH, bi=False, depth=1, dropout=0.0)
    for name in ("with_array", "with_array2d", "residual", "with_flatten", "with_reshape"):
        yield layer(f"{name}.v1", layer=maxout)
    yield layer("with_flatten.v2", layer=maxout)
    yield layer("uniqued.v1", layer=maxout, column=0)
    yield layer("with_list.v1", layer=layer("with_array.v1", layer=maxout))
    yield layer("with_ragged.v1", layer=layer("with_array.v1", layer=maxout))
    yield layer("with_padded.v1", layer=layer("LSTM.v1", nO=WIDTH, nI=WIDTH, bi=False, depth=1, dropout=0.0))
    yield layer("bidirectional.v1", l2r=lstm, r2l=lstm)
    yield layer("clone.v1", orig=maxout, n=2)
    yield layer("residual.v1", layer=layer("with_array.v1", layer=maxout))
    softmax = layer("Softmax.v1", nO=None, nI=None)
    yield layer("with_getitem.v1", idx=0, layer=maxout)
    yield layer("siamese.v1", layer=cnn(), similarity=layer("CauchySimilarity.v1", nI=None))
    yield _chain("chain.v1", maxout, softmax)
    yield _chain("chain.v1", cnn(), layer("with_array.v1", layer=softmax))
    yield _chain("chain.v1", cnn(), layer("list2ragged.v1"), layer("reduce_mean.v1"), softmax)
    yield _chain("chain.v1", layer("reduce_max.v1"), layer("Linear.v1", nO=WIDTH, nI=None))
    yield _chain("chain.v1", hashes(), window())
    yield _chain("chain.v1", cnn(), layer("list2array.v1"), softmax)
    yield _chain("concatenate.v1", layer("reduce_max.v1"), layer("reduce_mean.v1"))
    yield _chain("concatenate.v1", cnn(), cnn())
    yield _chain("noop.v1", maxout)
    for name in ("add.v1", "tuplify.v1"):
        for inner in (cnn(), layer("with_array.v1", layer=maxout)):
            yield layer(name, layer1=inner, layer2=inner)


def _chain(name: str, *inside: Section) -> Section:
    """A combinator of positional layers: a config names them in a section `*`."""
    return layer(name, **{"*": {f"layer{number}": inner for number, inner in enumerate(inside)}})
