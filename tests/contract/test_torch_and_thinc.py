"""The same network in PyTorch and in Thinc: equal weights give equal outputs and equal gradients."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy
import pytest
import torch
from example_code import import_example
from numpy.testing import assert_allclose
from spacy.lang.en import English
from spacy.ml import CharacterEmbed
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import (
    Dropout,
    LayerNorm,
    Relu,
    Softmax,
    chain,
    fix_random_seed,
    softmax_activation,
    with_array,
)

TOLERANCE = 1e-5
LABELS = 5
SIZES: dict[str, Any] = {"width": 16, "hidden_width": 12, "embed_size": 50, "nM": 4, "nC": 4, "dropout": 0.0}
COUNTED = {**SIZES, "nO": LABELS}
Array = Any
Gradients = list[Array]

torch_tagger = import_example("torch_tagger")
thinc_tagger = import_example("thinc_tagger")


@pytest.fixture(scope="module")
def docs() -> list[Doc]:
    nlp = English()
    return [nlp(text) for text in ("show me all flights to Boston", "please", "on Monday, before noon")]


def targets(docs: list[Doc]) -> list[Array]:
    """One of the labels for each token."""
    draw = numpy.random.default_rng(1)
    return [numpy.eye(LABELS, dtype="f")[draw.integers(LABELS, size=len(doc))] for doc in docs]


def embed() -> Any:
    width, rows, nM, nC = (SIZES[name] for name in ("width", "embed_size", "nM", "nC"))
    return CharacterEmbed(width, rows, nM, nC, include_static_vectors=False)


def initialized(model: Any, docs: list[Doc]) -> Any:
    model.initialize(docs, targets(docs))
    return model


@dataclass(frozen=True)
class Weight:
    """A weight of a model, of Thinc's or PyTorch's."""

    value: Array
    set: Callable[[Array], Any]
    gradient: Callable[[], Array]


def weights(model: Any) -> Iterator[Weight]:
    """In the order in which data flows through them."""
    for node in model.walk(order="dfs_pre"):
        yield from (thinc_weight(node, name) for name in node.param_names)
        yield from (torch_weight(tensor) for shim in node.shims for tensor in shim._model.parameters())


def thinc_weight(node: Any, name: str) -> Weight:
    return Weight(node.get_param(name), partial(node.set_param, name), partial(node.get_grad, name))


def torch_weight(tensor: Any) -> Weight:
    value = tensor.detach().numpy()  # the same memory
    return Weight(value, partial(numpy.copyto, value), lambda: tensor.grad.numpy())


def make_equal(*models: Any) -> None:
    """The same random weights in all; nowhere zeros, which would stop gradients."""
    draw = numpy.random.default_rng(0)
    for places in zip(*(list(weights(model)) for model in models), strict=True):
        value = draw.normal(scale=0.5, size=places[0].value.shape).astype("f")
        for place in places:
            assert place.value.shape == value.shape
            place.set(value)


def learn(model: Any, docs: list[Doc]) -> tuple[list[Array], Gradients]:
    """(outputs, gradient of each weight) after one update with the gradient of spaCy's tagger."""
    outputs, backprop = model.begin_update(docs)
    backprop([output - target for output, target in zip(outputs, targets(docs), strict=True)])
    return outputs, [weight.gradient() for weight in weights(model)]


def learn_inputs(model: Any, docs: list[Doc]) -> list[Array]:
    """The gradient of what comes from the embedding, one array (tokens, width) for each document."""
    draw = numpy.random.default_rng(2)
    vectors = [draw.normal(size=(len(doc), SIZES["width"])).astype("f") for doc in docs]
    outputs, backprop = model.layers[1].begin_update(vectors)
    found: list[Array] = backprop([o - t for o, t in zip(outputs, targets(docs), strict=True)])
    return found


def assert_all_close(ones: list[Array], others: list[Array]) -> None:
    assert any(numpy.abs(one).max() > 0.01 for one in ones), "nothing is compared"
    for one, other in zip(ones, others, strict=True):
        assert_allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)


def assert_equal_networks(one: Any, other: Any, docs: list[Doc]) -> None:
    make_equal(one, other)
    for first, second in zip(learn(one, docs), learn(other, docs), strict=True):
        assert_all_close(first, second)
    assert_all_close(learn_inputs(one, docs), learn_inputs(other, docs))


def test_the_mix_is_the_network_that_the_guide_writes_in_thinc(docs: list[Doc]) -> None:
    mix = initialized(torch_tagger.create_mixed_model(**SIZES), docs)
    assert_equal_networks(mix, initialized(thinc_tagger.create_thinc_model(**COUNTED), docs), docs)


def test_the_torch_network_is_one_of_thincs_with_a_softmax_of_its_own(docs: list[Doc]) -> None:
    layers: Any = chain(Relu(12, 16), Relu(LABELS, 12), softmax_activation())
    twin: Any = initialized(chain(embed(), with_array(layers)), docs)
    assert_equal_networks(initialized(torch_tagger.create_torch_model(**COUNTED), docs), twin, docs)


@pytest.mark.parametrize("version", ["create_torch_model", "create_torch_model_of_logits"])
def test_what_each_softmax_learns(docs: list[Doc], version: str) -> None:
    """With the gradient of spaCy's tagger: half the squared error, and the cross entropy."""
    model = initialized(getattr(torch_tagger, version)(**COUNTED), docs)
    make_equal(model)
    _, found = learn(model, docs)
    (shim,) = (shim for node in model.walk() for shim in node.shims)
    network = shim._model
    network.zero_grad()
    inputs = torch.from_numpy(numpy.concatenate(model.layers[0].predict(docs)))
    wanted = torch.from_numpy(numpy.concatenate(targets(docs)))
    if version == "create_torch_model":
        loss = 0.5 * ((network(inputs) - wanted) ** 2).sum()
    else:
        loss = torch.nn.functional.cross_entropy(network(inputs), wanted, reduction="sum")
    loss.backward()
    assert_all_close([tensor.grad.numpy() for tensor in network.parameters()], found[-4:])


# Ways to write one network in Thinc.

WAYS = {
    "inner dimensions found": lambda: thinc_tagger.create_thinc_model_with_inner_dimensions_found(**COUNTED),
    "all dimensions found": lambda: thinc_tagger.create_thinc_model_with_all_dimensions_found(**SIZES),
    "dropout inside": lambda: thinc_tagger.create_thinc_model_with_dropout_inside(**SIZES, normalize=False),
}


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_written_it_is_one_network(docs: list[Doc], way: str) -> None:
    whole = initialized(thinc_tagger.create_thinc_model(**COUNTED), docs)
    assert_equal_networks(whole, initialized(WAYS[way](), docs), docs)


def test_dimensions_are_found_from_the_documents_and_their_labels(docs: list[Doc]) -> None:
    model = thinc_tagger.create_thinc_model_with_all_dimensions_found(**SIZES)
    nodes = {name: [n for n in model.walk(order="dfs_pre") if n.name == name] for name in ("relu", "softmax")}
    assert [nodes["relu"][0].has_dim("nI"), nodes["softmax"][0].has_dim("nO")] == [None, None]
    initialized(model, docs)
    dims = [(node.get_dim("nI"), node.get_dim("nO")) for node in (*nodes["relu"], *nodes["softmax"])]
    assert dims == [(16, 12), (12, 12), (12, LABELS)]


def test_normalize_is_a_layer_norm_before_the_dropout(docs: list[Doc]) -> None:
    short = thinc_tagger.create_thinc_model_with_dropout_inside(**SIZES, normalize=True)
    layers: Any = chain(
        Relu(12), LayerNorm(), Dropout(0.0), Relu(12), LayerNorm(), Dropout(0.0), Softmax()
    )  # fmt: skip
    long: Any = chain(embed(), with_array(layers))
    assert_equal_networks(initialized(short, docs), initialized(long, docs), docs)


def test_dropout_as_an_argument_drops_what_a_layer_would(docs: list[Doc]) -> None:
    """Equal draws, equal outputs; and other ones than without."""
    arguments = {**SIZES, "dropout": 0.5}
    whole = initialized(thinc_tagger.create_thinc_model_with_all_dimensions_found(**arguments), docs)
    short = initialized(
        thinc_tagger.create_thinc_model_with_dropout_inside(**arguments, normalize=False), docs
    )
    make_equal(whole, short)
    outputs = []
    for model in (whole, short):
        fix_random_seed(3)
        outputs.append(learn(model, docs)[0])
    assert_all_close(*outputs)
    assert numpy.abs(outputs[0][0] - whole.predict(docs)[0]).max() > TOLERANCE


def test_training_dropout_is_for_the_layers_of_thinc_alone(docs: list[Doc]) -> None:
    for create, arguments in (
        (torch_tagger.create_torch_model, COUNTED),
        (thinc_tagger.create_thinc_model, COUNTED),
    ):
        nlp = English()
        tagger: Any = nlp.add_pipe("tagger")
        tagger.model = create(**{**arguments, "dropout": 0.2})
        examples = [Example(doc.copy(), doc) for doc in docs]
        for number, token in enumerate(token for example in examples for token in example.reference):
            token.tag_ = f"T{number % LABELS}"
        nlp.initialize(lambda: examples)  # noqa: B023  # called at once
        nlp.update(examples, drop=0.7)
        rates = {node.attrs["dropout_rate"] for node in tagger.model.walk() if node.name == "dropout"}
        assert rates == {0.7}
        modules = [module for node in tagger.model.walk() for shim in node.shims for module in shim._model]
        assert {module.p for module in modules if isinstance(module, torch.nn.Dropout)} in ({0.2}, set())
