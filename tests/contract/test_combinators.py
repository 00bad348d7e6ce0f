"""Types are followed through Thinc's combinators, as data would flow."""

from typing import Any

import pytest
from spacy.tokens import Doc
from thinc.types import Floats2d, Floats3d, Ints2d, Padded, Ragged

from archlab.catalog.signatures import describe
from archlab.checking.combinators import Mismatch, output_type

Section = dict[str, Any]
DOCS, ROWS, VECTORS = list[Doc], Floats2d, list[Floats2d]


def layer(name: str, *positional: Section, **arguments: Any) -> Section:
    inside = {"*": {f"layer{number}": inner for number, inner in enumerate(positional)}} if positional else {}
    return {"@layers": name, **arguments, **inside}


def tok2vec() -> Section:
    return {"@architectures": "spacy.HashEmbedCNN.v2"}


MAXOUT, POOL = layer("Maxout.v1"), layer("reduce_mean.v1")
ADDED = layer("add.v1", layer1=POOL, layer2=MAXOUT)


@pytest.mark.parametrize(
    ("section", "given", "gives"),
    [
        (layer("chain.v1", tok2vec(), layer("list2ragged.v1"), POOL, MAXOUT), DOCS, "Floats2d"),
        (layer("chain.v1", tok2vec(), layer("with_array.v1", layer=MAXOUT)), DOCS, "List[Floats2d]"),
        (layer("with_array.v1", layer=MAXOUT), Ragged, "Ragged"),
        (layer("with_array.v1", layer=MAXOUT), Floats2d, "Floats2d"),
        (layer("with_array.v1", layer=layer("HashEmbed.v1")), list[Ints2d], "List[Floats2d]"),
        (layer("with_padded.v1", layer=layer("LSTM.v1")), VECTORS, "List[Floats2d]"),
        (layer("with_ragged.v1", layer=layer("with_array.v1", layer=MAXOUT)), VECTORS, "List[Floats2d]"),
        (layer("PyTorchLSTM.v1"), Padded, "Padded"),
        (layer("concatenate.v1", POOL, layer("reduce_max.v1")), Ragged, "Floats2d"),
        (layer("tuplify.v1", POOL, POOL), Ragged, "Tuple[Floats2d, Floats2d]"),
        (layer("clone.v1", orig=MAXOUT, n=3), ROWS, "Floats2d"),
        (layer("clone.v1", orig=MAXOUT, n=0), DOCS, "List[Doc]"),
        (layer("noop.v1", MAXOUT), DOCS, "List[Doc]"),
        (layer("residual.v1", layer=MAXOUT), ROWS, "Floats2d"),
        (layer("residual.v1", layer=POOL), Ragged, "Ragged"),
        (layer("residual.v1", layer=tok2vec()), DOCS, "List[Doc]"),
        (layer("chain.v1", {"@layers": "nobody.knows.v1"}, POOL), DOCS, "Floats2d"),
        (layer("chain.v1", {"@layers": "nobody.knows.v1"}), DOCS, "Any"),
        (layer("with_array.v1", layer=MAXOUT), Any, "Any"),
        (layer("with_list.v1", layer=tok2vec()), DOCS, "List[Floats2d]"),
        (layer("clone.v1", orig=MAXOUT), DOCS, "Any"),
        (layer("clone.v1", orig=MAXOUT, n="x"), DOCS, "Any"),
        (layer("chain.v1", **{"*": 3}), DOCS, "Any"),
    ],
)
def test_what_comes_out(section: Section, given: Any, gives: str) -> None:
    assert describe(output_type(section, given)) == gives


@pytest.mark.parametrize(
    ("section", "given", "path", "takes", "came"),
    [
        (layer("chain.v1", MAXOUT), DOCS, "*.layer0", "Floats2d", "List[Doc]"),
        (layer("chain.v1", tok2vec(), POOL), DOCS, "*.layer1", "Ragged", "List[Floats2d]"),
        (layer("with_array.v1", layer=POOL), VECTORS, "layer", "Ragged", "Floats2d"),
        (layer("clone.v1", orig=POOL, n=2), Ragged, "orig", "Ragged", "Floats2d"),
        (layer("chain.v1", ADDED), Ragged, "*.layer0.layer2", "Floats2d", "Ragged"),
        (layer("concatenate.v1", MAXOUT, POOL), Floats3d, "*.layer0", "Floats2d", "Floats3d"),
    ],
)
def test_a_layer_that_cannot_take_what_comes(
    section: Section, given: Any, path: str, takes: str, came: str
) -> None:
    with pytest.raises(Mismatch) as caught:
        output_type(section, given)
    mismatch = caught.value
    assert (mismatch.path, describe(mismatch.takes), describe(mismatch.given)) == (path, takes, came)


def test_what_a_sequence_is_has_a_short_name() -> None:
    with pytest.raises(Mismatch) as caught:
        output_type(layer("with_array.v1", layer=MAXOUT), DOCS)
    assert describe(caught.value.takes) == "Union[ArrayXd, ListXd, Padded, Ragged]"


def test_what_is_no_sequence_cannot_go_into_an_array() -> None:
    with pytest.raises(Mismatch, match="with_array"):
        output_type(layer("with_array.v1", layer=MAXOUT), DOCS)
