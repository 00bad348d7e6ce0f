"""The recipe encoder: each tok2vec sees words among their neighbours in another way."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlab.catalog.versions import family
from archlab.configs.component_blocks import Place, component_blocks
from archlab.configs.slotting import block_reference
from archlab.configs.upstreams import is_listener, upstream_of
from archlab.errors import SwapError
from archlab.records import Swap

if TYPE_CHECKING:
    from confection import Config

ENCODERS = {
    "cnn": "spacy.MaxoutWindowEncoder.v2",
    "mish": "spacy.MishWindowEncoder.v2",
    "bilstm": "spacy.TorchBiLSTMEncoder.v1",
}
TOK2VEC = "spacy.Tok2Vec.v2"
HASH_EMBED_CNN = ("spacy.HashEmbedCNN.v1", "spacy.HashEmbedCNN.v2")


def encoder(config: "Config", value: str, component: str | None = None) -> list[Swap]:
    """Each tok2vec that is described gets the encoder: cnn, mish or bilstm.

    Raises SwapError where no tok2vec has an encoder.
    """
    found = [place for place in component_blocks(config, component) if place.name in _HOLDERS]
    if not found:
        raise _no_encoder(config, component)
    return [swap for place in found for swap in _HOLDERS[place.name](place, ENCODERS[value])]


def embed_of_hash_embed_cnn(place: Place) -> dict[str, Any]:
    """The embedding that a HashEmbedCNN builds inside itself, as wide as its encoder will be.

    From spacy.ml.models.tok2vec.build_hash_embed_cnn_tok2vec, and spacy_legacy for v1.
    """
    rows = place.values.get("embed_size")
    if not isinstance(rows, int):
        raise SwapError(f"{place.path} says no embed_size.", "archlab check tells what else it lacks.")
    half, has_subwords = rows // 2, place.values.get("subword_features")
    version = place.name.rpartition(".")[2]
    return {
        "@architectures": f"spacy.MultiHashEmbed.{version}",
        "width": f"${{components.{place.path}.encode.width}}",
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"] if has_subwords else ["NORM"],
        "rows": [rows, half, half, half] if has_subwords else [rows],
        "include_static_vectors": bool(place.values.get("pretrained_vectors")),
    }


def _in_tok2vec(place: Place, name: str) -> list[Swap]:
    """The encoder of a Tok2Vec.v2 is a slot of its own."""
    return [] if _name_of(place.section.get("encode", {})) == name else [Swap(f"{place.path}.encode", name)]


def _in_old_tok2vec(place: Place, name: str) -> list[Swap]:
    """A Tok2Vec.v1 pads texts for encoders of v1 only: it becomes a v2, with the v2 of its encoder first."""
    old = place.section.get("encode", {})
    newer = _newer(_name_of(old))
    if newer == name:
        return []
    encode = {**old, "@architectures": newer}
    return [Swap(place.path, TOK2VEC, {"encode": encode}), Swap(f"{place.path}.encode", name)]


def _in_hash_embed_cnn(place: Place, name: str) -> list[Swap]:
    """A HashEmbedCNN is a CNN; for another encoder it becomes the Tok2Vec that it builds."""
    if name == ENCODERS["cnn"]:
        return []
    sizes = ("width", "depth", "window_size", "maxout_pieces")
    encode = {"@architectures": ENCODERS["cnn"], **{size: place.section.get(size) for size in sizes}}
    parts = {"embed": embed_of_hash_embed_cnn(place), "encode": encode}
    return [Swap(place.path, TOK2VEC, parts), Swap(f"{place.path}.encode", name)]


_HOLDERS = {
    TOK2VEC: _in_tok2vec,
    "spacy.Tok2Vec.v1": _in_old_tok2vec,
    **dict.fromkeys(HASH_EMBED_CNN, _in_hash_embed_cnn),
}


def _newer(name: str) -> str:
    """The encoder of that name for a Tok2Vec.v2, with the same arguments."""
    return next((known for known in ENCODERS.values() if family(known) == family(name)), name)


def _name_of(section: Mapping[str, Any]) -> str:
    return (block_reference(section) or ("", ""))[1]


def _no_encoder(config: "Config", component: str | None) -> SwapError:
    who = component or "No component"
    verb = "has no tok2vec with an encoder" if component else "has a tok2vec with an encoder"
    for place in component_blocks(config, component):
        if is_listener(place.section):
            heard = upstream_of(config, place.component, place.section)
            own = f"archlab swap {place.path} {TOK2VEC}"
            return SwapError(
                f"{who} {verb}: {place.path} listens to {heard}.", f"Give it its own first: {own}"
            )
    return SwapError(f"{who} {verb}.", "archlab slots lists what can be swapped.")
