"""A tagger's network written in Thinc, from every dimension given to none that Thinc can find by itself.

https://spacy.io/usage/layers-architectures#thinc
The versions are one network: with equal weights they give equal outputs.
"""

from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Dropout, Model, Relu, Softmax, chain, with_array
from thinc.types import Floats2d


@registry.architectures("CustomThincModel.v1")
def create_thinc_model(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """All dimensions given: of each layer the output first, then the input, unlike in PyTorch.

    Takes documents and gives probabilities, (tokens, nO) for each. nO: as many as the corpus has labels.
    width: of a token's vector. hidden_width: of the layers between. embed_size: rows of the table of words.
    nM: width of a character's vector. nC: characters of a word. dropout: from 0 to 1; while spaCy trains,
    training.dropout takes its place.
    """
    char_embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    with Model.define_operators({">>": chain}):
        layers = (
            Relu(hidden_width, width)
            >> Dropout(dropout)
            >> Relu(hidden_width, hidden_width)
            >> Dropout(dropout)
            >> Softmax(nO, hidden_width)
        )
        model: Model[list[Doc], list[Floats2d]] = char_embed >> with_array(layers)
    return model


@registry.architectures("CustomThincModel.v2")
def create_thinc_model_with_inner_dimensions_found(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """Each layer takes as many numbers as the one before it gives. Arguments and shapes are those of v1."""
    char_embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    with Model.define_operators({">>": chain}):
        layers = (
            Relu(hidden_width, width)
            >> Dropout(dropout)
            >> Relu(hidden_width)
            >> Dropout(dropout)
            >> Softmax(nO)
        )
        model: Model[list[Doc], list[Floats2d]] = char_embed >> with_array(layers)
    return model


@registry.architectures("CustomThincModel.v3")
def create_thinc_model_with_all_dimensions_found(
    width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """The first input and the last output are found, too, when spaCy calls initialize(X, Y).

    X are documents, Y arrays (tokens, labels). Arguments and shapes are those of v1, but for nO.
    """
    char_embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    with Model.define_operators({">>": chain}):
        layers = (
            Relu(hidden_width)
            >> Dropout(dropout)
            >> Relu(hidden_width)
            >> Dropout(dropout)
            >> Softmax()
        )  # fmt: skip
        model: Model[list[Doc], list[Floats2d]] = char_embed >> with_array(layers)
    return model


@registry.architectures("CustomThincModel.v4")
def create_thinc_model_with_dropout_inside(
    width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float, normalize: bool
) -> Model[list[Doc], list[Floats2d]]:
    """Each hidden layer brings its own Dropout and, where normalize is true, a LayerNorm before it.

    Arguments and shapes are those of v3; with normalize = false it is the same network.
    """
    char_embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    with Model.define_operators({">>": chain}):
        layers = (
            Relu(hidden_width, dropout=dropout, normalize=normalize)
            >> Relu(hidden_width, dropout=dropout, normalize=normalize)
            >> Softmax()
        )
        model: Model[list[Doc], list[Floats2d]] = char_embed >> with_array(layers)
    return model
