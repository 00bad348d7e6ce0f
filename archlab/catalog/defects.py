"""Blocks that do something else than they look like: what is known of them, each with its source.

Each row has been tried with spaCy, and a test tries it again. What merely differs is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Defect:
    """What is wrong with a block.

    what: continues its name. instead: the block to take. source: who says so. where: arguments, with the
    values for which it holds (of a block in it: some of its own); it always holds where there are none.
    factory: the component that it holds in; any where it is None.
    """

    what: str
    instead: str
    source: str
    where: Mapping[str, Any] | None = None
    factory: str | None = None


def defect(
    registry: str, name: str, arguments: Mapping[str, Any], factory: str | None = None
) -> Defect | None:
    """What is wrong with one of spaCy's blocks, given its arguments; None where nothing is known.

    factory: of the component that it is in.
    """
    found = DEFECTS.get((registry, name))
    if found is None or found.factory not in (None, factory) or not _agrees(arguments, found.where or {}):
        return None
    return found


def joins_badly(registry: str, name: str, argument: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a block of spaCy's is known to go wrong with just this one of its arguments."""
    found = DEFECTS.get((registry, name))
    where = {} if found is None else found.where or {}
    return set(where) == {argument} and isinstance(where[argument], Mapping) and _agrees(arguments, where)


def _agrees(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return all(name in given and _agrees(given[name], value) for name, value in wanted.items())
    return bool(given == wanted)


_SPARSE_LINEAR = "https://github.com/explosion/thinc/issues/752"
_STATIC_VECTORS = "https://github.com/explosion/spaCy/pull/7674"
_PART_OF_TABLE = "uses only part of its weight table, and its labels share that part"
_UNKNOWN_WORDS = "gives each word without a vector that of the last row of the table, not zeros"
_NEIGHBOURS = "reads over the ends of texts: a prediction depends on what else is in the batch"


def _bag_of_words(name: str, instead: str, inside: str = "") -> dict[tuple[str, str], Defect]:
    what = f"{inside}{_PART_OF_TABLE}"
    return {("architectures", name): Defect(what=what, instead=instead, source=_SPARSE_LINEAR)}


def _static_vectors(name: str, instead: str, argument: str) -> dict[tuple[str, str], Defect]:
    where = {argument: True}
    found = Defect(what=_UNKNOWN_WORDS, instead=instead, source=_STATIC_VECTORS, where=where)
    return {("architectures", name): found}


def _mish(version: str, source: str) -> dict[tuple[str, str], Defect]:
    found = Defect(what=_NEIGHBOURS, instead=f"spacy.MaxoutWindowEncoder.{version}", source=source)
    return {("architectures", f"spacy.MishWindowEncoder.{version}"): found}


# (registry, name) -> what is wrong
DEFECTS: dict[tuple[str, str], Defect] = {
    **_bag_of_words("spacy.TextCatBOW.v1", "spacy.TextCatBOW.v3"),
    **_bag_of_words("spacy.TextCatBOW.v2", "spacy.TextCatBOW.v3"),
    **_bag_of_words("spacy.TextCatEnsemble.v1", "spacy.TextCatEnsemble.v2", "has a bag of words that "),
    **_static_vectors("spacy.MultiHashEmbed.v1", "spacy.MultiHashEmbed.v2", "include_static_vectors"),
    **_static_vectors("spacy.CharacterEmbed.v1", "spacy.CharacterEmbed.v2", "include_static_vectors"),
    **_static_vectors("spacy.HashEmbedCNN.v1", "spacy.HashEmbedCNN.v2", "pretrained_vectors"),
    ("layers", "spacy.StaticVectors.v1"): Defect(
        what=_UNKNOWN_WORDS, instead="spacy.StaticVectors.v2", source=_STATIC_VECTORS
    ),
    ("layers", "SparseLinear.v1"): Defect(
        what=_PART_OF_TABLE, instead="SparseLinear.v2", source=_SPARSE_LINEAR
    ),
    **_mish("v1", "spacy_legacy/architectures/tok2vec.py: it states no receptive_field"),
    **_mish("v2", "spacy/ml/models/tok2vec.py: its with_array has no pad"),
    ("architectures", "spacy.Tok2Vec.v1"): Defect(
        what=_NEIGHBOURS,
        instead="spacy.Tok2Vec.v2",
        source="spacy_legacy/architectures/tok2vec.py: it pads by the receptive_field that v1 encoders state",
        where={"encode": {"@architectures": "spacy.MaxoutWindowEncoder.v2"}},
    ),
    ("architectures", "spacy.TransitionBasedParser.v1"): Defect(
        what="fails once a label is added after initialize, without its upper layer",
        instead="spacy.TransitionBasedParser.v2",
        source="spacy_legacy/architectures/parser.py: resize_output_v1 leaves the lower layer as it is",
        where={"use_upper": False},
    ),
    ("architectures", "spacy.EntityLinker.v1"): Defect(
        what="makes a component that passes over use_gold_ents, threshold, candidates_batch_size, "
        "get_candidates_batch and generate_empty_kb",
        instead="spacy.EntityLinker.v2",
        source="spacy/pipeline/factories.py: make_entity_linker",
        factory="entity_linker",
    ),
}
