"""The guide's `chain_model` with two layers in the wrong order: archlab lint-types says which."""

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, chain, list2ragged, reduce_mean
from thinc.types import Floats2d


@registry.architectures("chain_model.v1")
def chain_model(
    tok2vec: Model[list[Doc], list[Floats2d]],
    layer1: Model[list[Floats2d], Floats2d],
    layer2: Model[Floats2d, Floats2d],
) -> Model[list[Doc], Floats2d]:
    """Score Docs.

    tok2vec gives a row per token, (n_tokens, width) for each Doc; layer1 makes one row of them,
    (n_docs, width); layer2 scores it, (n_docs, nO).
    """
    return chain(tok2vec, layer2, layer1)


@registry.layers("mean_of_tokens.v1")
def mean_of_tokens() -> Model[list[Floats2d], Floats2d]:
    """Average the rows of each Doc: n_docs arrays of (n_tokens, width) become (n_docs, width)."""
    return chain(list2ragged(), reduce_mean())
