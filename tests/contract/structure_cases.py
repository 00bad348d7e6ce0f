"""What structure must find and how it must say it, and what it must pass: a config for each."""

from importlib.metadata import version

from structure_configs import (
    TRAINED,
    Case,
    Section,
    bilstm,
    block,
    bow,
    characters,
    cnn,
    component,
    concatenated,
    ensemble,
    finder,
    hashes,
    listener,
    reduced,
    shared,
    spans,
    tagger,
    tok2vec,
    window,
)

LOW_DATA = block("TextCatLowData.v1", width=16, dropout=None, nO=None)
LINKER = block("EntityLinker.v2", nO=2, tok2vec=cnn())
LABELS = {"components": {"textcat": {"labels": ["GOOD", "BAD"]}}}
SPAN_LABELS = {"components": {"spancat": {"labels": ["A", "B"]}}}
NORM = block("LayerNorm.v1", "layers", nI=None)
RESIDUAL = block("residual.v1", "layers", layer=block("spacy.LinearLogistic.v1", "layers", nO=None, nI=None))
OLD_WINDOW = "spacy.MaxoutWindowEncoder.v1"
SCORER = "archlab swap spancat.model.scorer spacy.LinearLogistic.v1"
FROZEN_TOK2VEC = {"frozen_components": ["tok2vec"]}


def T(model: Section) -> Section:
    """A pipeline of one textcat."""
    return {"textcat": component("textcat", model)}


MODEL = "components.tagger.model"
LISTENER = f"{MODEL}.tok2vec"
OWN = "archlab swap tagger.model.tok2vec spacy.HashEmbedCNN.v2"
TOK2VEC = "archlab swap tagger.model.tok2vec spacy.Tok2Vec.v2"
TAGGER = "archlab swap tagger.model spacy.Tagger.v2"
BRINGS_VECTORS = {"before_init": {"@callbacks": "test.Vectors.v1"}}
NO_NUMBER = "set nO = null: it is found when training starts"
VECTORS = "--initialize.vectors NAME names a pipeline with vectors"

FAULTS = [
    Case(
        "a bag of words with a known defect",
        T(block("TextCatBOW.v1", exclusive_classes=True, ngram_size=1, no_output_layer=False, nO=None)),
        "note components.textcat.model",
        "spacy.TextCatBOW.v1 uses only part of its weight table, and its labels share that part; v3 does not",
        "archlab swap textcat.model spacy.TextCatBOW.v3",
    ),
    Case(
        "nobody listens",
        {"tok2vec": shared(), "tagger": tagger()},
        "warning components.tok2vec",
        "nobody listens to it: it costs time and gives nothing",
        "remove tok2vec from nlp.pipeline, or let others listen: "
        "archlab swap tagger.model.tok2vec spacy.Tok2VecListener.v1 width=16",
    ),
    Case(
        "no upstream",
        {"tagger": tagger(listener())},
        f"error {LISTENER}",
        "there is no tok2vec before it in the pipeline that it could hear",
        f"its own tok2vec: {OWN}",
    ),
    Case(
        "upstream of another name",
        {"tok2vec": shared(), "tagger": tagger(listener(upstream="tok2vce"))},
        f"error {LISTENER}",
        "its upstream tok2vce is not in the pipeline",
        'Did you mean tok2vec? set upstream = "tok2vec"',
    ),
    Case(
        "upstream that is no tok2vec",
        {"other": tagger(), "tok2vec": shared(), "tagger": tagger(listener(upstream="other"))},
        f"error {LISTENER}",
        "its upstream other is no tok2vec but a tagger",
        'set upstream = "tok2vec"',
    ),
    Case(
        "upstream that comes later",
        {"tagger": tagger(listener()), "tok2vec": shared()},
        f"error {LISTENER}",
        "its upstream tok2vec stands after it",
        'set nlp.pipeline = ["tok2vec", "tagger"]',
    ),
    Case(
        "upstream that is disabled",
        {"tok2vec": shared(), "tagger": tagger(listener(upstream="tok2vec"))},
        f"error {LISTENER}",
        "its upstream tok2vec is disabled",
        "take tok2vec out of nlp.disabled",
        nlp={"disabled": ["tok2vec"]},
    ),
    Case(
        "listener of another width",
        {"tok2vec": shared(tok2vec(hashes(32), window(32))), "tagger": tagger(listener(16))},
        f"error {LISTENER}",
        "width 16, its upstream tok2vec gives 32",
        "set width = ${components.tok2vec.model.encode.width}",
    ),
    Case(
        "learns from one and predicts from another",
        {
            "a": shared(),
            "b": shared(),
            "tagger": tagger(listener(upstream="a")),
            "other": tagger(listener(upstream="b")),
        },
        f"warning {LISTENER}",
        "it learns from a and predicts from b, the last tok2vec before it",
        "put tagger before b in nlp.pipeline",
    ),
    Case(
        "learns from one and predicts from a wider one",
        {
            "a": shared(),
            "b": shared(cnn(32)),
            "tagger": tagger(listener(upstream="a")),
            "other": tagger(listener(32, upstream="b")),
        },
        f"error {LISTENER}",
        "it learns from a and predicts from b, the last tok2vec before it, which gives 32 where it takes 16",
        "put tagger before b in nlp.pipeline",
    ),
    Case(
        "frozen upstream",
        {"tok2vec": TRAINED, "tagger": tagger(listener())},
        f"error {LISTENER}",
        "its upstream tok2vec is frozen: it gives nothing to learn from unless it annotates",
        'set training.annotating_components = ["tok2vec"]',
        training=FROZEN_TOK2VEC,
    ),
    Case(
        "embed and encode",
        {"tagger": tagger(tok2vec(hashes(32), window(16)))},
        f"error {LISTENER}.embed",
        "width 32, and the encode that follows takes 16",
        f"set width = ${{{LISTENER}.encode.width}}",
    ),
    Case(
        "encode after a listener",
        {"tok2vec": shared(), "tagger": tagger(tok2vec(listener(), bilstm(32)))},
        f"error {LISTENER}.encode",
        "width 32, and its embed gives 16",
        f"set width = ${{{LISTENER}.embed.width}}",
    ),
    Case(
        "odd BiLSTM",
        {"tagger": tagger(tok2vec(hashes(15), bilstm(15)))},
        f"error {LISTENER}.encode",
        "width 15 is odd: each direction gives half of it, so 14 come out",
        "set width = 16, and its embed's as well",
    ),
    Case(
        "input of the scorer",
        {"spancat": component("spancat", spans(nI=8))},
        "error components.spancat.model.scorer",
        "nI 8, and what comes to it has width 16",
        "set nI = null: it is found when training starts",
    ),
    Case(
        "ensemble with a number of outputs",
        T(ensemble(nO=2)),
        "error components.textcat.model",
        "with nO = 2 its last layer takes 2 x 2, and gets 2 + 16",
        NO_NUMBER,
    ),
    Case(
        "more attrs than rows",
        {"tagger": tagger(tok2vec(hashes(attrs=["NORM", "SHAPE"]), window()))},
        f"error {LISTENER}.embed",
        "2 attrs and 1 rows: each attribute needs a table size",
        "set rows = [50, 50]",
    ),
    Case(
        "no attrs",
        {"tagger": tagger(tok2vec(hashes(attrs=[], rows=[]), window()))},
        f"error {LISTENER}.embed",
        "no attrs: there is nothing to embed",
        'set attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"] and rows = [5000, 1000, 2500, 2500]',
    ),
    Case(
        "not exclusive in textcat",
        T(bow(False)),
        "warning components.textcat.model",
        "exclusive_classes = false, and textcat learns one label for each Doc",
        "set exclusive_classes = true",
    ),
    Case(
        "exclusive inside the linear_model of textcat_multilabel",
        {"textcat_multilabel": component("textcat_multilabel", ensemble(bow(True)))},
        "warning components.textcat_multilabel.model.linear_model",
        "exclusive_classes = true, and textcat_multilabel learns any number of labels for each Doc",
        "set exclusive_classes = false",
    ),
    Case(
        "linear_model that is no classifier",
        T(ensemble(LINKER)),
        "error components.textcat.model.linear_model",
        'spacy.EntityLinker.v2 is no text classifier: it does not set attrs["multi_label"]',
        "archlab swap textcat.model.linear_model spacy.TextCatBOW.v3",
    ),
    Case(
        "rows for tokens",
        T(finder()),
        "error components.textcat.model",
        "spacy.SpanFinder.v1 gives one row for each token, the textcat wants one for each Doc",
        "archlab swap textcat.model spacy.TextCatReduce.v1",
    ),
    Case(
        "rows for tokens, in batches of one Doc",
        T(finder()),
        "warning components.textcat.model",
        "spacy.SpanFinder.v1 gives one row for each token, the textcat wants one for each Doc",
        "archlab swap textcat.model spacy.TextCatReduce.v1",
        training={"batcher": block("spacy.batch_by_sequence.v1", "batchers", size=1, get_length=None)},
    ),
    Case(
        "low data",
        T(LOW_DATA),
        "error components.textcat.model",
        "spacy.TextCatLowData.v1 cannot run in this spaCy: it takes its vectors for a list",
        "archlab swap textcat.model spacy.TextCatReduce.v1",
    ),
    Case(
        "tagger as a tok2vec",
        {"tagger": tagger(block("Tagger.v2", nO=5, tok2vec=cnn()))},
        f"warning {LISTENER}",
        "spacy.Tagger.v2 is no tok2vec: it gives the scores of tags",
        OWN,
    ),
    Case(
        "scorer that keeps the width",
        {"spancat": component("spancat", spans(scorer=NORM))},
        "error components.spancat.model.scorer",
        "LayerNorm.v1 gives 16, and [initialize.components.spancat] has 2 labels",
        SCORER,
        initialize=SPAN_LABELS,
    ),
    Case(
        "scorer that keeps a width that may be right",
        {"spancat": component("spancat", spans(scorer=NORM, hidden=2))},
        "warning components.spancat.model.scorer",
        "LayerNorm.v1 gives as many numbers as it gets, "
        "and spacy.SpanCategorizer.v1 needs one for each label: whether it fits shows only when it runs",
        SCORER,
    ),
    Case(
        "scorer that adds what it gets",
        {"spancat": component("spancat", spans(scorer=RESIDUAL))},
        "error components.spancat.model.scorer",
        "residual.v1 gives 16, and [initialize.components.spancat] has 2 labels",
        SCORER,
        initialize=SPAN_LABELS,
    ),
    Case(
        "scorer of a span_finder that adds what it gets",
        {"span_finder": component("span_finder", finder(scorer=RESIDUAL))},
        "error components.span_finder.model.scorer",
        "residual.v1 gives 16, and a span_finder wants 2: a start and an end",
        "archlab swap span_finder.model.scorer spacy.LinearLogistic.v1",
    ),
    Case(
        "encoder as a scorer, narrower than what comes",
        {"spancat": component("spancat", spans(scorer={**window(2), "@architectures": OLD_WINDOW}))},
        "error components.spancat.model.scorer",
        "width 2, and what comes to it has width 16",
        SCORER,
    ),
    Case(
        "linker of an embedding that does not say its width",
        T(block("EntityLinker.v1", nO=None, tok2vec=hashes())),
        "error components.textcat.model",
        "its tok2vec does not say how wide it is, "
        "and spacy.EntityLinker.v1 takes the number of labels for that",
        "archlab swap textcat.model spacy.TextCatReduce.v1",
        initialize=LABELS,
    ),
    Case(
        "linker of an embedding that happens to be as wide as there are labels",
        T(block("EntityLinker.v1", nO=None, tok2vec=hashes(2))),
        "warning components.textcat.model",
        "its tok2vec does not say how wide it is, "
        "and spacy.EntityLinker.v1 takes the number of labels for that: "
        "whether it fits shows only when it runs",
        "archlab swap textcat.model spacy.TextCatReduce.v1",
    ),
    Case(
        "attribute that is none",
        {"tagger": tagger(tok2vec(hashes(attrs=["NORMM"]), window()))},
        f"error {LISTENER}.embed",
        "NORMM is no attribute of a token",
        "Did you mean NORM?",
    ),
    Case(
        "table of no rows",
        {"tagger": tagger(tok2vec(hashes(rows=[0]), window()))},
        f"error {LISTENER}.embed",
        "rows = [0]: that leaves nothing to learn",
        "set rows to 1 or more",
    ),
    Case(
        "linear model of fewer outputs than labels",
        T(ensemble(bow(nO=1))),
        "error components.textcat.model.linear_model",
        "nO = 1, and [initialize.components.textcat] has 2 labels",
        NO_NUMBER,
        initialize=LABELS,
    ),
    Case(
        "tok2vec as a tagger",
        {"tagger": component("tagger", cnn())},
        "error components.tagger.model",
        "spacy.HashEmbedCNN.v2 gives vectors of width 16, the tagger needs a score for each label",
        "archlab swap tagger.model spacy.Tagger.v2",
    ),
    Case(
        "embed of two",
        {"tagger": tagger(tok2vec(concatenated(cnn(8), cnn(16)), window()))},
        "error components.tagger.model.tok2vec.encode",
        "width 16, and its embed gives 24",
        "set width = 24",
    ),
    Case(
        "tagger as a tok2vec component",
        {"tok2vec": shared(block("Tagger.v2", nO=None, tok2vec=cnn())), "tagger": tagger(listener())},
        "error components.tok2vec.model",
        "spacy.Tagger.v2 is no tok2vec: it gives the scores of tags, and its width (nO) is not set",
        "archlab swap tok2vec.model spacy.HashEmbedCNN.v2",
    ),
    Case(
        "outputs of a senter",
        {"senter": component("senter", tagger(nO=3)["model"])},
        "error components.senter.model",
        "nO = 3, and a senter has 2 labels",
        NO_NUMBER,
    ),
    Case(
        "outputs of a span_finder",
        {"span_finder": component("span_finder", finder(nO=3))},
        "error components.span_finder.model.scorer",
        "nO = 3, and a span_finder wants 2: a start and an end",
        "set nO = 2",
    ),
    Case(
        "more outputs than labels",
        T(block("TextCatBOW.v1", exclusive_classes=True, ngram_size=1, no_output_layer=False, nO=3)),
        "error components.textcat.model",
        "nO = 3, and [initialize.components.textcat] has 2 labels",
        NO_NUMBER,
        initialize=LABELS,
    ),
    Case(
        "characters for the two labels of a senter",
        {"senter": component("senter", characters(3))},
        "error components.senter.model",
        "nM x nC = 3, and a senter has 2 labels",
        "archlab swap senter.model spacy.Tagger.v2",
    ),
    Case(
        "as many characters as there may be tags",
        {"tagger": component("tagger", characters(5))},
        f"warning {MODEL}",
        "spacy.CharEmbed.v1 gives vectors of width 5, the tagger needs a score for each label: "
        "whether it fits shows only when it runs",
        TAGGER,
    ),
    Case(
        "characters narrower than the encoder",
        {"tagger": tagger(tok2vec(characters(12), window()))},
        f"error {MODEL}.tok2vec.encode",
        "width 16, and its embed gives 12",
        "set width = 12",
    ),
    Case(
        "more outputs than labels, resized",
        T(bow(nO=3)),
        "error components.textcat.model",
        "nO = 3, and [initialize.components.textcat] has 2 labels: "
        "it trains, and the trained pipeline cannot be loaded",
        NO_NUMBER,
        initialize=LABELS,
    ),
    Case(
        "static vectors without vectors",
        {"tagger": tagger(tok2vec(hashes(include_static_vectors=True), window()))},
        f"error {LISTENER}.embed",
        "include_static_vectors = true, and no vectors are loaded: initialize.vectors is null",
        f"set include_static_vectors = false; or {VECTORS}",
    ),
    Case(
        "pretrained vectors without vectors",
        {"tagger": tagger(cnn(pretrained_vectors=True))},
        f"error {LISTENER}",
        "pretrained_vectors = true, and no vectors are loaded: initialize.vectors is null",
        f"set pretrained_vectors = false; or {VECTORS}",
    ),
    Case(
        "static vectors in an embedding alone",
        {"tagger": tagger(hashes(include_static_vectors=True))},
        f"error {LISTENER}",
        "include_static_vectors = true in an embedding alone: spacy.Tagger.v2 hands it the labels when "
        "training starts, and its vectors take them for their width",
        f"set include_static_vectors = false, or put it into a tok2vec: {TOK2VEC}",
        initialize=BRINGS_VECTORS,
    ),
    Case(
        "static vectors as wide as there are labels",
        {"textcat": component("textcat", reduced(hashes(2, include_static_vectors=True)))},
        "warning components.textcat.model.tok2vec",
        "include_static_vectors = true in an embedding alone: spacy.TextCatReduce.v1 hands it the labels "
        "when training starts, and its vectors take them for their width: "
        "it fails unless it is as wide as there are labels",
        "set include_static_vectors = false, or put it into a tok2vec: "
        "archlab swap textcat.model.tok2vec spacy.Tok2Vec.v2",
        initialize=BRINGS_VECTORS,
    ),
    Case(
        "frozen and absent",
        {"tagger": tagger()},
        "error training.frozen_components",
        "frozen_components names taggr, which is not in the pipeline",
        "Did you mean tagger?",
        training={"frozen_components": ["taggr"]},
    ),
    Case(
        "annotating and absent",
        {"tagger": tagger()},
        "warning training.annotating_components",
        "annotating_components names ner, which is not in the pipeline",
        "remove ner from training.annotating_components",
        training={"annotating_components": ["ner"]},
    ),
    Case(
        "frozen and new",
        {"tagger": tagger(), "other": tagger()},
        "error components.other",
        "it is frozen and new: it has no weights to run with",
        "remove other from training.frozen_components, or source it from a trained pipeline: "
        "source = NAME under [components.other]",
        training={"frozen_components": ["other"]},
    ),
    Case(
        "weight of a score that nobody gives",
        {"tagger": tagger()},
        "warning training.score_weights",
        "ents_f has weight 0.5, and no component gives that score: it counts as 0",
        "set ents_f = null and weigh one of tag_acc",
        training={"score_weights": {"tag_acc": 0.5, "ents_f": 0.5}},
    ),
    Case(
        "weight of a table",
        {"textcat": component("textcat", bow())},
        "error training.score_weights",
        "cats_f_per_type is a table or a text, and cannot be weighed",
        "set cats_f_per_type = null",
        training={"score_weights": {"cats_score": 1.0, "cats_f_per_type": 0.0}},
    ),
    Case(
        "single quotes",
        {"tagger": tagger(neg_prefix="'!'")},
        "warning components.tagger",
        "neg_prefix = '!' is a text with its quotes: single quotes mean nothing in a config",
        'write neg_prefix = "!"',
    ),
    Case(
        "an allocator that Thinc does not know",
        {"tagger": tagger()},
        "warning training.gpu_allocator",
        "gpu_allocator = torch: on a GPU, training stops before it begins, "
        "for Thinc knows pytorch and tensorflow alone",
        "Did you mean pytorch?",
        training={"gpu_allocator": "torch"},
    ),
    Case(
        "the allocator of a TensorFlow that Thinc cannot use",
        {"tagger": tagger()},
        "warning training.gpu_allocator",
        "gpu_allocator = tensorflow: on a GPU, training stops before it begins, "
        f"for Thinc {version('thinc')} can use no TensorFlow from 2.6 on",
        "set gpu_allocator = null, and TF_FORCE_GPU_ALLOW_GROWTH=true in the environment",
        training={"gpu_allocator": "tensorflow"},
    ),
]

ZEROS = {"score_weights": {"tag_acc": 1.0, "ents_f": None, "dep_las": 0.0, "token_acc": 0.1}}

FINE = [
    Case("one that listens", {"tok2vec": shared(), "tagger": tagger(listener())}),
    Case("by its name", {"a": shared(), "tagger": tagger(listener(upstream="a"))}),
    Case("a listening tok2vec", {"a": shared(), "b": shared(listener()), "tagger": tagger(listener())}),
    Case(
        "the last of two tok2vecs",
        {"a": shared(cnn(32)), "x": tagger(listener(32)), "b": shared(), "tagger": tagger(listener())},
    ),
    Case(
        "frozen and annotating",
        {"tok2vec": TRAINED, "tagger": tagger(listener())},
        training={**FROZEN_TOK2VEC, "annotating_components": ["tok2vec"]},
    ),
    Case(
        "a faulty component that is disabled",
        {"other": tagger(listener()), "tagger": tagger()},
        nlp={"disabled": ["other"]},
    ),
    Case("as many characters as labels", {"senter": component("senter", characters(2))}),
    Case(
        "as many characters as labels that are named",
        {"tagger": component("tagger", characters(5))},
        initialize={"components": {"tagger": {"labels": ["PRP", "V", "NNP", "RB", "X"]}}},
    ),
    Case("characters as wide as the encoder", {"tagger": tagger(tok2vec(characters(16), window()))}),
    Case("embed and encode", {"tagger": tagger(tok2vec(hashes(), window()))}),
    Case("torch, for which Thinc sets the allocator", {"tagger": tagger(tok2vec(hashes(), bilstm()))}),
    Case("an allocator", {"tagger": tagger()}, training={"gpu_allocator": "pytorch"}),
    Case(
        "a BiLSTM of depth 0 takes any width",
        {"tok2vec": shared(tok2vec(hashes(32), bilstm(16, depth=0))), "tagger": tagger(listener(32))},
    ),
    Case(
        "a scorer that keeps the width that is wanted",
        {"spancat": component("spancat", spans(scorer=NORM, hidden=2))},
        initialize=SPAN_LABELS,
    ),
    Case(
        "an encoder as a scorer, as wide as wanted",
        {
            "spancat": component(
                "spancat", spans(scorer={**window(2), "@architectures": OLD_WINDOW}, hidden=2)
            )
        },
        initialize=SPAN_LABELS,
    ),
    Case(
        "a linker of an embedding as wide as there are labels",
        T(block("EntityLinker.v1", nO=None, tok2vec=hashes(2))),
        initialize=LABELS,
    ),
    Case("inputs of the scorer", {"spancat": component("spancat", spans(nI=16))}),
    Case("ensemble", T(ensemble()), initialize=LABELS),
    Case("an ensemble as wide as its outputs", T({**ensemble(nO=2), "tok2vec": cnn(2)})),
    Case("an ensemble as the linear_model", T(ensemble(ensemble()))),
    Case("exclusive", T(bow()), initialize=LABELS),
    Case("not exclusive", {"textcat_multilabel": component("textcat_multilabel", ensemble(bow(False)))}),
    Case("a number of outputs", T(bow(nO=2)), initialize=LABELS),
    Case(
        "outputs of a spancat",
        {"spancat": component("spancat", spans(nO=2))},
        initialize=SPAN_LABELS,
    ),
    Case(
        "one more for no label",
        {"spancat_singlelabel": component("spancat_singlelabel", spans(nO=3))},
        initialize={"components": {"spancat_singlelabel": {"labels": ["A", "B"]}}},
    ),
    Case("outputs of a senter", {"senter": component("senter", tagger(nO=2)["model"])}),
    Case("outputs of a span_finder", {"span_finder": component("span_finder", finder())}),
    Case("a legacy linker as a text classifier", T({**LINKER, "@architectures": "spacy.EntityLinker.v1"})),
    Case(
        "static vectors in an embedding alone that is told nothing",
        {"spancat": component("spancat", {**spans(), "tok2vec": hashes(include_static_vectors=True)})},
        initialize=BRINGS_VECTORS,
    ),
    Case(
        "vectors that code brings",
        {"tagger": tagger(cnn(pretrained_vectors=True))},
        initialize=BRINGS_VECTORS,
    ),
    Case("weights that are there", {"tagger": tagger()}, training=ZEROS),
    Case(
        "a key of its own for spans",
        {"spancat": component("spancat", spans(), spans_key="other")},
        training={"score_weights": {"spans_other_f": 1.0, "spans_sc_f": None}},
    ),
    Case(
        "frozen without a model",
        {"sentencizer": {"factory": "sentencizer"}, "tagger": tagger()},
        training={"frozen_components": ["sentencizer"]},
    ),
]
