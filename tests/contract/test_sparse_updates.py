"""Linear text classifiers, updated where they are touched: the weights are those of thinc's own steps."""

from collections.abc import Iterator
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Adam, Optimizer, RAdam, fix_random_seed

from archlab.training.speedups.sparse_linear import SparseLayer
from archlab.training.speedups.updating import updating

NOT_YET: Any = False
LABELS = ("a", "b", "c")
BOW = {"exclusive_classes": True, "ngram_size": 1, "no_output_layer": False}
BLOCKS: dict[str, dict[str, Any]] = {
    "third": {"@architectures": "spacy.TextCatBOW.v3", **BOW, "length": 2048},
    "bigrams": {"@architectures": "spacy.TextCatBOW.v3", **BOW, "ngram_size": 2, "length": 2048},
    "no output layer": {
        "@architectures": "spacy.TextCatBOW.v3",
        **BOW,
        "no_output_layer": True,
        "length": 512,
    },
    "first": {"@architectures": "spacy.TextCatBOW.v1", **BOW},
    "second": {"@architectures": "spacy.TextCatBOW.v2", **BOW},
    "ensemble": {"@architectures": "spacy.TextCatEnsemble.v2"},
}
OPTIMIZERS = {
    "Adam": lambda: Adam(0.01, L2=0.01, use_averages=True),
    "clipped": lambda: Adam(0.5, L2=0.01, grad_clip=1e-3, use_averages=True),
    "no weight decay": lambda: Adam(0.01, L2=0.1, L2_is_weight_decay=False, use_averages=False),
    "RAdam": lambda: RAdam(0.01, use_averages=True),
    "SGD": lambda: SGD(0.1, L2=0.01, use_averages=True),
}


def words(step: int) -> Iterator[tuple[str, str]]:
    """(text, label) of one batch: words of before, and new ones."""
    for number in range(8):
        label = LABELS[(step + number) % 3]
        yield f"{label}{number} w{step} w{step * number % 5} {label} {label}", label


def train(
    block: dict[str, Any], optimizer: Optimizer, *, sparse: bool, steps: int = 12, parts: int = 1
) -> tuple[dict[Any, Any], list[Any], int]:
    """(weights and averages, scores on the way, weights that the optimizer was given) of a training."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    textcat: Any = nlp.add_pipe("textcat", config={"model": block})
    batches = [
        [
            Example.from_dict(nlp.make_doc(text), {"cats": {x: float(x == label) for x in LABELS}})
            for text, label in words(step)
        ]
        for step in range(steps)
    ]
    nlp.initialize(lambda: batches[0])
    given = []
    seen = []

    def run(synchronise: Any) -> None:
        for step, batch in enumerate(batches):
            for part in range(parts):
                nlp.update(batch[part::parts], sgd=NOT_YET, drop=0.1)
            textcat.finish_update(optimizer)
            given.append(max(array.size for array in optimizer.mom1.values()) if optimizer.mom1 else 0)
            if step % 4 == 3:
                with nlp.use_params(optimizer.averages or {}):
                    seen.append([dict(doc.cats) for doc in nlp.pipe(eg.text for eg in batches[step - 2])])
        synchronise()

    if sparse:
        with updating(nlp, optimizer) as synchronise:
            run(synchronise)
    else:
        run(lambda: None)
    assert type(optimizer) is Optimizer
    return state_of(nlp, optimizer), seen, max(given)


def state_of(nlp: Language, optimizer: Optimizer) -> dict[Any, Any]:
    model = dict[str, Any](nlp.pipeline)["textcat"].model
    nodes = list(model.walk())
    weights = {
        (number, name): node.get_param(name).tobytes()
        for number, node in enumerate(nodes)
        for name in node.param_names
        if node.has_param(name)
    }
    averages = {
        (number, name, "average"): optimizer.averages[node.id, name].tobytes()
        for number, node in enumerate(nodes)
        for name in node.param_names
        if optimizer.averages and (node.id, name) in optimizer.averages
    }
    return weights | averages | {"bytes": nlp.to_bytes()}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_linear_block_comes_to_the_same_bytes(block: str) -> None:
    theirs, scores, given = train(BLOCKS[block], OPTIMIZERS["Adam"](), sparse=False)
    ours, our_scores, our_given = train(BLOCKS[block], OPTIMIZERS["Adam"](), sparse=True)
    assert our_scores == scores
    assert [name for name in theirs if ours[name] != theirs[name]] == []
    assert len(theirs) > 2
    assert our_given < given  # or nothing was spared


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_comes_to_the_same_bytes(optimizer: str) -> None:
    theirs, scores, _ = train(BLOCKS["third"], OPTIMIZERS[optimizer](), sparse=False)
    ours, our_scores, _ = train(BLOCKS["third"], OPTIMIZERS[optimizer](), sparse=True)
    assert our_scores == scores
    assert ours == theirs


def test_gradients_of_several_batches_are_added_up_in_the_same_order() -> None:
    theirs, *_ = train(BLOCKS["third"], OPTIMIZERS["clipped"](), sparse=False, parts=3)
    ours, *_ = train(BLOCKS["third"], OPTIMIZERS["clipped"](), sparse=True, parts=3)
    assert ours == theirs


def test_weights_that_somebody_replaces_are_not_trained_in_vain() -> None:
    nlp = spacy.blank("en")
    textcat: Any = nlp.add_pipe("textcat", config={"model": BLOCKS["third"]})
    batch = [Example.from_dict(nlp.make_doc("a"), {"cats": {"a": 1.0, "b": 0.0}})] * 2
    nlp.initialize(lambda: batch)
    optimizer = OPTIMIZERS["Adam"]()
    with updating(nlp, optimizer):
        nlp.update(batch, sgd=NOT_YET)
        (layer,) = (node for node in textcat.model.walk() if node.name == "sparse_linear")
        layer.set_param("W", layer.get_param("W").copy())
        with pytest.raises(ValueError, match=r"replaced while they were trained.*--no-speedups"):
            textcat.finish_update(optimizer)


def test_weights_that_are_there_already_are_touched() -> None:
    """Those of a component from another pipeline decay."""
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat", config={"model": BLOCKS["third"]})
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a"), {"cats": {"a": 1.0, "b": 0.0}})])
    model = dict[str, Any](nlp.pipeline)["textcat"].model
    (layer,) = (node for node in model.walk() if node.name == "sparse_linear")
    layer.get_param("W")[7] = 0.5
    state = SparseLayer(layer, OPTIMIZERS["Adam"]())
    assert list(state.columns) == [7]
    assert numpy.all(state.touched.weights == [[0.5, 0.0]])
