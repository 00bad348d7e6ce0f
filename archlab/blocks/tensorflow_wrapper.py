"""`archlab.TensorFlowWrapper.v1`: a Keras 3 model as a Thinc layer, as PyTorchWrapper is for PyTorch.

Thinc's own TensorFlowWrapper needs Keras 2. This module is loaded by an entry point, when a config asks for
the block, and imports TensorFlow only when it is called.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from thinc.api import ArgsKwargs, Model, Ops
from thinc.types import ArrayXd
from thinc.util import convert_recursive, is_xp_array

from archlab.blocks.keras_shim import KerasShim
from archlab.errors import ExtraError, InvalidError

ArrayT = TypeVar("ArrayT", bound=ArrayXd)
Converted = tuple[Any, Callable[[Any], Any]]
Convert = Callable[[Model[Any, Any], Any, bool], Converted]


def TensorFlowWrapper(
    tensorflow_model: Any,
    convert_inputs: Convert | None = None,
    convert_outputs: Convert | None = None,
) -> Model[ArrayT, ArrayT]:
    """Wrap a Keras 3 model, on TensorFlow, as a Thinc layer: usually Floats2d in, Floats2d out.

    Dropout and the like are active in training alone. Thinc's optimizer changes the weights, and its averages
    reach them. What is saved are the weights: the architecture is made again from the config. For sequences,
    as spaCy's tok2vec gives them (one array per Doc), put it into `with_array`.

    tensorflow_model: a `keras.Model` or `keras.layers.Layer`. It may take its shapes from its first input.
        Called with (n, nI), it gives (n, nO) floats; any other number of axes will do as well.
    convert_inputs: (model, X, is_train) -> (ArgsKwargs of tensors, function from an ArgsKwargs of their
        gradients to dX). By default an array becomes the model's one argument, a list or tuple of arrays
        its arguments, a dict or an ArgsKwargs what it says; integer arrays get gradients of zero.
    convert_outputs: (model, what the Keras model gave, is_train) -> (Y, function from dY to the gradient of
        what it gave). By default one tensor of floats, which becomes an array of 32-bit floats.

    Raises ExtraError where TensorFlow is not installed, InvalidError where Keras runs on another backend, and
    TypeError for what is no Keras model.
    """
    _require_keras()
    _require_model(tensorflow_model)
    return Model(
        "tensorflow",
        _forward,
        init=_initialize,
        attrs={
            "convert_inputs": convert_inputs or _convert_inputs,
            "convert_outputs": convert_outputs or _convert_outputs,
        },
        shims=[KerasShim(tensorflow_model)],
        dims={
            "nI": _width(getattr(tensorflow_model, "input_shape", None)),
            "nO": _width(getattr(tensorflow_model, "output_shape", None)),
        },
    )


def _forward(model: Model[Any, Any], X: Any, is_train: bool) -> Converted:
    """The wrapped model's output, and the function from its gradient to the gradient of the input."""
    import tensorflow as tf

    device = _device(model.ops)
    with tf.device(device):
        inputs, get_d_inputs = model.attrs["convert_inputs"](model, X, is_train)
        output, backprop_shim = model.shims[0](inputs, is_train)
        Y, get_d_output = model.attrs["convert_outputs"](model, output, is_train)

    def backprop(dY: Any) -> Any:
        with tf.device(device):
            return get_d_inputs(backprop_shim(get_d_output(dY)))

    return Y, backprop


def _initialize(model: Model[Any, Any], X: Any = None, Y: Any = None) -> None:
    """Give a model its shapes that takes them from its first input."""
    if X is None:
        return
    for dim, array in (("nI", X), ("nO", model.predict(X))):
        if model.has_dim(dim) is None and is_xp_array(array):
            model.set_dim(dim, array.shape[-1])


def _convert_inputs(model: Model[Any, Any], X: Any, is_train: bool) -> Converted:
    import tensorflow as tf

    def as_tensor(array: Any) -> Any:
        return tf.convert_to_tensor(_to_numpy(model.ops, array))

    def as_array(tensor: Any) -> Any:
        return model.ops.asarray(tensor.numpy())

    inputs = _as_arguments(convert_recursive(is_xp_array, as_tensor, X))
    if not all(map(tf.is_tensor, tf.nest.flatten([inputs.args, inputs.kwargs]))):
        raise TypeError(
            f"TensorFlowWrapper takes arrays, and lists, tuples and dicts of arrays, not {_what(X)}. "
            "with_array makes one of a list of arrays, Ragged or Padded; Docs need an embedding before it."
        )

    def get_dX(d_inputs: ArgsKwargs) -> Any:
        dX = convert_recursive(tf.is_tensor, as_array, d_inputs)
        if isinstance(X, ArgsKwargs):
            return dX
        if isinstance(X, dict):
            return dX.kwargs
        return dX.args[0] if is_xp_array(X) else type(X)(dX.args)

    return inputs, get_dX


def _as_arguments(X: Any) -> ArgsKwargs:
    if isinstance(X, ArgsKwargs):
        return X
    if isinstance(X, dict):
        return ArgsKwargs(args=(), kwargs=X)
    return ArgsKwargs(args=tuple(X) if isinstance(X, (list, tuple)) else (X,), kwargs={})


def _convert_outputs(model: Model[Any, Any], output: Any, is_train: bool) -> Converted:
    import tensorflow as tf

    if not tf.is_tensor(output) or not output.dtype.is_floating:
        raise TypeError(
            f"The Keras model returned {_what(output)}; the layers after it take one array of floats. "
            "Let it return one tensor of floats, or pass convert_outputs, which may choose one."
        )

    def get_d_output(dY: Any) -> Any:
        return tf.convert_to_tensor(_to_numpy(model.ops, dY), dtype=output.dtype)

    return model.ops.asarray(output.numpy(), dtype="float32"), get_d_output


def _require_keras() -> None:
    try:
        import keras
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ExtraError(
            f"archlab.TensorFlowWrapper.v1 needs TensorFlow, which cannot be imported: {error}.",
            "Install it: pip install 'archlab[tensorflow]'",
        ) from error
    if keras.backend.backend() != "tensorflow":
        raise InvalidError(
            f"archlab.TensorFlowWrapper.v1 needs Keras on TensorFlow, not on {keras.backend.backend()}.",
            "Set KERAS_BACKEND=tensorflow in the environment, or in ~/.keras/keras.json.",
        )


def _require_model(tensorflow_model: Any) -> None:
    import keras

    if not isinstance(tensorflow_model, keras.layers.Layer):
        raise TypeError(
            f"TensorFlowWrapper wraps a keras.Model or keras.layers.Layer, not {_what(tensorflow_model)}."
        )


def _device(ops: Ops) -> str:
    """Where TensorFlow computes: where Thinc does, if it has a GPU of its own to compute on."""
    import tensorflow as tf

    has_gpu = ops.device_type == "gpu" and bool(tf.config.list_logical_devices("GPU"))
    return f"/GPU:{ops.device_id}" if has_gpu else "/CPU:0"


def _to_numpy(ops: Ops, array: Any) -> Any:
    return ops.to_numpy(array)  # type: ignore[no-untyped-call]


def _width(shape: Any) -> int | None:
    """The last axis of a Keras shape, None where there are several or where it is not known."""
    return shape[-1] if shape and isinstance(shape[-1], int) else None


def _what(value: Any) -> str:
    """A value in a message: `tuple of EagerTensor`, `ndarray of int64`, `Ragged`."""
    kind = type(value).__name__
    if isinstance(value, (list, tuple)) and value:
        return f"{kind} of {type(value[0]).__name__}"
    return f"{kind} of {getattr(value.dtype, 'name', value.dtype)}" if hasattr(value, "dtype") else kind
