"""Where an embedding can read word vectors, and where it cannot: alone, before the labels.

Thinc's `chain` hands the labels to each layer whose width is open (thinc/layers/chain.py, init), so that the
last one gets its outputs. The embeddings leave theirs open; inside, StaticVectors takes the labels for its
own output (spacy/ml/staticvectors.py, init): it fails on a list, and on numbers unlike its width. A Tok2Vec
knows its width from its encoder, and hands nothing on.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlab.configs.references import last_setting
from archlab.configs.slotting import get_section, set_section, walk_blocks
from archlab.configs.widths import TOK2VECS, is_named, passes_through
from archlab.records import Note

if TYPE_CHECKING:
    from confection import Config

EMBEDDINGS = tuple(f"spacy.{name}.v{n}" for name in ("MultiHashEmbed", "CharacterEmbed") for n in (1, 2))
SWITCH = "include_static_vectors"
"""The argument that makes one of EMBEDDINGS read word vectors."""

PER_TOKEN = ("spacy.Tagger.v1", "spacy.Tagger.v2")
PER_ROW = (
    "spacy.SpanFinder.v1",
    "spacy.TextCatReduce.v1",
    "spacy.TextCatCNN.v1",
    "spacy.TextCatCNN.v2",
    "spacy.EntityLinker.v1",
)
"""The architectures that hand the labels to their tok2vec: as a list of arrays, and as one array."""

SOURCE = "an embedding alone cannot read word vectors here: it gets the labels, and takes them for its width"


def reads_none(config: Mapping[str, Any], path: str) -> bool:
    """Whether a block is an embedding that cannot read word vectors where it stands."""
    is_embedding = is_named(get_section(config, path), *EMBEDDINGS)
    return is_embedding and told_the_labels(config, path) is not None


def told_the_labels(config: Mapping[str, Any], path: str) -> str | None:
    """The architecture that hands the labels to the embedding at a path; None where none does."""
    parent_path, _, argument = path.rpartition(".")
    parent = get_section(config, parent_path.removesuffix(".*"))
    if argument == "tok2vec" and is_named(parent, *PER_TOKEN, *PER_ROW):
        return str(parent["@architectures"])
    is_open = is_named(parent, *TOK2VECS) and argument == "embed" and passes_through(parent)
    is_joined = parent_path.endswith(".*") and is_named(parent, "concatenate.v1")
    return told_the_labels(config, parent_path.removesuffix(".*")) if is_open or is_joined else None


def without_vectors(base: "Config", config: "Config", path: str, given: Mapping[str, Any]) -> list[Note]:
    """Read no word vectors, in place, at or below a slot where the embedding there cannot; a note for each.

    base: as it was; what could not be there either is left for the check to tell. given: what was said of
    the block in the slot, which holds.
    """
    notes = []
    for where, block in walk_blocks(get_section(config, path), path):
        setting = f"{where}.{SWITCH}"
        is_said = setting.removeprefix(f"{path}.").split(".")[0] in given
        was_there = reads_none(base, where) and get_section(base, setting) == block.get(SWITCH)
        if is_said or was_there or not reads_none(config, where):
            continue
        if get_section(config, last_setting(config, setting)) is False:
            continue
        set_section(config, setting, False)
        notes.append(Note(path=setting, value=False, source=SOURCE))
    return notes
