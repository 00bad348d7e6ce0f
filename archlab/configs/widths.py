"""How wide what a block gives is, and which setting decides it."""

from collections.abc import Mapping
from typing import Any

from archlab.catalog.origins import is_own
from archlab.configs.slotting import block_reference

LISTENER = "spacy.Tok2VecListener.v1"

LISTENERS = {
    LISTENER: "tok2vec",
    "spacy-transformers.TransformerListener.v1": "transformer",
    **{
        f"spacy-curated-transformers.{name}.v1": "curated_transformer"
        for name in ("LastTransformerLayerListener", "ScalarWeightingListener", "TransformerLayersListener")
    },
}
"""Each block that listens, with the factory of the components that it can hear."""


ENCODERS = (
    *(f"spacy.{name}.v{n}" for name in ("MaxoutWindowEncoder", "MishWindowEncoder") for n in (1, 2)),
    "spacy.TorchBiLSTMEncoder.v1",
)
CHARACTERS = "spacy.CharEmbed.v1"
"""A layer that gives nM numbers for each of nC characters, side by side."""

TOK2VECS = ("spacy.Tok2Vec.v1", "spacy.Tok2Vec.v2")


def width_of(section: Any) -> int | None:
    """The width of what a block gives for each token; None where it is not known."""
    if is_named(section, *_AS_WIDE_AS_SAID):
        return as_width(section.get("width"))
    if is_named(section, "spacy.TorchBiLSTMEncoder.v1"):
        width = as_width(section.get("width"))
        # Each direction gives half: an odd width comes out as one less.
        return width // 2 * 2 if width is not None and section.get("depth") != 0 else None
    if is_named(section, "spacy.Tagger.v1", "spacy.Tagger.v2"):
        return as_width(section.get("nO"))
    if is_named(section, *_TRANSFORMERS):
        return as_width(section.get("hidden_width"))
    if is_named(section, "spacy.Tok2Vec.v1", "spacy.Tok2Vec.v2"):
        return width_of(section.get("embed" if passes_through(section) else "encode"))
    if is_named(section, CHARACTERS):
        sizes = as_width(section.get("nM")), as_width(section.get("nC"))
        return sizes[0] * sizes[1] if sizes[0] is not None and sizes[1] is not None else None
    if is_named(section, "concatenate.v1"):
        widths = [width_of(layer) for layer in as_section(section.get("*")).values()]
        return sum(filter(None, widths)) if widths and None not in widths else None
    if is_named(section, "chain.v1"):
        *_, last = [None, *as_section(section.get("*")).values()]
        return width_of(last)
    return None


def gives_vectors(name: str) -> bool:
    """Whether the architecture of this name gives vectors for tokens, and not the scores of labels."""
    return name in (*_AS_WIDE_AS_SAID, "spacy.Tok2Vec.v1", "spacy.Tok2Vec.v2")


def width_setting(path: str, section: Mapping[str, Any]) -> str:
    """The setting that decides `width_of` the block at `path`."""
    if is_named(section, "spacy.Tok2Vec.v1", "spacy.Tok2Vec.v2"):
        inner = "embed" if passes_through(section) else "encode"
        return width_setting(f"{path}.{inner}", as_section(section.get(inner)))
    if is_named(section, "spacy.Tagger.v1", "spacy.Tagger.v2"):
        return f"{path}.nO"
    return f"{path}.hidden_width" if is_named(section, *_TRANSFORMERS) else f"{path}.width"


def as_width(value: Any) -> int | None:
    """A number as it stands in the config; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_section(value: Any) -> Mapping[str, Any]:
    """A section of the config; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


_AS_WIDE_AS_SAID = (
    *LISTENERS,
    *(f"spacy.{name}.v{n}" for name in ("HashEmbedCNN", "MultiHashEmbed", "CharacterEmbed") for n in (1, 2)),
    *(f"spacy.{name}.v{n}" for name in ("MaxoutWindowEncoder", "MishWindowEncoder") for n in (1, 2)),
)


_TRANSFORMERS = tuple(
    f"spacy-curated-transformers.{name}Transformer.v1"
    for name in ("Albert", "Bert", "Camembert", "Roberta", "Xlmr")
)


def passes_through(tok2vec: Mapping[str, Any]) -> bool:
    """A BiLSTM of depth 0 gives what it takes."""
    encode: Any = tok2vec.get("encode")
    return is_named(encode, "spacy.TorchBiLSTMEncoder.v1") and encode.get("depth") == 0


def is_named(section: Any, *names: str) -> bool:
    reference = block_reference(section) if isinstance(section, Mapping) else None
    return reference is not None and reference[1] in names and is_own(*reference)
