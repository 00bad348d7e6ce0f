"""Where annotations of spaCy, its transformer packages and Thinc are wrong or missing: a table with reasons.

A correction applies while the installed package states what the row says it states; where an upgrade has
mended or moved an annotation, the package's own is taken. A contract test compares the two.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from archlab.catalog.signatures import describe

TOKENS = "Model[List[Doc], List[Floats2d]]"
DOCS = "Model[List[Doc], Floats2d]"
TRANSITIONS = "Model[List[Doc], ParserStepModel]"
# spaCy's documentation writes List[List[Floats2d]] for what TransitionModel gives, and so may an
# architecture of one's own. No tagger, text classifier or tok2vec gives either.
ANY_TRANSITIONS = "Model[List[Doc], Union[ParserStepModel, List[List[Floats2d]]]]"


@dataclass(frozen=True)
class Correction:
    """One annotation that says too little or the wrong thing.

    registry, name: of the function, as people type it; registry "factories" for a component factory.
    parameter: its name, "return" for what the function returns.
    stated: what the installed package states, as `describe` writes it; "Any" where it states nothing.
    means: the annotation that is true, as source text. reason: how one can know.
    """

    registry: str
    name: str
    parameter: str
    stated: str
    means: str
    reason: str


def corrected(registry: str, name: str, parameter: str, annotation: Any) -> Any:
    """The annotation, or the true one where a correction applies."""
    correction = _by_place().get((registry, name, parameter))
    if correction is None or describe(annotation) != correction.stated:
        return annotation
    return meaning(correction.means)


@cache
def meaning(text: str) -> Any:
    """The typing object that a correction's text stands for."""
    import typing
    from importlib import import_module

    import thinc.types
    from spacy.ml.parser_model import ParserStepModel  # type: ignore[import-not-found]  # Cython
    from spacy.tokens import Doc, Span
    from thinc.api import Model, Optimizer
    from thinc.layers.with_padded import SeqT

    scope = {**vars(typing), **vars(thinc.types), "SeqT": SeqT}
    scope |= {"Doc": Doc, "Model": Model, "Optimizer": Optimizer, "ParserStepModel": ParserStepModel}
    scope |= {"Span": Span}
    if "TransformerModelOutput" in text:
        scope |= vars(import_module("spacy_curated_transformers.models.output"))
    holder = type("Holder", (), {"__annotations__": {"it": text}})
    return get_type_hints(holder, globalns=scope, localns=scope)["it"]


@cache
def _by_place() -> dict[tuple[str, str, str], Correction]:
    return {(row.registry, row.name, row.parameter): row for row in CORRECTIONS}


def _component(name: str, means: str, reason: str, stated: str = "Model") -> Correction:
    return Correction("factories", name, "model", stated, means, reason)


def _architecture(name: str, parameter: str, means: str, reason: str, stated: str = "Model") -> Correction:
    return Correction("architectures", name, parameter, stated, means, reason)


def _layer(name: str, means: str, reason: str, stated: str = "Any") -> Correction:
    return Correction("layers", name, "return", stated, means, reason)


_PER_DOC = "A text classifier scores each Doc: its get_loss compares with docs x labels."
_PER_TOKEN = "It scores each token: Tagger.predict reads one array per Doc."
_STEPS = "Its predict calls model.predict(docs) for a step model and asks that for the scores of each state."
_POOLED = "It is followed by list2ragged, which needs one array per Doc."
_TRANSITION_MODEL = "It builds a TransitionModel, whose forward gives a ParserStepModel."
_COMPILED = "Cython drops generic return types; the layer's own InT and OutT say so."
_SPANS = "Callable[[List[Doc]], List[List[Span]]]"
_CURATED = "Model[List[Doc], TransformerModelOutput]"
_CURATED_INNER = "Model[List[Ints1d], TransformerModelOutput]"
_CURATED_SPANS = "Model[List[Ragged], TransformerModelOutput]"
_OPTIMIZER = "It is an Optimizer with other defaults and says nothing of what it returns."

CORRECTIONS: tuple[Correction, ...] = (
    *(_component(name, DOCS, _PER_DOC, TOKENS) for name in ("textcat", "textcat_multilabel")),
    *(
        _component(name, TOKENS, _PER_TOKEN)
        for name in ("tagger", "morphologizer", "senter", "trainable_lemmatizer")
    ),
    *(_component(name, ANY_TRANSITIONS, _STEPS) for name in ("ner", "beam_ner", "parser", "beam_parser")),
    _component("tok2vec", TOKENS, "Its set_annotations writes one array per Doc to doc.tensor."),
    _component("entity_linker", DOCS, "EntityLinker.get_loss compares one array with a row per mention."),
    _component(
        "span_finder",
        DOCS,
        "Like every component it hands over a list.",
        "Model[Iterable[Doc], Floats2d]",
    ),
    _architecture("spacy.Tok2VecListener.v1", "return", TOKENS, "It passes on what tok2vec gives.", "Any"),
    *(
        _architecture(f"spacy.TransitionBasedParser.{version}", "return", TRANSITIONS, _TRANSITION_MODEL)
        for version in ("v1", "v2")
    ),
    _architecture("spacy.TextCatEnsemble.v1", "return", DOCS, "Its last layer is a Softmax or Logistic."),
    *(
        _architecture(f"spacy.{name}", "tok2vec", TOKENS, _POOLED)
        for name in (
            "TextCatReduce.v1",
            "TextCatCNN.v1",
            "TextCatCNN.v2",
            "EntityLinker.v1",
            "EntityLinker.v2",
        )
    ),
    _architecture(
        "spacy.Tok2Vec.v1",
        "encode",
        "Union[Model[Floats2d, Floats2d], Model[List[Floats2d], List[Floats2d]]]",
        "It wraps the encoder in with_array; the encoders for lists take arrays as well, and train here.",
        "Model[Floats2d, Floats2d]",
    ),
    _layer(
        "PyTorchLSTM.v1",
        "Model[SeqT, SeqT]",
        "It wraps its LSTM in with_padded, which takes lists and Ragged as well.",
        "Model[Padded, Padded]",
    ),
    Correction(
        "layers",
        "with_list.v1",
        "layer",
        "Model[List2d, List2d]",
        "Model",
        "It hands what is neither Padded nor Ragged on as it is: a list of Docs as well.",
    ),
    _layer("spacy.TransitionModel.v1", TRANSITIONS, "Its forward returns a ParserStepModel."),
    _layer(
        "spacy.PrecomputableAffine.v1",
        "Model[Floats2d, Floats4d]",
        "Its forward returns (nB + 1, nF, nO, nP).",
    ),
    _layer(
        "spacy.extract_ngrams.v1",
        "Model[List[Doc], Tuple[Ints1d, Floats1d, Ints1d]]",
        "Its forward returns keys, counts and lengths.",
        "Model",
    ),
    *(
        _layer(f"SparseLinear.{version}", "Model[Tuple[ArrayXd, ArrayXd, ArrayXd], Floats2d]", _COMPILED)
        for version in ("v1", "v2")
    ),
    _layer("premap_ids.v1", "Model[Union[Ints1d, Ints2d], Ints2d]", _COMPILED),
    *(
        Correction("optimizers", name, "return", "Any", "Optimizer", _OPTIMIZER)
        for name in ("Adam.v1", "RAdam.v1", "SGD.v1")
    ),
    # spacy-transformers
    *(
        _architecture(
            f"spacy-transformers.TransformerModel.{version}",
            "get_spans",
            _SPANS,
            "Its docstring says so, and its forward walks over a list of spans for each Doc.",
            "Callable",
        )
        for version in ("v1", "v2", "v3")
    ),
    *(
        _architecture(
            f"spacy-transformers.Tok2VecTransformer.{version}",
            "get_spans",
            _SPANS,
            "It hands it on to TransformerModel.",
            "Any",
        )
        for version in ("v1", "v2", "v3")
    ),
    *(
        Correction(
            "span_getters",
            f"spacy-transformers.{name}.v1",
            "return",
            "Callable",
            _SPANS,
            "What it returns builds a list of spans for each Doc.",
        )
        for name in ("doc_spans", "sent_spans")
    ),
    # spacy-curated-transformers
    _component("curated_transformer", _CURATED, "Its set_annotations reads all_outputs of what it predicts."),
    _architecture(
        "spacy-curated-transformers.TransformerLayersListener.v1",
        "return",
        "Model[List[Doc], List[List[Floats2d]]]",
        "Its forward returns an array for each layer of each Doc.",
        TOKENS,
    ),
    _architecture(
        "spacy-curated-transformers.WithStridedSpans.v1",
        "return",
        f"Callable[[{_CURATED_INNER}], {_CURATED_SPANS}]",
        "It has bound stride and window: what it returns is called with the model alone.",
        f"Callable[[{_CURATED_INNER}, int, int], {_CURATED_SPANS}]",
    ),
)
