"""Taggers with PyTorch inside: the network of spaCy's guide, two ways to its softmax, and a head of Thinc's.

https://spacy.io/usage/layers-architectures#frameworks
"""

from collections.abc import Callable

from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, PyTorchWrapper, Softmax_v2, chain, glorot_uniform_init, with_array
from thinc.types import Floats2d
from torch import nn


@registry.architectures("CustomTorchModel.v1")
def create_torch_model(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """The network of the guide, all of it but the embedding in PyTorch.

    Takes documents and gives probabilities, (tokens, nO) for each. nO: as many as the corpus has labels.
    width: of a token's vector. hidden_width: of the layer between. embed_size: rows of the table of words.
    nM: width of a character's vector. nC: characters of a word. dropout: from 0 to 1, as PyTorch does it.

    The gradient of spaCy's tagger is that of the logits. PyTorch's softmax takes it for that of the
    probabilities, and multiplies it with its own: the network learns the squared error.
    """
    network = nn.Sequential(
        nn.Linear(width, hidden_width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_width, nO),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Softmax(dim=1),
    )
    embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    return chain(embed, with_array(PyTorchWrapper(network)))


@registry.architectures("CustomTorchModel.v2")
def create_torch_model_of_logits(
    nO: int, width: int, hidden_width: int, embed_size: int, nM: int, nC: int, dropout: float
) -> Model[list[Doc], list[Floats2d]]:
    """The same network; its softmax hands the gradient on, as Thinc's does: it learns the cross entropy.

    Takes and gives what CustomTorchModel.v1 does, with the same arguments.
    """
    network = nn.Sequential(
        nn.Linear(width, hidden_width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_width, nO),
        nn.ReLU(),
        nn.Dropout(dropout),
    )
    embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    return chain(embed, with_array(chain(PyTorchWrapper(network), softmax_of_logits())))


@registry.architectures("TorchThincMix.v1")
def create_mixed_model(
    width: int,
    hidden_width: int,
    embed_size: int,
    nM: int,
    nC: int,
    dropout: float,
    nO: int | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """PyTorch for the hidden layers alone, Thinc for the embedding and the head.

    Takes documents and gives probabilities, (tokens, nO) for each. nO: None to be found when training starts,
    as Thinc's layers can. The other arguments are those of CustomTorchModel.v1.
    """
    hidden = nn.Sequential(
        nn.Linear(width, hidden_width),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden_width, hidden_width),
        nn.ReLU(),
        nn.Dropout(dropout),
    )
    embed = CharacterEmbed(width, embed_size, nM, nC, include_static_vectors=False)
    head = Softmax_v2(nO, hidden_width, init_W=glorot_uniform_init)  # zeros would hold the rest back
    return chain(embed, with_array(chain(PyTorchWrapper(hidden), head)))


def softmax_of_logits() -> Model[Floats2d, Floats2d]:
    """Logits (tokens, nO) to probabilities; the gradient that comes back is that of the logits already."""
    return Model("softmax_of_logits", forward)


def forward(
    model: Model[Floats2d, Floats2d], logits: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """(probabilities, what gives the gradient of the logits)."""
    return model.ops.softmax(logits, inplace=False), lambda gradient: gradient
