"""What is amiss with a PyTorch module inside a model that fails: what Thinc's own exceptions do not say."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archlab.checking.locating import Place, short_name, walk_layers

if TYPE_CHECKING:
    from spacy.language import Language

SAVING = "it is saved"
"""The phase of the probe in which only what saves a module is looked at."""

_WORDS = "three plain words"


@dataclass(frozen=True)
class Advice:
    """message: what is seen, to follow on an exception's text. fix: what to change."""

    message: str
    fix: str


def torch_advice(pipelines: "Iterable[Language]", place: Place, phase: str) -> Advice | None:
    """The first thing that is seen to be amiss; None where nothing is.

    pipelines: those that have been built. place: where it failed, and phase: while it did what. Runs the
    models once more on a few words, where that may tell something.
    """
    for nlp in pipelines:
        for name, node, path in walk_layers(nlp):
            for shim in node.shims if place.component in (None, name) else ():
                layer = f"{short_name(node)} ({path})"
                advice = _look_at(nlp, name, node, shim, phase, has_failed=place.layer == layer)
                if advice is not None:
                    what = f"the {type(shim._model).__name__} in {layer} {advice.message}"
                    return Advice(what, advice.fix)
    return None


def _look_at(
    nlp: "Language", component: str, node: Any, shim: Any, phase: str, *, has_failed: bool
) -> Advice | None:
    from torch import nn

    if not isinstance(shim._model, nn.Module):
        return None
    if phase == SAVING:
        return _saving(shim)
    return _weights(shim._model) or _what_passes(nlp, component, node, shim, has_failed)


def _saving(shim: Any) -> Advice | None:
    from thinc.shims.pytorch import default_serialize_torch_model

    if shim._serialize_model is default_serialize_torch_model:
        return None
    return Advice(
        "is saved by a function of its own",
        "leave out serialize_model and deserialize_model of PyTorchWrapper: its state_dict is saved then",
    )


def _weights(module: Any) -> Advice | None:
    import torch

    for name, tensor in module.named_parameters():
        if not tensor.isfinite().all():
            return Advice(
                f"has weights that are not finite ({name})",
                "look at what they start with, and at training.optimizer.learn_rate",
            )
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            return Advice(
                f"has weights of {_name(tensor.dtype)} ({name}), and Thinc computes in float32",
                "call .float() on the module",
            )
    return None


def _what_passes(nlp: "Language", component: str, node: Any, shim: Any, has_failed: bool) -> Advice | None:
    """What the module is given and what it returns, seen on a few words."""
    import torch
    from thinc.layers.pytorchwrapper import convert_pytorch_default_outputs

    with _watched(shim) as (given, returned), suppress(Exception):
        nlp.get_pipe(component).model.predict([nlp.make_doc(_WORDS)])  # type: ignore[attr-defined]
    converts = node.attrs.get("convert_outputs") is not convert_pytorch_default_outputs
    if returned and not isinstance(returned[0], torch.Tensor) and not converts:
        return Advice(
            f"returns a {type(returned[0]).__name__}, and one tensor is needed",
            "return one tensor, or give PyTorchWrapper a convert_outputs that picks it",
        )
    tensors = [value for value in given if isinstance(value, torch.Tensor)]
    if has_failed and tensors:
        shape = " x ".join(map(str, tensors[0].shape))
        return Advice(
            f"is given {_name(tensors[0].dtype)} ({shape} for {len(_WORDS.split())} tokens)",
            "take that, or give PyTorchWrapper a convert_inputs that makes of it what the module takes",
        )
    return None


@contextmanager
def _watched(shim: Any) -> Iterator[tuple[list[Any], list[Any]]]:
    """(what the module is given, what it returns) while it predicts."""
    given: list[Any] = []
    returned: list[Any] = []

    def predict(inputs: Any) -> Any:
        given.extend(inputs.args)
        returned.append(type(shim).predict(shim, inputs))
        return returned[-1]

    shim.predict = predict
    try:
        yield given, returned
    finally:
        del shim.predict


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
