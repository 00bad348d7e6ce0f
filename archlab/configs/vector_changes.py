"""The recipe static-vectors: embeddings read the word vectors of a trained pipeline."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlab.configs.component_blocks import component_blocks
from archlab.configs.loading import interpolated
from archlab.configs.references import last_setting
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.vector_places import reads_none
from archlab.errors import SwapError
from archlab.records import Setting

if TYPE_CHECKING:
    from confection import Config

SWITCHES = ("include_static_vectors", "pretrained_vectors")
"""The arguments that make a block read word vectors."""


def static_vectors(
    config: "Config", vectors: str | None = None, component: str | None = None
) -> list[Setting]:
    """Each embedding that can read word vectors where it stands does so.

    vectors: a package or folder to load them from; None for those that the config names already.
    Raises SwapError where no embedding can, and where no vectors are named.
    """
    switches = [
        (f"{place.path}.{switch}", place.values[switch])
        for place in component_blocks(config, component)
        for switch in SWITCHES
        if switch in place.values and not reads_none(config, f"components.{place.path}")
    ]
    if not switches:
        who = f"{component} has no" if component else "No component has an"
        raise SwapError(
            f"{who} embedding that can read word vectors.",
            "spacy.MultiHashEmbed.v2, spacy.CharacterEmbed.v2 and spacy.HashEmbedCNN.v2 can.",
        )
    values = interpolated(config)
    if vectors is None and not names_vectors(values):
        raise SwapError(
            "No vectors are named: initialize.vectors is null.",
            "Name a package or folder: archlab swap static-vectors vectors=en_core_web_lg",
        )
    source = last_setting(config, "initialize.vectors")
    loaded = [Setting(source, vectors)] if vectors not in (None, values["initialize"]["vectors"]) else []
    return [*loaded, *(Setting(path, True) for path, value in switches if value is not True)]


def names_vectors(values: Mapping[str, Any]) -> bool:
    """Whether a config, interpolated, names word vectors, or brings its own kind or code to load them."""
    own = block_reference(get_section(values, "nlp.vectors") or {})
    is_plain = own in (None, ("vectors", "spacy.Vectors.v1"))
    initialize = values.get("initialize", {})
    return bool(initialize.get("vectors") or initialize.get("before_init")) or not is_plain
