"""What the recipe transformer changes: as `spacy init config --gpu --optimize accuracy` writes it.

From spacy/cli/templates/quickstart_training.jinja; for curated transformers, which that does not write, from
the example project of spacy-curated-transformers (project/configs/no-layer-weighting.cfg).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.configs.component_blocks import Place, component_blocks, running_components
from archlab.configs.hugging_face import curated_block, curated_loaders
from archlab.configs.slotting import component_factory, get_section
from archlab.configs.upstreams import free_name
from archlab.errors import SwapError
from archlab.records import Setting, Swap

if TYPE_CHECKING:
    from confection import Config

Changes = list[Swap | Setting]

_POOLING = {"@layers": "reduce_mean.v1"}
_LISTENERS = {
    "transformer": "spacy-transformers.TransformerListener.v1",
    "curated_transformer": "spacy-curated-transformers.LastTransformerLayerListener.v1",
}
_BAGS_OF_WORDS = tuple(f"spacy.TextCatBOW.v{version}" for version in (1, 2, 3))
_PARSERS = ("spacy.TransitionBasedParser.v1", "spacy.TransitionBasedParser.v2")
_PADDED = {"size": 2000, "buffer": 256, "discard_oversize": True, "get_length": None}
_WARMUP = {
    "@schedules": "warmup_linear.v1",
    "warmup_steps": 250,
    "total_steps": 20000,
    "initial_rate": 5e-5,
}
_SETTINGS = {
    "nlp.batch_size": 128,
    "training.gpu_allocator": "${system.gpu_allocator}",
    "system.gpu_allocator": "pytorch",
    "training.accumulate_gradient": 3,
    "training.optimizer.learn_rate": _WARMUP,
}


def transformer_changes(config: "Config", name: str, package: str = "spacy-transformers") -> Changes:
    """The swaps and settings, in their order; those that would change nothing are left out.

    config: filled. name: a folder, or a model of the hub. package: spacy-transformers or curated.
    Raises SwapError where nothing in the pipeline has a tok2vec or could have one, and for a model that
    spacy-curated-transformers cannot build.
    """
    if name.startswith((".", "/", "~")) and not Path(name).is_dir():
        raise SwapError(f"There is no folder {name}.", "Name a folder with a model, or a model of the hub.")
    kind = "curated_transformer" if package == "curated" else "transformer"
    listeners = _listeners(config, kind)
    upstream = _upstream(config, kind)
    return [
        *listeners,
        *_model(config, kind, upstream, name),
        *_parsers(config),
        *_training(config),
    ]


def _listeners(config: "Config", kind: str) -> Changes:
    """A listener wherever there is a tok2vec; a bag of words gets one beside it."""
    listener, swaps, heard = _LISTENERS[kind], list[Swap | Setting](), False
    for place in component_blocks(config):
        if place.path.endswith(".tok2vec"):
            heard = True
            if place.name != listener:
                swaps.append(Swap(place.path, listener, {"grad_factor": 1.0, "pooling": _POOLING}))
        elif place.name in _BAGS_OF_WORDS and place.path == f"{place.component}.model":
            heard = True
            swaps += _ensemble(place, listener)
    if not heard:
        raise SwapError(
            "No component has a tok2vec, own or shared, for which a transformer could stand.",
            "archlab slots lists what can be swapped.",
        )
    return swaps


def _ensemble(place: Place, listener: str) -> Changes:
    return [
        Swap(place.path, "spacy.TextCatEnsemble.v2", {"linear_model": dict(place.section)}),
        Swap(f"{place.path}.tok2vec", listener, {"grad_factor": 1.0, "pooling": _POOLING}),
    ]


def _upstream(config: "Config", kind: str) -> str:
    """The component that the listeners will hear: one that is there, or what a new one will be called."""
    for name in reversed(running_components(config)):
        if component_factory(config, f"components.{name}") == kind:
            return name
    return free_name(config, kind)


def _model(config: "Config", kind: str, upstream: str, name: str) -> Changes:
    path = f"components.{upstream}.model"
    if kind == "transformer":
        is_so = get_section(config, f"{path}.name") == name
        return [] if is_so else [Setting(f"{path}.name", name)]
    block = curated_block(name)
    loaders = {
        f"initialize.components.{upstream}.{key}": value for key, value in curated_loaders(name).items()
    }
    old = get_section(config, path) or {}
    differs = any(old.get(key) != value for key, value in block.items())
    reference = block.pop("@architectures")
    return [*([Swap(path, reference, block)] if differs else []), *_set(config, loaders)]


def _parsers(config: "Config") -> Changes:
    """The quickstart gives a parser on a transformer no upper layer."""
    return [
        Swap(place.path, place.name, {"use_upper": False})
        for place in component_blocks(config)
        if place.name in _PARSERS and place.values.get("use_upper") is not False
    ]


def _training(config: "Config") -> Changes:
    batcher = config["training"]["batcher"]
    is_padded = batcher == {"@batchers": "spacy.batch_by_padded.v1", **_PADDED}
    swaps: Changes = [] if is_padded else [Swap("training.batcher", "spacy.batch_by_padded.v1", _PADDED)]
    if "learn_rate" not in config["training"]["optimizer"]:
        swaps.append(Swap("training.optimizer", "Adam.v1"))
    return [*swaps, *_set(config, _SETTINGS)]


def _set(config: "Config", wanted: dict[str, Any]) -> Changes:
    return [Setting(path, value) for path, value in wanted.items() if get_section(config, path) != value]
