"""The layers that are updated in another way than thinc does it, to the same numbers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archlab.training.speedups.parser_weights import ParserLayer
from archlab.training.speedups.sparse_linear import SparseLayer, decays_weights

if TYPE_CHECKING:
    from spacy.language import Language


@contextmanager
def updating(nlp: "Language", optimizer: Any) -> Iterator[Callable[[], None]]:
    """Around the training: some layers are updated in another way. Gives what brings their weights home.

    optimizer: of thinc, or it is left alone, and the layers with it; so are layers on a GPU.
    """
    from spacy.ml import _precomputable_affine, tb_framework
    from thinc.api import Optimizer
    from thinc.layers import sparselinear

    if type(optimizer) is not Optimizer:
        yield lambda: None
        return
    layers: list[SparseLayer | ParserLayer] = [
        ParserLayer(parser)
        for parser in _layers(nlp, tb_framework.forward)
        if parser.ops.use_blis and parser.get_ref("lower")._func is _precomputable_affine.forward
    ]
    if decays_weights(optimizer):
        layers += [SparseLayer(layer, optimizer) for layer in _layers(nlp, sparselinear.forward)]
    by_key = {layer.key: layer for layer in layers}

    class LayerwiseOptimizer(Optimizer):
        __slots__ = ()

        def __call__(self, key: Any, weights: Any, gradient: Any, **settings: Any) -> Any:
            if key not in by_key:
                return super().__call__(key, weights, gradient, **settings)
            layer = by_key[key]
            if weights is not layer.weights:
                raise ValueError(
                    f"the weights of {layer.layer.name} were replaced while they were trained, which "
                    "archlab's speed-ups do not bear: train with --no-speedups"
                )
            return layer.update(super().__call__, weights, gradient, **settings)

    def synchronise() -> None:
        for layer in layers:
            layer.synchronise()

    optimizer.__class__ = LayerwiseOptimizer
    try:
        yield synchronise
    finally:
        optimizer.__class__ = Optimizer
        for layer in layers:
            layer.leave()


def _layers(nlp: "Language", forward: Callable[..., Any]) -> list[Any]:
    """The layers on the CPU that have this forward pass, each once."""
    from thinc.api import NumpyOps

    found = {}
    for _, component in nlp.pipeline:
        model: Any = getattr(component, "model", None)
        for node in model.walk() if hasattr(model, "walk") else ():
            if node._func is forward and isinstance(node.ops, NumpyOps):
                found[node.id] = node
    return list(found.values())
