"""A Keras 3 model as Thinc sees it: its weights, their gradients and their bytes.

Loaded with TensorFlowWrapper, when Thinc is there already; TensorFlow is imported where it is used.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import srsly
from thinc.api import ArgsKwargs, Ops, Optimizer, get_current_ops
from thinc.backends import get_array_ops
from thinc.shims import Shim
from thinc.util import convert_recursive, iterate_recursive

Key = tuple[int, str]
Backprop = Callable[[Any], ArgsKwargs]


class KerasShim(Shim):
    """Holds a Keras 3 model, or a single layer, that runs on TensorFlow.

    A weight is known by its place in `model.weights`: Keras numbers its names through the whole process, so
    they would differ from one load to the next. A model that takes its shapes from its first input has no
    weights before that; what is loaded into it waits until then.
    """

    def __init__(self, model: Any, config: dict[str, Any] | None = None, optimizer: Any = None) -> None:
        super().__init__(model, config, optimizer)
        self._gradients: dict[int, Any] = {}
        self._waiting: list[Any] | None = None

    def __call__(self, inputs: ArgsKwargs, is_train: bool) -> tuple[Any, Backprop]:
        """(output, backprop), without conversions: tensors in, tensors out."""
        return self.begin_update(inputs) if is_train else (self.predict(inputs), _no_backprop)

    def predict(self, inputs: ArgsKwargs) -> Any:
        """The output with dropout off."""
        return self._run(inputs, training=False)

    def begin_update(self, inputs: ArgsKwargs) -> tuple[Any, Backprop]:
        """The output with dropout on, and a function from its gradient to the gradient of each input tensor.

        The gradients of the weights are added to those that wait for `finish_update`. An input that has none
        (integers, or one that the output does not depend on) gets zeros.
        """
        import tensorflow as tf

        tensors = list(iterate_recursive(tf.is_tensor, inputs))
        with tf.GradientTape() as tape:
            tape.watch([tensor for tensor in tensors if tensor.dtype.is_floating])
            output = self._run(inputs, training=True)

        def backprop(d_output: Any) -> ArgsKwargs:
            weights = self._trainable_weights()
            variables = [weight.value for weight in weights.values()]
            d_tensors, d_variables = tape.gradient(output, [tensors, variables], output_gradients=d_output)
            for place, gradient in zip(weights, d_variables, strict=True):
                self._add_gradient(place, gradient)
            by_tensor = {id(tensor): d for tensor, d in zip(tensors, d_tensors, strict=True) if d is not None}

            def gradient_of(tensor: Any) -> Any:
                return tf.convert_to_tensor(by_tensor.get(id(tensor), tf.zeros_like(tensor)))

            d_inputs: ArgsKwargs = convert_recursive(tf.is_tensor, gradient_of, inputs)
            return d_inputs

        return output, backprop

    def finish_update(self, optimizer: Optimizer) -> None:
        """Let Thinc's optimizer change each weight that has a gradient."""
        ops = get_current_ops()
        weights = self._model.weights
        for place, gradient in self._gradients.items():
            arrays: Any = [np.atleast_1d(tensor.numpy()) for tensor in (weights[place], gradient)]
            changed, _ = optimizer(self._key(place), *map(ops.asarray_f, arrays))
            _assign(weights[place], changed)
        self._gradients = {}

    @contextmanager
    def use_params(self, params: dict[Key, Any]) -> Iterator[None]:
        """Inside, the model has these weights instead of its own: the averages that a training evaluates."""
        own = {}
        for place, weight in enumerate(self._model.weights):
            if self._key(place) in params:
                own[place] = weight.numpy()
                _assign(weight, params[self._key(place)])
        try:
            yield
        finally:
            for place, array in own.items():
                _assign(self._model.weights[place], array)

    def copy(self) -> "KerasShim":
        """A shim of its own with equal weights.

        Raises ValueError for a model that Keras cannot make again from its configuration.
        """
        copied = KerasShim(_clone(self._model), self.cfg, self._optimizer)
        copied._set_weights(self._get_weights())
        return copied

    def to_device(self, device_type: str, device_id: int) -> None:
        """Nothing to do: the layer says where to compute, and TensorFlow brings the weights there."""

    def to_bytes(self) -> bytes:
        """The weights, in order. The architecture is not among them: the config makes it again."""
        data: bytes = srsly.msgpack_dumps({"config": self.cfg, "weights": self._get_weights()})
        return data

    def from_bytes(self, data: bytes) -> "KerasShim":
        """Take over weights; raises ValueError where they are those of another model."""
        message = srsly.msgpack_loads(data)
        self.cfg = message["config"]
        self._set_weights(message["weights"])
        return self

    def _run(self, inputs: ArgsKwargs, training: bool) -> Any:
        if self._waiting is not None:
            self._model(*inputs.args, **inputs.kwargs, training=False)  # gives it its shapes
            waiting, self._waiting = self._waiting, None
            self._assign_all(waiting)
        return self._model(*inputs.args, **inputs.kwargs, training=training)

    def _get_weights(self) -> list[Any]:
        return [w.numpy() for w in self._model.weights] if self._waiting is None else self._waiting

    def _set_weights(self, arrays: list[Any]) -> None:
        if self._model.built:
            self._assign_all(arrays)
        else:
            self._waiting = arrays or None  # none were saved where that model had not been built either

    def _assign_all(self, arrays: list[Any]) -> None:
        weights = self._model.weights
        has, loaded = [tuple(w.shape) for w in weights], [array.shape for array in arrays]
        if has != loaded:
            raise ValueError(
                f"The saved weights are not those of this Keras model: it has {has}, saved were {loaded}. "
                "Load with the config and the code that it was saved with."
            )
        for weight, array in zip(weights, arrays, strict=True):
            weight.assign(array)

    def _trainable_weights(self) -> dict[int, Any]:
        """By their place among all weights."""
        trainable = {id(weight) for weight in self._model.trainable_weights}
        return {place: w for place, w in enumerate(self._model.weights) if id(w) in trainable}

    def _add_gradient(self, place: int, gradient: Any) -> None:
        import tensorflow as tf

        if gradient is None:  # the output does not depend on this weight
            return
        gradient = tf.convert_to_tensor(gradient)  # of an embedding, rows alone are given
        self._gradients[place] = gradient + self._gradients[place] if place in self._gradients else gradient

    def _key(self, place: int) -> Key:
        return self.id, f"keras_{place}"


def _no_backprop(d_output: Any) -> ArgsKwargs:
    raise RuntimeError("There is no gradient of a prediction: call the model with is_train=True.")


def _assign(weight: Any, array: Any) -> None:
    ops: Ops = get_array_ops(array)  # type: ignore[no-untyped-call]
    weight.assign(ops.to_numpy(array).reshape(weight.shape))  # type: ignore[no-untyped-call]


def _clone(model: Any) -> Any:
    import keras

    try:
        if isinstance(model, (keras.Sequential, keras.Model)) and hasattr(model, "layers"):
            return keras.models.clone_model(model)
        return type(model).from_config(model.get_config())
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            f"Keras cannot copy this {type(model).__name__}: {error} "
            "Models of Keras' own layers can be copied; a class of your own needs get_config and from_config."
        ) from error
