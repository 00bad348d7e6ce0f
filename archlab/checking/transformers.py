"""Structure, transformers: what a curated transformer is told of its model must agree with how it is used."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from archlab.catalog.registered import Signature
from archlab.catalog.signatures import describe, model_types
from archlab.checking.listeners import heard_by
from archlab.checking.pipelines import Block, Pipeline
from archlab.configs.widths import LISTENER, LISTENERS, as_section, as_width
from archlab.records import Finding

_CURATED = "spacy-curated-transformers"
WEIGHTING = f"{_CURATED}.ScalarWeightingListener.v1"
LAYERS = f"{_CURATED}.TransformerLayersListener.v1"


def only_last_layer(pipeline: Pipeline) -> Iterator[Finding]:
    """A listener that takes the outputs of all layers, and an upstream that gives those of the last."""
    for upstream, listener in heard_by(pipeline, WEIGHTING, LAYERS):
        if upstream.section.get("all_layer_outputs") is False:
            yield Finding(
                severity=listener.severity,
                slot=listener.path,
                message=f"it takes the outputs of all layers, and {upstream.name} gives those of the last",
                fix=f"set {upstream.path}.all_layer_outputs = true",
            )


def other_layers(pipeline: Pipeline) -> Iterator[Finding]:
    """A listener made for another number of layers than its upstream has."""
    for upstream, listener in heard_by(pipeline, WEIGHTING, LAYERS):
        setting, taken = _layers(listener)
        given = as_width(as_section(upstream.section.get("model")).get("num_hidden_layers"))
        if given is None or taken is None or given == taken:
            continue
        yield Finding(
            severity=listener.severity,
            slot=listener.path,
            message=f"{setting} = {taken}, and its upstream {upstream.name} has {given} layers",
            expected=str(given),
            given=str(taken),
            fix=f"set {setting} = ${{{upstream.path}.model.num_hidden_layers}}",
        )


def nothing_loaded(pipeline: Pipeline) -> Iterator[Finding]:
    """A curated transformer gets its weights and pieces from [initialize]: without, it has none."""
    for component in pipeline.trained:
        if component.factory != "curated_transformer" or not component.is_known or pipeline.has_callbacks:
            continue
        place = f"initialize.components.{component.name}"
        given = pipeline.section(place)
        fix = f'[{place}.{{}}] with @model_loaders = "{_CURATED}.{{}}.v1" and name = MODEL'
        if not given.get("piecer_loader"):
            yield Finding(
                severity="error",
                slot=component.path,
                message="its piece encoder is empty: [initialize] names no piecer_loader",
                fix=fix.format("piecer_loader", "HFPieceEncoderLoader"),
            )
        if not given.get("encoder_loader"):
            yield Finding(
                severity="warning",
                slot=component.path,
                message="it begins with random weights: [initialize] names no encoder_loader",
                fix=fix.format("encoder_loader", "HFTransformerEncoderLoader"),
            )


def pooling_with_weights(pipeline: Pipeline) -> Iterator[Finding]:
    """The pooling of a transformer is never initialised: a layer in it that has weights has none to use."""
    for component in pipeline.trained:
        for block in component.blocks:
            owner = next((o for o in component.blocks if block.path.startswith(f"{o.path}.pooling")), None)
            if owner is None or not owner.is_one_of(*_POOLS) or not block.is_one_of(*WITH_WEIGHTS):
                continue
            yield Finding(
                severity=block.severity,
                slot=block.path,
                message=f"{block.name} has weights, and {owner.name} never initialises its pooling",
                fix=f"archlab swap {owner.path.removeprefix('components.')}.pooling reduce_mean.v1",
            )


RULES = (only_last_layer, other_layers, nothing_loaded, pooling_with_weights)

_POOLS = (
    *(name for name in LISTENERS if name != LISTENER),
    *(f"spacy-transformers.Tok2VecTransformer.v{n}" for n in (1, 2, 3)),
)

WITH_WEIGHTS = (
    "ClippedLinear.v1",
    "Dish.v1",
    "Gelu.v1",
    "HardSigmoid.v1",
    "HardSwish.v1",
    "HardSwishMobilenet.v1",
    "HardTanh.v1",
    "LayerNorm.v1",
    "Linear.v1",
    "Maxout.v1",
    "Mish.v1",
    "ParametricAttention.v1",
    "ParametricAttention.v2",
    "Relu.v1",
    "ReluK.v1",
    "Sigmoid.v1",
    "Softmax.v1",
    "Softmax.v2",
    "Swish.v1",
    "spacy.LinearLogistic.v1",
    "spacy.mean_max_reducer.v1",
)
"""The layers for vectors that have none of their weights before they are initialised."""


def returned(block: Mapping[str, Any], stated: Signature) -> Any:
    """What a block returns with its arguments: a curated transformer is a model of vectors for tokens only
    where it wraps a listener, which spaCy lets it do when it replaces listeners."""
    if not stated.name.startswith(f"{_CURATED}.") or stated.parameter("wrapped_listener") is None:
        return stated.returns
    wraps = block.get("wrapped_listener") is not None
    fitting = [
        member
        for member in get_args(stated.returns)
        if (types := model_types(member)) and (describe(types[1]) == "List[Floats2d]") == wraps
    ]
    return fitting[0] if len(fitting) == 1 else stated.returns


def _layers(listener: Block) -> tuple[str, int | None]:
    """(setting, number of layers that it takes)."""
    if listener.name == LAYERS:
        return "layers", as_width(listener.section.get("layers"))
    return "weighting.num_layers", as_width(as_section(listener.section.get("weighting")).get("num_layers"))
