"""Blocks whose annotations are all strings."""

# ruff: noqa  # as people write it
# mypy: ignore-errors

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

import spacy
from spacy.ml.models.tok2vec import build_hash_embed_cnn_tok2vec
from thinc.api import Linear, chain, list2ragged, reduce_mean

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from thinc.api import Model
    from thinc.types import Floats2d


def tokens():
    return build_hash_embed_cnn_tok2vec(
        width=16,
        depth=1,
        embed_size=50,
        window_size=1,
        maxout_pieces=2,
        subword_features=False,
        pretrained_vectors=None,
    )


@spacy.registry.architectures("later.Well.v1")
def well(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return chain(tokens(), list2ragged(), reduce_mean(), Linear(nO, 16))


@spacy.registry.architectures("later.Broken.v1")
def broken(nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    return tokens()
