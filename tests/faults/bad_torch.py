"""Taggers with faulty PyTorch modules inside: a code file for `--code`."""

import io
import threading
from typing import Any

import torch
from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, PyTorchWrapper, PyTorchWrapper_v3, chain, with_array
from thinc.types import Floats2d
from torch import nn

WIDTH, LABELS = 16, 3


class Pair(nn.Module):  # type: ignore[misc]  # torch states no types here
    """Returns its output twice."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, X: Any) -> Any:
        return self.inner(X), self.inner(X)


class Rows(nn.Module):  # type: ignore[misc]
    """Takes row numbers, not vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(100, LABELS)

    def forward(self, rows: Any) -> Any:
        return self.table(rows)[:, 0]


@registry.architectures("bad.Torch.v1")
def create_bad_tagger(what: str) -> Model[list[Doc], list[Floats2d]]:
    """what: is wrong with it."""
    embed = CharacterEmbed(WIDTH, 50, 4, 4, include_static_vectors=False)
    network = nn.Sequential(nn.Linear(WIDTH, LABELS), nn.Softmax(dim=1))
    wrapped: Model[Any, Any] = PyTorchWrapper(network)
    if what == "tuple":
        wrapped = PyTorchWrapper(Pair(network))
    elif what == "double":
        wrapped = PyTorchWrapper(network.double())
    elif what == "rows":
        wrapped = PyTorchWrapper(Rows())
    elif what == "nan":
        nn.init.constant_(network[0].weight, float("nan"))
    elif what == "pickle":
        network.lock = threading.Lock()
        wrapped = PyTorchWrapper_v3(network, serialize_model=pickled, deserialize_model=unpickled)
    return chain(embed, with_array(wrapped))


def pickled(module: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(module, buffer)
    return buffer.getvalue()


def unpickled(module: Any, state: bytes, device: Any) -> Any:
    return torch.load(io.BytesIO(state), map_location=device, weights_only=False)
