"""Blocks as people write them, well and badly: their annotations right, wrong, quoted or absent.

Each takes Docs. Those named `Broken` cannot be trained where the cases put them; spaCy itself says which.
"""

# ruff: noqa  # as people write it
# mypy: ignore-errors

import functools
from typing import TYPE_CHECKING, List, Optional

import spacy
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Linear, Model, PyTorchWrapper, Softmax, chain, list2ragged, reduce_mean, with_array
from thinc.types import Floats2d

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elsewhere import Documents

register = spacy.registry.architectures
WIDTH = 16


@spacy.registry.readers("code.Docs.v1")
def create_reader():
    def read(nlp):
        for number in range(8):
            doc = Doc(
                nlp.vocab, words=["we", "like", "cats"][number % 2 :], tags=["A", "B", "C"][number % 2 :]
            )
            doc.cats = {"ODD": float(number % 2), "EVEN": float(1 - number % 2)}
            yield Example(nlp.make_doc(doc.text), doc)

    return read


def tokens(width=WIDTH):
    """One row per token."""
    return build_hash_embed_cnn_tok2vec(
        width=width,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=False,
        pretrained_vectors=None,
    )


def documents(nO=None, width=WIDTH, between=()):
    """One row per Doc."""
    return chain(tokens(width), *between, list2ragged(), reduce_mean(), Linear(nO, width))


# Text classifiers.


@register("code.Well.v1")
def well(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.BrokenPromise.v1")
def broken_promise(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return chain(tokens(), with_array(Softmax(nO, WIDTH)))


@register("code.Modest.v1")
def modest(nO: Optional[int] = None) -> Model[List[Doc], List[Floats2d]]:
    return documents(nO)


@register("code.ModestTokens.v1")
def modest_tokens() -> Model[List[Doc], Floats2d]:
    return tokens()


@register("code.BrokenNone.v1")
def broken_none(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    documents(nO)


@register("code.Plain.v1")
def plain(nO=None):
    return documents(nO)


@register("code.BrokenPlain.v1")
def broken_plain(nO=None):
    return chain(tokens(), with_array(Softmax(nO, WIDTH)))


@register("code.Bare.v1")
def bare(nO: Optional[int] = None) -> Model:
    return documents(nO)


@register("code.Quoted.v1")
def quoted(nO: "Optional[int]" = None) -> "Model[List[Doc], Floats2d]":
    return documents(nO)


@register("code.Hidden.v1")
def hidden(
    nO: "Optional[int]" = None, names: "Optional[Sequence[str]]" = None
) -> "Model[Documents, Floats2d]":
    return documents(nO)


@register("code.Nonsense.v1")
def nonsense(nO: Optional[int] = None) -> "a model, of course":
    return documents(nO)


def polite(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


def rude(function):
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


def careless(function):
    def call(nO=None):
        return function(nO)

    return call


@register("code.Careless.v1")
@careless
def carelessly(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.BrokenCareless.v1")
@careless
def broken_carelessly(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return chain(tokens(), with_array(Softmax(nO, WIDTH)))


@register("code.Polite.v1")
@polite
def politely(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.Rude.v1")
@rude
def rudely(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.BrokenRude.v1")
@rude
def broken_rudely(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return chain(tokens(), with_array(Softmax(nO, WIDTH)))


@register("code.TwiceWrapped.v1")
@polite
@rude
@polite
def twice(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


class Maker:
    """An object that is called."""

    def __init__(self, width):
        self.width = width

    def __call__(self, nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
        return documents(nO, self.width)


register("code.Object.v1", func=Maker(8))
register("code.Partial.v1", func=functools.partial(documents, width=8))
register("code.NamedPartial.v1", func=functools.update_wrapper(functools.partial(well), well))
register("code.Lambda.v1", func=lambda nO=None: documents(nO))
register("code.Method.v1", func=Maker(8).__call__)


@register("code.Keywords.v1")
def keywords(**kwargs) -> Model[List[Doc], Floats2d]:
    return documents(kwargs["nO"])


@register("code.KeywordOnly.v1")
def keyword_only(*, nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.PositionalOnly.v1")
def positional_only(nO: Optional[int] = None, /) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.Between.v1")
def between(
    *layers: Model[List[Floats2d], List[Floats2d]], nO: Optional[int] = None
) -> Model[List[Doc], Floats2d]:
    return documents(nO, between=layers)


@register("code.Same.v1")
def same() -> Model[List[Floats2d], List[Floats2d]]:
    return with_array(Linear(WIDTH, WIDTH))


@register("code.BrokenDefault.v1")
def broken_default(nO: int = None) -> Model[List[Doc], Floats2d]:
    return documents(nO)


@register("code.Torch.v1")
def in_torch(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    import torch

    return documents(nO, between=[with_array(PyTorchWrapper(torch.nn.Linear(WIDTH, WIDTH)))])


@register("code.BrokenTorch.v1")
def broken_in_torch(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    import torch

    return documents(nO, between=[with_array(PyTorchWrapper(torch.nn.Linear(WIDTH + 1, WIDTH)))])


# In place of a tok2vec, or of its embed.


@register("code.Tokens.v1")
def well_tokens(width: int) -> Model[List[Doc], List[Floats2d]]:
    return tokens(width)


@register("code.PlainTokens.v1")
def plain_tokens(width):
    return tokens(width)


@register("code.QuotedTokens.v1")
def quoted_tokens(width: "int") -> "Model[List[Doc], List[Floats2d]]":
    return tokens(width)


@register("code.RudeTokens.v1")
@rude
def rude_tokens(width: int) -> Model[List[Doc], List[Floats2d]]:
    return tokens(width)


@register("code.TorchTokens.v1")
def torch_tokens(width: int) -> Model[List[Doc], List[Floats2d]]:
    import torch

    return chain(tokens(width), with_array(PyTorchWrapper(torch.nn.Linear(width, width))))


@register("code.BrokenTokens.v1")
def broken_tokens(width: int) -> Model[List[Doc], List[Floats2d]]:
    return chain(tokens(width), list2ragged(), reduce_mean())


@register("code.BrokenWidth.v1")
def broken_width(width: int) -> Model[List[Doc], List[Floats2d]]:
    model = tokens(width + 1)
    model.set_dim("nO", width, force=True)
    return model


@register("code.BrokenPlainTokens.v1")
def broken_plain_tokens(width):
    return chain(tokens(width), list2ragged(), reduce_mean())
