"""Thinc's combinators take any number of layers; around the block that was here, they do what it did."""

from collections.abc import Mapping
from typing import Any

from archlab.configs.references import without_gone
from archlab.configs.slotting import block_reference
from archlab.configs.widths import TOK2VECS

_OPEN = {"nO": None, "nI": None, "init_W": None, "init_b": None}
_SOFTMAX = {"@layers": "Softmax.v1", **_OPEN}
_LINEAR = {"@layers": "Linear.v1", **_OPEN}
_TAGGER = {"output": {"@layers": "with_array.v1", "layer": _SOFTMAX, "pad": 0}}
_LINKER = {"join": {"@layers": "list2ragged.v1"}, "reduce": {"@layers": "reduce_mean.v1"}, "output": _LINEAR}
_AFTER_TOK2VEC: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("spacy.Tagger.v1", "spacy.Tagger.v2"), _TAGGER),
    **dict.fromkeys(("spacy.EntityLinker.v1", "spacy.EntityLinker.v2"), _LINKER),
}
"""What follows the tok2vec, in a chain that does the same job: their components look into these blocks."""


def around(
    combinator: str, block: Mapping[str, Any], values: Mapping[str, Any], path: str
) -> dict[str, Any] | None:
    """The layers of a combinator that takes the place of a block; None where it takes a fixed number.

    chain wants two: the parts of the block, or the block and a layer that hands on what it gets.
    values: the block without variables. path: where it sits.
    """
    block = without_gone(block, values, path, ())
    reference = block_reference(block)
    if reference is None:
        return None
    if combinator in ("noop.v1", "concatenate.v1"):
        return {"layer": dict(block)}
    if combinator != "chain.v1":
        return None
    if reference[1] in TOK2VECS and {"embed", "encode"} <= block.keys():
        return {"embed": block["embed"], "encode": block["encode"]}
    if reference[1] in _AFTER_TOK2VEC and "tok2vec" in block:
        return {"tok2vec": block["tok2vec"], **_AFTER_TOK2VEC[reference[1]]}
    return {"first": dict(block), "then": {"@layers": "Dropout.v1", "rate": 0.0}}
