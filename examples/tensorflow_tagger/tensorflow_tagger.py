"""Keras in a tagger: a network wrapped in Python, and hidden layers that a config wraps.

https://spacy.io/usage/layers-architectures#frameworks
"""

import keras
from keras import layers
from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, chain, with_array
from thinc.types import Floats2d

from archlab.blocks.tensorflow_wrapper import TensorFlowWrapper


@registry.architectures("CustomKerasModel.v1")
def create_keras_model(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """A tagger: an embedding of characters, and a network in Keras, its softmax included.

    Takes documents; gives probabilities, (tokens, nO) for each. Needs as many labels as the corpus has: nO.
    spaCy's tagger gives a gradient for Thinc's softmax, which hands it on and learns the cross-entropy. That
    of Keras multiplies it with its own derivative: this network learns the squared error of its output.

    width: of the embedding. hidden_width: of the layers between. embed_size: rows of the table for words.
    nM, nC: size of a character's vector, and characters of a word. dropout: Keras' own, from 0 to 1.
    """
    network = keras.Sequential(
        [
            layers.Dense(hidden_width, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(hidden_width, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(nO, activation="softmax"),
        ]
    )
    embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    return chain(embed, with_array(TensorFlowWrapper(network)))


@registry.misc("HiddenLayers.v1")
def create_hidden_layers(width: int, dropout: float) -> keras.Model:
    """Two layers for archlab.TensorFlowWrapper.v1: (n, width) in, (n, width) out."""
    return keras.Sequential(
        [
            keras.Input((width,)),
            layers.Dense(width, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(width, activation="relu"),
            layers.Dropout(dropout),
        ]
    )
