"""An architecture of your own: a function that wires up a model, registered under a name.

Annotate what it takes and returns, and archlab can tell before training where it fits.
"""

from spacy.ml.models import MaxoutWindowEncoder, MultiHashEmbed, build_Tok2Vec_model
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, Softmax, chain, with_array
from thinc.types import Floats2d


@registry.architectures("model.v1")
def build_model(width: int, classes: int | None = None) -> Model[list[Doc], list[Floats2d]]:
    """A score for each class at each token: what a tagger needs.

    width: numbers in the vector of a token. classes: how many there are; where it is None, as many as the
    component has labels when training starts. The model gives one array for each Doc, of shape
    (tokens, classes), and each row sums to 1.
    """
    tok2vec = build_tok2vec(width)
    output_layer = build_output_layer(width, classes)
    return chain(tok2vec, output_layer)


def build_tok2vec(width: int) -> Model[list[Doc], list[Floats2d]]:
    """A vector for each token, which knows two tokens to either side; arrays of shape (tokens, width)."""
    embed = MultiHashEmbed(
        width=width,
        attrs=["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        rows=[2000, 500, 1000, 500],
        include_static_vectors=False,
    )
    encode = MaxoutWindowEncoder(width=width, window_size=1, maxout_pieces=3, depth=2)
    return build_Tok2Vec_model(embed, encode)


def build_output_layer(width: int, classes: int | None) -> Model[list[Floats2d], list[Floats2d]]:
    """From arrays of shape (tokens, width) to arrays of shape (tokens, classes)."""
    return with_array(Softmax(nO=classes, nI=width))
