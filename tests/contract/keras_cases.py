"""What archlab.TensorFlowWrapper.v1 holds to. Run by test_tensorflow_wrapper.py, in a process of its own:
TensorFlow, once it works, forbids the forks in which other tests try hostile code.
"""

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import spacy
from conftest import ROOT
from keras import layers
from spacy.language import Language
from spacy.training import Example
from thinc.api import (
    Adam,
    ArgsKwargs,
    Linear,
    Model,
    Optimizer,
    Relu,
    chain,
    fix_random_seed,
    list2padded,
    softmax_activation,
    with_array,
)
from thinc.types import Padded, Ragged

from archlab.blocks.tensorflow_wrapper import TensorFlowWrapper
from archlab.errors import InvalidError

WIDTH, HIDDEN, CLASSES, ROWS = 5, 4, 3, 7
LENGTHS: Any = np.array([2, 0, 5])


@pytest.fixture(autouse=True)
def _seed() -> None:
    fix_random_seed(0)


@pytest.fixture
def X() -> Any:
    return np.random.RandomState(0).standard_normal((ROWS, WIDTH)).astype("float32")


@pytest.fixture
def target() -> Any:
    return np.eye(CLASSES, dtype="float32")[np.arange(ROWS) % CLASSES]


def network(dropout: float = 0.0, first: tuple[Any, ...] = ()) -> Any:
    """Two hidden layers and a softmax; `first` may be a keras.Input, without which it is built by data."""
    return keras.Sequential(
        [
            *first,
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def wrapped(model: Any, **arguments: Any) -> Model[Any, Any]:
    found: Model[Any, Any] = TensorFlowWrapper(model, **arguments)
    return found


def keras_model(model: Model[Any, Any]) -> Any:
    return model.shims[0]._model


def weights(model: Model[Any, Any]) -> list[Any]:
    return [weight.numpy() for weight in keras_model(model).weights]


def as_padded(arrays: list[Any]) -> Padded:
    layer: Model[Any, Padded] = list2padded()
    return layer.predict(arrays)


def same(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


class Noted(Optimizer):
    """Changes nothing, and notes the gradients it is given."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.gradients: dict[Any, Any] = {}

    def __call__(self, key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        assert key not in self.gradients
        self.gradients[key] = gradient.copy()
        return weights, gradient


class Twin:
    """The same network in Thinc, with the weights of the one in Keras."""

    def __init__(self, model: Model[Any, Any]) -> None:
        self.layers = [
            Relu(HIDDEN, WIDTH, dropout=None),
            Relu(HIDDEN, HIDDEN, dropout=None),
            Linear(CLASSES, HIDDEN),
        ]
        self.model: Model[Any, Any] = chain(*self.layers, softmax_activation())
        self.model.initialize()
        for number, layer in enumerate(self.layers):
            kernel, bias = weights(model)[2 * number : 2 * number + 2]
            transposed: Any = kernel.T.copy()
            layer.set_param("W", transposed)
            layer.set_param("b", bias.copy())

    def of_layers(self, get: Callable[[Model[Any, Any], str], Any]) -> list[Any]:
        """Weights or gradients, as Keras lays them out."""
        return [array for layer in self.layers for array in (get(layer, "W").T, get(layer, "b"))]


class TestAgainstThinc:
    """With equal weights, and dropout off."""

    def test_outputs_and_gradients_agree(self, X: Any, target: Any) -> None:
        ours = wrapped(network())
        ours.initialize(X, target)
        twin = Twin(ours)
        (Y, backprop), (Y_twin, backprop_twin) = ours.begin_update(X), twin.model.begin_update(X)
        assert pytest.approx(Y_twin, abs=1e-4) == Y
        assert backprop(Y - target) == pytest.approx(backprop_twin(Y_twin - target), abs=1e-4)
        noted = Noted()
        ours.finish_update(noted)
        of_twin = twin.of_layers(lambda layer, name: layer.get_grad(name))
        assert len(noted.gradients) == len(of_twin) == 6
        for gradient, expected in zip(noted.gradients.values(), of_twin, strict=True):
            assert abs(expected).max() > 0
            assert gradient.reshape(expected.shape) == pytest.approx(expected, abs=1e-4)

    def test_ten_updates_lead_to_the_same_weights(self, X: Any, target: Any) -> None:
        ours = wrapped(network())
        ours.initialize(X, target)
        twin = Twin(ours)
        before = weights(ours)
        for model in (ours, twin.model):
            optimizer = Adam(0.01, L2=0.01, grad_clip=0.1, use_averages=True)
            for _ in range(10):
                Y, backprop = model.begin_update(X)
                backprop(Y - target)
                model.finish_update(optimizer)
        assert max(abs(w - b).max() for w, b in zip(weights(ours), before, strict=True)) > 0.05
        for weight, expected in zip(weights(ours), twin.of_layers(Model.get_param), strict=True):
            assert weight == pytest.approx(expected, abs=1e-4)

    def test_gradients_of_several_batches_add_up(self, X: Any, target: Any) -> None:
        noted = []
        for parts in ([slice(None)], [slice(0, 3), slice(3, None)]):
            fix_random_seed(0)
            model = wrapped(network())
            model.initialize(X)
            backprops = [(part, *model.begin_update(X[part])) for part in parts]
            for part, Y, backprop in backprops:
                backprop(Y - target[part])
            optimizer = Noted()
            model.finish_update(optimizer)
            noted.append(list(optimizer.gradients.values()))
        for whole, of_parts in zip(*noted, strict=True):
            assert of_parts == pytest.approx(whole, abs=1e-5)


class TestTraining:
    def test_it_learns(self, X: Any, target: Any) -> None:
        model = wrapped(network(dropout=0.1))
        model.initialize(X, target)
        optimizer = Adam(0.02)
        before = ((model.predict(X) - target) ** 2).mean()
        for _ in range(100):
            Y, backprop = model.begin_update(X)
            backprop(Y - target)
            model.finish_update(optimizer)
        assert ((model.predict(X) - target) ** 2).mean() < before / 4

    def test_dropout_is_active_in_training_alone(self, X: Any) -> None:
        model = wrapped(network(dropout=0.5))
        predicted = model.predict(X)
        assert np.array_equal(model.predict(X), predicted)
        trained = [model.begin_update(X)[0] for _ in range(2)]
        assert not np.array_equal(trained[0], trained[1])
        assert np.array_equal(model.predict(X), predicted)

    def test_a_seed_decides_the_weights_and_what_is_dropped(self, X: Any) -> None:
        outputs = []
        for seed in (1, 1, 2):
            fix_random_seed(seed)
            model = wrapped(network(dropout=0.5))
            outputs.append([model.predict(X), model.begin_update(X)[0]])
        assert same(outputs[0], outputs[1])
        assert not any(np.array_equal(a, b) for a, b in zip(outputs[0], outputs[2], strict=True))

    def test_what_is_evaluated_and_saved_are_the_averages(self, X: Any, target: Any) -> None:
        model = wrapped(network())
        model.initialize(X, target)
        optimizer = Adam(0.05, use_averages=True)
        for _ in range(10):
            Y, backprop = model.begin_update(X)
            backprop(Y - target)
            model.finish_update(optimizer)
        own = weights(model)
        with model.use_params(optimizer.averages):
            averaged, saved = weights(model), model.to_bytes()
        assert same(averaged, list(optimizer.averages.values()))
        assert not any(np.array_equal(a, b) for a, b in zip(averaged, own, strict=True))
        assert same(weights(model), own)
        assert same(weights(wrapped(network(first=(keras.Input((WIDTH,)),))).from_bytes(saved)), averaged)
        with pytest.raises(RuntimeError, match="stop"), model.use_params(optimizer.averages):
            raise RuntimeError("stop")
        assert same(weights(model), own)

    def test_frozen_layers_and_running_means_are_not_the_optimizers(self, X: Any) -> None:
        frozen = layers.Dense(HIDDEN)
        frozen.trainable = False
        model = wrapped(keras.Sequential([frozen, layers.BatchNormalization(), layers.Dense(CLASSES)]))
        model.initialize(X)
        before = weights(model)
        Y, backprop = model.begin_update(X)
        backprop(Y)
        noted = Noted()
        model.finish_update(noted)
        assert sorted(key[1] for key in noted.gradients) == ["keras_2", "keras_3", "keras_6", "keras_7"]
        changed = [not np.array_equal(a, b) for a, b in zip(weights(model), before, strict=True)]
        assert changed == [False, False, False, False, True, True, False, False]  # mean and variance
        copied = wrapped(
            keras.Sequential([layers.Dense(HIDDEN), layers.BatchNormalization(), layers.Dense(CLASSES)])
        )
        assert np.array_equal(copied.from_bytes(model.to_bytes()).predict(X), model.predict(X))

    def test_a_weight_of_no_axes_and_one_without_gradient(self, X: Any) -> None:
        class Scaled(layers.Layer):  # type: ignore[misc]
            def build(self, shape: Any) -> None:
                self.scale = self.add_weight(shape=(), initializer="ones")
                self.unused = self.add_weight(shape=(2,), initializer="ones")

            def call(self, inputs: Any) -> Any:
                return inputs * self.scale

        model = wrapped(Scaled())
        Y, backprop = model.begin_update(X)
        dX = backprop(np.ones_like(Y))
        model.finish_update(Adam(0.1))
        scale, unused = weights(model)
        assert scale.shape == ()
        assert scale != 1
        assert unused.tolist() == [1, 1]
        assert np.array_equal(dX, np.ones_like(X))

    def test_no_gradient_no_change(self, X: Any) -> None:
        model = wrapped(network())
        model.initialize(X)
        before = weights(model)
        model.finish_update(Adam(0.1))
        model.begin_update(X)
        model.finish_update(Adam(0.1))
        assert same(weights(model), before)


class TestSaving:
    def test_bytes_come_back_as_they_went(self, X: Any, tmp_path: Path) -> None:
        model = wrapped(network())
        model.initialize(X)
        predicted = model.predict(X)
        known = wrapped(network(first=(keras.Input((WIDTH,)),))).from_bytes(model.to_bytes())
        unknown = wrapped(network()).from_bytes(model.to_bytes())
        assert unknown.to_bytes() == known.to_bytes() == model.to_bytes()
        assert np.array_equal(known.predict(X), predicted)
        assert np.array_equal(unknown.predict(X), predicted)
        assert unknown.to_bytes() == model.to_bytes()
        model.to_disk(tmp_path / "model")
        assert np.array_equal(wrapped(network()).from_disk(tmp_path / "model").predict(X), predicted)

    def test_a_model_may_be_saved_before_it_has_weights(self, X: Any) -> None:
        loaded = wrapped(network()).from_bytes(wrapped(network()).to_bytes())
        assert loaded.predict(X).shape == (ROWS, CLASSES)

    def test_what_was_loaded_trains_on(self, X: Any, target: Any) -> None:
        trained = []
        saved = wrapped(network())
        saved.initialize(X)
        for model in (saved, wrapped(network()).from_bytes(saved.to_bytes())):
            Y, backprop = model.begin_update(X)
            backprop(Y - target)
            model.finish_update(Adam(0.01))
            trained.append(weights(model))
        assert same(*trained)

    def test_names_that_keras_numbers_through_the_process_are_not_saved(self, X: Any) -> None:
        saved = []
        for _ in range(2):
            fix_random_seed(0)
            model = wrapped(network())
            model.initialize(X)
            saved.append(model.to_bytes())
        assert saved[0] == saved[1]

    def test_weights_of_another_model_are_refused(self, X: Any) -> None:
        model = wrapped(network())
        model.initialize(X)
        wider = wrapped(keras.Sequential([keras.Input((WIDTH,)), layers.Dense(9), layers.Dense(CLASSES)]))
        with pytest.raises(
            ValueError, match=r"not those of this Keras model: it has \[\(5, 9\), .* saved were"
        ):
            wider.from_bytes(model.to_bytes())
        waiting = wrapped(keras.Sequential([layers.Dense(CLASSES)])).from_bytes(model.to_bytes())
        with pytest.raises(ValueError, match="not those of this Keras model"):
            waiting.predict(X)

    def test_weights_that_are_no_numbers_stay_so(self, X: Any) -> None:
        model = wrapped(network())
        model.initialize(X)
        keras_model(model).weights[0].assign(np.full((WIDTH, HIDDEN), np.nan))
        loaded = wrapped(network()).from_bytes(model.to_bytes())
        assert np.isnan(loaded.predict(X)).all()
        assert loaded.to_bytes() == model.to_bytes()

    def test_copies_are_independent(self, X: Any, target: Any) -> None:
        for model in (wrapped(network()), wrapped(network(first=(keras.Input((WIDTH,)),)))):
            predicted = model.predict(X)
            copied = model.copy()
            Y, backprop = copied.begin_update(X)
            assert np.array_equal(Y, predicted)
            backprop(Y - target)
            copied.finish_update(Adam(0.1))
            assert np.array_equal(model.predict(X), predicted)
            assert not np.array_equal(copied.predict(X), predicted)
            assert copied.shims[0].id != model.shims[0].id

    def test_a_lambda_is_saved_and_cannot_be_copied(self, X: Any) -> None:
        def make() -> Any:
            return keras.Sequential([layers.Lambda(lambda x: 2 * x), layers.Dense(CLASSES)])

        model = wrapped(make())
        predicted = model.predict(X)
        assert np.array_equal(wrapped(make()).from_bytes(model.to_bytes()).predict(X), predicted)
        with pytest.raises(ValueError, match=r"Keras cannot copy this Sequential: .*Lambda"):
            model.copy()


class Two(keras.Model):  # type: ignore[misc]
    """Takes two arrays, by place or by name; gives one, or both."""

    def __init__(self, both: bool = False) -> None:
        super().__init__()
        self.left, self.right, self.both = layers.Dense(2), layers.Dense(2), both

    def call(self, a: Any, b: Any) -> Any:
        left, right = self.left(a), self.right(b)
        return (left, right) if self.both else left + right


class TestInputs:
    @pytest.mark.parametrize(
        "arrange",
        [
            lambda a, b: [a, b],
            lambda a, b: (a, b),
            lambda a, b: {"a": a, "b": b},
            lambda a, b: ArgsKwargs((a,), {"b": b}),
        ],
    )
    def test_gradients_come_in_the_form_of_the_inputs(self, X: Any, arrange: Callable[..., Any]) -> None:
        given = arrange(X, X[:, :3].copy())
        Y, backprop = wrapped(Two()).begin_update(given)
        d_inputs = backprop(Y)
        assert type(d_inputs) is type(given)
        arrays = d_inputs if isinstance(d_inputs, (list, tuple)) else list(d_inputs.values())
        assert [array.shape for array in arrays] == [(ROWS, WIDTH), (ROWS, 3)]
        assert all(abs(array).max() > 0 for array in arrays)

    def test_integers_have_gradients_of_zero(self) -> None:
        keys = np.arange(6).reshape(6, 1)
        model = wrapped(keras.Sequential([layers.Embedding(9, 2), layers.Flatten()]))
        Y, backprop = model.begin_update(keys)
        dX = backprop(np.ones_like(Y))
        assert (dX.dtype, dX.shape, dX.any()) == (keys.dtype, keys.shape, False)
        noted = Noted()
        model.finish_update(noted)
        (gradient,) = noted.gradients.values()
        assert gradient.reshape(9, 2).tolist() == [[1, 1]] * 6 + [[0, 0]] * 3

    def test_sequences_go_through_with_array(self, X: Any) -> None:
        docs = [X[:2], X[2:2], X[2:]]
        model: Model[Any, Any] = with_array(wrapped(network()))
        model.initialize(docs)
        assert (model.get_dim("nI"), model.get_dim("nO")) == (WIDTH, CLASSES)
        Y, backprop = model.begin_update(docs)
        assert [array.shape for array in Y] == [(2, CLASSES), (0, CLASSES), (5, CLASSES)]
        assert [array.shape for array in backprop(Y)] == [(2, WIDTH), (0, WIDTH), (5, WIDTH)]
        ragged = model.predict(Ragged(X, LENGTHS))
        assert ragged.dataXd == pytest.approx(np.concatenate(Y), abs=1e-6)

    def test_padded_sequences_reach_a_recurrent_layer(self, X: Any) -> None:
        padded = as_padded([X[:2], X[2:]])
        model: Model[Any, Any] = with_array(wrapped(layers.LSTM(3, return_sequences=True)))
        Y, backprop = model.begin_update(padded)
        assert Y.data.shape == (5, 2, 3)
        assert backprop(Y).data.shape == (5, 2, WIDTH)

    def test_no_rows_and_other_floats(self, X: Any) -> None:
        model = wrapped(network())
        model.initialize(X)
        Y, backprop = model.begin_update(X[:0])
        assert (Y.shape, backprop(Y).shape) == ((0, CLASSES), (0, WIDTH))
        Y, backprop = model.begin_update(X.astype("float64"))
        assert (Y.dtype, backprop(Y).dtype) == (np.float32, np.float64)
        assert pytest.approx(model.predict(X), abs=1e-6) == Y

    def test_a_model_in_half_precision_gives_full(self, X: Any) -> None:
        model = wrapped(layers.Dense(CLASSES, dtype="mixed_float16"))
        Y, backprop = model.begin_update(X)
        assert Y.dtype == np.float32
        assert backprop(Y).dtype == np.float32
        model.finish_update(Adam(0.1))
        assert weights(model)[0].dtype == np.float32

    def test_what_is_no_array_is_refused_with_the_mend(self, X: Any) -> None:
        model = wrapped(network())
        for given, name in [
            (["a", "b"], "list of str"),
            (Ragged(X, LENGTHS), "Ragged"),
            (as_padded([X]), "Padded"),
        ]:
            with pytest.raises(TypeError, match=f"not {name}. with_array makes one"):
                model.predict(given)

    def test_rows_of_another_width_are_refused(self, X: Any) -> None:
        model = wrapped(network())
        model.initialize(X)
        with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 5"):
            model.predict(X[:, :3])


class TestOutputs:
    @pytest.mark.parametrize(
        ("model", "name"),
        [
            (lambda: Two(both=True), "tuple of EagerTensor"),
            (lambda: layers.Lambda(lambda a, b: [a, b], arguments={"b": 1.0}), "list of EagerTensor"),
            (lambda: layers.Lambda(lambda x: keras.ops.argmax(x, -1)), "EagerTensor of int"),
        ],
    )
    def test_only_one_tensor_of_floats_is_taken(self, X: Any, model: Callable[[], Any], name: str) -> None:
        given = (X, X) if isinstance(made := model(), Two) else X
        with pytest.raises(TypeError, match=rf"returned {name}.*pass convert_outputs"):
            wrapped(made).predict(given)

    def test_convert_outputs_may_choose(self, X: Any) -> None:
        def second(model: Model[Any, Any], output: Any, is_train: bool) -> Any:
            left, right = output
            return right.numpy(), lambda dY: (keras.ops.zeros_like(left), keras.ops.convert_to_tensor(dY))

        Y, backprop = wrapped(Two(both=True), convert_outputs=second).begin_update((X, X))
        d_left, d_right = backprop(np.ones_like(Y))
        assert not d_left.any()
        assert d_right.any()

    def test_widths_are_known_as_early_as_keras_knows_them(self, X: Any) -> None:
        early, late = wrapped(network(first=(keras.Input((WIDTH,)),))), wrapped(network())
        assert (early.get_dim("nI"), early.get_dim("nO")) == (WIDTH, CLASSES)
        assert late.has_dim("nO") is None
        late.initialize(X)
        assert (late.get_dim("nI"), late.get_dim("nO")) == (WIDTH, CLASSES)

    def test_a_prediction_has_no_gradient(self, X: Any) -> None:
        Y, backprop = wrapped(network())(X, is_train=False)
        with pytest.raises(RuntimeError, match="is_train=True"):
            backprop(Y)


LOAD = """
import sys
sys.path[:0] = {paths!r}
import tensorflow_tagger, numpy, spacy
nlp = spacy.load("model")
numpy.save("loaded.npy", numpy.concatenate(nlp.get_pipe("tagger").model.predict([nlp.make_doc({text!r})])))
"""


def test_a_trained_pipeline_predicts_the_same_in_a_fresh_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ROOT / "examples" / "tensorflow_tagger"
    monkeypatch.syspath_prepend(folder)
    import_module("tensorflow_tagger")
    sizes = {"nO": 2, "width": 16, "hidden_width": 8, "embed_size": 50, "nM": 8, "nC": 4, "dropout": 0.2}
    model = {"@architectures": "CustomKerasModel.v1", **sizes}
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger", config={"model": model})
    text = "show flights to Boston"
    example = Example.from_dict(nlp.make_doc(text), {"tags": ["A", "B", "A", "B"]})
    optimizer = nlp.initialize(lambda: [example])
    before = predicted(nlp, text)
    for _ in range(3):
        nlp.update([example], sgd=optimizer)
    after = predicted(nlp, text)
    assert not np.array_equal(before, after)
    nlp.to_disk(tmp_path / "model")

    load = LOAD.format(paths=[str(ROOT), str(folder)], text=text)
    subprocess.run([sys.executable, "-c", load], cwd=tmp_path, check=True, capture_output=True)

    assert np.array_equal(np.load(tmp_path / "loaded.npy"), after)


def predicted(nlp: Language, text: str) -> Any:
    """The scores of the tagger, (tokens, labels)."""
    tagger: Any = nlp.get_pipe("tagger")
    return np.concatenate(tagger.model.predict([nlp.make_doc(text)]))


def test_only_keras_models_are_wrapped() -> None:
    with pytest.raises(TypeError, match=r"keras\.Model or keras\.layers\.Layer, not function"):
        wrapped(network)


def test_keras_must_run_on_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(InvalidError, match="KERAS_BACKEND=tensorflow"):
        wrapped(network())


@pytest.mark.gpu
def test_on_a_gpu_it_gives_what_it_gives_on_the_cpu(X: Any, target: Any) -> None:
    from thinc.api import prefer_gpu, require_cpu

    on_cpu = wrapped(network())
    on_cpu.initialize(X)
    if not prefer_gpu():
        pytest.skip("there is no GPU that CuPy can use")
    try:
        on_gpu = wrapped(network()).from_bytes(on_cpu.to_bytes())
        ops: Any = on_gpu.ops
        Y, backprop = on_gpu.begin_update(ops.asarray(X))
        dX = backprop(Y - ops.asarray(target))
        on_gpu.finish_update(Adam(0.01))
        assert isinstance(dX, ops.xp.ndarray)
        assert ops.to_numpy(Y) == pytest.approx(on_cpu.predict(X), abs=1e-3)
    finally:
        require_cpu()
