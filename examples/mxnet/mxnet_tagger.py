"""A tagger with MXNet inside: the network of spaCy's guide, where MXNet still runs.

https://spacy.io/usage/layers-architectures#frameworks
MXNet was retired in 2023. Its last release needs numpy 1, so it runs in an environment of its own.
"""

import mxnet
import numpy
import thinc.shims.mxnet
import thinc.util
from mxnet.gluon import nn
from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, MXNetShim, MXNetWrapper, chain, with_array
from thinc.types import Floats2d

# thinc.compat.enable_mxnet() comes too late in a --code file: spaCy has imported the modules of Thinc's that
# copy from thinc.compat whether there is MXNet.
for module in (thinc.util, thinc.shims.mxnet):
    vars(module).update(has_mxnet=True, mx=mxnet)


class MXNetShimThatLoads(MXNetShim):
    """Thinc's shim, whose weights can be read again."""

    def _load_params(self, params: bytes) -> None:
        """Thinc's own names MXNet a file that it has not flushed, and MXNet refuses it as empty."""
        with thinc.util.make_tempfile("w+b") as file:
            file.write(params)
            file.flush()
            self._model.load_parameters(file.name, ctx=mxnet.current_context())


def wrap(network: nn.Block) -> Model[Floats2d, Floats2d]:
    """Thinc's MXNetWrapper, mended. Takes (batch_size, nI), gives (batch_size, nO), as the network does."""
    # MXNet draws from a generator of its own; numpy's is the one that spaCy sets to training.seed.
    mxnet.random.seed(numpy.random.randint(2**31))
    network.initialize(mxnet.init.Xavier())
    # MXNet keeps the last gradient only; spaCy sums training.accumulate_gradient of them.
    network.collect_params().setattr("grad_req", "add")
    wrapped: Model[Floats2d, Floats2d] = MXNetWrapper(network)
    wrapped.shims[0] = MXNetShimThatLoads(network)
    return wrapped


@registry.architectures("CustomMXNetModel.v1")
def create_mxnet_model(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """The guide's network, its softmax inside MXNet.

    Takes documents; gives probabilities, (tokens, nO) for each. Needs as many labels as the corpus has: nO.

    width: of the embedding. hidden_width: of the layers between. embed_size: rows of the table for words.
    nM, nC: size of a character's vector, and characters of a word. dropout: MXNet's own, from 0 to 1.
    """
    network = nn.Sequential()
    network.add(
        nn.Dense(hidden_width, in_units=width, activation="relu"),
        nn.Dropout(dropout),
        nn.Dense(hidden_width, in_units=hidden_width, activation="relu"),
        nn.Dropout(dropout),
        nn.Dense(nO, in_units=hidden_width),
        nn.HybridLambda("softmax"),
    )
    embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    return chain(embed, with_array(wrap(network)))
