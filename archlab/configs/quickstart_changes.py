"""The recipes speed and accuracy: what `spacy init config --optimize` writes for the same components.

From spacy/cli/templates/quickstart_training.jinja. What it writes alike for both is left as it is, but for
the embedding, and so is who shares a tok2vec with whom.
"""

from typing import TYPE_CHECKING, Any

from archlab.configs.component_blocks import Place, component_blocks
from archlab.configs.encoder_changes import HASH_EMBED_CNN, TOK2VEC
from archlab.configs.loading import interpolated
from archlab.configs.slotting import component_factory
from archlab.configs.upstreams import free_name, is_listener, shared_upstream, upstream_of
from archlab.configs.vector_changes import names_vectors
from archlab.errors import SwapError
from archlab.records import Swap

if TYPE_CHECKING:
    from confection import Config

_EMBED = "spacy.MultiHashEmbed.v2"
_ENCODE = "spacy.MaxoutWindowEncoder.v2"
_HASHES = {"attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"], "rows": [5000, 1000, 2500, 2500]}
_SIZES = {"speed": {"width": 96, "depth": 4}, "accuracy": {"width": 256, "depth": 8}}
_WINDOW = {"window_size": 1, "maxout_pieces": 3}
_BOW = "spacy.TextCatBOW.v3"
_UNIGRAMS = {"ngram_size": 1, "no_output_layer": False, "length": 262144}
_MEAN = "spacy.TextCatCNN.v2"
_ENSEMBLE = "spacy.TextCatEnsemble.v2"
_ALIKE = "senter"
"""The component that the quickstart leaves as its factory makes it, whatever the aim."""
_EXCLUSIVE = {"textcat": True, "textcat_multilabel": False}


def speed(config: "Config", component: str | None = None) -> list[Swap]:
    """Small and fast, as `--optimize efficiency`. Raises SwapError where there is nothing to make so."""
    return _quickstart(config, "speed", component)


def accuracy(config: "Config", component: str | None = None) -> list[Swap]:
    """Large and accurate, as `--optimize accuracy`; with static vectors where the config names vectors.

    Raises SwapError where there is nothing to make so.
    """
    return _quickstart(config, "accuracy", component)


def _quickstart(config: "Config", aim: str, component: str | None) -> list[Swap]:
    blocks = [place for place in component_blocks(config, component) if place.factory != _ALIKE]
    models = [place for place in blocks if place.path == f"{place.component}.model"]
    classifiers = [place for place in models if place.factory in _EXCLUSIVE]
    tok2vecs = [place for place in blocks if place.name in (TOK2VEC, "spacy.Tok2Vec.v1", *HASH_EMBED_CNN)]
    if not classifiers and not tok2vecs:
        raise SwapError(
            f"{component or 'No component'} has {'no' if component else 'a'} tok2vec or text classifier "
            f"that {aim} says something of.",
            "archlab slots lists what can be swapped.",
        )
    with_vectors = aim == "accuracy" and names_vectors(interpolated(config))
    swaps: list[Swap] = []
    for place in classifiers:
        swaps += _faster(config, place) if aim == "speed" else _more_accurate(config, place, with_vectors)
    gone = _going(config, {swap.slot for swap in swaps if swap.block == _BOW})
    for place in tok2vecs:
        if place.path not in gone:
            swaps += _sized(place, aim, with_vectors)
    return swaps


def _going(config: "Config", bags_of_words: set[str]) -> set[str]:
    """The tok2vecs that go when these become bags of words: their own, and what only they heard."""
    own = {f"{path}.tok2vec" for path in bags_of_words}
    listeners = [place for place in component_blocks(config) if is_listener(place.section)]
    heard = {place.path: upstream_of(config, place.component, place.section) for place in listeners}
    still = {upstream for path, upstream in heard.items() if path not in own}
    return own | {f"{upstream}.model" for upstream in heard.values() if upstream not in still}


# Text classifiers.


def _faster(config: "Config", place: Place) -> list[Swap]:
    """A bag of words; in a pipeline with a transformer, the mean of what it gives."""
    if _could_hear_transformer(config, place):
        return _swap(place, _MEAN, {} if "tok2vec" in place.section else {"tok2vec": "shared"})
    return _swap(place, _BOW, _UNIGRAMS)


def _more_accurate(config: "Config", place: Place, with_vectors: bool) -> list[Swap]:
    """A bag of words beside a network, which listens to what others listen to where it had no tok2vec."""
    linear = {"@architectures": _BOW, "exclusive_classes": _EXCLUSIVE[place.factory], **_UNIGRAMS, "nO": None}
    if "tok2vec" in place.section:
        return _swap(place, _ENSEMBLE, {"linear_model": linear})
    swaps = _swap(place, _ENSEMBLE, {"linear_model": linear, "tok2vec": "shared"})
    if shared_upstream(config, place.component) is None:
        new = free_name(config, "tok2vec")
        swaps.append(Swap(f"{new}.model", TOK2VEC, _tok2vec(f"{new}.model", "accuracy", with_vectors)))
    return swaps


def _could_hear_transformer(config: "Config", place: Place) -> bool:
    upstream = shared_upstream(config, place.component)
    return upstream is not None and component_factory(config, f"components.{upstream}") != "tok2vec"


# What reads words.


def _sized(place: Place, aim: str, with_vectors: bool) -> list[Swap]:
    """A tok2vec with the embedding and the encoder that the quickstart writes."""
    if place.name != TOK2VEC:
        return [Swap(place.path, TOK2VEC, _tok2vec(place.path, aim, with_vectors))]
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "embed": (_EMBED, {**_HASHES, "include_static_vectors": with_vectors}),
        "encode": (_ENCODE, {**_SIZES[aim], **_WINDOW}),
    }
    swaps = []
    for part, (name, arguments) in wanted.items():
        values = place.values.get(part, {})
        if values.get("@architectures") == name:
            arguments = {key: value for key, value in arguments.items() if values.get(key) != value}
        if arguments:
            swaps.append(Swap(f"{place.path}.{part}", name, arguments))
    return swaps


def _tok2vec(path: str, aim: str, with_vectors: bool) -> dict[str, Any]:
    """The parts of a whole tok2vec, to stand at a path."""
    width = f"${{components.{path}.encode.width}}"
    return {
        "embed": {
            "@architectures": _EMBED,
            "width": width,
            **_HASHES,
            "include_static_vectors": with_vectors,
        },
        "encode": {"@architectures": _ENCODE, **_SIZES[aim], **_WINDOW},
    }


def _swap(place: Place, name: str, wanted: dict[str, Any]) -> list[Swap]:
    """The swap to a classifier; to the one that is there, only for what differs."""
    if place.name != name:
        return [Swap(place.path, name, wanted)]
    differing = {
        key: value for key, value in wanted.items() if key != "tok2vec" and place.values.get(key) != value
    }
    return [Swap(place.path, name, differing)] if differing else []
